"""What the unlabeled pool says about which words go together: its principal directions.

A few labels name a few words. Latent semantic analysis (Deerwester et al. 1990, "Indexing by Latent
Semantic Analysis") finds in the pool which words occur together, and a linear head that also sees
the items on those directions carries what it learned of one word over to its companions. The sum of
both parts is linear in the words again, so a model costs no more to apply.

Their weight fades with the number of labels, which then know better. Measured on mail and short
messages (``benchmarks/label_efficiency.py``): most of the gain is in the first hundred labels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SAMPLE", "Directions", "find_directions", "weight"]

SAMPLE = 2000  # items of the pool that are looked at
ITEMS_EACH = 20  # items for one direction; fewer would remember items, not words
RARE = 3  # items a word must occur in
FULL_UNTIL = 200  # labels; their weight falls from here
UNTIL = 5000  # labels; from here they are left out
STRENGTH = 1.5  # root of the mean square of the length of an item's part on the directions


@dataclass(frozen=True, eq=False)
class Directions:
    """r directions in the space of the words.

    Attributes:
        columns: (c,) ascending, the words that they are made of.
        vectors: (c, r) float32; scaled so that items have length 1 on them, in the mean square.
    """

    columns: NDArray[np.int64]
    vectors: NDArray[np.float32]


def weight(labels: int) -> float:
    """Return how much the directions count with so many labels; 0 from ``UNTIL``."""
    if labels >= UNTIL:
        return 0.0
    return STRENGTH * min(1.0, math.sqrt(FULL_UNTIL / max(labels, 1)))


def find_directions(rows: Any, most: int, seed: int) -> Directions | None:
    """Return the principal directions of items; None of too few items to find any.

    Args:
        rows: (n, d) CSR, rows of unit length, n up to about ``SAMPLE``.
        most: how many directions at most.
    """
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits

    columns = np.flatnonzero(np.bincount(rows.indices, minlength=rows.shape[1]) >= RARE)
    rank = min(most, rows.shape[0] // ITEMS_EACH, len(columns) - 1)
    if rank < 1:
        return None
    compact = rows[:, columns]
    # One thread: several add up in any order, and equal inputs could give another model.
    with threadpool_limits(1):
        _, lengths, directions = randomized_svd(compact, rank, n_iter=2, random_state=seed)
    mean_square = float((lengths**2).sum()) / rows.shape[0]
    if mean_square <= 0:
        return None
    scaled = directions.T / np.sqrt(mean_square)
    return Directions(columns.astype(np.int64), np.ascontiguousarray(scaled, dtype=np.float32))
