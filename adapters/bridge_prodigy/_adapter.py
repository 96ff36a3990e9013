"""How the engine finds this adapter."""

from __future__ import annotations

from contextlib import AbstractContextManager

from bridge.platforms import Adapter, Emulated
from bridge.records import TaskType
from bridge_prodigy.platform import connect
from bridge_prodigy.settings import ProdigySettings

__all__ = ["ADAPTER"]


def _emulate(host: str, port: int, data: str | None) -> None:
    from bridge_prodigy.emulator import emulate  # needs the extra "emulators"

    emulate(host, port, data)


def _stage(task: TaskType, classes: tuple[str, ...]) -> AbstractContextManager[Emulated]:
    from bridge_prodigy.emulator import staged  # needs the extra "emulators"

    return staged(task, classes)


ADAPTER = Adapter(
    name="prodigy",
    settings=ProdigySettings,
    connect=connect,
    emulate=_emulate,
    stage=_stage,
)
