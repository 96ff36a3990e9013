"""Probabilities that mean what they say: logits are scaled and shifted.

Two classes: the sigmoid of Platt 1999, "Probabilistic Outputs for Support Vector Machines".
Several: one scale for all and a shift for each class, the bias-corrected temperature of Alexandari,
Kundaje, Shrikumar 2020, https://arxiv.org/abs/1901.06852. The shift matters where a class is rare:
a linear model of few labels ranks well long before its threshold lies right.

Few labels must not yield an extreme calibration: ln of the scale has a normal prior of standard
deviation 0.5 around 0, each of m shifts one of 2 / sqrt(m).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["fit_shifts", "fit_sigmoid", "sigmoid", "softmax"]

SCALE_DEVIATION = 0.5  # of ln scale
SHIFT_DEVIATION = 2.0  # of a single shift

Loss = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]
Floats = NDArray[np.float32] | NDArray[np.float64]


def softmax(logits: Floats) -> Floats:
    """Return the softmax of each row of (n, m) logits."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return cast("Floats", powers / powers.sum(axis=1, keepdims=True))


def sigmoid(logits: Floats) -> Floats:
    """Return 1 / (1 + exp(-z)) without overflow."""
    return cast("Floats", 0.5 * (1.0 + np.tanh(0.5 * logits)))


def fit_sigmoid(
    logits: NDArray[np.float64], positive: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Return (scale, shift) that fit sigmoid(scale * z + shift), (n,), to what is positive (n,)."""
    signs = np.where(positive, 1.0, -1.0)

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scaled = np.exp(at[0]) * logits
        margins = signs * (scaled + at[1])
        pull = -weights * signs * np.asarray(sigmoid(-margins))
        value = float(weights @ np.logaddexp(0.0, -margins))
        return value, np.array([pull @ scaled, pull.sum()])

    log_scale, shift = _minimise(loss, 1)
    return float(np.exp(log_scale)), float(shift[0])


def fit_shifts(
    logits: NDArray[np.float64], targets: NDArray[np.int64], weights: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Return (scale, shifts (m,)) that fit softmax(scale * z + shifts), (n, m), to classes (n,)."""
    rows = np.arange(len(targets))

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scaled = np.exp(at[0]) * logits
        shifted = scaled + at[1:]
        peak = shifted.max(axis=1)
        log_sum = peak + np.log(np.exp(shifted - peak[:, None]).sum(axis=1))
        pull = np.exp(shifted - log_sum[:, None])
        pull[rows, targets] -= 1.0
        pull *= weights[:, None]
        value = float(weights @ (log_sum - shifted[rows, targets]))
        return value, np.concatenate([[(pull * scaled).sum()], pull.sum(axis=0)])

    log_scale, shifts = _minimise(loss, logits.shape[1])
    return float(np.exp(log_scale)), shifts


def _minimise(loss: Loss, shifts: int) -> tuple[float, NDArray[np.float64]]:
    from scipy.optimize import minimize

    precision = np.full(shifts + 1, shifts * SHIFT_DEVIATION**-2.0)
    precision[0] = SCALE_DEVIATION**-2.0

    def penalised(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, gradient = loss(at)
        return value + 0.5 * float(precision @ at**2), gradient + precision * at

    found = minimize(penalised, np.zeros(shifts + 1), jac=True, method="L-BFGS-B")
    return float(found.x[0]), np.asarray(found.x[1:], dtype=np.float64)
