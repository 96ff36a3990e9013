"""Several processes on one loop over the emulated Labelbox: started, stopped, killed, awaited."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import two_child
from bridge_labelbox.emulator.faults import Fault
from labelbox_loop import LabelboxLoop

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["two_child", "bridge_labelbox", "bridge.steps.train", "bridge.steps.rank", "psycopg", "skops"]
)


@dataclass
class Run:
    """One run under way."""

    process: Any
    output: Path

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def ended(self) -> tuple[int, str]:
        """Wait for the end; return exit code and what it said."""
        self.process.join(60)
        code = self.process.exitcode
        assert code is not None, "a run did not end"
        return code, self.output.read_text()


@dataclass
class Processes:
    """Starts runs of a loop, and ends what is left of them."""

    loop: LabelboxLoop
    runs: list[Run] = field(default_factory=list)

    def start(self, *words: str, config: Path | None = None, gate: Any = None) -> Run:
        """Start ``bridge sync``."""
        output = self.loop.directory / f"output-{len(self.runs)}"
        said = ["sync", *words, "--config", str(config or self.loop.config)]
        environment = {"LABELBOX_API_KEY": self.loop.emulator.api_key}
        process = CONTEXT.Process(
            target=two_child.command, args=(said, environment, str(output), gate)
        )
        process.start()
        self.runs.append(Run(process, output))
        return self.runs[-1]

    def holder(self, *words: str, config: Path | None = None) -> Run:
        """Start a run, and stop it in the middle: it holds the lock and does nothing."""
        fired = len(self.loop.emulator.faults.fired)
        self.loop.emulator.fail(Fault("hang", on="export", seconds=1.0))
        run = self.start(*words, config=config)
        until(lambda: len(self.loop.emulator.faults.fired) > fired)
        run.signal(signal.SIGSTOP)
        return run

    def end(self) -> None:
        for run in self.runs:
            run.process.kill()
            run.process.join(10)


def until(true: Callable[[], bool]) -> None:
    limit = time.monotonic() + 30
    while not true():
        assert time.monotonic() < limit, "waited for 30 s in vain"
        time.sleep(0.02)
