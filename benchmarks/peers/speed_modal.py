"""modAL's query strategies on given probabilities; its diverse one is the ranked batch mode."""

from __future__ import annotations

import numpy as np
from modAL.batch import ranked_batch
from modAL.models import ActiveLearner
from modAL.uncertainty import (
    classifier_uncertainty,
    entropy_sampling,
    margin_sampling,
    uncertainty_sampling,
)
from sklearn.base import BaseEstimator, ClassifierMixin

from peers.speed import WANTED, Given, report

STRATEGIES = {
    "margin": margin_sampling,
    "least confidence": uncertainty_sampling,
    "entropy": entropy_sampling,
}
LABELED = 100


class Precomputed(BaseEstimator, ClassifierMixin):
    """A classifier that says what it was given."""

    def __init__(self, probabilities: np.ndarray) -> None:
        self.probabilities = probabilities

    def fit(self, rows: np.ndarray, labels: np.ndarray) -> Precomputed:
        self.classes_ = np.unique(labels)
        return self

    def predict_proba(self, rows: np.ndarray) -> np.ndarray:
        return self.probabilities


def main() -> None:
    given = Given()
    if given.strategy == "diverse":
        learner = ActiveLearner(
            Precomputed(given.probabilities),
            X_training=given.vectors[:LABELED],
            y_training=np.arange(LABELED) % 10,
        )

        def ranked() -> np.ndarray:
            scores = classifier_uncertainty(learner, given.vectors)
            return ranked_batch(learner, given.vectors, scores, WANTED, "euclidean", None)[0]

        report(ranked, given, name="diverse: ranked batch")
        return
    places = np.arange(given.rows)[:, None]
    learner = ActiveLearner(
        Precomputed(given.probabilities),
        query_strategy=STRATEGIES[given.strategy],
        X_training=places[:2],
        y_training=np.array([0, 1]),
    )
    report(lambda: learner.query(places, n_instances=WANTED)[0], given)


if __name__ == "__main__":
    main()
