"""scikit-activeml's queries on given probabilities.

Its queries check and copy the features they are given: one column, so that the rest is its own
work; for a diverse batch the vectors, with Badge, whose classifier is the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from skactiveml.base import SkactivemlClassifier
from skactiveml.pool import Badge, UncertaintySampling

from peers.speed import WANTED, Given, report

METHODS = {
    "margin": "margin_sampling",
    "least confidence": "least_confident",
    "entropy": "entropy",
}


class Precomputed(SkactivemlClassifier):
    """A classifier that says what it was given."""

    def __init__(self, probabilities: Any, classes: Any = None) -> None:
        super().__init__(classes=classes)
        self.probabilities = probabilities

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Precomputed:  # noqa: N803
        self._validate_data({"classes": self.classes}, X, y)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: N803
        return self.probabilities


def main() -> None:
    given = Given()
    diverse = given.strategy == "diverse"
    rows = given.vectors if diverse else np.zeros((given.rows, 1), np.float32)
    known = np.full(given.rows, np.nan)
    classifier = Precomputed(given.probabilities, list(range(given.probabilities.shape[1])))
    query = Badge(random_state=0) if diverse else None
    query = query or UncertaintySampling(METHODS[given.strategy], random_state=0)
    report(
        lambda: query.query(rows, known, classifier, fit_clf=False, batch_size=WANTED),
        given,
        name="diverse: BADGE" if diverse else None,
    )


if __name__ == "__main__":
    main()
