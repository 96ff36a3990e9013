"""How much of a batch measures: the hold-out's share, asked for when it can say something.

A hold-out of fewer than ``ENOUGH`` answers says nothing, and each of them is a label that teaches
nothing. So the hold-out waits for the first half of the labels that it takes to have so many at its
share, and has twice its share of the second half: figures are told as early as with an even share,
and in between a model has learned from more.
"""

from __future__ import annotations

import math

from bridge.learners.scores import ENOUGH

__all__ = ["measuring"]


def measuring(*, asked: int, held: int, size: int, share: float) -> int:
    """Return how many of the next ``size`` items measure.

    Args:
        asked: items that have an answer or are queued.
        held: those of them that are of the hold-out.
        share: of all items that are asked, in [0, 1], in the long run.
    """
    if not share:
        return 0
    after, told_from = asked + size, ENOUGH / share
    due = share * after if after >= told_from else 2 * share * (after - told_from / 2)
    # At most twice the share, so that a hold-out that is behind takes no batch whole.
    most = min(size, math.ceil(2 * share * size))
    return min(most, max(0, math.floor(due + 1e-9) - held))
