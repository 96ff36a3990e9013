"""The linear head of the built-in learners: logistic regression, calibrated, for any rows.

With no label of some class, or with labels of one class only, or with none at all, it still gives
honest probabilities: a class that no label names gets ``1 / (n + k)`` after n labels of k classes
(Laplace's rule of succession).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from bridge.learners.base import LearningTask
from bridge.learners.calibration import fit_shifts, fit_sigmoid, sigmoid
from bridge.learners.linear import Fitted, balanced, fit_binary, fit_classes
from bridge.learners.targets import known_class, unseen_prior

__all__ = ["Head", "HeadSettings", "fit_head", "probabilities"]

FOLDS = 5
ONE_FOLD_FROM = 2000  # labels; from here one fold is enough to find one number
NEVER = -1e3  # logit of a class that a fold did not see

Held = list[tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]]


@dataclass(frozen=True)
class HeadSettings:
    """How a head is taught.

    Attributes:
        class_weight: ``balanced`` weighs classes inversely to their frequency among the labels.
        strength: inverse of the regularisation.
        seed: of the folds and the solver.
    """

    class_weight: Literal["balanced", "none"]
    strength: float
    seed: int


@dataclass(frozen=True, eq=False)
class Head:
    """A taught head, of k classes, on rows of c columns.

    Attributes:
        fitted: (m,) int32, the classes that have a logit, ascending.
        prior: (k,) float32, the probability of every class that has none; 0 for the others.
        coefficients: (c, h) float32; h = 1 for two fitted classes of a single-label task, else m.
        intercepts: (h,) float32; both are of the calibrated logits.
    """

    fitted: NDArray[np.int32]
    prior: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    intercepts: NDArray[np.float32]


def fit_head(
    rows: Any,
    labels: NDArray[np.int8],
    weights: NDArray[np.float64],
    task: LearningTask,
    settings: HeadSettings,
) -> Head:
    """Teach a head.

    Args:
        rows: (n, c) CSR or array.
        labels: (n, k), see :class:`bridge.learners.base.Examples`.
        weights: (n,) > 0.
    """
    if len(weights):
        weights = weights / weights.mean()
    fit = _fit_single if task == "single" else _fit_multi
    fitted, prior, (coefficients, intercepts) = fit(rows, labels, weights, settings)
    return Head(fitted.astype(np.int32), prior.astype(np.float32), coefficients, intercepts)


def probabilities(
    logits: NDArray[np.float32],
    fitted: NDArray[np.int32],
    prior: NDArray[np.float32],
    task: LearningTask,
) -> NDArray[np.float32]:
    """Return probabilities, (n, k), from the logits of a head, (n, h), which are overwritten."""
    if not len(fitted):
        return np.tile(prior, (len(logits), 1))
    found = _squashed(logits, prior, task)
    if len(fitted) == len(prior):
        return found
    places = np.zeros(len(prior), np.intp)
    places[fitted] = np.arange(len(fitted))
    others = np.setdiff1d(np.arange(len(prior)), fitted)
    # Some four times as fast as an assignment to the columns that are fitted.
    spread = np.take(found, places, axis=1, mode="clip")
    spread[:, others] = prior[others]
    return spread


def _squashed(
    logits: NDArray[np.float32], prior: NDArray[np.float32], task: LearningTask
) -> NDArray[np.float32]:
    if task == "multi":
        return cast("NDArray[np.float32]", sigmoid(logits))
    share = np.float32(1.0) - prior.sum(dtype=np.float32)
    if logits.shape[1] == 1:
        second = sigmoid(logits[:, 0])
        found = np.stack([1.0 - second, second], axis=1)
    else:  # the softmax, without copies
        found = logits
        found -= found.max(axis=1, keepdims=True)
        np.exp(found, out=found)
        found /= found.sum(axis=1, keepdims=True)
    if share != 1:
        found *= share
    return found


# ---------------------------------------------------------------------------------------- training


Parts = tuple[NDArray[np.int64], NDArray[np.float64], Fitted]


def _fit_single(
    rows: Any, labels: NDArray[np.int8], weights: NDArray[np.float64], settings: HeadSettings
) -> Parts:
    known, classes = known_class(labels)
    fitted, prior = unseen_prior(classes, labels.shape[1])
    if not len(fitted):
        return fitted, prior, _nothing(rows)
    targets = np.searchsorted(fitted, classes)
    return fitted, prior, _calibrated(rows[known], targets, weights[known], settings)


def _fit_multi(
    rows: Any, labels: NDArray[np.int8], weights: NDArray[np.float64], settings: HeadSettings
) -> Parts:
    positives, known = (labels == 1).sum(axis=0), (labels >= 0).sum(axis=0)
    prior = (positives + 1.0) / (known + 2.0)
    fitted = np.flatnonzero((positives > 0) & (positives < known))
    if not len(fitted):
        return fitted, prior, _nothing(rows)
    prior[fitted] = 0.0
    solved = []
    for number in fitted:
        answered = labels[:, number] >= 0
        targets = (labels[answered, number] == 1).astype(np.int64)
        solved.append(_calibrated(rows[answered], targets, weights[answered], settings))
    coefficients = np.concatenate([s[0] for s in solved], axis=1)
    return fitted, prior, (coefficients, np.concatenate([s[1] for s in solved]))


def _nothing(rows: Any) -> Fitted:
    return np.zeros((rows.shape[1], 0), np.float32), np.zeros(0, np.float32)


def _solve(
    rows: Any, targets: NDArray[np.int64], weights: NDArray[np.float64], settings: HeadSettings
) -> Fitted:
    """Fit class numbers 0..m-1, all present."""
    if settings.class_weight == "balanced":
        weights = balanced(targets, weights)
    if int(targets.max()) == 1:
        return fit_binary(rows, targets == 1, weights, settings.strength, settings.seed)
    return fit_classes(rows, targets, weights, settings.strength, settings.seed)


def _calibrated(
    rows: Any, targets: NDArray[np.int64], weights: NDArray[np.float64], settings: HeadSettings
) -> Fitted:
    """Fit, and put the calibration into the coefficients and intercepts."""
    coefficients, intercepts = _solve(rows, targets, weights, settings)
    held = _held_out(rows, targets, weights, settings)
    if not held:
        return coefficients, intercepts
    logits, answers, counts = (np.concatenate(part) for part in zip(*held, strict=True))
    shift: float | NDArray[np.float64]
    if int(targets.max()) == 1:
        scale, shift = fit_sigmoid(logits[:, 1] - logits[:, 0], answers == 1, counts)
    else:
        scale, shift = fit_shifts(logits, answers, counts)
    scaled = (coefficients * np.float32(scale)).astype(np.float32)
    return scaled, (scale * intercepts + shift).astype(np.float32)


def _held_out(
    rows: Any, targets: NDArray[np.int64], weights: NDArray[np.float64], settings: HeadSettings
) -> Held:
    """Return (logits, class numbers, weights) of rows that their model did not see."""
    folds = _folds(targets, settings.seed)
    held = []
    for fold in range(1 if len(targets) >= ONE_FOLD_FROM else FOLDS):
        training = np.flatnonzero(folds != fold)
        seen, local = np.unique(targets[training], return_inverse=True)
        out = np.flatnonzero((folds == fold) & np.isin(targets, seen))
        if len(seen) < 2 or not len(out):
            continue
        coefficients, intercepts = _solve(rows[training], local, weights[training], settings)
        found = rows[out] @ coefficients.astype(np.float64) + intercepts
        logits = np.full((len(out), int(targets.max()) + 1), NEVER)
        logits[:, seen] = found if found.shape[1] > 1 else np.hstack([0 * found, found])
        held.append((logits, targets[out], weights[out]))
    return held


def _folds(targets: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Deal the rows of each class over the folds, in seeded order."""
    order = np.random.default_rng(seed).permutation(len(targets))
    by_class = order[np.argsort(targets[order], kind="stable")]
    folds = np.empty(len(targets), np.int64)
    folds[by_class] = np.arange(len(targets)) % FOLDS
    return folds
