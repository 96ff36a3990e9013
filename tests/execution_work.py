"""What workers are given to do in tests of execution; they import it by name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def double(number: int) -> int:
    return 2 * number


def where(_: int) -> int:
    return os.getpid()


def announced(task: tuple[Path, int]) -> int:
    """Say which process is at work, and take a while."""
    directory, number = task
    (directory / f"{number}-{os.getpid()}").touch()
    time.sleep(0.1)
    return 2 * number


def killed_once(task: tuple[Path, int]) -> int:
    """Kill the own process as the system would for want of memory, the first time."""
    mark, number = task
    if number == 5 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def killed_always(number: int) -> int:
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def fails(number: int) -> int:
    raise ValueError(f"number {number}")
