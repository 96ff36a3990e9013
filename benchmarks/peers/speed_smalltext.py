"""small-text's query strategies on given probabilities; diverse is EmbeddingKMeans and coresets."""

from __future__ import annotations

from typing import Any

import numpy as np
from small_text import BreakingTies, EmbeddingKMeans, LeastConfidence, PredictionEntropy

from peers.speed import WANTED, Given, report

STRATEGIES = {
    "margin": BreakingTies,
    "least confidence": LeastConfidence,
    "entropy": PredictionEntropy,
    "diverse": EmbeddingKMeans,
}
LABELED = 100


class Precomputed:
    """A classifier that says what it was given."""

    def __init__(self, probabilities: np.ndarray) -> None:
        self.probabilities = probabilities

    def predict_proba(self, rows: Any) -> np.ndarray:
        return self.probabilities


def main() -> None:
    given = Given()
    diverse = given.strategy == "diverse"
    strategy, classifier = STRATEGIES[given.strategy](), Precomputed(given.probabilities)
    rows = given.vectors if diverse else np.arange(given.rows)
    labeled = np.arange(given.rows - LABELED, given.rows)
    free = np.arange(given.rows - LABELED)
    extra = {"embeddings": given.vectors} if diverse else {}

    def query() -> np.ndarray:
        return strategy.query(
            classifier, rows, free, labeled, np.zeros(LABELED, int), n=WANTED, **extra
        )

    report(query, given, name="diverse: embedding k-means" if diverse else None)


if __name__ == "__main__":
    main()
