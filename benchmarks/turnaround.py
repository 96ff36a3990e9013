"""How long from new labels to a new queue? Run: python benchmarks/turnaround.py [--pools 10000 ...]

For each pool size and number of classes: Bridge's real steps after 100 new labels, in a process of
its own, against a platform in that process that costs nothing; beside them what a script would do
that downloads all, refits TF-IDF and logistic regression, scores all and uploads; and the floors:
reading the cached features once, and one sparse product of the same shape. The pool was encoded
before, once; imports are a row of their own. Reported: CPU and wall seconds, and the greatest
resident memory within each step.

Texts have 50 to 100 words of a Zipf-like vocabulary of 200,000, six of them told by the class. A
pool is made once below --scratch and used again. Seconds are of this machine; ratios carry over.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel

from bridge.api import Bridge
from bridge.config import Settings, sections
from bridge.platforms import Adapter, Capabilities, Finding, PushReport
from bridge.records import (
    Annotation,
    Batch,
    Change,
    Classes,
    Item,
    LabelClass,
    LabelSchema,
    Page,
    QueueItem,
)

ROUNDS = 2  # of 100 labels before those that are measured
NEW = 100  # labels
START = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 5000
T = TypeVar("T")

# ------------------------------------------------------------------------------------- the pool

VOCABULARY, EXPONENT, MARKS = 200_000, 1.07, 40


def texts(start: int, stop: int) -> Iterator[str]:
    """Yield the texts of items start to stop; item n is of topic n % 77."""
    limits = np.cumsum((np.arange(VOCABULARY) + 3.0) ** -EXPONENT)
    for low in range(start, stop, PAGE):
        numbers = range(low, min(low + PAGE, stop))
        rng = np.random.default_rng(low)
        lengths = rng.integers(44, 95, len(numbers))
        words = np.searchsorted(limits, rng.random(int(lengths.sum())) * limits[-1])
        marks = rng.integers(0, MARKS, (len(numbers), 6))
        at = 0
        for row, number in enumerate(numbers):
            topic = [f"topic{number % 77}x{mark}" for mark in marks[row]]
            yield " ".join([*topic, *(f"word{w}" for w in words[at : at + lengths[row]])])
            at += int(lengths[row])


def truth(key: str, classes: int) -> str:
    """77 topics make up 77 classes; fewer classes share them, the first of two has a tenth."""
    topic = int(key) % 77
    return f"c{int(topic > 7)}" if classes == 2 else f"c{topic % classes}"


class NoSettings(BaseModel):
    """The platform in this process needs none."""


class Platform:
    """Holds the pool by number and the answers in a file."""

    capabilities = Capabilities(
        tasks=frozenset({"single", "multi"}),
        pre_annotations=True,
        ranking="exact",
        deletions="in feed",
        annotators=True,
    )
    project = "turnaround:1"
    calls = 0

    def __init__(self, directory: Path, pool: int, classes: int) -> None:
        self._file = directory / "platform.json"
        self._pool = pool
        self._classes = classes
        self._state: dict[str, Any] = {"queue": [], "answers": []}
        if self._file.exists():
            self._state = json.loads(self._file.read_text())

    def answer(self, number: int) -> None:
        queue = self._state["queue"]
        self._state["answers"] += queue[:number]
        self._state["queue"] = queue[number:]
        self.close()

    def check(self) -> Iterator[Finding]:
        yield Finding(name="here", ok=True, detail="")

    def schema(self) -> LabelSchema:
        classes = tuple(LabelClass(id=f"c{n}", name=f"c{n}") for n in range(self._classes))
        return LabelSchema(task="single", question="topic", classes=classes)

    def pull(self, cursor: str | None) -> Iterator[Page]:
        if cursor is None:
            yield from self._everything()
        done, answers = int(cursor or 0), self._state["answers"]
        new = [self._answered(n, key) for n, key in enumerate(answers[done:], done)]
        yield Page(changes=tuple(new), cursor=str(len(answers)))

    def _everything(self) -> Iterator[Page]:
        for low in range(0, self._pool, PAGE):
            made = enumerate(texts(low, min(low + PAGE, self._pool)), low)
            items = [Item(key=str(number), text=text) for number, text in made]
            yield Page(changes=tuple(Change(key=item.key, item=item) for item in items))

    def _answered(self, number: int, key: str) -> Change:
        said = Annotation(
            id=f"a{key}",
            item_key=key,
            annotator="ann",
            value=Classes(chosen=(truth(key, self._classes),)),
            updated_at=START + timedelta(seconds=number),
        )
        return Change(key=key, annotations=(said,), queued=False)

    def push(self, batch: Batch, schema: LabelSchema) -> PushReport:
        self._state["queue"] += batch.keys
        return PushReport(accepted=len(batch.items))

    def rerank(self, queue: Sequence[QueueItem], schema: LabelSchema) -> PushReport:
        self._state["queue"] = [entry.item.key for entry in queue]
        return PushReport(accepted=len(queue))

    def close(self) -> None:
        self._file.write_text(json.dumps(self._state))


def loop(directory: Path, platform: Platform, progress: Any = None, **raw: Any) -> Bridge:
    raw = {"queue": {"depth": 100, "batch": 20}, **raw}
    settings = Settings.model_construct(
        adapter=Adapter("turnaround", NoSettings, lambda _: platform),
        platform=NoSettings(),
        directory=directory,
        **sections(raw, directory=directory),
    )
    return Bridge(settings, platform=platform, progress=progress)


# ------------------------------------------------------------------------------------- measuring


class Meter:
    """CPU and wall seconds and the peak of resident memory between two marks; hears the steps."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, float, float, float]] = []
        self._name = ""
        self._mark()

    def _mark(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
        self._at = (self._cpu(), time.perf_counter())

    @staticmethod
    def _cpu() -> float:
        own, children = (resource.getrusage(w) for w in (0, resource.RUSAGE_CHILDREN))
        return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime

    def end(self) -> None:
        if self._name:
            cpu, wall = self._cpu() - self._at[0], time.perf_counter() - self._at[1]
            status = Path("/proc/self/status").read_text()
            peak = float(status.partition("VmHWM:")[2].split()[0]) / 1024
            self.rows.append((self._name, cpu, wall, peak))
        self._name = ""
        self._mark()

    def step(self, name: str) -> None:
        self.end()
        self._name = name

    def track(self, values: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
        yield from values

    def warn(self, message: str) -> None:
        """The schema of a pool that is used again differs; that is no news."""


def prepare(base: Path, pool: int) -> None:
    """Pull and encode a pool, once."""
    from bridge.records import LabelSchema
    from bridge.steps.encode import encode
    from bridge.steps.turn import Turn
    from bridge.sync import store_of

    meter = Meter()
    platform = Platform(base, pool, 2)
    with loop(base, platform, meter) as bridge:
        bridge.pull()
        meter.step("encode")
        with store_of(bridge.settings) as store:
            schema = LabelSchema(task="single", question="", classes=())
            encode(Turn(bridge.settings, store, platform, schema, run_id=0))
    meter.end()
    for name, cpu, wall, peak in meter.rows:
        print(f"  {'first ' + name:28} {cpu:8.2f} {wall:8.2f} {peak:8.0f}", flush=True)


def measured(directory: Path, pool: int, classes: int, backend: str, workers: int) -> None:
    """One sync after NEW labels; prints a row of JSON for each step."""
    meter = Meter()
    meter.step("imports")
    for module in IMPORTS:
        importlib.import_module(module)
    execution = {"backend": backend, "workers": workers} if backend != "serial" else {}
    raw = {"execution": execution} if execution else {}
    with loop(directory, Platform(directory, pool, classes), meter, **raw) as bridge:
        result = bridge.sync()
        meter.end()
    assert result.trained is not None, result
    assert result.queue == 100, result
    print(json.dumps(meter.rows))


IMPORTS = (
    "bridge.sync",
    "scipy.sparse",
    "scipy.optimize",
    "sklearn.linear_model",
    "sklearn.cluster",
    "sklearn.feature_extraction.text",
    "threadpoolctl",
    "bridge.learners.text",
    "bridge.learners.linear_files",
    "bridge.store.features",
    "bridge.store.models",
    "bridge.steps.train",
    "bridge.steps.rank",
    "bridge.acquisition.compose",
    "bridge.learners.evaluation",
)


def script(directory: Path, pool: int, classes: int) -> None:
    """What a team would write in a day: all in memory, everything from the start."""
    meter = Meter()
    meter.step("imports")
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    meter.step("download")
    with (directory.parent / "export.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    answers = set(json.loads((directory / "platform.json").read_text())["answers"])
    labeled = [row for row in rows if row["key"] in answers]
    open_rows = [row for row in rows if row["key"] not in answers]
    meter.step("TF-IDF")
    vectorizer = TfidfVectorizer()
    pool_features = vectorizer.fit_transform([row["text"] for row in open_rows])
    features = vectorizer.transform([row["text"] for row in labeled])
    meter.step("fit")
    model = LogisticRegression(C=10, class_weight="balanced", max_iter=1000)
    model.fit(features, [truth(row["key"], classes) for row in labeled])
    meter.step("score")
    probabilities = np.sort(model.predict_proba(pool_features), axis=1)
    order = np.argsort(probabilities[:, -1] - probabilities[:, -2])
    meter.step("upload")
    chosen = [open_rows[place]["key"] for place in order[:100]]
    (directory / "script.json").write_text(json.dumps(chosen))
    meter.end()
    print(json.dumps(meter.rows))


def floors(directory: Path, classes: int) -> None:
    """Read what is cached once; multiply it once, by as many columns as the model has outputs."""
    from scipy.sparse import csr_matrix

    meter = Meter()
    folders = sorted((directory / ".bridge" / "features").glob("*/segment-*"))
    outputs = 1 if classes == 2 else classes
    rng = np.random.default_rng(0)
    table = rng.standard_normal((2**18, outputs)).astype(np.float32)
    for name in ("read", "product"):
        meter.step(f"floor: {name}")
        for folder in folders:
            parts = {
                part: np.load(folder / f"{part}.npy", mmap_mode="r").view(np.ndarray)
                for part in ("data", "indices", "indptr")
            }
            rows = len(parts["indptr"]) - 1
            for low in range(0, rows, 65536):
                high = min(low + 65536, rows)
                pointers = parts["indptr"][low : high + 1]
                data, indices = (
                    parts[part][pointers[0] : pointers[-1]] for part in ("data", "indices")
                )
                if name == "read":
                    data.sum(), indices.sum(dtype=np.int32)
                    continue
                small = (pointers - pointers[0]).astype(np.int32)
                _ = csr_matrix((data, indices, small), shape=(high - low, 2**18)) @ table
        meter.end()
    print(json.dumps(meter.rows))


# ------------------------------------------------------------------------------------- all of it


def child(*words: object) -> list[tuple[str, float, float, float]]:
    """Run one measurement in a process of its own, on one thread."""
    command = [sys.executable, __file__, "--child", *(str(word) for word in words)]
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    ran = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ | one
    )
    return [tuple(row) for row in json.loads(ran.stdout.splitlines()[-1])]  # type: ignore[misc]


def copied(base: Path, directory: Path) -> None:
    """A store to work on: the state is copied; segments, which never change, are linked."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    shutil.copytree(
        base / ".bridge" / "features", directory / ".bridge" / "features", copy_function=os.link
    )
    for file in (base / ".bridge").glob("state.db*"):
        shutil.copy(file, directory / ".bridge" / file.name)
    shutil.copy(base / "platform.json", directory / "platform.json")


def show(rows: list[tuple[str, float, float, float]]) -> None:
    for name, cpu, wall, peak in rows:
        print(f"  {name:28} {cpu:8.2f} {wall:8.2f} {peak:8.0f}", flush=True)


def summed(rows: list[tuple[str, float, float, float]], *names: str) -> float:
    return sum(cpu for name, cpu, _, _ in rows if name in names)


def compare(scratch: Path, pool: int, classes: int, given: argparse.Namespace) -> None:
    base = scratch / f"pool-{pool}"
    directory = base / f"classes-{classes}"
    copied(base, directory)
    platform = Platform(directory, pool, classes)
    for _ in range(ROUNDS + 1):
        with loop(directory, platform) as bridge:
            bridge.sync()
        platform.answer(NEW)
    print(f"\n{pool:,} texts, {classes} classes, {NEW} new labels")
    print(f"  {'step':28} {'CPU s':>8} {'wall s':>8} {'MiB':>8}")
    low = child("floors", directory, classes)
    show(low)
    if not given.no_script:
        old = child("script", directory, pool, classes)
        show([(f"script: {name}", *rest) for name, *rest in old])  # type: ignore[misc]
    rows = child("bridge", directory, pool, classes, given.backend, given.workers)
    show([(f"Bridge: {name}", *rest) for name, *rest in rows])  # type: ignore[misc]
    work, floor = summed(rows, "train", "rank"), sum(cpu for _, cpu, _, _ in low)
    total = sum(cpu for name, cpu, _, _ in rows if name != "imports")
    print(f"  train + rank: {work:.2f} CPU s, {work / floor:.2f} times the floors")
    print(f"  all of Bridge's steps: {total:.2f} CPU s", end="")
    if not given.no_script:
        usual = sum(cpu for name, cpu, _, _ in old if name != "imports")
        print(f"; the script {usual:.2f}, {usual / total:.0f} times as much", end="")
    print(flush=True)


def made(scratch: Path, pool: int) -> None:
    base = scratch / f"pool-{pool}"
    if (base / "ready").exists():
        return
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir(parents=True)
    print(f"\n{pool:,} texts\n  {'step':28} {'CPU s':>8} {'wall s':>8} {'MiB':>8}", flush=True)
    with (base / "export.jsonl").open("w", encoding="utf-8") as file:
        for number, text in enumerate(texts(0, pool)):
            file.write(json.dumps({"key": str(number), "text": text}) + "\n")
    subprocess.run([sys.executable, __file__, "--child", "prepare", base, str(pool)], check=True)
    (base / "ready").touch()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pools", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--classes", type=int, nargs="*", default=[2, 10, 77])
    parser.add_argument("--backend", default="serial", help="[execution] backend")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--no-script", action="store_true", help="leave out the usual script")
    parser.add_argument("--scratch", type=Path, help="where pools are kept; else they are not")
    parser.add_argument("--child", nargs="*", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        name, directory, *numbers = given.child
        if name == "prepare":
            prepare(Path(directory), int(numbers[0]))
        elif name == "floors":
            floors(Path(directory), int(numbers[0]))
        elif name == "script":
            script(Path(directory), *map(int, numbers))
        else:
            pool, classes, backend, workers = numbers
            measured(Path(directory), int(pool), int(classes), backend, int(workers))
        return
    with tempfile.TemporaryDirectory(prefix="bridge-turnaround-") as temporary:
        scratch = given.scratch or Path(temporary)
        for pool in given.pools:
            made(scratch, pool)
            for classes in given.classes:
                compare(scratch, pool, classes, given)


if __name__ == "__main__":
    main()
