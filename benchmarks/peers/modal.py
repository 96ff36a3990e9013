"""modAL's own loop: ActiveLearner, its query strategies and teach(). Runs in modAL's environment.

Strategies: ``margin``, ``uncertainty`` and ``entropy`` (one number on two classes), and ``ranked``,
its ranked batch mode, which weighs uncertainty against the distance to what was asked.
"""

from __future__ import annotations

import numpy as np
from modAL.batch import uncertainty_batch_sampling
from modAL.models import ActiveLearner
from modAL.uncertainty import entropy_sampling, margin_sampling, uncertainty_sampling

from peers.arena import Record, Split, parser, play, usual_learner

STRATEGIES = {
    "margin": margin_sampling,
    "uncertainty": uncertainty_sampling,
    "entropy": entropy_sampling,
    "ranked": uncertainty_batch_sampling,
}


class ModAL:
    def __init__(self, split: Split, strategy: str) -> None:
        self.split, self.strategy = split, STRATEGIES[strategy]
        self.pool, self.test = split.pool, split.test
        self.left = np.arange(len(split.pool_labels))

    def start(self, asked: np.ndarray) -> None:
        self.learner = ActiveLearner(
            usual_learner(),
            query_strategy=self.strategy,
            X_training=self.pool[asked],
            y_training=self.split.pool_labels[asked],
        )
        self.left = np.setdiff1d(self.left, asked)

    def ask(self, size: int) -> np.ndarray:
        places, _ = self.learner.query(self.pool[self.left], n_instances=size)
        return self.left[places]

    def learn(self, asked: np.ndarray) -> None:
        self.learner.teach(self.pool[asked], self.split.pool_labels[asked])
        self.left = np.setdiff1d(self.left, asked)

    def predict(self) -> np.ndarray:
        said = self.learner.predict_proba(self.test)
        return self.split.spread_out(said, self.learner.estimator.classes_)


if __name__ == "__main__":
    given = parser(tuple(STRATEGIES)).parse_args()
    split = Split(given.split)
    record = Record(split)
    play(split, ModAL(split, given.strategy), record, given.batch, given.budget)
    record.write(given.out)
