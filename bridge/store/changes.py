"""Applies pulled changes to items and annotations, so that order and repetition do not matter.

Rules, each of which takes the greater of two things and is therefore free of order:

* of two versions of one annotation the one with the greater ``Annotation.order`` holds;
* of two complete changes of one item the one with the later ``as_of`` holds, and an annotation that
  it lacks is deleted, unless that annotation changed after ``as_of``;
* a deleted annotation comes back only with a version that is newer than its deletion.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, exists, insert, select, update

from bridge.records import Annotation, Change, Page
from bridge.store import tables
from bridge.store.database import get_state, set_state
from bridge.store.tables import items

__all__ = [
    "DRAW_RANGE",
    "Applied",
    "apply_page",
    "chunked",
    "draw_of",
    "finish_sweep",
    "missing_from_sweep",
]

ANNOTATIONS = tables.annotations

T = TypeVar("T")
DRAW_RANGE = 2**62


@dataclass(frozen=True)
class Applied:
    """How many rows a pull changed; equal repeats count nowhere."""

    new_items: int = 0
    changed_items: int = 0
    removed_items: int = 0
    new_annotations: int = 0
    changed_annotations: int = 0
    deleted_annotations: int = 0

    def __add__(self, other: Applied) -> Applied:
        return Applied(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    @property
    def any(self) -> bool:
        """Whether anything changed."""
        return any(getattr(self, f.name) for f in fields(self))


def draw_of(key: str) -> int:
    """Return the item's lot in [0, 2**62): uniform, fixed by the key alone, known to no model."""
    lot = hashlib.blake2b(key.encode(), digest_size=8, person=b"bridge-draw").digest()
    return int.from_bytes(lot, "big") >> 2


