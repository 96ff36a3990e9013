"""Random labels and the learner that a team would write: the script that needs no library.

``full`` teaches that learner the whole pool; its score is the goal of all who share the learner.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from peers.arena import STEP, Record, Split, parser, settled, usual_learner


def taught(split: Split, pool: Any, test: Any, asked: np.ndarray) -> np.ndarray | None:
    labels = split.pool_labels[asked]
    if len(np.unique(labels)) < 2:
        return None
    model = usual_learner().fit(pool[asked], labels)
    return split.spread_out(model.predict_proba(test), model.classes_)


def main() -> None:
    given = parser(("random", "full")).parse_args()
    split = Split(given.split)
    pool, test, record = split.pool, split.test, Record(split)
    order = np.random.default_rng(split.seed).permutation(len(split.pool_labels))
    full = record.note("full", order, taught(split, pool, test, order))
    count, scores = 0, []
    while given.strategy == "random" and count < len(order):
        if count >= given.budget and (given.stop_random or settled(scores, full)):
            break
        count = min(len(order), count + max(given.batch, count // STEP))
        asked = order[:count]
        scores.append(record.note("loop", asked, taught(split, pool, test, asked)))
    record.write(given.out)


if __name__ == "__main__":
    main()
