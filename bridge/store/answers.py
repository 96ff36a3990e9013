"""Applies pulled annotations: which versions hold, which are deleted, which come back."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    exists,
    insert,
    or_,
    select,
    update,
)

from bridge.records import Annotation, Change
from bridge.store import tables
from bridge.store.database import counter, set_state
from bridge.store.rows import Applied, chunked
from bridge.store.tables import batch_items, items

__all__ = ["apply_annotations", "live", "mark_answered", "tombstone"]

ANNOTATIONS = tables.annotations

live = ANNOTATIONS.c.deleted.is_(False)


def apply_annotations(
    connection: Connection,
    group: Sequence[Change],
    fresh: Iterable[str],
    known: Mapping[str, Any],
    sweep: int | None,
) -> Applied:
    """Apply the annotations of changes of distinct items.

    Args:
        fresh: keys whose change is not older than what is stored.
        known: key -> stored row of the item, as it is with this change.
        sweep: number of the full pull, if it is one: deletions wait for its end then, where their
            number is looked at, and what it says first of an answer holds.
    """
    told = {a.id: a for c in group for a in c.annotations or ()}
    fresh_keys = set(fresh)
    complete = {c.key: c for c in group if c.complete and c.key in fresh_keys}
    stored = _stored_annotations(connection, told, [known[key].id for key in complete])
    inserts: list[Annotation] = []
    updates: list[tuple[int, Annotation]] = []
    dated: list[tuple[int, Annotation]] = []  # the same answer: only its times are new
    for annotation in told.values():
        row, item = stored.get(annotation.id), known[annotation.item_key]
        fresh_item = annotation.item_key in fresh_keys
        late = _deleted_by(annotation, item.snapshot_at)
        if row is None:
            if fresh_item or not late:
                inserts.append(annotation)
            continue
        moved = row.item_id != item.id
        if sweep is not None and row.sweep != sweep:
            # What a full pull says first holds, whatever the platform's clock said before.
            holds = row.deleted or moved or annotation.order != _order(row)
        elif row.deleted:
            # Told by the newest complete change, or newer than the deletion: it is back.
            newer = annotation.order > _order(row) and not late
            holds = annotation.item_key in complete or newer or item.snapshot_at is None
        else:
            rekeyed = moved and fresh_item and annotation.order >= _order(row)
            holds = rekeyed or annotation.order > _order(row)
        same = not row.deleted and not moved and annotation.digest == row.digest
        if holds:
            (dated if same else updates).append((row.id, annotation))
        elif same and row.seconds is None and annotation.seconds is not None:
            dated.append((row.id, annotation))  # told by a later version of the adapter
    gone = [] if sweep is not None else _deleted(stored.values(), told, complete)
    _write_annotations(connection, inserts, updates, known, sweep or 0)
    _write_times(connection, dated)
    tombstone(connection, [row.id for row in gone])
    if sweep is not None:
        _mark_seen(connection, [stored[a].id for a in told if a in stored], sweep)
        # Of an item that was not told completely nothing more is known: it must not look deleted.
        partly = [known[c.key].id for c in group if c.annotations is not None and not c.complete]
        _mark_seen(connection, partly, sweep, ANNOTATIONS.c.item_id)
    touched = {known[a.item_key].id for a in (*inserts, *(a for _, a in updates))}
    touched |= {stored[a.id].item_id for _, a in updates} | {row.item_id for row in gone}
    mark_answered(connection, touched)
    return Applied(
        new_annotations=len(inserts),
        changed_annotations=len(updates),
        deleted_annotations=len(gone),
    )


def _deleted(
    stored: Iterable[Any], told: Container[str], complete: Mapping[str, Change]
) -> list[Any]:
    """Return live rows that a complete change of their item lacks, but for ones newer than it."""
    return [
        row
        for row in stored
        if not row.deleted
        and row.annotation_id not in told
        and (change := complete.get(row.item_key)) is not None
        and not (row.updated_at and change.as_of and row.updated_at > change.as_of)
    ]


def _stored_annotations(
    connection: Connection, told: Mapping[str, Annotation], complete_items: Sequence[int]
) -> dict[str, Any]:
    query = select(
        ANNOTATIONS.c.id,
        ANNOTATIONS.c.annotation_id,
        ANNOTATIONS.c.item_id,
        ANNOTATIONS.c.updated_at,
        ANNOTATIONS.c.revision,
        ANNOTATIONS.c.digest,
        ANNOTATIONS.c.seconds,
        ANNOTATIONS.c.deleted,
        ANNOTATIONS.c.sweep,
        items.c.key.label("item_key"),
    ).join(items, items.c.id == ANNOTATIONS.c.item_id)
    found = {}
    for ids in chunked(told):
        for row in connection.execute(query.where(ANNOTATIONS.c.annotation_id.in_(ids))):
            found[row.annotation_id] = row
    for item_ids in chunked(complete_items):
        for row in connection.execute(query.where(ANNOTATIONS.c.item_id.in_(item_ids))):
            found[row.annotation_id] = row
    return found


def _order(row: Any) -> tuple[str, int, str]:
    time = "" if row.updated_at is None else row.updated_at.isoformat(timespec="microseconds")
    return (time, row.revision, row.digest)


def _deleted_by(annotation: Annotation, snapshot_at: datetime | None) -> bool:
    return snapshot_at is not None and (
        annotation.updated_at is None or annotation.updated_at <= snapshot_at
    )


def _write_annotations(
    connection: Connection,
    inserts: Sequence[Annotation],
    updates: Sequence[tuple[int, Annotation]],
    known: Mapping[str, Any],
    sweep: int,
) -> None:
    seq = counter(connection, "annotation_seq")
    rows = []
    for annotation in inserts:
        seq += 1
        rows.append(_annotation_row(annotation, known[annotation.item_key].id, seq, sweep))
    if rows:
        connection.execute(insert(ANNOTATIONS), rows)
    changes = []
    for row_id, annotation in updates:
        seq += 1
        values = _annotation_row(annotation, known[annotation.item_key].id, seq, sweep)
        changes.append({"row_id": row_id, **values})
    if changes:
        names = [name for name in changes[0] if name != "row_id"]
        statement = (
            update(ANNOTATIONS)
            .where(ANNOTATIONS.c.id == bindparam("row_id"))
            .values({name: bindparam(name) for name in names})
        )
        connection.execute(statement, changes)
    if rows or changes:
        set_state(connection, "annotation_seq", str(seq))


def _write_times(connection: Connection, dated: Sequence[tuple[int, Annotation]]) -> None:
    """Write the times of answers that say what they said before: nothing new to learn."""
    for row_id, annotation in dated:
        values: dict[str, Any] = {
            "updated_at": annotation.updated_at,
            "revision": annotation.revision,
        }
        if annotation.seconds is not None:
            values["seconds"] = annotation.seconds
        connection.execute(update(ANNOTATIONS).where(ANNOTATIONS.c.id == row_id).values(**values))


def _annotation_row(annotation: Annotation, item_id: int, seq: int, sweep: int) -> dict[str, Any]:
    value = annotation.value
    return {
        "annotation_id": annotation.id,
        "item_id": item_id,
        "annotator": annotation.annotator,
        "status": annotation.status,
        "value": None if value is None else value.model_dump(mode="json"),
        "created_at": annotation.created_at,
        "updated_at": annotation.updated_at,
        "revision": annotation.revision,
        "digest": annotation.digest,
        "seconds": annotation.seconds,
        "ground_truth": annotation.ground_truth,
        "deleted": False,
        "seq": seq,
        "sweep": sweep,
    }


def tombstone(connection: Connection, row_ids: Sequence[int]) -> None:
    """Mark annotations as deleted; they stay, and come back if the platform has them again."""
    if not row_ids:
        return
    seq = counter(connection, "annotation_seq")
    rows = [{"row_id": row_id, "to": seq + n} for n, row_id in enumerate(row_ids, start=1)]
    statement = (
        update(ANNOTATIONS)
        .where(ANNOTATIONS.c.id == bindparam("row_id"))
        .values(deleted=True, seq=bindparam("to"))
    )
    connection.execute(statement, rows)
    set_state(connection, "annotation_seq", str(seq + len(rows)))


def _mark_seen(
    connection: Connection,
    ids: Sequence[int],
    sweep: int,
    column: ColumnElement[int] = ANNOTATIONS.c.id,
) -> None:
    for chunk in chunked(ids):
        connection.execute(update(ANNOTATIONS).where(column.in_(chunk)).values(sweep=sweep))


def mark_answered(connection: Connection, item_ids: Iterable[int]) -> None:
    """Write for each item whether it has a live annotation; one that has leaves the queue.

    An item that is asked again leaves it with an annotation that is new, changed or back since.
    """
    answer = exists().where(ANNOTATIONS.c.item_id == items.c.id, live)
    answered = exists().where(items.c.id == batch_items.c.item_id, items.c.answered.is_(True))
    first = batch_items.c.source != "relabel"
    once_more = exists().where(
        ANNOTATIONS.c.item_id == batch_items.c.item_id,
        live,
        ANNOTATIONS.c.seq > batch_items.c.answers_upto,
    )
    for chunk in chunked(item_ids):
        connection.execute(update(items).where(items.c.id.in_(chunk)).values(answered=answer))
        mine = update(batch_items).where(batch_items.c.item_id.in_(chunk))
        connection.execute(
            mine.where(
                batch_items.c.state == "open", or_(and_(first, answered), and_(~first, once_more))
            ).values(state="answered")
        )
        waiting = select(batch_items.c.item_id).where(
            batch_items.c.item_id.in_(chunk), batch_items.c.state == "open"
        )
        asked = set(connection.execute(waiting).scalars())
        # An answer that was deleted: the platform asks again, until a full pull says otherwise.
        connection.execute(
            update(batch_items)
            .where(batch_items.c.item_id.in_([row for row in chunk if row not in asked]))
            .where(batch_items.c.state == "answered", first, ~answered)
            .values(state="open")
        )
