"""What does a big project cost? Run: python benchmarks/load.py [--items N] [--labels N]

A million texts and 100,000 answers of 50 classes on the emulated Labelbox, which runs in a process
of its own. Four syncs, each a process of its own: the first, which pulls, encodes, trains, ranks
and pushes everything; one with nothing new; one with 100 new answers; one that pulls everything.
By step: wall and CPU seconds of the sync's process, CPU seconds of the platform's meanwhile, and
the greatest memory: resident, and anonymous (without mapped files, which the kernel takes back
when it needs the room; sampled every 20 ms).

Texts are made with a seed: 50,000 words by Zipf's law, lengths log-normal with a median of 45
words; about one word in twelve is of the text's class. Classes are uneven, the greatest some ten
times the smallest; 4 % of the answers are wrong. Seconds are of this machine.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from bridge.progress import Silent
from bridge_labelbox.emulator import Emulator
from bridge_labelbox.emulator.state import Batch, Member, cuid

CONTEXT = multiprocessing.get_context("spawn")
WORDS, TOPIC_WORDS = 50_000, 60
CHUNK = 10_000
WRONG = 0.04
ANNOTATORS = 20

TOML = """
[platform]
type = "labelbox"
api_key = "${{BRIDGE_LOAD_KEY}}"
project = "{project}"
datasets = ["{dataset}"]
endpoint = "{endpoint}"
poll_interval_s = 0.2
read_timeout_s = 1800  # the emulator answers nothing while it makes an export of a million rows

[queue]
depth = 1000
batch = 100
"""


@dataclass(frozen=True)
class Size:
    """How big the project is; ``new`` answers come before the third sync."""

    items: int
    labels: int
    classes: int
    new: int


# --------------------------------------------------------------------------------------- the texts


def texts(size: Size, seed: int = 0) -> Iterator[tuple[str, int]]:
    """Yield (text, class)."""
    rng = np.random.default_rng(seed)
    words = np.array(_words(rng, WORDS))
    common = _shares(WORDS, 3)
    of_class = _shares(size.classes, 5)
    topics = rng.permutation(WORDS)[: size.classes * TOPIC_WORDS].reshape(size.classes, -1)
    for first in range(0, size.items, CHUNK):
        number = min(CHUNK, size.items - first)
        classes = rng.choice(size.classes, number, p=of_class)
        lengths = np.clip(rng.lognormal(np.log(45), 0.6, number), 4, 400).astype(int)
        owner = np.repeat(classes, lengths)
        drawn = rng.choice(WORDS, len(owner), p=common)
        marked = rng.random(len(owner)) < 1 / 12
        drawn[marked] = topics[owner[marked], rng.integers(0, TOPIC_WORDS, int(marked.sum()))]
        for part, kind in zip(
            np.split(words[drawn], np.cumsum(lengths)[:-1]), classes, strict=True
        ):
            yield " ".join(part), int(kind)


def _shares(number: int, head: float) -> np.ndarray:
    weights = 1 / (np.arange(number) + head)
    return weights / weights.sum()


def _words(rng: np.random.Generator, number: int) -> list[str]:
    """Return distinct words of two to four syllables."""
    syllables = [c + v + e for c in "bdfgklmnprstvz" for v in "aeiou" for e in ("", "n", "r", "s")]
    made: dict[str, None] = {}
    while len(made) < number:
        made["".join(rng.choice(syllables, rng.integers(2, 5)))] = None
    return list(made)


# ------------------------------------------------------------------------------------ the platform


class Project:
    """The emulated project, and its people; lives in the platform's process."""

    def __init__(self, size: Size) -> None:
        self.emulator = Emulator()
        self.emulator.faults.chunk_bytes = 16 << 20
        self.names = [f"class-{number:02d}" for number in range(size.classes)]
        self.project, self.dataset = self.emulator.add_project(self.names)
        self.rng = np.random.default_rng(1)
        self.truth: dict[str, int] = {}
        for place, (text, kind) in enumerate(texts(size)):
            key = f"text-{place:07d}"
            self.truth[key] = kind
            self.emulator.add_items(self.project, [(key, text)])
        keys = np.array(list(self.truth))
        self.queue_by_hand(keys[self.rng.permutation(len(keys))[: size.labels]].tolist())
        self.emulator.start()

    def queue_by_hand(self, keys: list[str]) -> None:
        """Answer rows that somebody put into the project before Bridge came."""
        world = self.emulator.world
        with world.lock:
            found, now = world.projects[self.project], world.now()
            batch = Batch(cuid(), "by hand", now, now)
            found.batches[batch.id] = batch
            for place, key in enumerate(keys):
                row = world.by_key[key]
                found.members[row] = Member(row, batch.id, 5, place)
        for key in keys:
            self.answer(key)

    def answer(self, key: str) -> None:
        wrong = self.rng.random() < WRONG
        said = int(self.rng.integers(len(self.names))) if wrong else self.truth[key]
        person = f"person-{int(self.rng.integers(ANNOTATORS))}@example.com"
        self.emulator.answer(self.project, key, [self.names[said]], person)

    def work(self, number: int) -> int:
        """Answer the first of the queue."""
        asked = self.emulator.queue(self.project)[:number]
        for key in asked:
            self.answer(key)
        return len(asked)

    def hours(self) -> None:
        """Let two hours pass, or the next sync would read the upload again, as too fresh."""
        self.emulator.shift_clock(7200)


