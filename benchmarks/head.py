"""How good is the built-in learner with few labels? Run: python benchmarks/head.py

The built-in text learner next to what a team would write, on the same random labels of the shipped
mail: scikit-learn's TfidfVectorizer (30,000 words, sublinear) and LogisticRegression (C=10, class
weights balanced). Mail thinned to shares of spam, split 70/30 into pool and test by seed 0; both
see the whole pool's texts; mean of some draws of labels. F1 of spam at a threshold of 0.5, average
precision (which has no threshold), and log-loss in nats. With --data the same on labeled items of
your own, of two classes; the rarer one stands for spam, at the share that it has.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score, log_loss
from sklearn.model_selection import train_test_split

from bridge.demo import demo_mail, thinned
from bridge.labeled import Labeled, read_labeled
from bridge.learners import LearnerSpec, make_learner
from bridge.learners.base import Examples
from bridge.store.features import FeatureStore


def figures(truth: np.ndarray, p: np.ndarray) -> list[float]:
    return [
        f1_score(truth, p >= 0.5, zero_division=0.0),
        average_precision_score(truth, p),
        log_loss(truth, np.clip(p, 1e-6, 1 - 1e-6)),
    ]


def compare(rows: Sequence[Labeled], counts: list[int], draws: int) -> None:
    items = [row.item for row in rows]
    named = Counter(row.classes for row in rows)
    rarer = min(named, key=lambda name: named[name])
    spam = np.array([row.classes == rarer for row in rows])
    pool, test = train_test_split(
        np.arange(len(rows)), test_size=0.3, random_state=0, stratify=spam
    )
    learner = make_learner(LearnerSpec())
    assert learner.encoder is not None
    with tempfile.TemporaryDirectory() as scratch:
        store = FeatureStore(Path(scratch), learner.encoder)
        store.add([(int(n), items[n]) for n in pool], upto=1)
        reader = store.reader()
        encoded = learner.encoder.encode([items[n] for n in test])
        words = TfidfVectorizer(max_features=30_000, sublinear_tf=True)
        known = words.fit_transform([items[n].text for n in pool])
        unknown = words.transform([items[n].text for n in test])
        for count in counts:
            found = []
            for draw in range(draws):
                some = np.random.default_rng(draw).choice(len(pool), count, replace=False)
                truth = spam[pool[some]]
                if truth.all() or not truth.any():
                    continue
                taught = Examples(
                    labels=np.stack([~truth, truth], axis=1).astype(np.int8),
                    weights=np.ones(count, np.float32),
                    classes=("ham", "spam"),
                    task="single",
                    features=reader.rows(pool[some]),
                )
                ours = learner.fit(taught, reader, seed=0).predict(encoded)[:, 1]
                usual = LogisticRegression(C=10, class_weight="balanced", max_iter=1000)
                theirs = usual.fit(known[some], truth).predict_proba(unknown)[:, 1]
                found.append(figures(spam[test], ours) + figures(spam[test], theirs))
            mean = np.mean(found, axis=0)
            print(
                f"| {spam.mean():.0%} | {count} | {mean[0]:.2f} | {mean[3]:.2f} | {mean[1]:.2f} "
                f"| {mean[4]:.2f} | {mean[2]:.3f} | {mean[5]:.3f} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shares", type=float, nargs="*", default=[0.05, 0.12, 0.3])
    parser.add_argument("--counts", type=int, nargs="*", default=[50, 100, 200, 400])
    parser.add_argument("--data", type=Path, help="a JSONL file of key, text and label")
    parser.add_argument("--draws", type=int, default=10)
    given = parser.parse_args()
    print("| spam | labels | F1 | usual | AP | usual | log-loss | usual |")
    print("|---|---|---|---|---|---|---|---|")
    sets = [read_labeled(given.data)] if given.data else []
    for rows in sets or [thinned(demo_mail(), share, 0) for share in given.shares]:
        compare(rows, given.counts, given.draws)


if __name__ == "__main__":
    main()
