"""Applies pulled changes to items and annotations, so that order and repetition do not matter.

Rules, each of which takes the greater of two things and is therefore free of order:

* of two versions of one annotation the one with the greater ``Annotation.order`` holds;
* of two complete changes of one item the one with the later ``as_of`` holds, and an annotation that
  it lacks is deleted, unless that annotation changed after ``as_of``;
* a deleted annotation comes back only with a version that is newer than its deletion.

A full pull stands above these rules: it says what the platform has now, and times that say
otherwise were told by a clock that was wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, func, insert, select, update

from bridge.records import Change, Page
from bridge.store import tables
from bridge.store.answers import apply_annotations, live, mark_answered, tombstone
from bridge.store.database import counter, set_state
from bridge.store.rows import Applied, chunked
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


def draw_of(key: str) -> int:
    """Return the item's lot in [0, 2**62): uniform, fixed by the key alone, known to no model."""
    lot = hashlib.blake2b(key.encode(), digest_size=8, person=b"bridge-draw").digest()
    return int.from_bytes(lot, "big") >> 2


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


def missing_from_sweep(connection: Connection, sweep: int) -> dict[str, tuple[int, int]]:
    """Return how many answers and items a finished full pull did not see, of how many."""
    answers = select(func.count()).select_from(ANNOTATIONS).where(live)
    there = select(func.count()).select_from(items).where(items.c.removed.is_(False))
    return {
        "answers": (
            connection.scalar(answers.where(ANNOTATIONS.c.sweep != sweep)) or 0,
            connection.scalar(answers) or 0,
        ),
        "items": (
            connection.scalar(there.where(items.c.sweep != sweep)) or 0,
            connection.scalar(there) or 0,
        ),
    }


def finish_sweep(connection: Connection, sweep: int) -> Applied:
    """Delete what a finished full pull did not see: items and annotations, as tombstones."""
    gone_annotations = [
        row.id
        for row in connection.execute(
            select(ANNOTATIONS.c.id).where(live, ANNOTATIONS.c.sweep != sweep)
        )
    ]
    tombstone(connection, gone_annotations)
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
    mark_answered(connection, _items_of(connection, gone_annotations))
    return Applied(removed_items=len(gone_items), deleted_annotations=len(gone_annotations))


# ------------------------------------------------------------------------------------- groups


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
    # An item that is gone, was never known and has no answers needs no row.
    group = [c for c in group if c.key in known or c.annotations or not c.removed]
    fresh = {
        c.key: c
        for c in group
        if sweep is not None or not _stale(c, known[c.key].snapshot_at if c.key in known else None)
    }
    new_items = _insert_items(
        connection,
        [c for c in group if c.key not in known],
        hold_out,
        sweep or 0,
    )
    changed, removed = _update_items(
        connection, [(c, known[c.key]) for c in fresh.values() if c.key in known]
    )
    written = [c for c in group if c.key not in known or (c.complete and c.key in fresh)]
    known |= _known_items(connection, written)  # their ids and times are told now
    counts = apply_annotations(connection, group, fresh.keys(), known, sweep)
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
    seq = counter(connection, "item_seq")
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
    seq = counter(connection, "item_seq")
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
            if not change.removed and "seq" not in values:
                seq += 1  # it may have been gone when its content was to be encoded
                values["seq"] = seq
        if change.queued is not None and change.queued != row.queued:
            values["queued"] = change.queued
        if values.keys() - {"queued"} and not change.removed:
            changed += 1
        if change.complete and change.as_of is not None and change.as_of != row.snapshot_at:
            values["snapshot_at"] = change.as_of
        if values:
            updates.append({"id": row.id, **values})
    _write_items(connection, updates)
    set_state(connection, "item_seq", str(seq))
    return changed, removed


def _write_items(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write some columns of items, of each row ``id`` and others; alike rows go together."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        alike.setdefault(tuple(name for name in row if name != "id"), []).append(row)
    for names, group in alike.items():
        statement = (
            update(items)
            .where(items.c.id == bindparam("row_id"))
            .values({name: bindparam(name) for name in names})
        )
        told = [{"row_id": row["id"]} | {name: row[name] for name in names} for row in group]
        connection.execute(statement, told)


def _items_of(connection: Connection, annotation_ids: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for chunk in chunked(annotation_ids):
        query = select(ANNOTATIONS.c.item_id).where(ANNOTATIONS.c.id.in_(chunk))
        found.update(row.item_id for row in connection.execute(query))
    return found
