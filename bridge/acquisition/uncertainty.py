"""Uncertainty of predictions, in [0, 1]; higher is asked first.

For k classes of which one applies, with p1 >= p2 the two largest probabilities (Settles 2009,
"Active Learning Literature Survey", sections 3.1 and 3.2):

* ``margin``: 1 - (p1 - p2)
* ``least_confidence``: (1 - p1) * k / (k - 1)
* ``entropy``: -sum(p * ln p) / ln k
* ``committee``: mean Kullback-Leibler divergence of m members from their mean, / ln(min(m, k))

Where several classes may apply, each class is a question of its own with k = 2. ``margin``,
``least_confidence`` and ``committee`` take the most uncertain class, ``entropy`` the mean of all.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from bridge.acquisition.spec import Strategy
from bridge.errors import ConfigError
from bridge.learners.base import LearningTask

__all__ = ["score"]

Floats = NDArray[np.float32]

COLUMNS = 16  # classes; of more a partition is faster


def score(
    strategy: Strategy,
    probabilities: Floats,
    task: LearningTask,
    committee: Floats | None = None,
) -> Floats:
    """Return the uncertainty of each row, (n,) float32 in [0, 1].

    Args:
        probabilities: (n, k).
        committee: (m, n, k), needed by the strategy ``committee`` alone.

    Raises:
        ConfigError: the strategy is ``committee`` and the model has none.
    """
    if strategy == "committee":
        if committee is None:
            raise ConfigError(
                "The strategy 'committee' needs a model that has a committee.",
                "Set acquisition.strategy to 'margin', or use a learner whose models have one.",
            )
        found = _committee(committee, task)
    elif task == "multi":
        found = _multi(strategy, probabilities)
    elif probabilities.shape[1] < 2:
        found = np.zeros(len(probabilities), np.float32)
    else:
        found = _single(strategy, probabilities)
    return np.clip(found, 0.0, 1.0).astype(np.float32, copy=False)


def _single(strategy: Strategy, p: Floats) -> Floats:
    k = p.shape[1]
    if strategy == "entropy":
        return cast(Floats, _entropy(p).sum(axis=1) / np.float32(np.log(k)))
    first, second = _two_largest(p)
    if strategy == "least_confidence":
        return cast(Floats, (1.0 - first) * np.float32(k / (k - 1)))
    return cast(Floats, 1.0 - (first - second))


def _two_largest(p: Floats) -> tuple[Floats, Floats]:
    """Return the largest and the second largest of each row."""
    k = p.shape[1]
    if k > COLUMNS:
        top = np.partition(p, k - 2, axis=1)
        return top[:, k - 1], top[:, k - 2]
    # Column by column, up to thirty times as fast as a partition of every row.
    first, second = p[:, 0].copy(), np.full(len(p), -1.0, p.dtype)
    for column in p.T[1:]:
        np.maximum(second, np.minimum(first, column), out=second)
        np.maximum(first, column, out=first)
    return first, second


def _multi(strategy: Strategy, p: Floats) -> Floats:
    if strategy == "entropy":
        return cast(Floats, (_entropy(p) + _entropy(1.0 - p)).mean(axis=1) / np.float32(np.log(2)))
    # Of two outcomes, margin and least confidence are the same number.
    return cast(Floats, 1.0 - np.abs(2.0 * p - 1.0).min(axis=1))


def _committee(members: Floats, task: LearningTask) -> Floats:
    m, _, k = members.shape
    if m < 2:
        return np.zeros(members.shape[1], np.float32)
    if task == "multi":
        outcomes = np.stack([members, 1.0 - members])
        gap = _entropy(outcomes.mean(axis=1)).sum(axis=0) - _entropy(outcomes).sum(axis=0).mean(0)
        return cast(Floats, gap.max(axis=1) / np.float32(np.log(2)))
    # The mean divergence from the mean is the entropy of the mean less the mean entropy.
    gap = _entropy(members.mean(axis=0)).sum(axis=1) - _entropy(members).sum(axis=2).mean(axis=0)
    return cast(Floats, gap / np.float32(np.log(max(min(m, k), 2))))


def _entropy(p: Floats) -> Floats:
    """Return -p * ln p elementwise; 0 at p = 0."""
    return -p * np.log(np.where(p > 0, p, np.float32(1)))
