"""How long simulated annotators take: longer for longer texts, less where much repeats."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from statistics import NormalDist

from bridge.store.changes import DRAW_RANGE, draw_of

__all__ = ["Pace"]


@dataclass(frozen=True)
class Pace:
    """Seconds that answers take, as people who read every word would take them.

    An assumption, not a measurement: ``(base + per_word * words) * noise``, where noise is
    log-normal with median 1. Words that stood in the text before, answered by the same person, are
    read faster. What an item takes depends on the seed, the item and the one before it alone.

    Attributes:
        base: seconds for looking, deciding and clicking.
        per_word: seconds for a word; a quarter of a second is 240 words a minute.
        spread: standard deviation of the noise's logarithm.
        repeated: part of the time for a word that is saved if it stood in the text before.
    """

    base: float = 5.0
    per_word: float = 0.25
    spread: float = 0.4
    repeated: float = 0.0
    seed: int = 0

    def seconds(self, key: str, text: str, before: str = "") -> float:
        """Return the seconds for an item.

        Args:
            before: the text that the same annotator answered before; empty at first.
        """
        words = text.split()
        known = frozenset(before.split()) if self.repeated else frozenset()
        read = len(words) - self.repeated * sum(word in known for word in words)
        lot = (draw_of(f"{self.seed}/pace/{key}") + 0.5) / DRAW_RANGE
        return (self.base + self.per_word * read) * exp(self.spread * NormalDist().inv_cdf(lot))
