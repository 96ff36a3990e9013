"""Labelbox: adapter and emulator.

On its own, without store and config file::

    from bridge_labelbox import LabelboxPlatform, LabelboxSettings

    settings = LabelboxSettings(api_key="…", project="clx…", datasets=["cly…"])
    platform = LabelboxPlatform(settings)
    for page in platform.pull(None):
        ...
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from bridge.platforms import Adapter, Emulated
from bridge.records import TaskType
from bridge_labelbox.platform import LabelboxPlatform
from bridge_labelbox.settings import LabelboxSettings

__all__ = ["ADAPTER", "LabelboxPlatform", "LabelboxSettings"]


def _emulate(host: str, port: int, data: str | None) -> None:
    from bridge_labelbox.emulator.server import emulate  # needs the extra "emulators"

    emulate(host, port, data)


def _stage(task: TaskType, classes: tuple[str, ...]) -> AbstractContextManager[Emulated]:
    from bridge_labelbox.emulator.stage import stage

    return stage(task, classes)


ADAPTER = Adapter("labelbox", LabelboxSettings, LabelboxPlatform, _emulate, _stage)
