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
from typing import TYPE_CHECKING, Any

from bridge.errors import ConfigError
from bridge.platforms import Adapter, Emulated
from bridge.records import TaskType
from bridge_labelbox.settings import LabelboxSettings

if TYPE_CHECKING:
    from bridge_labelbox.platform import LabelboxPlatform

__all__ = ["ADAPTER", "LabelboxPlatform", "LabelboxSettings"]


def __getattr__(name: str) -> Any:
    """Import on first use: reading the settings needs no HTTP."""
    if name == "LabelboxPlatform":
        from bridge_labelbox.platform import LabelboxPlatform

        return LabelboxPlatform
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def _connect(settings: LabelboxSettings) -> LabelboxPlatform:
    from bridge_labelbox.platform import LabelboxPlatform

    return LabelboxPlatform(settings)


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


ADAPTER = Adapter("labelbox", LabelboxSettings, _connect, _emulate, _stage)
