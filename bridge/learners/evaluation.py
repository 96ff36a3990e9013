"""Honest measurement on the hold-out: values with intervals, and whether a model got worse.

The intervals are those of :mod:`bridge.learners.intervals`. Two models are compared by approximate
randomisation (Noreen 1989; Yeh 2000, https://aclanthology.org/C00-2137/): exchange their answers
item by item at random and see how often chance alone does as much. Unlike the bootstrap it stays
valid when a class has only a few items: three items that changed cannot be significant.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from bridge.errors import ModelError
from bridge.learners import intervals
from bridge.learners.base import LearningTask
from bridge.learners.decision import Decisions, most_probable
from bridge.learners.scores import ENOUGH, FEW, ClassScores, Comparison, Interval, Scores
from bridge.learners.targets import known_class

__all__ = ["compare", "evaluate"]

DRAWS = 2000
BLOCK = 250  # draws at a time, to bound memory
SEED = 20
LEVEL = 0.025  # of each of two one-sided tests, 5 % together
LEAST = 1e-6  # a probability of what is true below this counts as this

Floats = NDArray[np.float64]


def evaluate(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.int8],
    classes: tuple[str, ...],
    task: LearningTask,
    said: Decisions | None = None,
) -> Scores:
    """Measure predictions on the hold-out; see :class:`bridge.learners.scores.Scores`.

    Args:
        probabilities: (n, k).
        labels: (n, k): 1, 0, or -1 where not known; what is not known is left out.
        said: (n, k), which classes were said of each item; None: the most probable.

    Raises:
        ModelError: the shapes differ.
    """
    answers = _answers(probabilities, labels, task, said)
    items = len(answers.right)
    per_class = tuple(map(_class_scores, classes, *answers.counts))
    few = tuple(one.name for one in per_class if one.support < FEW)
    if items < ENOUGH:
        return Scores(items=items, per_class=per_class, few=few)
    return Scores(
        items=items,
        accuracy=intervals.proportion(int(answers.right.sum()), items),
        macro_f1=_macro_f1(answers, task),
        log_loss=float(answers.losses.mean()),
        per_class=per_class,
        few=few,
    )


def compare(
    champion: NDArray[np.float32],
    challenger: NDArray[np.float32],
    labels: NDArray[np.int8],
    task: LearningTask,
    said: tuple[Decisions, Decisions] | None = None,
) -> Comparison:
    """Say whether the challenger is worse than the champion beyond noise.

    It is, when its macro-F1 is significantly lower; or when its macro-F1 is not higher and its
    log-loss is significantly higher. Each test is one-sided at 2.5 %. Log-losses say nothing while
    the hold-out has too few items of a second class: among ham alone, whoever begins to believe in
    spam has the higher loss.

    Args:
        champion, challenger: probabilities of the same hold-out items, (n, k).
        labels: (n, k), as for :func:`evaluate`.
        said: which classes either said, (n, k) each; None: the most probable.
    """
    first, second = said or (None, None)
    old, new = _answers(champion, labels, task, first), _answers(challenger, labels, task, second)
    items = len(old.right)
    if items < ENOUGH:
        reason = f"not known yet: {items} hold-out items, {ENOUGH} are needed"
        return Comparison(worse=False, difference=None, reason=reason)
    difference = _difference(old, new)
    changed = f"macro-F1 {difference.value:+.3f} on {items} hold-out items"
    if difference.value < 0:
        p = _exchange_f1(old, new)
        if p < LEVEL:
            return Comparison(worse=True, difference=difference, reason=f"{changed}, p = {p:.3f}")
    rise = float((new.losses - old.losses).mean())
    if difference.value <= 0 < rise and _two_classes(new, task):
        p = _exchange_losses(new.losses - old.losses)
        if p < LEVEL:
            reason = f"{changed}, log-loss {rise:+.3f}, p = {p:.3f}"
            return Comparison(worse=True, difference=difference, reason=reason)
    return Comparison(
        worse=False, difference=difference, reason=f"{changed}, not worse beyond noise"
    )


def _two_classes(answers: _Answers, task: LearningTask) -> bool:
    """Whether more than one class has enough items."""
    support = answers.true.sum(axis=0)
    return task == "multi" or int((support >= FEW).sum()) > 1


# ----------------------------------------------------------------------------------------- answers


@dataclass(frozen=True, eq=False)
class _Answers:
    """n comparable items: what is true, what was said. Entries not known are 0 in all three."""

    true: Floats  # (n, k), 1 where the class applies
    said: Floats  # (n, k), 1 where it was predicted
    known: NDArray[np.bool_]  # (n, k)
    right: NDArray[np.bool_]  # (n,)
    losses: Floats  # (n,)

    @cached_property
    def hits(self) -> Floats:
        return self.true * self.said

    @property
    def counts(self) -> tuple[list[int], list[int], list[int]]:
        """True positives, predictions and support of each class."""
        hits, said, support = (part.sum(axis=0) for part in (self.hits, self.said, self.true))
        return hits.astype(int).tolist(), said.astype(int).tolist(), support.astype(int).tolist()


def _answers(
    p: NDArray[np.float32],
    labels: NDArray[np.int8],
    task: LearningTask,
    said: Decisions | None,
) -> _Answers:
    if p.shape != labels.shape:
        raise ModelError(f"Probabilities of shape {p.shape} for labels of shape {labels.shape}.")
    if said is None:
        said = most_probable(p, task)
    return (_single if task == "single" else _multi)(p, labels, said)


def _single(p: NDArray[np.float32], labels: NDArray[np.int8], said: Decisions) -> _Answers:
    rows, targets = known_class(labels)
    found = said[rows].argmax(axis=1) if len(rows) else targets
    one_of = np.eye(labels.shape[1])
    losses = -np.log(np.maximum(p[rows, targets].astype(np.float64), LEAST))
    known = np.ones((len(rows), labels.shape[1]), dtype=bool)
    return _Answers(one_of[targets], one_of[found], known, found == targets, losses)


def _multi(p: NDArray[np.float32], labels: NDArray[np.int8], said: Decisions) -> _Answers:
    rows = (labels >= 0).any(axis=1)
    labels, given = labels[rows], p[rows].astype(np.float64)
    known = labels >= 0
    true, said = labels == 1, said[rows] & known
    of_truth = np.maximum(np.where(true, given, 1.0 - given), LEAST)
    losses = (-np.log(of_truth) * known).sum(axis=1) / known.sum(axis=1)
    right = (true == said).all(axis=1)
    return _Answers(true.astype(np.float64), said.astype(np.float64), known, right, losses)


# ------------------------------------------------------------------------------------------ scores


def _class_scores(name: str, hits: int, said: int, support: int) -> ClassScores:
    f1 = intervals.f1(hits, said + support - hits) if support else None
    return ClassScores(
        name=name,
        precision=intervals.proportion(hits, said) if said else None,
        recall=intervals.proportion(hits, support) if support else None,
        f1=None if f1 is None else f1.value,
        f1_interval=f1,
        support=support,
    )


def _macro_f1(answers: _Answers, task: LearningTask) -> Interval | None:
    present = np.flatnonzero(answers.true.sum(axis=0) > 0)
    if len(present) < (2 if task == "single" else 1):
        return None
    return intervals.macro_f1(answers.true[:, present], answers.said[:, present])


def _f1(hits: Floats, said: Floats, support: Floats) -> Floats:
    """Mean F1 over the last axis, of classes with support."""
    present = support > 0
    return cast(Floats, (2 * hits / np.maximum(said + support, 1e-9))[..., present].mean(axis=-1))


def _interval(value: float, draws: Floats) -> Interval:
    low, high = np.quantile(draws, [0.025, 0.975])
    return Interval(value=value, low=min(float(low), value), high=max(float(high), value))


# -------------------------------------------------------------------------------------- comparison


def _difference(old: _Answers, new: _Answers) -> Interval:
    """Macro-F1 of new less old, with a paired bootstrap interval over the items."""
    support = old.true.sum(axis=0)
    if not (support > 0).any():
        return Interval(value=0.0, low=0.0, high=0.0)

    def gain(weights: Floats) -> Floats:
        drawn = weights @ old.true
        drawn[:, support == 0] = 0
        return _weighted_f1(weights, new, drawn) - _weighted_f1(weights, old, drawn)

    n = len(old.right)
    rng = np.random.default_rng(SEED)
    blocks = [
        gain(rng.multinomial(n, np.full(n, 1 / n), BLOCK).astype(np.float64))
        for _ in range(DRAWS // BLOCK)
    ]
    return _interval(float(gain(np.ones((1, n)))[0]), np.concatenate(blocks))


def _weighted_f1(weights: Floats, answers: _Answers, support: Floats) -> Floats:
    """Macro-F1 for each row of item weights (b, n), over classes with support (b, k) in it."""
    f1 = 2 * (weights @ answers.hits) / np.maximum(weights @ answers.said + support, 1e-9)
    present = support > 0
    return cast(Floats, (f1 * present).sum(axis=1) / np.maximum(present.sum(axis=1), 1))


def _exchange_f1(old: _Answers, new: _Answers) -> float:
    """Return how often exchanged answers make new at least as much worse in macro-F1."""
    support = old.true.sum(axis=0)
    differs = (old.said != new.said).any(axis=1)
    hits_old, hits_new = old.hits.sum(axis=0), new.hits.sum(axis=0)
    said_old, said_new = old.said.sum(axis=0), new.said.sum(axis=0)
    loss = _f1(hits_old, said_old, support) - _f1(hits_new, said_new, support)
    moved_hits = (new.hits - old.hits)[differs]
    moved_said = (new.said - old.said)[differs]
    rng = np.random.default_rng(SEED)
    reached = 0
    for _ in range(DRAWS // BLOCK):
        exchanged = (rng.random((BLOCK, int(differs.sum()))) < 0.5).astype(np.float64)
        hits, said = exchanged @ moved_hits, exchanged @ moved_said
        after = _f1(hits_old + hits, said_old + said, support)
        after -= _f1(hits_new - hits, said_new - said, support)
        reached += int((after >= loss - 1e-12).sum())
    return (1 + reached) / (1 + DRAWS)


def _exchange_losses(rises: Floats) -> float:
    """Return how often random signs make the mean rise at least as large."""
    rng = np.random.default_rng(SEED)
    total = float(rises.sum())
    reached = 0
    for _ in range(DRAWS // BLOCK):
        signs = np.where(rng.random((BLOCK, len(rises))) < 0.5, 1.0, -1.0)
        reached += int((signs @ rises >= total - 1e-12).sum())
    return (1 + reached) / (1 + DRAWS)
