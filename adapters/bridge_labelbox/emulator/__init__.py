"""An emulator of Labelbox's API: real sockets, documented wire facts, people to play.

It is not Labelbox. It shows the wire as Labelbox's SDK reads and writes it; where the service's
behaviour is not documented (queue order within equal priorities, duplicate import names), it takes
the stricter reading, and says so where it does.
"""

from __future__ import annotations

from bridge_labelbox.emulator.server import Emulator, emulate

__all__ = ["Emulator", "emulate"]