def platform(pipe: Connection, size: Size) -> None:
    """Run the platform; answer calls from the pipe until it closes."""
    project = Project(size)
    pipe.send((project.emulator.url, project.emulator.api_key, project.project, project.dataset))
    while True:
        match pipe.recv():
            case "cpu":
                pipe.send(time.process_time())
            case "hours":
                pipe.send(project.hours())
            case "stop":
                project.emulator.stop()
                return
            case number:
                pipe.send(project.work(number))


# ---------------------------------------------------------------------------------------- the sync


class Meter(Silent):
    """Measures each step: wall, CPU, and the greatest memory."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []
        self._anonymous = 0.0
        self._begin("start")
        threading.Thread(target=self._sample, daemon=True).start()

    def step(self, name: str) -> None:
        self.end()
        self._begin(name)

    def _begin(self, name: str) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # forget the greatest resident memory
        self._anonymous = memory("RssAnon")
        self._name, self._wall, self._cpu = name, time.perf_counter(), time.process_time()

    def end(self) -> None:
        """Note the step that is under way."""
        self.steps.append(
            {
                "name": self._name,
                "wall": time.perf_counter() - self._wall,
                "cpu": time.process_time() - self._cpu,
                "resident": memory("VmHWM"),
                "anonymous": max(self._anonymous, memory("RssAnon")),
            }
        )

    def _sample(self) -> None:
        while True:
            self._anonymous = max(self._anonymous, memory("RssAnon"))
            time.sleep(0.02)


def memory(what: str) -> float:
    """Return a line of /proc/self/status, in MiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition(f"{what}:")[2].split()[0]) / 1024


def sync(pipe: Connection, config: str, key: str, full: bool) -> None:
    """Sync once, in a process of its own."""
    os.environ["BRIDGE_LOAD_KEY"] = key
    meter = Meter()
    from bridge.api import Bridge

    with Bridge.from_config(config, progress=meter) as bridge:
        result = bridge.sync(full=full)
    meter.end()
    pipe.send((meter.steps, result.model_dump(mode="json")))


def called(target: Any, *arguments: Any) -> tuple[Any, Connection]:
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=target, args=(theirs, *arguments))
    process.start()
    theirs.close()  # or the end of the process would not be seen
    return process, ours


# --------------------------------------------------------------------------------------- the table


def measure(size: Size, directory: Path) -> None:
    began = time.perf_counter()
    server, pipe = called(platform, size)
    try:
        endpoint, key, project, dataset = pipe.recv()
        print(f"{size}; set up in {time.perf_counter() - began:.0f} s", flush=True)
        config = directory / "bridge.toml"
        config.write_text(TOML.format(project=project, dataset=dataset, endpoint=endpoint))
        labels = size.labels
        for name, new, full in (
            ("first", 0, False),
            ("nothing new", 0, False),
            (f"{size.new} new answers", size.new, False),
            ("everything pulled", 0, True),
        ):
            if new:
                pipe.send(new)
                labels += pipe.recv()
            pipe.send("hours")
            pipe.recv()
            result = turn(name, pipe, str(config), key, full)
            if result["labels"] != labels:
                raise SystemExit(f"{result['labels']} answers in the store, {labels} were given")
            if result["queue"] != 1000:
                raise SystemExit(f"the queue has {result['queue']} items, not 1000")
        disk(directory)
    finally:
        pipe.send("stop")
        server.join(30)
        server.kill()


def turn(name: str, pipe: Connection, config: str, key: str, full: bool) -> dict[str, Any]:
    pipe.send("cpu")
    before = pipe.recv()
    child, answer = called(sync, config, key, full)
    steps, result = answer.recv()
    child.join()
    pipe.send("cpu")
    spent = pipe.recv() - before
    print(f"\n{name}: {result['calls']} calls, {spent:.1f} CPU-s of the platform's process")
    if result["trained"]:
        scores = result["trained"]["scores"]
        print(f"  {result['trained']['version']}: {json.dumps(scores)[:200]}")
    print("  | step | wall s | CPU s | resident MiB | anonymous MiB |")
    for step in steps:
        print(
            f"  | {step['name']} | {step['wall']:.2f} | {step['cpu']:.2f} | "
            f"{step['resident']:.0f} | {step['anonymous']:.0f} |"
        )
    wall, cpu = (sum(step[what] for step in steps) for what in ("wall", "cpu"))
    most = [max(step[what] for step in steps) for what in ("resident", "anonymous")]
    print(f"  | all | {wall:.1f} | {cpu:.1f} | {most[0]:.0f} | {most[1]:.0f} |", flush=True)
    return result


def disk(directory: Path) -> None:
    for name in ("state.db", "features", "models"):
        path = directory / ".bridge" / name
        files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
        print(f"{name}: {sum(p.stat().st_size for p in files) / 2**20:,.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--labels", type=int, default=100_000)
    parser.add_argument("--classes", type=int, default=50)
    parser.add_argument("--new", type=int, default=100)
    parser.add_argument("--directory", type=Path, help="kept afterwards; else a temporary one")
    given = parser.parse_args()
    size = Size(given.items, given.labels, given.classes, given.new)
    directory = given.directory or Path(tempfile.mkdtemp(prefix="bridge-load-"))
    directory.mkdir(parents=True, exist_ok=True)
    try:
        measure(size, directory)
    finally:
        if given.directory is None:
            shutil.rmtree(directory)


if __name__ == "__main__":
    main()
