"""Simulated annotators: they know the truth, and err, skip and dawdle like people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bridge.store.changes import DRAW_RANGE, draw_of

__all__ = ["Annotators"]


@dataclass(frozen=True)
class Annotators:
    """How a team answers; what it does with an item depends on the seed and the item alone.

    Attributes:
        wrong: share of answers that name another class.
        skipped: share of items that they will not answer.
        late: share of items that they answer one turn after the others.
        names: who they are; items are shared out evenly, and what is asked again goes to the next.
        errors: name -> share of wrong answers, of those who err more or less often than ``wrong``.
    """

    wrong: float = 0.0
    skipped: float = 0.0
    late: float = 0.0
    names: tuple[str, ...] = ("ann@example.com",)
    seed: int = 0
    errors: Mapping[str, float] = field(default_factory=dict)

    def when(self, key: str) -> Literal["now", "later"]:
        """Return whether the item is answered in its first turn."""
        return "later" if self._lot("late", key) < self.late else "now"

    def answer(
        self, key: str, truth: tuple[str, ...], classes: Sequence[str], before: int = 0
    ) -> tuple[str, ...] | None:
        """Return the classes that are answered; None for a skip.

        Args:
            before: answers that the item has; their errors do not depend on each other.
        """
        lot = f"{key}#{before}" if before else key
        if self._lot("skip", lot) < self.skipped:
            return None
        others = [name for name in classes if name not in truth]
        if others and self._lot("wrong", lot) < self.errors.get(self.who(key, before), self.wrong):
            return (others[int(self._lot("other", lot) * len(others))],)
        return truth

    def who(self, key: str, before: int = 0) -> str:
        """Return who answers the item; another one each time, as far as there are others."""
        first = int(self._lot("who", key) * len(self.names))
        return self.names[(first + before) % len(self.names)]

    def _lot(self, what: str, key: str) -> float:
        return draw_of(f"{self.seed}/{what}/{key}") / DRAW_RANGE
