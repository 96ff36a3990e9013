"""Reads of items and answers: pool, queue, content, and what there is to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    or_,
    select,
)

from bridge.records import Item
from bridge.store import tables
from bridge.store.engines import loaded
from bridge.store.rows import chunked
from bridge.store.tables import batch_items, items

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "IN_QUEUE",
    "OPEN",
    "WAITS",
    "Answer",
    "Counts",
    "answers",
    "answers_of",
    "changed_items",
    "changed_since",
    "content_mark",
    "count",
    "count_pool",
    "count_queued",
    "hold_out_answered",
    "hold_out_in_line",
    "in_line",
    "items_by_id",
    "items_since",
    "met",
    "part_end",
    "pool_among",
    "pool_ids",
    "row_of",
    "sample_ids",
    "still_there",
]

ANNOTATIONS = tables.annotations
IDS_A_PART = 65536
VALUES_KEPT = 4096


@dataclass(frozen=True)
class Counts:
    """How many items there are of each sort; ``pool`` and ``queued`` do not overlap."""

    items: int
    answered: int
    queued: int
    pool: int
    hold_out_pool: int
    annotations: int


class Answer(NamedTuple):
    """One live annotation, as resolving needs it; equal values may be one object."""

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
_asked = select(batch_items.c.item_id).where(or_(OPEN, batch_items.c.state == "refused"))
_usable = and_(items.c.removed.is_(False), items.c.kind != "unknown")
_unanswered = and_(_usable, items.c.answered.is_(False))
# What the pool asks of an item stands in one index, items_line; the fat rows are not read.
_free = and_(_unanswered, items.c.queued.isnot(True))
_in_pool = and_(_free, items.c.id.not_in(_asked))
# An item with an answer is asked again only as a relabel, with a place in a batch of its own.
WAITS: ColumnElement[bool] = or_(items.c.answered.is_(False), batch_items.c.source == "relabel")
_again = exists().where(_here, OPEN, batch_items.c.source == "relabel").correlate(items)
IN_QUEUE: ColumnElement[bool] = and_(_usable, or_(and_(items.c.answered.is_(False), _open), _again))


def count(connection: Connection) -> Counts:
    """Count items and live annotations; one pass over an index of the items."""
    free = func.sum(case((_free, 1), else_=0))
    groups = (items.c.hold_out, items.c.answered, items.c.removed)
    found = connection.execute(select(*groups, func.count(), free).group_by(*groups)).all()
    there = [row for row in found if not row.removed]
    asked = select(items.c.hold_out, func.count()).where(_free, items.c.id.in_(_asked))
    grouped = connection.execute(asked.group_by(items.c.hold_out))
    taken: dict[bool, int] = {bool(apart): number for apart, number in grouped}
    pool = {
        hold_out: sum(int(row[4]) for row in there if row.hold_out == hold_out)
        - taken.get(hold_out, 0)
        for hold_out in (False, True)
    }
    live = select(func.count()).select_from(ANNOTATIONS).where(ANNOTATIONS.c.deleted.is_(False))
    return Counts(
        items=sum(row[3] for row in there),
        answered=sum(row[3] for row in there if row.answered),
        queued=count_queued(connection),
        pool=pool[False] + pool[True],
        hold_out_pool=pool[True],
        annotations=connection.scalar(live) or 0,
    )


def count_queued(connection: Connection) -> int:
    """Count the items that wait in open batches."""
    both = batch_items.join(items, items.c.id == batch_items.c.item_id)
    query = select(func.count()).select_from(both).where(OPEN, _usable, WAITS)
    return connection.scalar(query) or 0


def count_pool(connection: Connection, limit: int) -> int:
    """Count the pool, the hold-out's share with it, up to a limit; reads no more than that."""
    some = select(items.c.id).where(_in_pool).limit(limit).subquery()
    return connection.scalar(select(func.count()).select_from(some)) or 0


def pool_ids(connection: Connection) -> NDArray[np.int64]:
    """Return row ids of the pool, ascending: what may be asked for, the hold-out's share apart."""
    import numpy as np

    result = connection.execute(select(items.c.id).where(_in_pool, items.c.hold_out.is_(False)))
    parts = [np.empty(0, np.int64)]
    # The driver's own rows: of a million, SQLAlchemy's take a second more.
    while result.cursor is not None and (rows := result.cursor.fetchmany(IDS_A_PART)):
        parts.append(np.fromiter(chain.from_iterable(rows), np.int64, len(rows)))
    result.close()
    return np.sort(np.concatenate(parts))


