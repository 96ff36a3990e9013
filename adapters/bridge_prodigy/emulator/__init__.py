"""A stand-in for Prodigy, for tests and for trying Bridge without a licence. It is not Prodigy.

Checked against real output of Prodigy: tables, links, task JSON and hashes. The rest follows what
its documentation and its staff's posts describe.
"""

from bridge_prodigy.emulator.controller import Controller
from bridge_prodigy.emulator.database import StandInDatabase, with_hashes
from bridge_prodigy.emulator.workplace import Emulator, emulate, staged

__all__ = ["Controller", "Emulator", "StandInDatabase", "emulate", "staged", "with_hashes"]
