"""A learner with its own training code: naive Bayes in NumPy, without scikit-learn.

Whatever trains a model can stand here: a neural network, a service, a subprocess. Bridge asks for
what :class:`bridge.learners.base.Learner` names, and this file has all of it::

    [model]
    estimator = "own_learner.py:naive_bayes"
    params = { smoothing = 0.5 }

As ``encoder`` is None, ``fit`` and ``predict`` take the items themselves. A model is saved as plain
arrays and JSON, so that loading it runs no code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.errors import DataError, ModelError
from bridge.learners.base import Examples
from bridge.records import Item

__all__ = ["NaiveBayes", "naive_bayes"]

WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Model:
    """Trained: the classes, (k,) log shares, a vocabulary of v words, (v, k) log probabilities."""

    classes: tuple[str, ...]
    shares: NDArray[np.float64]
    vocabulary: tuple[str, ...]
    words: NDArray[np.float64]

    def predict(self, inputs: Sequence[Item]) -> NDArray[np.float32]:
        """Return probabilities, (n, k); each row sums to 1."""
        row_of = {word: row for row, word in enumerate(self.vocabulary)}
        logits = np.tile(self.shares, (len(inputs), 1))
        for number, item in enumerate(inputs):
            known = [row_of[word] for word in words_of(item) if word in row_of]
            if known:
                # Words are not independent: their mean, times the root of their number, is far
                # less overconfident than the sum of the textbook.
                logits[number] += self.words[known].mean(axis=0) * len(known) ** 0.5
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)

    def save(self, directory: Path) -> None:
        """Write ``names.json`` and ``arrays.npz``."""
        names = {"classes": self.classes, "vocabulary": self.vocabulary}
        (directory / "names.json").write_text(json.dumps(names), encoding="utf-8")
        np.savez(directory / "arrays.npz", shares=self.shares, words=self.words)


@dataclass(frozen=True)
class NaiveBayes:
    """Multinomial naive Bayes with add-``smoothing`` estimates, for tasks of one class an item."""

    smoothing: float = 1.0
    encoder: None = None

    @property
    def id(self) -> str:
        """Names the algorithm and its parameters; a new id makes Bridge train again."""
        return f"naive-bayes-v1/{self.smoothing:g}"

    def fit(self, examples: Examples, pool: Any, *, seed: int) -> Model:
        """Count words by class; nothing is drawn, so ``seed`` is not needed.

        Raises:
            DataError: several classes may apply to an item.
        """
        if examples.task != "single":
            raise DataError("Naive Bayes chooses one class.", "Set model.estimator to 'auto'.")
        items = examples.items or ()
        applies = (examples.labels == 1) * examples.weights[:, None]
        vocabulary = tuple(sorted({word for item in items for word in words_of(item)}))
        row_of = {word: row for row, word in enumerate(vocabulary)}
        counts = np.full((len(vocabulary), len(examples.classes)), self.smoothing)
        for item, weights in zip(items, applies, strict=True):
            for word in words_of(item):
                counts[row_of[word]] += weights
        shares = applies.sum(axis=0) + self.smoothing
        return Model(
            classes=examples.classes,
            shares=np.log(shares / shares.sum()),
            vocabulary=vocabulary,
            words=np.log(counts / np.maximum(counts.sum(axis=0), 1e-12)),
        )

    def load(self, directory: Path) -> Model:
        """Read a model.

        Raises:
            ModelError: its files are damaged.
        """
        try:
            names = json.loads((directory / "names.json").read_text(encoding="utf-8"))
            with np.load(directory / "arrays.npz", allow_pickle=False) as arrays:
                shares, words = arrays["shares"], arrays["words"]
            classes, vocabulary = tuple(names["classes"]), tuple(names["vocabulary"])
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"The model in {directory} cannot be read: {error}.") from None
        if words.shape != (len(vocabulary), len(classes)) or shares.shape != (len(classes),):
            raise ModelError(f"The arrays in {directory} have the wrong shapes.")
        return Model(classes, shares, vocabulary, words)


def naive_bayes(smoothing: float = 1.0) -> NaiveBayes:
    """Make the learner; ``model.params`` are the arguments."""
    return NaiveBayes(smoothing)


def words_of(item: Item) -> Iterable[str]:
    """Return the words of an item, in lower case."""
    return WORD.findall((item.text or "").lower())
