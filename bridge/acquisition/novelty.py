"""Where to look for classes that nobody has described: items unlike all that were met before.

Items of a class without labels are unlike those of the other classes, so what lies far from
everything that was asked so far holds such a class more often than chance does. Two readings of
"far" take turns, since either alone fails on some data: single items that have nothing in common
with what is known, and groups of items that are alike among themselves and unlike what is known.
What is chosen counts as known for the next choice, so that a batch spreads (farthest-first: Sener
and Savarese 2018, "Active Learning for Convolutional Neural Networks: A Core-Set Approach",
https://arxiv.org/abs/1708.00489). Measured in ``benchmarks/label_efficiency.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bridge.acquisition.likeness import cosines, weighted

if TYPE_CHECKING:
    from bridge.learners.base import Features

__all__ = ["MOST", "find_novel"]

MOST = 100  # items for one batch: each costs a look at all
AMONG = 1000  # items that a group is looked for in
NEAREST = 5  # items that make a group


def find_novel(features: Features, known: Features, size: int) -> list[int]:
    """Return up to ``size`` places of items, at most ``MOST``, the most novel first.

    Items without features are left out: they are unlike anything since they are nothing.

    Args:
        features: (n, d), of the items to choose from, in random order.
        known: (m, d), of items that were met before; where there are none, nothing is novel.
    """
    if not features.shape[0] or not known.shape[0]:
        return []
    rows, met = weighted(features, known)
    nearest = cosines(rows, met).max(axis=1)
    group = _group(rows)
    free = np.asarray(abs(rows).sum(axis=1)).ravel() > 0
    found: list[int] = []
    for turn in range(min(size, MOST, int(free.sum()))):
        novelty = group - nearest if turn % 2 else -nearest
        place = int(np.where(free, novelty, -np.inf).argmax())
        found.append(place)
        free[place] = False
        nearest = np.maximum(nearest, cosines(rows, rows[place : place + 1])[:, 0])
    return found


def _group(rows: Any) -> NDArray[np.float32]:
    """Return how like each item is to those that are most like it, (n,), itself left out."""
    likeness = cosines(rows, rows[:AMONG])
    among = likeness.shape[1]
    likeness[np.arange(among), np.arange(among)] = 0.0
    count = min(NEAREST, among)
    best = np.partition(likeness, among - count, axis=1)[:, among - count :]
    mean: NDArray[np.float32] = best.mean(axis=1)
    return mean
