"""What labels say: class numbers, and how probable a class is that no label names."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["known_class", "unseen_prior"]


def known_class(labels: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of (n, k) single-label labels whose class is known, and the class of each.

    A row that rules out all classes but one tells it as well.
    """
    chosen = labels == 1
    left = (labels == -1) & ~chosen.any(axis=1, keepdims=True)
    decided = np.where((left.sum(axis=1) == 1)[:, None], left, chosen)
    rows = np.flatnonzero(decided.any(axis=1))
    return rows, decided[rows].argmax(axis=1)


def unseen_prior(
    targets: NDArray[np.int64], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the classes that a classifier can tell apart, and the probability of each other.

    Laplace's rule of succession: ``(count + 1) / (n + k)``. With fewer than two classes among the
    n targets there is nothing to tell apart, and this is all that can be said.

    Returns:
        Ascending class numbers (none, or two and more), and (k,) probabilities that are 0 for them.
    """
    fitted = np.unique(targets)
    prior = (np.bincount(targets, minlength=k) + 1.0) / (len(targets) + k)
    if len(fitted) < 2:
        return np.empty(0, np.int64), prior
    prior[fitted] = 0.0
    return fitted, prior
