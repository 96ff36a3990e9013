"""The day: a tick every few minutes of a fast clock, and everything that can go wrong in one."""

from __future__ import annotations

import json
import multiprocessing
import random
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.cron_day.people import CLASSES, Team
from benchmarks.cron_day.run import Order, run
from bridge_labelbox.emulator import Emulator
from bridge_labelbox.emulator.faults import Fault

__all__ = ["Day"]

MOST_S = 180  # longer than any run takes
HOLD_OUT = 0.1
TOML = """
[platform]
type = "labelbox"
api_key = "${{BRIDGE_CRON_DAY_KEY}}"
project = "{project}"
datasets = ["{dataset}"]
endpoint = "{endpoint}"
poll_interval_s = 0.05
retry_budget_s = 3

[queue]
depth = 120
batch = 20

[acquisition]
hold_out_share = {hold_out}

[sync]
train_after = 40
full_every_hours = 6
"""
KINDS = ("lose", "reset", "status", "truncate", "internal", "hang")
PLACES = ("call", "write", "export", "file")
STATUSES = (429, 429, 500, 502, 503)

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["benchmarks.cron_day.run", "bridge_labelbox", "bridge.steps.train", "bridge.steps.rank"]
)


@dataclass
class Run:
    """A run that ended; ``troubled`` if something was broken on purpose while it ran."""

    pid: int
    code: int
    said: str
    troubled: bool
    ended: float


@dataclass
class Day:
    """One project, one loop, and what happened to them.

    Args:
        rough: in how many of the ticks something is broken, 0 to 1.
        every: minutes between two ticks.
    """

    folder: Path
    seed: int = 0
    rough: float = 0.5
    every: int = 5
    pool: int = 2500
    happened: Counter[str] = field(default_factory=Counter)
    runs: list[Run] = field(default_factory=list)
    placed_and_gone: int = 0  # rows that were queued, and deleted since

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.emulator = Emulator().start()
        self.project, dataset = self.emulator.add_project(CLASSES)
        self.team = Team(self.emulator, self.project, self.rng, {})
        self.team.add(self.pool)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(
            TOML.format(
                project=self.project,
                dataset=dataset,
                endpoint=self.emulator.url,
                hold_out=HOLD_OUT,
            )
        )
        self.key = self.emulator.api_key
        self.ahead = timedelta(0)  # of the loop's clock
        self.jumped = timedelta(0)  # the platform's clock, off its course

    @property
    def config(self) -> Path:
        return self.folder / "bridge.toml"

    def live(self, hours: float) -> None:
        """Let the time pass."""
        for tick in range(round(hours * 60 / self.every)):
            self._tick(tick)
        self.calm()

    def _tick(self, tick: int) -> None:
        self._pass(timedelta(minutes=self.every))
        hour = (8 + tick * self.every / 60) % 24
        self.team.work(hour, self.every / 2)
        if tick % 24 == 6:
            self.team.add(50)
            self._remove()
        if tick % 144 == 9:
            self.team.rename(f"billing-{tick}")
        rough = self.rng.random() < self.rough
        kill_at = self._break() if rough else None
        number = 1 if self.rng.random() < 0.85 else self.rng.randint(2, 3)
        self.happened["several runs at once"] += number > 1
        orders = [self._order(kill_at if place == 0 else None) for place in range(number)]
        self._start(orders, rough, hour)
        self.emulator.faults.clear()
        self.key = self.emulator.world.api_key  # a run met the withdrawn one first

    def _pass(self, time: timedelta) -> None:
        self.ahead += time
        self.emulator.shift_clock(time.total_seconds())

    def _remove(self) -> None:
        key = self.team.rng.choice([*self.emulator.queue(self.project), *self.team.said])
        world = self.emulator.world
        with world.lock:
            row = world.by_key[key]
            self.placed_and_gone += row in world.projects[self.project].members
        self.team.remove(key)

    # --------------------------------------------------------------------------- what breaks

    def _break(self) -> int | None:
        """Order something to go wrong; return the moment of death, if it is that."""
        what = self.rng.choice(
            ["fault", "fault", "fault", "kill", "kill", "clock", "index", "token"]
        )
        self.happened[f"broken: {what}"] += 1
        match what:
            case "fault":
                for _ in range(self.rng.randint(1, 3)):
                    self.emulator.fail(self._fault())
            case "kill":
                return self.rng.randint(0, 70)
            case "clock":
                self._jump()
            case "index":
                self.emulator.faults.index_delay_s = self.rng.choice([0, 20, 60, 120])
            case "token":
                self.emulator.world.api_key = f"emulated-{secrets.token_hex(8)}"
        return None

    def _fault(self) -> Fault:
        status = self.rng.choice(STATUSES)
        return Fault(
            kind=self.rng.choice(KINDS),
            on=self.rng.choice(PLACES),
            nth=self.rng.randint(1, 8),
            times=self.rng.choice([1, 1, 1, 2, 40]),
            status=status,
            retry_after="1" if status == 429 and self.rng.random() < 0.5 else None,
            seconds=0.5,
        )

    def _jump(self) -> None:
        """Set the loop's clock by hours, or the platform's by minutes, and later back."""
        if self.rng.random() < 0.5:
            self.ahead += timedelta(hours=self.rng.choice([-5, -1, 1, 5]))
        else:
            wanted = timedelta(minutes=self.rng.choice([-3, 0, 3]))
            self.emulator.shift_clock((wanted - self.jumped).total_seconds())
            self.jumped = wanted

    # --------------------------------------------------------------------------- runs

    def _order(self, kill_at: int | None = None, *options: str) -> Order:
        output = self.folder / f"output-{self.happened['runs']}"
        self.happened["runs"] += 1
        return Order(self.folder, output, self.key, self.ahead, kill_at, options)

    def _start(self, orders: list[Order], troubled: bool, hour: float | None) -> list[Run]:
        """Start runs at the same moment; people go on working meanwhile, if it has an hour."""
        gate = CONTEXT.Barrier(len(orders)) if len(orders) > 1 else None
        children = [CONTEXT.Process(target=run, args=(order, gate)) for order in orders]
        for child in children:
            child.start()
        if hour is not None:
            self.team.work(hour, self.every / 2)
        made = []
        for child, order in zip(children, orders, strict=True):
            child.join(MOST_S)
            if child.exitcode is None:
                child.kill()
                child.join()
                self.happened["runs that did not end"] += 1
            said = order.output.read_text("utf-8") if order.output.exists() else ""
            order.output.unlink(missing_ok=True)
            made.append(Run(child.pid, child.exitcode, said, troubled, time.monotonic()))
        self.runs += made
        return made

    def calm(self) -> None:
        """Let nothing be broken any more, and the loop catch up."""
        self.emulator.faults.clear()
        self.emulator.faults.index_delay_s = 0
        self._pass(timedelta(minutes=30))
        for _ in range(2):  # the first may have to finish what a dead one began
            self._start([self._order(None, "--full")], False, None)

    def quiet_run(self) -> dict[str, Any]:
        """Run once more with nothing new; return what it says."""
        (made,) = self._start([self._order(None, "--json")], False, None)
        return dict(json.loads(made.said)) if made.code == 0 else {"status": f"exit {made.code}"}

    def stop(self) -> None:
        self.emulator.stop()
