"""Batches whose items differ: clusters of uncertain items, and no near-duplicates.

Zhdanov 2019, "Diverse mini-batch Active Learning", https://arxiv.org/abs/1901.05954: filter by
uncertainty, cluster what is left with its uncertainty as weights, take one item of each cluster.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from bridge.acquisition.likeness import cosines, unit
from bridge.learners.base import Features

__all__ = ["distinct", "spread"]

COMPARED = 32  # items at a time with all, which costs less than one by one

Places = NDArray[np.int64]


def spread(features: Features, scores: NDArray[np.float32], size: int, seed: int) -> Places:
    """Return one place for each of ``size`` clusters, the highest score first.

    Args:
        features: (n, d), sparse or dense; rows are scaled to unit length.
        scores: (n,) >= 0, the weights of the clustering.
    """
    from sklearn.cluster import KMeans

    n = len(scores)
    rows = _clustered_rows(features)
    if n <= size or not rows.shape[1]:
        return np.argsort(-scores, kind="stable").astype(np.int64)[:size]
    means = KMeans(size, n_init=1, max_iter=20, random_state=seed, algorithm="lloyd")
    distances = _fit_quietly(means, rows, np.maximum(scores, 1e-6))
    clusters, nearest = means.labels_, distances[np.arange(n), means.labels_]
    order = np.lexsort((np.arange(n), nearest, clusters))
    first = order[np.append(True, np.diff(clusters[order]) > 0)]
    chosen = first[np.argsort(-scores[first], kind="stable")]
    return cast(Places, chosen.astype(np.int64))


def distinct(
    features: Features | None, order: Iterable[int], size: int, near_duplicate: float
) -> list[int]:
    """Return up to ``size`` places, in this order, none a near-duplicate of an earlier one.

    When there are too few, near-duplicates fill the rest, in the same order.

    Args:
        features: (n, d); None compares nothing.
        near_duplicate: cosine above which an item repeats another.
    """
    if features is None:
        return list(order)[:size]
    rows = unit(features)
    closest = np.full(rows.shape[0], -1.0)
    line = np.fromiter(order, np.int64)
    picked: list[int] = []
    waiting = line
    while len(waiting) and len(picked) < size:
        some, waiting = waiting[:COMPARED], waiting[COMPARED:]
        likeness = cosines(rows, rows[some])
        for column, place in enumerate(some.tolist()):
            if closest[place] <= near_duplicate and len(picked) < size:
                picked.append(place)
                closest = np.maximum(closest, likeness[:, column])
        waiting = waiting[closest[waiting] <= near_duplicate]
    taken = set(picked)
    repeated = [place for place in line.tolist() if place not in taken]
    return picked + repeated[: size - len(picked)]


def _clustered_rows(features: Any) -> Any:
    """Unit rows; sparse ones on the columns that occur in two rows or more, rare ones weighted up.

    A word of one single candidate cannot say that two candidates are alike.
    """
    if isinstance(features, np.ndarray):
        return unit(features)
    frequency = np.bincount(features.indices, minlength=features.shape[1])
    columns = np.flatnonzero(frequency > 1)
    compact = features[:, columns].tocsr(copy=True)
    weights = np.log((1.0 + features.shape[0]) / (1.0 + frequency[columns])) + 1.0
    compact.data = compact.data * weights[compact.indices].astype(np.float32)
    return unit(compact)


def _fit_quietly(means: Any, rows: Any, weights: NDArray[Any]) -> NDArray[Any]:
    """Fewer different rows than clusters is no fault here: the batch is filled afterwards."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    # One thread: several add up in any order, and the same input could give another batch.
    # All numbers are finite here, scikit-learn sees to that. Still BLAS may now and then report an
    # invalid operation, on what it does not use (https://github.com/numpy/numpy/issues/24067).
    with threadpool_limits(1), np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return cast("NDArray[Any]", means.fit_transform(rows, sample_weight=weights))
