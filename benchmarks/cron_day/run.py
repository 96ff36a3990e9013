"""One run of cron's line in a process of its own, which may die at an order."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

from bridge.cli import main
from bridge.effects import watch
from bridge.steps import train as training
from bridge.steps.resolve import Resolved
from bridge.steps.turn import Turn
from bridge.store.items import items_by_id

__all__ = ["Order", "run"]


@dataclass(frozen=True)
class Order:
    """What a run is to do.

    Attributes:
        ahead: how far the machine's clock seems to be ahead of the real one.
        kill_at: the moment, counted from 0, at which it dies by SIGKILL.
        folder: where ``bridge.toml`` lies, and the notes: ``runs.log``, ``taught.jsonl``.
        output: file for what it says.
    """

    folder: Path
    output: Path
    key: str
    ahead: timedelta
    kill_at: int | None = None
    options: tuple[str, ...] = ()


def run(order: Order, gate: Barrier | None = None) -> None:
    """Run ``bridge sync``; end with its exit code."""
    os.environ["BRIDGE_CRON_DAY_KEY"] = order.key
    with order.output.open("w", encoding="utf-8") as output:
        sys.stdout = sys.stderr = output
        Turn.now = lambda _: datetime.now(UTC) + order.ahead  # type: ignore[method-assign]
        watch(_watcher(order))
        _note_what_is_taught(order.folder / "taught.jsonl")
        if gate is not None:
            gate.wait(60)
        config = str(order.folder / "bridge.toml")
        main(["sync", *order.options, "--config", config], prog_name="bridge")


def _watcher(order: Order):  # type: ignore[no-untyped-def]
    passed = 0

    def watcher(when: str, name: str) -> None:
        nonlocal passed
        dies = passed == order.kill_at
        passed += 1
        if dies or (when, name) in (("after", "run begun"), ("before", "run ended")):
            what = "killed" if dies else name
            line = {"pid": os.getpid(), "at": time.monotonic(), "what": what, "moment": name}
            _append(order.folder / "runs.log", line)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)

    return watcher


def _note_what_is_taught(path: Path) -> None:
    real = training.train

    def train(turn: Turn, resolved: Resolved) -> training.Trained:
        with turn.store.begin() as connection:
            found = items_by_id(connection, [row_id for row_id, _ in resolved.taught])
        _append(path, [item.key for item in found.values()])
        return real(turn, resolved)

    training.train = train


def _append(path: Path, line: object) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
