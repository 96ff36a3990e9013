"""SIGTERM ends a run as an interruption does: what is open is closed, and the exit code says so.

Without a handler of its own, a process that is number 1 of a container would ignore the signal.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["TERMINATED", "Terminated", "terminable"]

TERMINATED = 128 + signal.SIGTERM
"""The exit code: 143, as a shell reports a process that the signal ended."""


class Terminated(BaseException):
    """SIGTERM came; no ``except Exception`` stops it."""


@contextmanager
def terminable() -> Iterator[None]:
    """Raise :class:`Terminated` inside when SIGTERM comes, and at the end if it got lost.

    It gets lost when it arrives in a place that ignores exceptions, such as a finalizer. A second
    SIGTERM kills at once. Outside the main thread, and where the signal has a handler or is
    ignored, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.getsignal(signal.SIGTERM)
    if former is not signal.SIG_DFL:
        yield
        return
    came = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Terminated

    signal.signal(signal.SIGTERM, end)
    try:
        yield
        if came:
            raise Terminated
    finally:
        signal.signal(signal.SIGTERM, former)
