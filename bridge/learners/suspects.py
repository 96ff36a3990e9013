"""How suspicious each label is: what models say of it that were not taught it.

Each part of the examples is predicted by a model taught the other parts, and a label is suspicious
as far as that model does not believe it (self-confidence, see Northcutt, Jiang and Chuang 2021,
"Confident learning", https://doi.org/10.1613/jair.1.12125). Labels that were chosen because a model
was unsure of them look more suspicious than they are: whoever asks again should ask for few.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.learners.base import Examples, Learner, LearningTask
from bridge.store.features import FeatureReader

__all__ = ["out_of_fold", "suspicion"]

Probabilities = NDArray[np.float32]


def out_of_fold(
    learner: Learner,
    examples: Examples,
    folds: NDArray[np.int64],
    pool: FeatureReader | None,
    *,
    seed: int,
) -> Probabilities:
    """Return probabilities of each example by a model that was not taught its part, (n, k).

    Args:
        folds: (n,) the part of each example.
        pool: as for :meth:`bridge.learners.base.Learner.fit`.

    Raises:
        DataError: a part of the examples cannot be taught.
    """
    found = np.zeros(examples.labels.shape, dtype=np.float32)
    for fold in np.unique(folds):
        inside, outside = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        if not len(outside):
            continue
        taught, left = _some(examples, outside), _some(examples, inside)
        model = learner.fit(taught, pool, seed=seed)
        said = model.predict(left.items if left.features is None else left.features)
        for column, name in enumerate(examples.classes):
            if name in model.classes:
                found[inside, column] = said[:, model.classes.index(name)]
    return found


def suspicion(labels: NDArray[np.int8], said: Probabilities, task: LearningTask) -> Probabilities:
    """Return in [0, 1] how little each label is believed, (n,); 0 where nothing is known.

    Args:
        labels: (n, k) as in :class:`bridge.learners.base.Examples`.
        said: (n, k) probabilities by models that were not taught these labels.
    """
    if task == "single":
        doubt = np.where(labels == 1, 1 - said, 0)
    else:
        doubt = np.where(labels == 1, 1 - said, np.where(labels == 0, said, 0))
    return np.asarray(doubt.max(axis=1), dtype=np.float32)


def _some(examples: Examples, rows: NDArray[np.int64]) -> Examples:
    features: Any = examples.features
    return replace(
        examples,
        labels=examples.labels[rows],
        weights=examples.weights[rows],
        features=None if features is None else features[rows],
        items=None if examples.items is None else [examples.items[row] for row in rows],
    )
