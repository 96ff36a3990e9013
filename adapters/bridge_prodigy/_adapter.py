"""How the engine finds this adapter."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from bridge.platforms import Adapter, Emulated
from bridge.records import TaskType
from bridge_prodigy.settings import ProdigySettings

if TYPE_CHECKING:
    from bridge_prodigy.platform import Prodigy

__all__ = ["ADAPTER"]


def _connect(settings: ProdigySettings) -> Prodigy:
    from bridge_prodigy.platform import connect

    return connect(settings)


def _emulate(host: str, port: int, data: str | None) -> None:
    from bridge_prodigy.emulator import emulate  # needs the extra "emulators"

    emulate(host, port, data)


def _stage(task: TaskType, classes: tuple[str, ...]) -> AbstractContextManager[Emulated]:
    from bridge_prodigy.emulator import staged  # needs the extra "emulators"

    return staged(task, classes)


ADAPTER = Adapter(
    name="prodigy",
    settings=ProdigySettings,
    connect=_connect,
    emulate=_emulate,
    stage=_stage,
)
