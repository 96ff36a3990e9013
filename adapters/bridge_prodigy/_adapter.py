"""How the engine finds this adapter."""

from __future__ import annotations

from bridge.platforms import Adapter
from bridge_prodigy.platform import connect
from bridge_prodigy.settings import ProdigySettings

__all__ = ["ADAPTER"]


def _emulate(host: str, port: int, data: str | None) -> None:
    from bridge_prodigy.emulator import emulate  # needs the extra "emulators"

    emulate(host, port, data)


ADAPTER = Adapter(name="prodigy", settings=ProdigySettings, connect=connect, emulate=_emulate)
