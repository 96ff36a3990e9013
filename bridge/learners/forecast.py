"""What more labels are likely to buy, from how quality grew so far; whether models still change.

Quality on the hold-out is taken to follow a power law of the number of labels that were taught,
``top - fall * n ** -pace``, as learning curves mostly do (Viering and Loog 2023,
https://doi.org/10.1109/TPAMI.2022.3220744), or an S, ``base + rise / (1 + (middle / n) ** s)``, as
they do where a class is rare. All curves of a grid are weighed by how well they fit the measured
figures, each as sure as its interval says; what they say of the labels to come is the forecast. It
is only told where it says more than nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.learners.scores import Interval

__all__ = ["Point", "agreement", "forecast"]

LEAST = 4  # measured models; a curve has three parameters
SPREAD = 1.5  # the labels must have grown by this factor
WOBBLE = 0.02  # models of one size differ by this much (standard deviation) whatever the hold-out
PACES = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0)
STEEPNESS = (1.0, 1.5, 2.0, 3.0, 4.0)
UNSURE = 0.1  # standard error of the newest figures above which they say nothing


@dataclass(frozen=True)
class Point:
    """A model's quality: in [0, 1], with its standard error, by how many labels it was taught."""

    labels: int
    score: float
    error: float


def forecast(points: Sequence[Point], more: float) -> Interval | None:
    """Return what ``more`` labels are likely to add to the score, with a 95 % interval.

    Args:
        points: measured models, oldest first; the newest says where things stand.

    Returns:
        None while the points say too little.
    """
    sizes = np.array([point.labels for point in points], np.float64)
    if len(points) < LEAST or sizes.max() < SPREAD * sizes.min() or sizes.min() < 1:
        return None
    if np.median([point.error for point in points[-LEAST:]]) > UNSURE:
        return None
    scores = np.array([point.score for point in points])
    errors = np.hypot([point.error for point in points], WOBBLE)
    parts = [
        (
            -0.5 * (((scores - curves[:, :-1]) / errors) ** 2).sum(axis=1),
            curves[:, -1] - curves[:, -2],
        )
        for curves in _curves(np.append(sizes, sizes[-1] + more))
    ]
    likely, gain = (np.concatenate(part) for part in zip(*parts, strict=True))
    likely = np.exp(likely - likely.max())
    # Of models as they come, each of which is a little better or worse than its curve.
    rng = np.random.default_rng(0)
    drawn = rng.choice(gain, 4000, p=likely / likely.sum()) + rng.normal(0, WOBBLE, 4000)
    low, high = np.quantile(drawn, [0.025, 0.975])
    value = float((gain * likely).sum() / likely.sum())
    return Interval(value=value, low=min(float(low), value), high=max(float(high), value))


def _curves(sizes: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Yield grids of rising curves at the sizes, (curves, n): each family is as likely."""
    start, top = np.meshgrid(np.linspace(0, 1, 41), np.linspace(0, 1, 41))
    start, top = start[top >= start], top[top >= start]
    for pace in PACES:  # ever slower from the first label on
        shape = (sizes / sizes.min()) ** -pace  # 1 at the fewest labels
        yield top[:, None] - (top - start)[:, None] * shape
    middles = np.geomspace(sizes.min() / 2, 10 * sizes.max(), 24)
    for steepness in STEEPNESS:  # a rare class is found late, and then learned quickly
        taken_off = 1 / (1 + (middles[:, None] / sizes) ** steepness)
        for base in (0.0, 0.25, 0.5):
            rise = np.linspace(0, 1 - base, 21)
            grid = base + rise[:, None, None] * taken_off
            yield grid.reshape(-1, len(sizes))


def agreement(first: NDArray[np.int64], second: NDArray[np.int64]) -> float | None:
    """Return Cohen's kappa of two models' decisions on the same items.

    Args:
        first, second: (n,) class numbers, or (n, k) decisions of 0 and 1.

    Returns:
        None where both say the same of everything, which tells nothing.
    """
    one, other = first.ravel(), second.ravel()
    if not len(one) or len(np.unique(np.concatenate([one, other]))) < 2:
        return None
    same = float((one == other).mean())
    values, both = np.unique(np.stack([one, other]), return_inverse=True)
    counts = [np.bincount(part, minlength=len(values)) / len(one) for part in both.reshape(2, -1)]
    by_chance = float(counts[0] @ counts[1])
    return 1.0 if by_chance == 1 else (same - by_chance) / (1 - by_chance)
