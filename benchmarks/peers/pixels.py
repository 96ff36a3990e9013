"""A learner of one's own for arrays: pixels as numbers in a text, and logistic regression.

The engine's built-in learner reads words. This one fulfils ``bridge.learners.base.Learner``; its
encoder's output is cached like any other. It is the learner that all contenders have on the digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from bridge.learners.base import Examples
from bridge.learners.targets import known_class, unseen_prior
from bridge.records import Item

__all__ = ["learner"]

SIZE = 64  # pixels


@dataclass(frozen=True)
class Pixels:
    id: str = "pixels-v1"

    def encode(self, items: Sequence[Item]) -> np.ndarray:
        found = np.zeros((len(items), SIZE), np.float32)
        for row, item in zip(found, items, strict=True):
            numbers = (item.text or "").split()
            if len(numbers) == SIZE:  # else a phrase: a class name, which is like no picture
                row[:] = np.array(numbers, np.float32) / 16
        return found


@dataclass(frozen=True, eq=False)
class Model:
    """Class names; which of them have a row of (m, d + 1) coefficients; the others' prior, (k,)."""

    classes: tuple[str, ...]
    fitted: np.ndarray
    prior: np.ndarray
    coefficients: np.ndarray

    def predict(self, inputs: Any) -> np.ndarray:
        said = np.tile(self.prior.astype(np.float32), (len(inputs), 1))
        if len(self.fitted):
            logits = inputs @ self.coefficients[:, :-1].T + self.coefficients[:, -1]
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            share = 1.0 - self.prior.sum()
            said[:, self.fitted] = share * powers / powers.sum(axis=1, keepdims=True)
        return said

    def save(self, directory: Path) -> None:
        np.savez(
            directory / "model.npz",
            classes=np.array(self.classes),
            fitted=self.fitted,
            prior=self.prior,
            coefficients=self.coefficients,
        )


@dataclass(frozen=True)
class PixelLearner:
    id: str = "pixels-logistic-v1"
    encoder: Pixels = field(default_factory=Pixels)

    def fit(self, examples: Examples, pool: Any, *, seed: int) -> Model:
        rows, targets = known_class(examples.labels)
        fitted, prior = unseen_prior(targets, len(examples.classes))
        if not len(fitted):
            return Model(examples.classes, fitted, prior, np.empty((0, SIZE + 1)))
        found = LogisticRegression(C=10, class_weight="balanced", max_iter=1000)
        found.fit(np.asarray(examples.features)[rows], targets)
        coefficients = np.column_stack([found.coef_, found.intercept_])
        if len(fitted) == 2:
            coefficients = np.stack([np.zeros_like(coefficients[0]), coefficients[0]])
        return Model(examples.classes, fitted, prior, coefficients)

    def load(self, directory: Path) -> Model:
        with np.load(directory / "model.npz", allow_pickle=False) as arrays:
            classes = tuple(str(name) for name in arrays["classes"])
            return Model(classes, arrays["fitted"], arrays["prior"], arrays["coefficients"])


def learner() -> PixelLearner:
    """Make the learner; ``model.estimator`` names this function."""
    return PixelLearner()
