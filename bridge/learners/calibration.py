"""Probabilities that mean what they say: one temperature for all logits.

Guo, Pleiss, Sun, Weinberger 2017, "On Calibration of Modern Neural Networks",
https://arxiv.org/abs/1706.04599. A temperature keeps the order of the classes, so no decision
changes. Few labels must not yield an extreme temperature, so ln T has a normal prior of standard
deviation 0.5 around 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["binary_temperature", "sigmoid", "softmax", "temperature"]

PRIOR_DEVIATION = 0.5
BOUNDS = (-3.0, 3.0)  # of ln T

Floats = NDArray[np.float32] | NDArray[np.float64]


def softmax(logits: Floats) -> Floats:
    """Return the softmax of each row of (n, m) logits."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return cast("Floats", powers / powers.sum(axis=1, keepdims=True))


def sigmoid(logits: Floats) -> Floats:
    """Return 1 / (1 + exp(-z)) without overflow."""
    return cast("Floats", 0.5 * (1.0 + np.tanh(0.5 * logits)))


def temperature(
    logits: NDArray[np.float64], targets: NDArray[np.int64], weights: NDArray[np.float64]
) -> float:
    """Return T > 0 that fits softmax(logits / T), (n, m), to the class numbers (n,)."""
    rows = np.arange(len(targets))

    def loss(scale: float) -> float:
        scaled = logits * scale
        peak = scaled.max(axis=1)
        log_sum = peak + np.log(np.exp(scaled - peak[:, None]).sum(axis=1))
        return float(weights @ (log_sum - scaled[rows, targets]))

    return _minimise(loss)


def binary_temperature(
    logits: NDArray[np.float64], positive: NDArray[np.bool_], weights: NDArray[np.float64]
) -> float:
    """Return T > 0 that fits sigmoid(logits / T), (n,), to what is positive (n,)."""
    signed = np.where(positive, logits, -logits)

    def loss(scale: float) -> float:
        return float(weights @ np.logaddexp(0.0, -scale * signed))

    return _minimise(loss)


def _minimise(loss: Callable[[float], float]) -> float:
    from scipy.optimize import minimize_scalar

    def penalised(log_t: float) -> float:
        return loss(float(np.exp(-log_t))) + log_t**2 / (2 * PRIOR_DEVIATION**2)

    found = minimize_scalar(penalised, bounds=BOUNDS, method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x))
