"""small-text's own loop: PoolBasedActiveLearner, query() and update(). Runs in its environment.

Strategies: ``ties`` (BreakingTies, its margin), ``entropy``, and ``coreset`` (LightweightCoreset),
whose embeddings are the features everyone has, in 100 dimensions of TruncatedSVD where sparse; its
learner sees all features.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from small_text import (
    BreakingTies,
    LightweightCoreset,
    PoolBasedActiveLearner,
    PredictionEntropy,
    SklearnClassifierFactory,
    SklearnDataset,
)

from peers.arena import Record, Split, parser, play, usual_learner

STRATEGIES = {
    "ties": BreakingTies,
    "entropy": PredictionEntropy,
    "coreset": LightweightCoreset,
}
DIMENSIONS = 100


class SmallText:
    def __init__(self, split: Split, strategy: str) -> None:
        self.split = split
        np.random.seed(split.seed)  # the library draws from the global generator
        k = len(split.classes)
        pool, test = split.pool, split.test
        every = np.arange(k)
        self.test = SklearnDataset(test, split.test_labels, target_labels=every)
        self.learner = PoolBasedActiveLearner(
            SklearnClassifierFactory(usual_learner(), k),
            STRATEGIES[strategy](),
            SklearnDataset(pool, split.pool_labels, target_labels=every),
        )
        self.extra: dict[str, Any] = {}
        if strategy == "coreset":
            self.extra = {"query_strategy_kwargs": {"embeddings": self._embedded(pool)}}

    def _embedded(self, pool: Any) -> np.ndarray:
        if not sparse.issparse(pool):
            return pool
        return TruncatedSVD(DIMENSIONS, random_state=self.split.seed).fit_transform(pool)

    def start(self, asked: np.ndarray) -> None:
        self.learner.initialize_data(asked, self.split.pool_labels[asked])

    def ask(self, size: int) -> np.ndarray:
        return self.learner.query(size, **self._arranged())

    def _arranged(self) -> dict[str, Any]:
        """Embeddings in the order in which the strategy reads them: unlabeled, then labeled."""
        if not self.extra:
            return {}
        labeled = self.learner.indices_labeled
        embeddings = self.extra["query_strategy_kwargs"]["embeddings"]
        free = np.setdiff1d(np.arange(len(embeddings)), labeled)
        arranged = embeddings[np.concatenate([free, labeled])]
        return {"query_strategy_kwargs": {"embeddings": arranged}}

    def learn(self, asked: np.ndarray) -> None:
        self.learner.update(self.split.pool_labels[asked])

    def predict(self) -> np.ndarray:
        model = self.learner.classifier
        return self.split.spread_out(model.predict_proba(self.test), model.model.classes_)


if __name__ == "__main__":
    given = parser(tuple(STRATEGIES)).parse_args()
    split = Split(given.split)
    record = Record(split)
    play(split, SmallText(split, given.strategy), record, given.batch, given.budget)
    record.write(given.out)
