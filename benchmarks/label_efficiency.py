"""How many labels does each way of choosing need? Run: python benchmarks/label_efficiency.py DATA

DATA is a JSONL file (.gz or not) with "text" and "label". It is split 70/30 into pool and test,
stratified; labels are taken from the pool in batches, the test is only measured on. Reported is
the number of labels after which the F1 stays, for three batches in a row, at 95 % of the F1 that
all labels of the pool give: the F1 of --positive, or macro-F1 without it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bridge.acquisition.candidates import best
from bridge.acquisition.compose import compose, rarest_share
from bridge.acquisition.spec import AcquisitionSpec
from bridge.learners import LearnerSpec, make_learner
from bridge.learners.base import Examples, Model
from bridge.records import Item
from bridge.store.features import FeatureReader, FeatureStore

WAYS: dict[str, dict[str, Any]] = {
    "random": {"strategy": "random"},
    "margin": {"diversity": "off"},
    "diverse": {"diversity": "on"},
    "auto": {},
    "auto with hold-out": {"hold_out_share": 0.15},
}


@dataclass
class Trial:
    """One split of one data set, encoded."""

    classes: tuple[str, ...]
    labels: np.ndarray  # (n,) class numbers
    pool: np.ndarray  # ids
    test: np.ndarray
    reader: FeatureReader
    positive: int | None

    def fit(self, ids: list[int]) -> Model:
        labels = np.zeros((len(ids), len(self.classes)), np.int8)
        labels[np.arange(len(ids)), self.labels[ids]] = 1
        weights = np.ones(len(ids), np.float32)
        rows = self.reader.rows(ids)
        examples = Examples(labels, weights, self.classes, "single", features=rows)
        return make_learner(LearnerSpec()).fit(examples, self.reader, seed=0)

    def f1(self, model: Model) -> float:
        from sklearn.metrics import f1_score

        found = model.predict(self.reader.rows(self.test)).argmax(axis=1)
        truth = self.labels[self.test]
        if self.positive is None:
            return float(f1_score(truth, found, average="macro"))
        return float(f1_score(truth, found, pos_label=self.positive))


def read(path: Path) -> tuple[list[str], list[str]]:
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    rows = [json.loads(line) for line in text.splitlines()]
    return [row["text"] for row in rows], [row["label"] for row in rows]


def make_trial(
    path: Path, positive: str | None, share: float | None, seed: int, folder: Path
) -> Trial:
    from sklearn.model_selection import train_test_split

    texts, names = read(path)
    if positive is not None and share is not None:
        rng = np.random.default_rng(seed)
        found = [i for i, name in enumerate(names) if name == positive]
        others = [i for i, name in enumerate(names) if name != positive]
        wanted = int(share * len(others) / (1 - share))
        kept = sorted(others + rng.choice(found, wanted, replace=False).tolist())
        texts, names = [texts[i] for i in kept], [names[i] for i in kept]
    classes = tuple(sorted(set(names)))
    labels = np.array([classes.index(name) for name in names])
    pool, test = train_test_split(
        np.arange(len(texts)), test_size=0.3, stratify=labels, random_state=seed
    )
    learner = make_learner(LearnerSpec())
    assert learner.encoder is not None
    store = FeatureStore(folder, learner.encoder)
    store.add(((i, Item(key=str(i), text=text)) for i, text in enumerate(texts)), upto=1)
    number = classes.index(positive) if positive is not None else None
    return Trial(classes, labels, pool, test, store.reader(), number)


def curve(
    trial: Trial, way: dict[str, Any], batch: int, budget: int, seed: int
) -> Iterator[tuple[int, float]]:
    """Yield (labels paid for, F1 on the test) after each batch."""
    spec = AcquisitionSpec(**{"hold_out_share": 0.0, "seed": seed, **way})
    order = np.random.default_rng(seed).permutation(trial.pool).tolist()
    every = int(1 / spec.hold_out_share) if spec.hold_out_share else 0
    measuring = order[::every] if every else []
    training: list[int] = []
    random_labels: list[int] = []
    asked: set[int] = set()
    model = None
    while len(asked) < min(budget, len(order)):
        free = np.array([i for i in order if i not in asked and i not in set(measuring)])
        cold = free.tolist()
        random_way = spec.strategy == "random"
        # Random needs many labels; larger steps as it goes do not change where it arrives.
        size = max(batch, len(asked) // 20) if random_way else batch
        candidates = None
        if model is not None and not random_way and len(free):
            chunks = trial.reader.chunks(np.sort(free))
            candidates = best(
                model, chunks, spec.scoring, "single", max(spec.keep(size), 100), seed
            )
        counts = Counter(trial.labels[random_labels].tolist())
        known = set(trial.labels[training].tolist())
        picks = compose(
            candidates=candidates,
            hold_out=[i for i in measuring if i not in asked],
            cold=cold,
            size=size,
            spec=spec,
            classes=trial.classes,
            task="single",
            unseen=[name for i, name in enumerate(trial.classes) if i not in known],
            rarest=rarest_share([counts[i] for i in range(len(trial.classes))]),
        )
        asked.update(pick.id for pick in picks)
        training += [pick.id for pick in picks if not pick.hold_out]
        random_labels += [p.id for p in picks if p.source in ("random", "cold-start")]
        model = trial.fit(training)
        yield len(asked), trial.f1(model)


def reached(points: list[tuple[int, float]], goal: float) -> int | None:
    for i in range(len(points) - 2):
        if all(f1 >= goal for _, f1 in points[i : i + 3]):
            return points[i][0]
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--positive")
    parser.add_argument("--share", type=float, help="thin the positive class to this share")
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--budget", type=int, default=500, help="labels, except for random")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    options = parser.parse_args()
    needed: dict[str, list[int | None]] = {way: [] for way in options.ways}
    areas: dict[str, list[float]] = {way: [] for way in options.ways}
    full, started = [], time.process_time()
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            trial = make_trial(options.data, options.positive, options.share, seed, Path(folder))
            full.append(trial.f1(trial.fit(trial.pool.tolist())))
            for way in options.ways:
                budget = len(trial.pool) if way == "random" else options.budget
                points = list(curve(trial, WAYS[way], options.batch, budget, seed))
                needed[way].append(reached(points, 0.95 * full[-1]))
                inside = [f1 for count, f1 in points if count <= options.budget]
                areas[way].append(statistics.fmean(inside))
    print(f"{options.data.name}: F1 with all labels {statistics.fmean(full):.3f}")
    for way in options.ways:
        shown = ", ".join("-" if n is None else str(n) for n in needed[way])
        area = statistics.fmean(areas[way])
        print(f"  {way:20s} labels to 95 %: {shown:28s} mean F1 to {options.budget}: {area:.3f}")
    print(f"  {time.process_time() - started:.0f} CPU seconds")


if __name__ == "__main__":
    main()
