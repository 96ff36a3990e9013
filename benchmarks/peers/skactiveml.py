"""scikit-activeml's own loop: query(X, y, clf) over a pool whose unknown labels are nan.

It refuses sparse features. ``margin`` is therefore given the same TF-IDF as everyone, made dense;
``badge`` and ``typiclust``, which compare all items of the pool, are given 100 dimensions of
TruncatedSVD, on which their learner is also measured.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from skactiveml.classifier import SklearnClassifier
from skactiveml.pool import Badge, TypiClust, UncertaintySampling
from sklearn.decomposition import TruncatedSVD
from sklearn.preprocessing import normalize

from peers.arena import Record, Split, parser, play, usual_learner

STRATEGIES = ("margin", "badge", "typiclust")
DIMENSIONS = 100


def dense(split: Split, strategy: str) -> tuple[np.ndarray, np.ndarray]:
    pool, test = split.pool, split.test
    if not sparse.issparse(pool):
        return pool, test
    if strategy == "margin":
        return pool.toarray(), test.toarray()
    reduced = TruncatedSVD(DIMENSIONS, random_state=split.seed).fit(pool)
    return normalize(reduced.transform(pool)), normalize(reduced.transform(test))


class ScikitActiveML:
    def __init__(self, split: Split, strategy: str) -> None:
        self.split, self.strategy = split, strategy
        self.pool, self.test = dense(split, strategy)
        self.known = np.full(len(self.pool), np.nan)
        self.learner = SklearnClassifier(
            usual_learner(), classes=range(len(split.classes)), random_state=split.seed
        )
        made: dict[str, Any] = {
            "margin": lambda: UncertaintySampling("margin_sampling", random_state=split.seed),
            "badge": lambda: Badge(random_state=split.seed),
            "typiclust": lambda: TypiClust(random_state=split.seed),
        }
        self.query = made[strategy]()

    def start(self, asked: np.ndarray) -> None:
        self.learn(asked)

    def ask(self, size: int) -> np.ndarray:
        if self.strategy == "typiclust":
            return self.query.query(self.pool, self.known, batch_size=size)
        return self.query.query(self.pool, self.known, self.learner, fit_clf=False, batch_size=size)

    def learn(self, asked: np.ndarray) -> None:
        self.known[asked] = self.split.pool_labels[asked]
        self.learner.fit(self.pool, self.known)

    def predict(self) -> np.ndarray:
        return self.learner.predict_proba(self.test)

    def full(self) -> np.ndarray:
        """Return what the same learner says when it knows the whole pool."""
        taught = usual_learner().fit(self.pool, self.split.pool_labels)
        return self.split.spread_out(taught.predict_proba(self.test), taught.classes_)


if __name__ == "__main__":
    given = parser(STRATEGIES).parse_args()
    split = Split(given.split)
    record = Record(split)
    contender = ScikitActiveML(split, given.strategy)
    if sparse.issparse(split.pool) and given.strategy != "margin":  # other features, other goal
        record.note("full", np.arange(len(split.pool_labels)), contender.full())
    play(split, contender, record, given.batch, given.budget)
    record.write(given.out)