def chunked(values: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """Yield lists of up to ``size`` values; databases limit the variables of a statement."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def apply_page(
    connection: Connection, page: Page, *, hold_out: float, sweep: int | None = None
) -> Applied:
    """Apply one page of changes.

    Args:
        hold_out: share in [0, 1] of new items that is reserved for the hold-out.
        sweep: number of the full pull that this page belongs to; what it has is marked as seen.
    """
    applied = Applied()
    for group in _without_repeats(page.changes):
        applied += _apply_group(connection, group, hold_out, sweep)
    return applied


def missing_from_sweep(connection: Connection, sweep: int) -> tuple[int, int]:
    """Return how many live annotations a finished full pull did not see, and how many there are."""
    live = [
        row.sweep for row in connection.execute(select(ANNOTATIONS.c.sweep).where(_live_annotation))
    ]
    return sum(1 for seen in live if seen != sweep), len(live)


def finish_sweep(connection: Connection, sweep: int) -> Applied:
    """Delete what a finished full pull did not see: items and annotations, as tombstones."""
    gone_annotations = [
        row.id
        for row in connection.execute(
            select(ANNOTATIONS.c.id).where(_live_annotation, ANNOTATIONS.c.sweep != sweep)
        )
    ]
    _tombstone(connection, gone_annotations)
    gone_items = [
        row.id
        for row in connection.execute(
            select(items.c.id).where(items.c.removed.is_(False), items.c.sweep != sweep)
        )
    ]
    for chunk in chunked(gone_items):
        connection.execute(
            update(items).where(items.c.id.in_(chunk)).values(removed=True, queued=None)
        )
    _mark_answered(connection, _items_of(connection, gone_annotations))
    return Applied(removed_items=len(gone_items), deleted_annotations=len(gone_annotations))


# ------------------------------------------------------------------------------------- groups

_live_annotation = ANNOTATIONS.c.deleted.is_(False)


def _without_repeats(changes: Sequence[Change]) -> Iterator[list[Change]]:
    group: list[Change] = []
    keys: set[str] = set()
    for change in changes:
        if change.key in keys:
            yield group
            group, keys = [], set()
        group.append(change)
        keys.add(change.key)
    if group:
        yield group


def _apply_group(
    connection: Connection, group: list[Change], hold_out: float, sweep: int | None
) -> Applied:
    known = _known_items(connection, group)
    fresh = {
        c.key: c
        for c in group
        if not _stale(c, known[c.key].snapshot_at if c.key in known else None)
    }
    new_items = _insert_items(
        connection,
        [c for c in group if c.key not in known and (c.annotations or not c.removed)],
        hold_out,
        sweep or 0,
    )
    changed, removed = _update_items(
        connection, [(c, known[c.key]) for c in fresh.values() if c.key in known]
    )
    known = _known_items(connection, group)
    counts = _apply_annotations(connection, group, fresh.keys(), known, sweep)
    if sweep is not None:
        seen = [known[c.key].id for c in group if not c.removed]
        for chunk in chunked(seen):
            connection.execute(update(items).where(items.c.id.in_(chunk)).values(sweep=sweep))
    return counts + Applied(new_items=new_items, changed_items=changed, removed_items=removed)


def _stale(change: Change, snapshot_at: datetime | None) -> bool:
    return (
        change.complete
        and change.as_of is not None
        and snapshot_at is not None
        and change.as_of < snapshot_at
    )


def _known_items(connection: Connection, group: Sequence[Change]) -> dict[str, Any]:
    columns = (
        items.c.id,
        items.c.key,
        items.c.fingerprint,
        items.c.removed,
        items.c.queued,
        items.c.snapshot_at,
    )
    found = {}
    for chunk in chunked(c.key for c in group):
        for row in connection.execute(select(*columns).where(items.c.key.in_(chunk))):
            found[row.key] = row
    return found


# ------------------------------------------------------------------------------------- items


def _content(change: Change) -> dict[str, Any]:
    item = change.item
    if item is None:  # an answer came before its item: keep a place for it, out of every pool
        return {"kind": "unknown", "text": None, "url": None, "meta": {}, "fingerprint": ""}
    return {
        "kind": item.kind,
        "text": item.text,
        "url": item.url,
        "meta": dict(item.meta),
        "fingerprint": item.fingerprint,
    }


def _insert_items(
    connection: Connection, changes: Sequence[Change], hold_out: float, sweep: int
) -> int:
    rows = []
    seq = _counter(connection, "item_seq")
    for change in changes:
        seq += 1
        draw = draw_of(change.key)
        rows.append(
            {
                "key": change.key,
                **_content(change),
                "seq": seq,
                "draw": draw,
                "hold_out": draw < hold_out * DRAW_RANGE,
                "removed": change.removed,
                "queued": change.queued,
                "answered": False,
                "snapshot_at": change.as_of if change.complete else None,
                "sweep": sweep,
            }
        )
    if rows:
        connection.execute(insert(items), rows)
        set_state(connection, "item_seq", str(seq))
    return len(rows)


def _update_items(connection: Connection, pairs: Sequence[tuple[Change, Any]]) -> tuple[int, int]:
    seq = _counter(connection, "item_seq")
    updates: list[dict[str, Any]] = []
    changed = removed = 0
    for change, row in pairs:
        values: dict[str, Any] = {}
        if change.item is not None and change.item.fingerprint != row.fingerprint:
            seq += 1
            values |= {**_content(change), "seq": seq}
        if change.removed != row.removed:
            values["removed"] = change.removed
            removed += change.removed
        if change.queued is not None and change.queued != row.queued:
            values["queued"] = change.queued
        if values.keys() - {"queued"} and not change.removed:
            changed += 1
        if change.complete and change.as_of is not None and change.as_of != row.snapshot_at:
            values["snapshot_at"] = change.as_of
        if values:
            updates.append({"id": row.id, **values})
    for values in updates:
        row_id = values.pop("id")
        connection.execute(update(items).where(items.c.id == row_id).values(**values))
    set_state(connection, "item_seq", str(seq))
    return changed, removed


# ------------------------------------------------------------------------------------- annotations


def _apply_annotations(
    connection: Connection,
    group: Sequence[Change],
    fresh: Iterable[str],
    known: Mapping[str, Any],
    sweep: int | None,
) -> Applied:
    told = {a.id: a for c in group for a in c.annotations or ()}
    fresh_keys = set(fresh)
    complete = {c.key: c for c in group if c.complete and c.key in fresh_keys}
    stored = _stored_annotations(connection, told, [known[key].id for key in complete])
    snapshots = {row.id: row.snapshot_at for row in known.values()}

    inserts: list[Annotation] = []
    updates: list[tuple[int, Annotation]] = []
    for annotation in told.values():
        row = stored.get(annotation.id)
        item = known[annotation.item_key]
        if row is None:
            if annotation.item_key in fresh_keys or not _deleted_by(annotation, item.snapshot_at):
                inserts.append(annotation)
        elif row.deleted:
            # Told by the newest complete change, or newer than the deletion: it is back.
            newer = annotation.order > _order(row) and not _deleted_by(annotation, item.snapshot_at)
            if annotation.item_key in complete or newer or snapshots.get(row.item_id) is None:
                updates.append((row.id, annotation))
        elif annotation.order > _order(row):
            updates.append((row.id, annotation))
    # In a full pull deletions wait for its end, where their number is looked at.
    gone = [
        row.id
        for row in stored.values()
        if sweep is None
        and not row.deleted
        and row.annotation_id not in told
        and (change := complete.get(row.item_key)) is not None
        and not (row.updated_at and change.as_of and row.updated_at > change.as_of)
    ]
    changed = [a for _, a in updates]
    touched = {known[a.item_key].id for a in (*inserts, *changed)}
    touched |= {row.item_id for row in stored.values() if row.id in set(gone)}
    _write_annotations(connection, inserts, updates, known, sweep or 0)
    _tombstone(connection, gone)
    if sweep is not None:
        _mark_seen(connection, [stored[a].id for a in told if a in stored], sweep)
    _mark_answered(connection, touched)
    return Applied(
        new_annotations=len(inserts),
        changed_annotations=len(updates),
        deleted_annotations=len(gone),
    )


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
        ANNOTATIONS.c.deleted,
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
    seq = _counter(connection, "annotation_seq")
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


def _tombstone(connection: Connection, row_ids: Sequence[int]) -> None:
    seq = _counter(connection, "annotation_seq")
    for row_id in row_ids:
        seq += 1
        connection.execute(
            update(ANNOTATIONS).where(ANNOTATIONS.c.id == row_id).values(deleted=True, seq=seq)
        )
    if row_ids:
        set_state(connection, "annotation_seq", str(seq))


def _mark_seen(connection: Connection, row_ids: Sequence[int], sweep: int) -> None:
    for chunk in chunked(row_ids):
        connection.execute(
            update(ANNOTATIONS).where(ANNOTATIONS.c.id.in_(chunk)).values(sweep=sweep)
        )


def _mark_answered(connection: Connection, item_ids: Iterable[int]) -> None:
    answer = exists().where(ANNOTATIONS.c.item_id == items.c.id, _live_annotation)
    for chunk in chunked(item_ids):
        connection.execute(update(items).where(items.c.id.in_(chunk)).values(answered=answer))


def _items_of(connection: Connection, annotation_ids: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for chunk in chunked(annotation_ids):
        query = select(ANNOTATIONS.c.item_id).where(ANNOTATIONS.c.id.in_(chunk))
        found.update(row.item_id for row in connection.execute(query))
    return found


def _counter(connection: Connection, name: str) -> int:
    return int(get_state(connection, name) or 0)
