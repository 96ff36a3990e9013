"""95 % intervals of what is measured on the hold-out, in closed form.

A proportion has the score interval of Wilson (1927); of fewer than ten items, where that one holds
the truth too seldom, the exact one of Clopper and Pearson (1934), which is wide. F1 is a function
of a proportion: with J = tp / (tp + fp + fn) it is 2 J / (1 + J). The bounds of macro-F1 come from
those of the classes (Zou and Donner 2008, https://doi.org/10.1002/sim.3095): their distances from
the values are added like standard errors that correlate. `benchmarks/intervals.py` says how often
these intervals hold the truth.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from bridge.learners.scores import FEW, Interval

__all__ = ["f1", "macro_f1", "proportion"]

Z = 1.959964  # 97.5 % point of the normal distribution

Floats = NDArray[np.float64]


def proportion(hits: int, n: int) -> Interval:
    """Return ``hits / n`` with its interval; n > 0."""
    share = hits / n
    low, high = _exact(hits, n) if n < FEW else _wilson(share, n)
    return Interval(value=share, low=min(low, share), high=max(high, share))


def f1(hits: int, involved: int) -> Interval:
    """Return the F1 of one class with its interval.

    Args:
        hits: true positives.
        involved: true and false positives and false negatives, > 0.
    """
    share = proportion(hits, involved)
    value, low, high = (2 * j / (1 + j) for j in (share.value, share.low, share.high))
    return Interval(value=value, low=low, high=high)


def macro_f1(true: Floats, said: Floats) -> Interval:
    """Return the mean F1 of classes with its interval.

    Args:
        true, said: (n, k), 1 where a class applies, and where it was predicted; each of the k >= 1
            classes applies somewhere.
    """
    k = true.shape[1]
    hits, involved = (true * said).sum(axis=0), np.maximum(true, said).sum(axis=0)
    each = [f1(int(h), int(m)) for h, m in zip(hits, involved, strict=True)]
    values = np.array([one.value for one in each])
    below = values - [one.low for one in each]
    above = np.array([one.high for one in each]) - values
    together = _correlations(true, said, values)
    value = float(values.mean())
    low = value - sqrt(max(float(below @ together @ below), 0.0)) / k
    high = value + sqrt(max(float(above @ together @ above), 0.0)) / k
    return Interval(value=value, low=max(low, 0.0), high=min(high, 1.0))


def _correlations(true: Floats, said: Floats, values: Floats) -> Floats:
    """Return how the F1s of classes correlate over hold-outs, (k, k), to first order.

    An error counts against two classes. A class without an error does not tell; 1 / (k - 1) is
    taken, since an error would be shared with any of the other classes.
    """
    pull = 2 * true * said - values * (true + said)  # what each item does to each F1, scaled
    norms = np.sqrt((pull**2).sum(axis=0))
    silent = norms < 1e-9
    scaled = pull / np.where(silent, 1.0, norms)
    found = scaled.T @ scaled
    found[silent] = found[:, silent] = 1 / max(len(values) - 1, 1)
    np.fill_diagonal(found, 1.0)
    return found


def _wilson(share: float, n: int) -> tuple[float, float]:
    z2 = Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _exact(hits: int, n: int) -> tuple[float, float]:
    from scipy.special import betaincinv

    low = float(betaincinv(hits, n - hits + 1, 0.025)) if hits else 0.0
    high = float(betaincinv(hits + 1, n - hits, 0.975)) if hits < n else 1.0
    return low, high
