"""Simulated annotators: they know the truth, and err, skip and dawdle like people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
        names: who they are; items are shared out evenly.
    """

    wrong: float = 0.0
    skipped: float = 0.0
    late: float = 0.0
    names: tuple[str, ...] = ("ann@example.com",)
    seed: int = 0

    def when(self, key: str) -> Literal["now", "later"]:
        """Return whether the item is answered in its first turn."""
        return "later" if self._lot("late", key) < self.late else "now"

    def answer(
        self, key: str, truth: tuple[str, ...], classes: Sequence[str]
    ) -> tuple[str, ...] | None:
        """Return the classes that are answered; None for a skip."""
        if self._lot("skip", key) < self.skipped:
            return None
        others = [name for name in classes if name not in truth]
        if others and self._lot("wrong", key) < self.wrong:
            return (others[int(self._lot("other", key) * len(others))],)
        return truth

    def who(self, key: str) -> str:
        """Return who answers the item."""
        return self.names[int(self._lot("who", key) * len(self.names))]

    def _lot(self, what: str, key: str) -> float:
        return draw_of(f"{self.seed}/{what}/{key}") / DRAW_RANGE
