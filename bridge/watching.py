"""What others hear of a sync when it has ended: a metrics file and a heartbeat."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from bridge.config import Settings
from bridge.errors import BridgeError, Locked
from bridge.progress import Progress, Silent
from bridge.results import SyncResult
from bridge.safe_text import redacted
from bridge.signals import TERMINATED, Terminated

__all__ = ["watched"]

log = logging.getLogger(__name__)

INTERRUPTED = 130


def watched(
    turn: Callable[[], SyncResult],
    settings: Settings,
    metrics_file: Path | None = None,
    progress: Progress | None = None,
) -> SyncResult:
    """Take a turn, then write the metrics file, and send the heartbeat if it went well.

    A metrics file or a heartbeat that fails is a warning: it never fails a turn that went well,
    and never hides why one failed. A turn that found another run at work tells nothing.
    """
    path = metrics_file or settings.operations.metrics_file
    try:
        result = turn()
    except Locked:
        raise
    except BaseException as error:
        code = _exit_code(error)
        _told(lambda: _write(settings, path, code))
        raise
    said = [_told(lambda: _beat(settings)), _told(lambda: _write(settings, path, 0))]
    warnings = [line for line in said if line]
    for line in warnings:
        (progress or Silent()).warn(line)
    return result.model_copy(update={"warnings": (*result.warnings, *warnings)})


def _told(act: Callable[[], None]) -> str:
    """Return what went wrong, in one line; empty if nothing did."""
    try:
        act()
    except BridgeError as error:
        said = redacted(str(error))
        log.warning("%s", said)
        return said
    return ""


def _write(settings: Settings, path: Path | None, exit_code: int) -> None:
    if path is not None:
        from bridge.metrics import write_metrics

        write_metrics(settings, path, exit_code)


def _beat(settings: Settings) -> None:
    url = settings.operations.heartbeat_url
    if url is not None:
        from bridge.heartbeat import beat

        try:
            beat(url.get_secret_value())
        except BridgeError as error:
            raise type(error)(f"The heartbeat was not heard: {error.what}", error.fix) from None


def _exit_code(error: BaseException) -> int:
    if isinstance(error, BridgeError):
        return error.exit_code
    if isinstance(error, Terminated):
        return TERMINATED
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
