"""Reads of items and answers: pool, queue, content, and what there is to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, exists, func, or_, select

from bridge.records import Item
from bridge.store import tables
from bridge.store.rows import chunked
from bridge.store.tables import batch_items, items

__all__ = [
    "IN_QUEUE",
    "OPEN",
    "WAITS",
    "Answer",
    "Counts",
    "answers",
    "answers_of",
    "changed_since",
    "content_mark",
    "count",
    "hold_out_answered",
    "hold_out_in_line",
    "in_line",
    "items_by_id",
    "items_since",
    "pool_ids",
    "row_of",
    "sample_ids",
    "still_there",
]

ANNOTATIONS = tables.annotations


@dataclass(frozen=True)
class Counts:
    """How many items there are of each sort; ``pool`` and ``queued`` do not overlap."""

    items: int
    answered: int
    queued: int
    pool: int
    hold_out_pool: int
    annotations: int


@dataclass(frozen=True)
class Answer:
    """One live annotation, as resolving needs it."""

    item_id: int
    key: str
    hold_out: bool
    annotator: str | None
    status: str
    value: dict[str, Any] | None
    ground_truth: bool


# Written out, not bound: SQLite uses a partial index only for a state that it can read.
OPEN: ColumnElement[bool] = batch_items.c.state == bindparam("open", "open", literal_execute=True)
_here = batch_items.c.item_id == items.c.id
_open = exists().where(_here, OPEN).correlate(items)
_refused = exists().where(_here, batch_items.c.state == "refused").correlate(items)
_usable = and_(items.c.removed.is_(False), items.c.kind != "unknown")
_unanswered = and_(_usable, items.c.answered.is_(False))
_in_pool = and_(_unanswered, items.c.queued.isnot(True), ~_open, ~_refused)
# An item with an answer is asked again only as a relabel, with a place in a batch of its own.
WAITS: ColumnElement[bool] = or_(items.c.answered.is_(False), batch_items.c.source == "relabel")
_again = exists().where(_here, OPEN, batch_items.c.source == "relabel").correlate(items)
IN_QUEUE: ColumnElement[bool] = and_(_usable, or_(and_(items.c.answered.is_(False), _open), _again))


def count(connection: Connection) -> Counts:
    """Count items and live annotations; one pass over the items."""

    def number(where: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((where, 1), else_=0)), 0)

    there = items.c.removed.is_(False)
    row = connection.execute(
        select(
            number(there),
            number(and_(there, items.c.answered.is_(True))),
            number(_in_pool),
            number(and_(_in_pool, items.c.hold_out.is_(True))),
        )
    ).one()
    queued = (
        select(func.count())
        .select_from(batch_items)
        .join(items, items.c.id == batch_items.c.item_id)
        .where(OPEN, _usable, WAITS)
    )
    live = select(func.count()).select_from(ANNOTATIONS).where(ANNOTATIONS.c.deleted.is_(False))
    return Counts(
        items=row[0],
        answered=row[1],
        queued=connection.scalar(queued) or 0,
        pool=row[2],
        hold_out_pool=row[3],
        annotations=connection.scalar(live) or 0,
    )


def pool_ids(connection: Connection, *, hold_out: bool = False) -> list[int]:
    """Return row ids of the pool, ascending: what may be asked for, the hold-out's share apart."""
    query = select(items.c.id).where(_in_pool, items.c.hold_out.is_(hold_out)).order_by(items.c.id)
    return list(connection.execute(query).scalars())


def hold_out_in_line(connection: Connection, limit: int) -> list[int]:
    """Return the next row ids to ask for the hold-out, in the order of their lots."""
    return _drawn(connection, limit, hold_out=True)


def in_line(connection: Connection, limit: int) -> list[int]:
    """Return row ids drawn at random from the rest of the pool, in the order of their lots."""
    return _drawn(connection, limit, hold_out=False)


