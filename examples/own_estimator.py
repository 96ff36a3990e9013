"""A scikit-learn classifier of your own; Bridge trains, measures, saves and serves it.

Put this file beside ``bridge.toml`` and name the factory there::

    [model]
    estimator = "own_estimator.py:characters"
    params = { longest = 4 }

Bridge saves it with skops, which loads data and never code. A type that skops does not know is
refused by name; if you trust it, list it in ``model.trusted``.
"""

from __future__ import annotations

from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

__all__ = ["characters", "margins"]


def characters(longest: int = 4, strength: float = 10.0) -> Pipeline:
    """Runs of 2 to ``longest`` characters inside words: for misspelt or mixed-language text."""
    return make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, longest), sublinear_tf=True),
        LogisticRegression(C=strength, class_weight="balanced", max_iter=1000),
    )


def margins(folds: int = 3) -> Pipeline:
    """A support vector machine, which needs ``folds`` labels of every class to be calibrated.

    It has no probabilities of its own, and uncertainty needs some.
    """
    return make_pipeline(
        TfidfVectorizer(sublinear_tf=True), CalibratedClassifierCV(LinearSVC(), cv=folds)
    )