def pool_among(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Return those of these row ids that are in the pool, the hold-out's share apart."""
    # As a condition it would have SQLite walk through the index of the whole pool.
    inside = case((and_(_in_pool, items.c.hold_out.is_(False)), 1), else_=0)
    found: list[int] = []
    for chunk in chunked(ids):
        rows = connection.execute(select(items.c.id, inside).where(items.c.id.in_(chunk)))
        found += [row_id for row_id, there in rows if there]
    return found


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
    last: list[tuple[int, int]] = []
    for answered in (False, True):  # each lies in order in an index
        query = (
            select(items.c.draw, items.c.id)
            .where(_usable, items.c.hold_out.is_(False), items.c.answered.is_(answered))
            .order_by(items.c.draw.desc(), items.c.id)
            .limit(size)
        )
        last += [(-row.draw, row.id) for row in connection.execute(query)]
    return sorted(row_id for _, row_id in sorted(last)[:size])


def still_there(connection: Connection, ids: Sequence[int]) -> bool:
    """Whether all of some items, at least one, can still be used."""
    usable = select(func.count()).select_from(items).where(_usable)
    found = sum(
        connection.scalar(usable.where(items.c.id.in_(chunk))) or 0 for chunk in chunked(ids)
    )
    return 0 < len(ids) == found


def met(connection: Connection, limit: int) -> list[int]:
    """Return row ids of items that are queued or have an answer, none of the hold-out's.

    Where there are more than ``limit``, those of the highest lots are left out.
    """
    asked = select(items.c.id).where(
        _unanswered, items.c.hold_out.is_(False), items.c.id.in_(_asked)
    )
    answered = select(items.c.id).where(
        _usable, items.c.hold_out.is_(False), items.c.answered.is_(True)
    )
    found: list[int] = []
    for query in (asked, answered):
        lots = query.order_by(items.c.draw, items.c.id).limit(limit - len(found))
        found += connection.execute(lots).scalars()
    return sorted(found)


def items_by_id(connection: Connection, ids: Sequence[int]) -> dict[int, Item]:
    """Return items by row id."""
    found = {}
    for chunk in chunked(ids):
        for row in connection.execute(select(items).where(items.c.id.in_(chunk))):
            found[row.id] = _item(row)
    return found


def changed_items(connection: Connection, ids: Sequence[int], seq: int) -> dict[int, Item]:
    """Return those of these items that can be used and whose content is above a mark, by row id."""
    found = {}
    for chunk in chunked(ids):
        query = select(items).where(items.c.id.in_(chunk), items.c.seq > seq, _usable)
        for row in connection.execute(query):
            found[row.id] = _item(row)
    return found


def part_end(connection: Connection, seq: int, size: int) -> int | None:
    """Return the mark up to which ``size`` items lie above another; None where there are fewer."""
    query = select(items.c.seq).where(items.c.seq > seq, _usable).order_by(items.c.seq)
    return connection.scalar(query.offset(size - 1).limit(1))


def items_since(connection: Connection, seq: int, upto: int) -> Iterator[tuple[int, Item]]:
    """Yield (row id, item) of all content above a mark, up to another, oldest first."""
    query = (
        select(items.c.id, items.c.key, items.c.kind, items.c.text, items.c.url, items.c.meta)
        .where(items.c.seq > seq, items.c.seq <= upto, _usable)
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
            cast(ANNOTATIONS.c.value, Text),
            ANNOTATIONS.c.ground_truth,
        )
        .join(items, items.c.id == ANNOTATIONS.c.item_id)
        .where(ANNOTATIONS.c.deleted.is_(False), _usable)
        .order_by(ANNOTATIONS.c.item_id, ANNOTATIONS.c.annotation_id)
    )
    value_of = lru_cache(VALUES_KEPT)(loaded)  # there are few answers that differ
    for item_id, key, hold_out, annotator, status, value, truth in connection.execute(query):
        said = None if value is None else value_of(value)
        yield Answer(item_id, key, hold_out, annotator, status, said, truth)


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
