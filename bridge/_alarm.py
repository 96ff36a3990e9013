"""An alarm that cuts off what takes too long, rung by one thread for all.

What ends in time, as nearly everything does, costs two turns of a lock: the thread sleeps until the
first moment at which anything may be due, is woken only for what is due sooner, and ends when it
wakes and finds nothing to wait for.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

__all__ = ["Alarm"]

_NEVER = float("inf")
LONGEST_SLEEP = 3600.0  # seconds; a lock cannot wait for just any time


class Alarm:
    """Calls ``cut`` from another thread when what it watches takes too long.

    Attributes:
        rang: whether it did.
    """

    def __init__(self, cut: Callable[[], None]) -> None:
        self.rang = False
        self._cut = cut

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Cut off what happens inside if it takes longer; after it nothing is cut off."""
        watch = _watch
        try:
            watch.begin(self, time.monotonic() + seconds)
            yield
        finally:
            watch.end(self)

    def ring(self) -> None:
        """Cut it off."""
        self.rang = True
        # Closed meanwhile, or given back: then there is nothing left to wait for. Whatever else
        # goes wrong, the thread must live on for the others.
        with suppress(Exception):
            self._cut()


class _Watch:
    """Holds what is due when, and the thread."""

    def __init__(self) -> None:
        # One that a signal handler, or a finalizer, may take again while its own thread has it.
        self._lock = threading.RLock()
        self._sooner = threading.Condition(self._lock)
        self._due: dict[Alarm, float] = {}
        self._asleep_until = _NEVER
        self._awake = False

    def begin(self, alarm: Alarm, due: float) -> None:
        with self._lock:
            self._due[alarm] = due
            if not self._awake:
                threading.Thread(target=self._watch, name="bridge-alarm", daemon=True).start()
                self._awake = True
            elif due < self._asleep_until:
                self._sooner.notify()

    def end(self, alarm: Alarm) -> None:
        with self._lock:
            self._due.pop(alarm, None)

    def _watch(self) -> None:
        with self._lock:
            try:
                while self._due:
                    self._ring(now := time.monotonic())
                    self._asleep_until = min(self._due.values(), default=_NEVER)
                    if self._due:
                        self._sooner.wait(min(self._asleep_until - now, LONGEST_SLEEP))
            finally:
                self._awake = False

    def _ring(self, now: float) -> None:
        for alarm, due in list(self._due.items()):
            if due <= now:
                self._due.pop(alarm, None)
                alarm.ring()


_watch = _Watch()


def _renew() -> None:
    global _watch
    _watch = _Watch()


# A fork has no thread but its own, and a copy of the lock that another one may have held.
os.register_at_fork(after_in_child=_renew)
