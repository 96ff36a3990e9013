"""Do the 95 % intervals hold the truth 95 % of the time? Run: python benchmarks/intervals.py

A model is a table of how it answers items of each class; items are drawn with a rare class, the
hold-out's intervals are computed, and it is counted how often they hold the true figure, which the
table gives exactly. For each share of the rare class and size of the hold-out: the coverage in
percent, mean over models of four skills, and in brackets that of the worst model, among the draws
in which the figure is told; and how often the rare class's figures are told, and how wide the
interval of its F1 is. Macro-F1 is compared with that of the classes that a draw has.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from bridge.learners.evaluation import evaluate
from bridge.learners.scores import Interval, Scores

SHARES = (0.01, 0.05, 0.12)
SIZES = (20, 50, 100, 200, 400)
# How often the rare class is found, and how often another is taken for it, per item of it.
SKILLS = ((0.5, 0.5), (0.8, 0.2), (0.9, 0.1), (0.97, 0.02))
FIGURES = ("accuracy", "macro-F1", "rare precision", "rare recall", "rare F1", "other F1")
MANY = 100  # draws; fewer say little about coverage


def table(share: float, skill: tuple[float, float], k: int) -> np.ndarray:
    """Return the probability of each (truth, answer), (k, k); class 0 is the rare one."""
    found, false = skill
    prevalence = np.array([share] + [(1 - share) / (k - 1)] * (k - 1))
    answers = np.zeros((k, k))
    answers[0, 0] = found
    answers[0, 1:] = (1 - found) / (k - 1)
    answers[1:, 0] = false * share / (1 - share)
    among = answers[1:, 0] if k == 2 else answers[1:, 0] + (1 - found) / 2
    for c in range(1, k):
        answers[c, c] = 1 - among[c - 1]
        for other in range(1, k):
            if other != c:
                answers[c, other] = (among[c - 1] - answers[c, 0]) / (k - 2)
    return prevalence[:, None] * answers


def truths(cells: np.ndarray) -> dict[str, float]:
    hits, said, support = np.diag(cells), cells.sum(axis=0), cells.sum(axis=1)
    f1 = 2 * hits / (said + support)
    return {
        "accuracy": float(hits.sum()),
        "macro-F1": float(f1.mean()),
        "without rare": float(f1[1:].mean()),
        "rare precision": float(hits[0] / said[0]),
        "rare recall": float(hits[0] / support[0]),
        "rare F1": float(f1[0]),
        "other F1": float(f1[1]),
    }


def told(scores: Scores) -> dict[str, Interval | None]:
    rare, other = scores.per_class[0], scores.per_class[1]
    return {
        "accuracy": scores.accuracy,
        "macro-F1": scores.macro_f1,
        "rare precision": rare.precision,
        "rare recall": rare.recall,
        "rare F1": rare.f1_interval,
        "other F1": other.f1_interval,
    }


def drawn(cells: np.ndarray, n: int, rng: np.random.Generator) -> Scores:
    k = len(cells)
    flat = rng.choice(k * k, n, p=cells.ravel())
    labels = np.eye(k, dtype=np.int8)[flat // k]
    said = np.eye(k, dtype=np.float32)[flat % k]
    return evaluate(said, labels, tuple(f"c{i}" for i in range(k)), "single")


@dataclass
class Tally:
    """What the draws of one share and one size gave, by figure.

    Attributes:
        coverage: one number for each skill.
        told: share of the draws, one number for each skill.
        widths: of the intervals.
    """

    coverage: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    told: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    widths: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, cells: np.ndarray, n: int, draws: int, seed: int) -> None:
        truth, rng = truths(cells), np.random.default_rng(seed)
        inside: dict[str, list[bool]] = {name: [] for name in FIGURES}
        for _ in range(draws):
            scores = drawn(cells, n, rng)
            found = told(scores)
            absent = not scores.per_class[0].support
            for name in FIGURES:
                if (interval := found[name]) is not None:
                    true = truth["without rare" if absent and name == "macro-F1" else name]
                    inside[name].append(interval.low - 1e-9 <= true <= interval.high + 1e-9)
                    self.widths[name].append(interval.high - interval.low)
        for name, held in inside.items():
            self.told[name].append(len(held) / draws)
            if len(held) >= MANY:
                self.coverage[name].append(float(np.mean(held)))

    def shown(self, name: str) -> str:
        found = self.coverage[name]
        return f"{np.mean(found):.0%} ({min(found):.0%})" if found else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--classes", type=int, nargs="*", default=[2, 4])
    given = parser.parse_args()
    every: list[float] = []
    print(f"| classes | rare | n | {' | '.join(FIGURES)} | told | width |")
    print("|---" * (len(FIGURES) + 5) + "|")
    for k in given.classes:
        for share in SHARES:
            for n in SIZES:
                tally = Tally()
                for seed, skill in enumerate(SKILLS):
                    tally.add(table(share, skill, k), n, given.draws, seed)
                cells = " | ".join(tally.shown(name) for name in FIGURES)
                rare, width = np.mean(tally.told["rare F1"]), np.mean(tally.widths["rare F1"])
                print(f"| {k} | {share:.0%} | {n} | {cells} | {rare:.0%} | {width:.2f} |")
                every += [one for name in FIGURES for one in tally.coverage[name]]
    print(f"\nall: {np.mean(every):.1%}, worst {min(every):.1%}; {len(every)} cells, of which")
    below = [float(np.mean(np.array(every) < level)) for level in (0.93, 0.9)]
    print(f"{below[0]:.1%} below 93 %, {below[1]:.1%} below 90 %")


if __name__ == "__main__":
    main()
