"""How alike items are: the cosine of what an encoder made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from bridge.learners.base import Features

__all__ = ["cosines", "unit", "weighted"]


def unit(features: Features) -> Any:
    """Return rows of unit length; rows of zeros stay."""
    from sklearn.preprocessing import normalize

    # scikit-learn refuses a matrix without rows or columns.
    return normalize(features) if min(features.shape) else features


def weighted(features: Features, *more: Features) -> list[Any]:
    """Return rows of unit length, sparse ones weighted by inverse document frequency.

    The frequencies are those of the first matrix: ln((1 + n) / (1 + df)) + 1.
    """
    from scipy.sparse import diags, issparse

    matrices: list[Any] = [features, *more]
    if issparse(features):
        first: Any = features
        frequency = np.bincount(first.indices, minlength=first.shape[1])
        inverse = np.log((1.0 + first.shape[0]) / (1.0 + frequency)) + 1.0
        matrices = [rows @ diags(inverse.astype(np.float32)) for rows in matrices]
    return [unit(rows) for rows in matrices]


def cosines(rows: Any, others: Any) -> NDArray[np.float32]:
    """Return the products of rows of unit length, (n, d) and (m, d), as (n, m) float32."""
    found = rows @ others.T
    return np.asarray(found.toarray() if hasattr(found, "toarray") else found, np.float32)