def _drawn(connection: Connection, limit: int, *, hold_out: bool) -> list[int]:
    query = (
        select(items.c.id)
        .where(_in_pool, items.c.hold_out.is_(hold_out))
        .order_by(items.c.draw, items.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def sample_ids(connection: Connection, size: int) -> list[int]:
    """Return up to so many row ids drawn by lot, none of the hold-out, ascending.

    The lots that are asked last are taken, so that few of the sample get labels.
    """
    query = (
        select(items.c.id)
        .where(_usable, items.c.hold_out.is_(False))
        .order_by(items.c.draw.desc(), items.c.id)
        .limit(size)
    )
    return sorted(connection.execute(query).scalars())


def still_there(connection: Connection, ids: Sequence[int]) -> bool:
    """Whether all of some items, at least one, can still be used."""
    usable = select(func.count()).select_from(items).where(_usable)
    found = sum(
        connection.scalar(usable.where(items.c.id.in_(chunk))) or 0 for chunk in chunked(ids)
    )
    return 0 < len(ids) == found


def items_by_id(connection: Connection, ids: Sequence[int]) -> dict[int, Item]:
    """Return items by row id."""
    found = {}
    for chunk in chunked(ids):
        for row in connection.execute(select(items).where(items.c.id.in_(chunk))):
            found[row.id] = _item(row)
    return found


def items_since(connection: Connection, seq: int) -> Iterator[tuple[int, Item]]:
    """Yield (row id, item) of all content above a mark, oldest first."""
    query = (
        select(items.c.id, items.c.key, items.c.kind, items.c.text, items.c.url, items.c.meta)
        .where(items.c.seq > seq, _usable)
        .order_by(items.c.seq)
    )
    result = connection.execution_options(yield_per=2000).execute(query)
    for row in result:
        yield row.id, _item(row)


def content_mark(connection: Connection) -> int:
    """Return the highest content sequence number."""
    return connection.scalar(select(func.max(items.c.seq))) or 0


def changed_since(connection: Connection, seq: int) -> int:
    """Return how many annotations are new, changed, deleted or back above a mark."""
    query = select(func.count()).select_from(ANNOTATIONS).where(ANNOTATIONS.c.seq > seq)
    return connection.scalar(query) or 0


def answers(connection: Connection) -> Iterator[Answer]:
    """Yield the live annotations of items that are still there, grouped by item."""
    query = (
        select(
            ANNOTATIONS.c.item_id,
            items.c.key,
            items.c.hold_out,
            ANNOTATIONS.c.annotator,
            ANNOTATIONS.c.status,
            ANNOTATIONS.c.value,
            ANNOTATIONS.c.ground_truth,
        )
        .join(items, items.c.id == ANNOTATIONS.c.item_id)
        .where(ANNOTATIONS.c.deleted.is_(False), _usable)
        .order_by(ANNOTATIONS.c.item_id, ANNOTATIONS.c.annotation_id)
    )
    for row in connection.execute(query):
        yield Answer(*row)


def answers_of(connection: Connection, item_id: int) -> list[Any]:
    """Return the rows of all annotations of an item, deleted ones too, oldest first."""
    query = (
        select(ANNOTATIONS)
        .where(ANNOTATIONS.c.item_id == item_id)
        .order_by(ANNOTATIONS.c.updated_at, ANNOTATIONS.c.id)
    )
    return list(connection.execute(query))


def hold_out_answered(connection: Connection) -> int:
    """Return how many items of the hold-out have an answer."""
    query = select(func.count()).select_from(items)
    where = (items.c.hold_out.is_(True), items.c.answered.is_(True), items.c.removed.is_(False))
    return connection.scalar(query.where(*where)) or 0


def row_of(connection: Connection, key: str) -> Any | None:
    """Return the row of an item, None if there is none."""
    return connection.execute(select(items).where(items.c.key == key)).first()


def _item(row: Any) -> Item:
    return Item(key=row.key, kind=row.kind, text=row.text, url=row.url, meta=row.meta)
