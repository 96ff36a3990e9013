"""Applies pulled annotations: which versions hold, which are deleted, which come back."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, exists, insert, or_, select, update

from bridge.records import Annotation, Change
from bridge.store import tables
from bridge.store.database import counter, set_state
from bridge.store.rows import Applied, chunked, write_rows
from bridge.store.sweep import Sweep
from bridge.store.tables import batch_items, items

__all__ = ["Place", "apply_annotations", "live", "mark_answered", "tombstone"]

ANNOTATIONS = tables.annotations

live = ANNOTATIONS.c.deleted.is_(False)
_Stored = tuple[int, Annotation]  # the row that it has already


class Place(NamedTuple):
    """Where answers go.

    Attributes:
        id: row of the item.
        snapshot_at: up to when all of its answers are told.
        new: the item was not known before.
    """

    id: int
    snapshot_at: datetime | None
    new: bool


def apply_annotations(
    connection: Connection,
    group: Sequence[Change],
    fresh: Container[str],
    places: Mapping[str, Place],
    sweep: Sweep | None,
) -> Applied:
    """Apply the annotations of changes of distinct items.

    Args:
        fresh: keys whose change is not older than what is stored.
        places: key -> the item, as it is with this change.
        sweep: of the full pull, if it is one: deletions wait for its end then, where their number
            is looked at, and what it says first of an answer holds.
    """
    told = {a.id: a for c in group for a in c.annotations or ()}
    complete = {places[c.key].id: c for c in group if c.complete and c.key in fresh}
    # Of an item that was not told completely nothing more is known: it must not look deleted.
    partly = {places[c.key].id for c in group if sweep is not None and not c.complete}
    new = {place.id for place in places.values() if place.new}
    stored = _stored_annotations(connection, told, (complete.keys() | partly) - new)
    inserts, updates, dated = _sorted_out(told, stored, places, fresh, complete, sweep)
    gone = [] if sweep is not None else _deleted(stored.values(), told, complete)
    _write_annotations(connection, inserts, updates, places)
    write_rows(connection, ANNOTATIONS, [_times(row_id, a) for row_id, a in dated])
    tombstone(connection, [row.id for row in gone])
    if sweep is not None:
        rows = stored.values()
        sweep.answers.add(r.id for r in rows if r.annotation_id in told or r.item_id in partly)
    touched = {places[a.item_key].id for a in (*inserts, *(a for _, a in updates))} | new
    touched |= {stored[a.id].item_id for _, a in updates} | {row.item_id for row in gone}
    mark_answered(connection, touched)
    return Applied(
        new_annotations=len(inserts),
        changed_annotations=len(updates),
        deleted_annotations=len(gone),
    )


def _sorted_out(
    told: Mapping[str, Annotation],
    stored: Mapping[str, Any],
    places: Mapping[str, Place],
    fresh: Container[str],
    complete: Container[int],
    sweep: Sweep | None,
) -> tuple[list[Annotation], list[_Stored], list[_Stored]]:
    """Return the answers to insert, those to write over a row, and those with other times only."""
    inserts: list[Annotation] = []
    updates: list[_Stored] = []
    dated: list[_Stored] = []  # the same answer: only its times are new
    for annotation in told.values():
        row, item = stored.get(annotation.id), places[annotation.item_key]
        fresh_item = annotation.item_key in fresh
        late = _deleted_by(annotation, item.snapshot_at)
        if row is None:
            if fresh_item or not late:
                inserts.append(annotation)
            continue
        moved = row.item_id != item.id
        same = not row.deleted and not moved and annotation.digest == row.digest
        if same and (annotation.updated_at, annotation.revision) == (row.updated_at, row.revision):
            holds = False
        elif sweep is not None and row.id not in sweep.answers:
            # What a full pull says first holds, whatever the platform's clock said before.
            holds = row.deleted or moved or annotation.order != _order(row)
        elif row.deleted:
            # Told by the newest complete change, or newer than the deletion: it is back.
            newer = annotation.order > _order(row) and not late
            holds = item.id in complete or newer or item.snapshot_at is None
        else:
            rekeyed = moved and fresh_item and annotation.order >= _order(row)
            holds = rekeyed or annotation.order > _order(row)
        if holds:
            (dated if same else updates).append((row.id, annotation))
        elif same and row.seconds is None and annotation.seconds is not None:
            dated.append((row.id, annotation))  # told by a later version of the adapter
    return inserts, updates, dated


def _deleted(
    stored: Iterable[Any], told: Container[str], complete: Mapping[int, Change]
) -> list[Any]:
    """Return live rows that a complete change of their item lacks, but for ones newer than it."""
    return [
        row
        for row in stored
        if not row.deleted
        and row.annotation_id not in told
        and (change := complete.get(row.item_id)) is not None
        and not (row.updated_at and change.as_of and row.updated_at > change.as_of)
    ]


def _stored_annotations(
    connection: Connection, told: Mapping[str, Annotation], item_ids: Iterable[int]
) -> dict[str, Any]:
    """Return the rows of what is told, and all rows of some items."""
    query = select(
        ANNOTATIONS.c.id,
        ANNOTATIONS.c.annotation_id,
        ANNOTATIONS.c.item_id,
        ANNOTATIONS.c.updated_at,
        ANNOTATIONS.c.revision,
        ANNOTATIONS.c.digest,
        ANNOTATIONS.c.seconds,
        ANNOTATIONS.c.deleted,
    )
    found = {}
    for some in chunked(item_ids):
        for row in connection.execute(query.where(ANNOTATIONS.c.item_id.in_(some))):
            found[row.annotation_id] = row
    for ids in chunked(told.keys() - found.keys()):
        for row in connection.execute(query.where(ANNOTATIONS.c.annotation_id.in_(ids))):
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
    places: Mapping[str, Place],
) -> None:
    if not inserts and not updates:
        return
    seq = counter(connection, "annotation_seq")
    rows = []
    for annotation in inserts:
        seq += 1
        rows.append(_annotation_row(annotation, places[annotation.item_key].id, seq))
    if rows:
        connection.execute(insert(ANNOTATIONS), rows)
    changes = []
    for row_id, annotation in updates:
        seq += 1
        values = _annotation_row(annotation, places[annotation.item_key].id, seq)
        changes.append({"id": row_id, **values})
    write_rows(connection, ANNOTATIONS, changes)
    set_state(connection, "annotation_seq", str(seq))


def _times(row_id: int, annotation: Annotation) -> dict[str, Any]:
    """Return the times of an answer that says what it said before: nothing new to learn."""
    values = {
        "id": row_id,
        "updated_at": annotation.updated_at,
        "revision": annotation.revision,
    }
    return values if annotation.seconds is None else {**values, "seconds": annotation.seconds}


def _annotation_row(annotation: Annotation, item_id: int, seq: int) -> dict[str, Any]:
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
        these = items.c.id.in_(chunk)
        connection.execute(
            update(items).where(these, items.c.answered != answer).values(answered=answer)
        )
        asked = select(batch_items.c.item_id).where(batch_items.c.item_id.in_(chunk))
        places = set(connection.execute(asked).scalars())
        if not places:  # so it is with most answers of a first pull
            continue
        mine = update(batch_items).where(batch_items.c.item_id.in_(places))
        connection.execute(
            mine.where(
                batch_items.c.state == "open", or_(and_(first, answered), and_(~first, once_more))
            ).values(state="answered")
        )
        waiting = set(connection.execute(asked.where(batch_items.c.state == "open")).scalars())
        # An answer that was deleted: the platform asks again, until a full pull says otherwise.
        connection.execute(
            update(batch_items)
            .where(batch_items.c.item_id.in_(places - waiting))
            .where(batch_items.c.state == "answered", first, ~answered)
            .values(state="open")
        )
