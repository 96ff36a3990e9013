"""How long answers took, and how long the texts are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, func, select

from bridge.store import tables
from bridge.store.items import IN_QUEUE
from bridge.store.rows import chunked
from bridge.store.tables import items

__all__ = ["lengths", "lengths_of", "queue_lengths", "timings"]

ANNOTATIONS = tables.annotations
# A clock that says zero says nothing, and nor does one that says months.
TINY, MOST = 1e-3, 1e7
LENGTH = func.coalesce(func.length(items.c.text), 0)


def timings(connection: Connection, newest: int | None = None) -> Iterator[tuple[str, float, int]]:
    """Yield (annotator or "", seconds, characters of the item) of timed answers, newest first.

    Args:
        newest: how many at most; None yields all.
    """
    query = (
        select(func.coalesce(ANNOTATIONS.c.annotator, ""), ANNOTATIONS.c.seconds, LENGTH)
        .join(items, items.c.id == ANNOTATIONS.c.item_id)
        .where(ANNOTATIONS.c.deleted.is_(False), ANNOTATIONS.c.seconds.between(TINY, MOST))
        .order_by(ANNOTATIONS.c.id.desc())
        .limit(newest)
    )
    for row in connection.execute(query.execution_options(yield_per=2000)):
        yield row[0], row[1], row[2]


def lengths(connection: Connection) -> Iterator[tuple[int, int]]:
    """Yield (row id, characters) of all items, by ascending id."""
    query = select(items.c.id, LENGTH).order_by(items.c.id)
    for row in connection.execution_options(yield_per=10_000).execute(query):
        yield row[0], row[1]


def lengths_of(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """Return row id -> characters."""
    found: dict[int, int] = {}
    for chunk in chunked(ids):
        query = select(items.c.id, LENGTH).where(items.c.id.in_(chunk))
        found.update((row[0], row[1]) for row in connection.execute(query))
    return found


def queue_lengths(connection: Connection) -> list[int]:
    """Return the characters of each item that is queued and unanswered."""
    return list(connection.execute(select(LENGTH).where(IN_QUEUE)).scalars())
