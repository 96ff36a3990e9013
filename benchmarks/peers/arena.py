"""What all contenders share: a split on disk, the measures, and the loop around a peer.

It runs in every peer's environment, so it needs no more than NumPy, SciPy and scikit-learn, old or
new. A split is a folder that :mod:`peers.datasets` writes and every contender reads.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score

__all__ = ["Contender", "Record", "Split", "parser", "play", "settled", "usual_learner"]

FIELDS = ("kind", "labels", "f1", "average_precision", "found", "cpu_s")
STEP = 20  # random goes on in steps of a twentieth of its labels; no model depends on them
GOAL, IN_A_ROW = 0.98, 3


class Split:
    """One data set, split by one seed.

    Attributes:
        pool, test: features, (n, d), CSR or dense, float32; without labels in them.
        pool_labels, test_labels: (n,) class numbers.
        weights: (n,) of the test part; a thinned class keeps all its test items at a lower weight.
        classes: the class names.
        positive: number of the class whose F1 is measured; None for macro-F1.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        facts = json.loads((folder / "facts.json").read_text())
        self.seed: int = facts["seed"]
        self.classes: list[str] = facts["classes"]
        self.positive: int | None = facts["positive"]
        with np.load(folder / "labels.npz") as arrays:
            self.pool_labels, self.test_labels = arrays["pool"], arrays["test"]
            self.weights = arrays["weights"]

    @property
    def pool(self) -> Any:
        return features(self.folder, "pool")

    @property
    def test(self) -> Any:
        return features(self.folder, "test")

    def measure(self, said: np.ndarray, guess: np.ndarray | None = None) -> tuple[float, float]:
        """Return (F1, average precision) of probabilities (n, k); AP is nan for many classes.

        Args:
            guess: (n,) class numbers that were decided for; None: the most probable.
        """
        truth, guess = self.test_labels, said.argmax(axis=1) if guess is None else guess
        if self.positive is None:
            macro = f1_score(
                truth, guess, average="macro", sample_weight=self.weights, zero_division=0
            )
            return float(macro), float("nan")
        right, given = truth == self.positive, guess == self.positive
        f1 = f1_score(right, given, sample_weight=self.weights, zero_division=0)
        ap = average_precision_score(right, said[:, self.positive], sample_weight=self.weights)
        return float(f1), float(ap)

    def nothing_known(self) -> tuple[float, float]:
        """Return the measures of who finds nothing: F1 is 0, AP the share of the positives."""
        if self.positive is None:
            return 0.0, float("nan")
        return 0.0, float(np.average(self.test_labels == self.positive, weights=self.weights))

    def found(self, asked: np.ndarray) -> int:
        """How many positives are among these; of many classes: how many different ones."""
        labels = self.pool_labels[asked]
        if self.positive is None:
            return len(np.unique(labels))
        return int((labels == self.positive).sum())

    def spread_out(self, said: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Return probabilities (n, k) of all classes, from those of the known class numbers."""
        full = np.zeros((len(said), len(self.classes)))
        full[:, np.asarray(known, int)] = said
        return full


def features(folder: Path, part: str) -> Any:
    packed = folder / f"{part}.npz"
    return sparse.load_npz(packed) if packed.exists() else np.load(folder / f"{part}.npy")


def usual_learner() -> LogisticRegression:
    """What a team would write; every contender that takes it as it is has it."""
    return LogisticRegression(C=10, class_weight="balanced", max_iter=1000)


class Contender(Protocol):
    """A library's own loop, behind three questions."""

    def start(self, asked: np.ndarray) -> None:
        """Learn the first labels, of at least two classes; positions in the pool."""

    def ask(self, size: int) -> np.ndarray:
        """Return the next positions to label."""

    def learn(self, asked: np.ndarray) -> None:
        """Learn the labels of what was just asked."""

    def predict(self) -> np.ndarray:
        """Return probabilities of the test part, (n, k)."""


class Record:
    """What happened, as rows of a CSV file that appears when it is complete."""

    def __init__(self, split: Split) -> None:
        self._split = split
        self.rows: list[dict[str, Any]] = []

    def note(
        self,
        kind: str,
        asked: np.ndarray,
        said: np.ndarray | None,
        guess: np.ndarray | None = None,
    ) -> float:
        """Measure after some labels; without a model as if all items were alike. Return the F1."""
        f1, ap = self._split.nothing_known() if said is None else self._split.measure(said, guess)
        row = (kind, len(asked), round(f1, 6), round(ap, 6), self._split.found(asked))
        cpu = round(time.process_time(), 2)
        self.rows.append(dict(zip(FIELDS, (*row, cpu), strict=True)))
        return f1

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        with part.open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(self.rows)
        part.rename(path)


def play(split: Split, contender: Contender, record: Record, batch: int, budget: int) -> None:
    """Run a peer: some random labels first, then its own questions.

    While all labels are of one class no peer can learn (modAL and small-text refuse), so that the
    random start goes on.
    """
    size = len(split.pool_labels)
    order = np.random.default_rng(split.seed).permutation(size)
    asked = order[:batch]
    while len(np.unique(split.pool_labels[asked])) < 2 and len(asked) < min(budget, size):
        record.note("loop", asked, None)
        asked = order[: len(asked) + batch]
    if len(np.unique(split.pool_labels[asked])) < 2:
        return
    contender.start(asked)
    record.note("loop", asked, contender.predict())
    while len(asked) < min(budget, size):
        fresh = np.asarray(contender.ask(min(batch, size - len(asked))), int)
        if np.isin(fresh, asked).any() or len(np.unique(fresh)) < len(fresh):
            raise ValueError("A contender asked for an item twice.")
        asked = np.concatenate([asked, fresh])
        contender.learn(fresh)
        record.note("loop", asked, contender.predict())


def settled(scores: list[float], full: float) -> bool:
    """Whether the last evaluations all reached the highest level that is told."""
    return len(scores) >= IN_A_ROW and min(scores[-IN_A_ROW:]) >= GOAL * full


def parser(strategies: tuple[str, ...]) -> argparse.ArgumentParser:
    found = argparse.ArgumentParser()
    found.add_argument("split", type=Path)
    found.add_argument("out", type=Path)
    found.add_argument("--strategy", choices=strategies, required=True)
    found.add_argument("--batch", type=int, default=20)
    found.add_argument("--budget", type=int, default=400)
    found.add_argument("--stop-random", action="store_true")
    return found
