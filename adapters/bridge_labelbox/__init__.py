"""Labelbox: adapter and emulator.

On its own, without store and config file::

    from bridge_labelbox import LabelboxPlatform, LabelboxSettings

    settings = LabelboxSettings(api_key="…", project="clx…", datasets=["cly…"])
    platform = LabelboxPlatform(settings)
    for page in platform.pull(None):
        ...
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from bridge.errors import ConfigError
from bridge.platforms import Adapter, Emulated
from bridge.records import TaskType
from bridge_labelbox.platform import LabelboxPlatform
from bridge_labelbox.settings import LabelboxSettings

__all__ = ["ADAPTER", "LabelboxPlatform", "LabelboxSettings"]


@contextmanager
def _extra() -> Iterator[None]:
    """Turn a missing package of the emulator into advice."""
    try:
        yield
    except ImportError as error:
        raise ConfigError(
            f"The emulator needs a package that is not installed: {error.name}.",
            "pip install 'label-bridge[emulators]'",
        ) from None


def _emulate(host: str, port: int, data: str | None) -> None:
    with _extra():
        from bridge_labelbox.emulator.server import emulate
    emulate(host, port, data)


def _stage(task: TaskType, classes: tuple[str, ...]) -> AbstractContextManager[Emulated]:
    with _extra():
        from bridge_labelbox.emulator.stage import stage
    return stage(task, classes)


ADAPTER = Adapter("labelbox", LabelboxSettings, LabelboxPlatform, _emulate, _stage)
