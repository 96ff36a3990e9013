"""Batches: planned, pushed, and the queue that they make up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, insert, select, update
from sqlalchemy.engine import RowMapping

from bridge.platforms import Refusal
from bridge.records import Batch, Prediction, QueueItem
from bridge.store.database import counter
from bridge.store.items import IN_QUEUE, OPEN, WAITS, items_by_id
from bridge.store.rows import chunked
from bridge.store.tables import batch_items, batches, items

__all__ = [
    "Queued",
    "history",
    "mark_pushed",
    "mark_refused",
    "next_batch",
    "plan",
    "planned",
    "queue",
    "release_refused",
    "reorder",
    "waiting",
    "withdraw_unseen",
]


@dataclass(frozen=True)
class Queued:
    """An item of the queue with the row it has in the store."""

    item_id: int
    batch_id: str
    entry: QueueItem


def next_batch(connection: Connection) -> int:
    """Return the number of the next batch, from 1."""
    return (connection.scalar(select(func.count()).select_from(batches)) or 0) + 1


def plan(connection: Connection, batch: Batch, item_ids: Mapping[str, int]) -> None:
    """Write a batch as planned; the database refuses an item that is in an open batch."""
    connection.execute(
        insert(batches).values(
            id=batch.id,
            created_at=batch.created_at,
            model_version=batch.model_version,
            state="planned",
            size=len(batch.items),
        )
    )
    rows: list[dict[str, Any]] = [
        {
            "batch_id": batch.id,
            "item_id": item_ids[entry.item.key],
            "rank": entry.rank,
            "score": entry.score,
            "source": entry.source,
            "reason": entry.reason,
            "hold_out": entry.hold_out,
            "prediction": _dumped(entry.prediction),
            "state": "open",
            "answers_upto": None,
        }
        for entry in batch.items
    ]
    again = [row for row in rows if row["source"] == "relabel"]
    for row in again:
        row["answers_upto"] = counter(connection, "annotation_seq")
    for chunk in chunked(row["item_id"] for row in again):  # "not queued" was told before
        connection.execute(update(items).where(items.c.id.in_(chunk)).values(queued=None))
    connection.execute(insert(batch_items), rows)


def planned(connection: Connection) -> list[Batch]:
    """Return the batches that are planned and not known to be pushed, oldest first."""
    found = []
    query = select(batches).where(batches.c.state == "planned").order_by(batches.c.created_at)
    for row in connection.execute(query).all():
        entries = _entries(connection, batch_items.c.batch_id == row.id)
        if entries:
            found.append(
                Batch(
                    id=row.id,
                    created_at=row.created_at,
                    model_version=row.model_version,
                    items=tuple(queued.entry for queued in entries),
                )
            )
    return found


def waiting(connection: Connection) -> int:
    """Return how many batches are planned, not pushed, and not answered altogether."""
    something = exists().where(batch_items.c.batch_id == batches.c.id, OPEN)
    query = select(func.count()).select_from(batches)
    return connection.scalar(query.where(batches.c.state == "planned", something)) or 0


def mark_pushed(
    connection: Connection, batch: Batch, refused: Sequence[Refusal], now: datetime
) -> None:
    """Write that the platform has the batch, but for the items that it refused."""
    connection.execute(
        update(batches).where(batches.c.id == batch.id).values(state="pushed", pushed_at=now)
    )
    for refusal in refused:
        of_key = select(items.c.id).where(items.c.key == refusal.key).scalar_subquery()
        values = {"why": refusal.why} | ({"state": "refused"} if refusal.fatal else {})
        connection.execute(
            update(batch_items)
            .where(batch_items.c.batch_id == batch.id, batch_items.c.item_id == of_key)
            .values(**values)
        )


def mark_refused(connection: Connection, refused: Sequence[Refusal]) -> None:
    """Write that the platform will not ask for these queued items (the fatal refusals)."""
    for refusal in refused:
        if refusal.fatal:
            of_key = select(items.c.id).where(items.c.key == refusal.key).scalar_subquery()
            connection.execute(
                update(batch_items)
                .where(batch_items.c.item_id == of_key, OPEN)
                .values(state="refused", why=refusal.why)
            )


def queue(connection: Connection) -> list[Queued]:
    """Return what is in open batches and not answered, in rank order."""
    return _entries(connection, IN_QUEUE)


def reorder(connection: Connection, entries: Sequence[Queued]) -> int:
    """Write new ranks, scores and predictions of queued items; return how many ranks moved."""
    if not entries:
        return 0
    moved = 0
    before = {}
    for chunk in chunked(queued.item_id for queued in entries):
        query = select(batch_items.c.item_id, batch_items.c.rank)
        for row in connection.execute(query.where(batch_items.c.item_id.in_(chunk), OPEN)):
            before[row.item_id] = row.rank
    rows = []
    for queued in entries:
        moved += before.get(queued.item_id) != queued.entry.rank
        rows.append(
            {
                "in_batch": queued.batch_id,
                "of_item": queued.item_id,
                "rank": queued.entry.rank,
                "score": queued.entry.score,
                "reason": queued.entry.reason,
                "prediction": _dumped(queued.entry.prediction),
            }
        )
    names = ("rank", "score", "reason", "prediction")
    statement = (
        update(batch_items)
        .where(
            batch_items.c.batch_id == bindparam("in_batch"),
            batch_items.c.item_id == bindparam("of_item"),
        )
        .values({name: bindparam(name) for name in names})
    )
    connection.execute(statement, rows)
    return moved


def withdraw_unseen(connection: Connection) -> int:
    """After a full pull: give back to the pool what the platform says it does not ask for."""
    gone = list(
        connection.execute(
            select(batch_items.c.item_id)
            .join(items, items.c.id == batch_items.c.item_id)
            .join(batches, batches.c.id == batch_items.c.batch_id)
            .where(
                OPEN,
                batches.c.state == "pushed",
                WAITS,
                items.c.queued.is_(False),
            )
        ).scalars()
    )
    for chunk in chunked(gone):
        connection.execute(
            update(batch_items)
            .where(batch_items.c.item_id.in_(chunk), OPEN)
            .values(state="withdrawn", why="the platform no longer asks for it")
        )
    return len(gone)


def release_refused(connection: Connection) -> None:
    """After a full pull: let what the platform refused be asked for once more."""
    connection.execute(
        update(batch_items).where(batch_items.c.state == "refused").values(state="released")
    )


def history(connection: Connection, item_id: int) -> list[RowMapping]:
    """Return the batches that an item was in, newest first, with its place and reason."""
    query = (
        select(
            batches.c.id,
            batches.c.created_at,
            batches.c.pushed_at,
            batches.c.model_version,
            batches.c.size,
            batches.c.state.label("batch_state"),
            batch_items.c.rank,
            batch_items.c.score,
            batch_items.c.source,
            batch_items.c.reason,
            batch_items.c.hold_out,
            batch_items.c.prediction,
            batch_items.c.state,
            batch_items.c.why,
        )
        .join(batches, batches.c.id == batch_items.c.batch_id)
        .where(batch_items.c.item_id == item_id)
        .order_by(batches.c.created_at.desc())
    )
    return list(connection.execute(query).mappings())


def _entries(connection: Connection, where: Any) -> list[Queued]:
    query = (
        select(batch_items)
        .join(items, items.c.id == batch_items.c.item_id)
        .where(where, OPEN)
        .order_by(batch_items.c.rank, batch_items.c.batch_id)
    )
    rows = connection.execute(query).all()
    content = items_by_id(connection, [row.item_id for row in rows])
    return [
        Queued(
            item_id=row.item_id,
            batch_id=row.batch_id,
            entry=QueueItem(
                item=content[row.item_id],
                rank=row.rank,
                score=row.score,
                source=row.source,
                reason=row.reason,
                hold_out=row.hold_out,
                prediction=None if row.prediction is None else Prediction(**row.prediction),
            ),
        )
        for row in rows
    ]


def _dumped(prediction: Prediction | None) -> dict[str, Any] | None:
    return None if prediction is None else prediction.model_dump(mode="json")
