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
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bridge.records import Change, Page
from bridge.store import tables
from bridge.store.answers import Place, apply_annotations, mark_answered, tombstone
from bridge.store.database import counter, set_state
from bridge.store.rows import Applied, chunked, write_rows
from bridge.store.sweep import Sweep, Unseen
from bridge.store.tables import items

__all__ = [
    "DRAW_RANGE",
    "Applied",
    "apply_page",
    "chunked",
    "draw_of",
    "finish_sweep",
]

ANNOTATIONS = tables.annotations

DRAW_RANGE = 2**62


def draw_of(key: str) -> int:
    """Return the item's lot in [0, 2**62): uniform, fixed by the key alone, known to no model."""
    lot = hashlib.blake2b(key.encode(), digest_size=8, person=b"bridge-draw").digest()
    return int.from_bytes(lot, "big") >> 2


def apply_page(
    connection: Connection, page: Page, *, hold_out: float, sweep: Sweep | None = None
) -> Applied:
    """Apply one page of changes.

    Args:
        hold_out: share in [0, 1] of new items that is reserved for the hold-out.
        sweep: of the full pull that this page belongs to; what it has is marked as seen.
    """
    applied = Applied()
    for group in _without_repeats(page.changes):
        applied += _apply_group(connection, group, hold_out, sweep)
    return applied


def finish_sweep(connection: Connection, missing: Mapping[str, Unseen]) -> Applied:
    """Delete what a finished full pull did not see: items and annotations, as tombstones."""
    answers, gone = missing["answers"].ids, missing["items"].ids
    tombstone(connection, answers)
    for chunk in chunked(gone):
        connection.execute(
            update(items).where(items.c.id.in_(chunk)).values(removed=True, queued=None)
        )
    mark_answered(connection, _items_of(connection, answers))
    return Applied(removed_items=len(gone), deleted_annotations=len(answers))


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
    connection: Connection, group: list[Change], hold_out: float, sweep: Sweep | None
) -> Applied:
    known = _known_items(connection, group)
    # An item that is gone, was never known and has no answers needs no row.
    group = [c for c in group if c.key in known or c.annotations or not c.removed]
    fresh = {
        c.key: c
        for c in group
        if sweep is not None or not _stale(c, known[c.key].snapshot_at if c.key in known else None)
    }
    new = [c for c in group if c.key not in known]
    made = _insert_items(connection, new, hold_out)
    changed, removed = _update_items(
        connection, [(c, known[c.key]) for c in fresh.values() if c.key in known]
    )
    if sweep is not None:
        sweep.items.add(known[c.key].id for c in group if c.key in known and not c.removed)
    told = [c for c in group if _tells_of_answers(c, known)]
    places = {c.key: _place(c, known.get(c.key), c.key in fresh, made) for c in told}
    counts = apply_annotations(connection, told, fresh.keys(), places, sweep)
    return counts + Applied(new_items=len(new), changed_items=changed, removed_items=removed)


def _tells_of_answers(change: Change, known: Container[str]) -> bool:
    """Whether there is anything to do: nobody can have deleted an answer on a new item."""
    told = change.complete or change.annotations is not None
    return bool(change.annotations) or (told and change.key in known)


def _place(change: Change, row: Any | None, fresh: bool, made: Mapping[str, int]) -> Place:
    """Return where the answers of a change go, as it is with this change."""
    if row is None:
        return Place(made[change.key], change.as_of if change.complete else None, new=True)
    told = fresh and change.complete and change.as_of is not None
    return Place(row.id, change.as_of if told else row.snapshot_at, new=False)


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
    connection: Connection, changes: Sequence[Change], hold_out: float
) -> dict[str, int]:
    """Write new items; return key -> row id if any of them has an answer."""
    if not changes:
        return {}
    rows = []
    before = counter(connection, "item_seq")
    for seq, change in enumerate(changes, start=before + 1):
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
                "answered": bool(change.annotations),  # looked at when they are written
                "snapshot_at": change.as_of if change.complete else None,
            }
        )
    connection.execute(insert(items), rows)
    set_state(connection, "item_seq", str(before + len(rows)))
    if not any(change.annotations for change in changes):
        return {}
    found = connection.execute(select(items.c.key, items.c.id).where(items.c.seq > before))
    return {row.key: row.id for row in found}


def _update_items(connection: Connection, pairs: Sequence[tuple[Change, Any]]) -> tuple[int, int]:
    if not pairs:
        return 0, 0
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
    if updates:
        write_rows(connection, items, updates)
        set_state(connection, "item_seq", str(seq))
    return changed, removed


def _items_of(connection: Connection, annotation_ids: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for chunk in chunked(annotation_ids):
        query = select(ANNOTATIONS.c.item_id).where(ANNOTATIONS.c.id.in_(chunk))
        found.update(row.item_id for row in connection.execute(query))
    return found
