"""What a full pull saw, a bit for each row: nothing is written for what is as it was."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from bridge.store import tables
from bridge.store.rows import id_parts
from bridge.store.tables import items

__all__ = ["Seen", "Sweep", "Unseen", "begin_sweep", "missing_from_sweep"]

ANNOTATIONS = tables.annotations


class Seen:
    """Row ids of one table that a full pull saw.

    Args:
        last: the greatest id when the pull began; rows above it were made by it, and are seen.
    """

    def __init__(self, last: int) -> None:
        self._last = last
        self._bits = bytearray((last >> 3) + 1)

    def add(self, ids: Iterable[int]) -> None:
        """Mark rows as seen."""
        bits, last = self._bits, self._last
        for row_id in ids:
            if row_id <= last:
                bits[row_id >> 3] |= 1 << (row_id & 7)

    def __contains__(self, row_id: int) -> bool:
        return row_id > self._last or bool(self._bits[row_id >> 3] >> (row_id & 7) & 1)

    def lacks(self, ids: Iterable[int]) -> list[int]:
        """Return those of some rows that were not seen."""
        bits, last = self._bits, self._last
        return [n for n in ids if n <= last and not bits[n >> 3] >> (n & 7) & 1]


@dataclass(frozen=True)
class Sweep:
    """The items and answers that a full pull saw; if it dies, the next one begins anew."""

    items: Seen
    answers: Seen


@dataclass(frozen=True)
class Unseen:
    """Rows that are there and that a finished full pull did not see, and how many are there."""

    ids: array[int]
    live: int


def begin_sweep(connection: Connection) -> Sweep:
    """Begin to note what a full pull sees."""
    return Sweep(
        items=Seen(connection.scalar(select(func.max(items.c.id))) or 0),
        answers=Seen(connection.scalar(select(func.max(ANNOTATIONS.c.id))) or 0),
    )


def missing_from_sweep(connection: Connection, sweep: Sweep) -> dict[str, Unseen]:
    """Return the answers and the items that a finished full pull did not see."""
    answers = select(ANNOTATIONS.c.id).where(ANNOTATIONS.c.deleted.is_(False))
    there = select(items.c.id).where(items.c.removed.is_(False))
    found = {}
    for what, query, seen in (("answers", answers, sweep.answers), ("items", there, sweep.items)):
        ids, live = array("q"), 0
        for part in id_parts(connection, query):
            live += len(part)
            ids.extend(seen.lacks(part))
        found[what] = Unseen(ids, live)
    return found
