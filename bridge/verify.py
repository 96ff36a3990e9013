"""``bridge verify``: does the store say what the platform says? Changes nothing anywhere.

Everything is pulled once more and compared with what is stored; ``bridge sync --full`` repairs what
differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from bridge.config import Settings
from bridge.platforms import Platform
from bridge.progress import Progress, Silent
from bridge.records import Record
from bridge.store import tables
from bridge.store.batches import queue
from bridge.store.database import Store
from bridge.sync import locked, store_of

__all__ = ["Difference", "Verification", "verify"]

SHOWN = 100  # differences that are named; all are counted


class Difference(Record):
    """One thing on which store and platform do not agree.

    Attributes:
        item: its key.
        what: ``answer missing here``, ``answer missing there``, ``answer differs``,
            ``item missing here``, ``item missing there`` or ``not queued there``.
        detail: for people.
    """

    item: str
    what: str
    detail: str


class Verification(Record):
    """What a comparison of the store with the platform found.

    Attributes:
        items: items on the platform.
        annotations: answers on the platform.
        counts: kind of difference -> how many.
        differences: the first of them.
    """

    items: int
    annotations: int
    counts: dict[str, int]
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether store and platform agree."""
        return not self.counts


@dataclass
class _Platform:
    """What the platform has: answers by id, keys of items, keys that it says are not queued."""

    answers: dict[str, tuple[str, str]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    idle: set[str] = field(default_factory=set)


def verify(
    settings: Settings, platform: Platform, progress: Progress | None = None
) -> Verification:
    """Compare the store with the platform.

    Raises:
        Locked: a run is at work, which would change what is compared.
        BridgeError: the platform does not answer.
    """
    with locked(settings) as guard, store_of(settings, guard) as store:
        theirs = _pulled(platform, progress or Silent())
        found: dict[str, int] = {}
        shown: list[Difference] = []
        for difference in _differences(store, theirs):
            found[difference.what] = found.get(difference.what, 0) + 1
            if len(shown) < SHOWN:
                shown.append(difference)
    return Verification(
        items=len(theirs.keys),
        annotations=len(theirs.answers),
        counts=found,
        differences=tuple(shown),
    )


def _pulled(platform: Platform, progress: Progress) -> _Platform:
    found = _Platform()
    for page in progress.track(platform.pull(None), "pages"):
        for change in page.changes:
            if change.removed:
                found.keys.discard(change.key)
                continue
            found.keys.add(change.key)
            if change.queued is False:
                found.idle.add(change.key)
            elif change.queued:
                found.idle.discard(change.key)
            for annotation in change.annotations or ():
                found.answers[annotation.id] = (change.key, annotation.digest)
    return found


def _differences(store: Store, theirs: _Platform) -> Iterator[Difference]:
    items, annotations = tables.items, tables.annotations
    query = (
        select(annotations.c.annotation_id, annotations.c.digest, items.c.key)
        .join(items, items.c.id == annotations.c.item_id)
        .where(annotations.c.deleted.is_(False), items.c.removed.is_(False))
    )
    unseen = dict(theirs.answers)
    with store.begin() as connection:
        for row in connection.execute(query):
            there = unseen.pop(row.annotation_id, None)
            if there is None:
                yield Difference(
                    item=row.key, what="answer missing there", detail=row.annotation_id
                )
            elif there[1] != row.digest:
                yield Difference(item=row.key, what="answer differs", detail=row.annotation_id)
        for annotation_id, (key, _) in unseen.items():
            yield Difference(item=key, what="answer missing here", detail=annotation_id)
        known = set()
        for row in connection.execute(select(items.c.key).where(items.c.removed.is_(False))):
            known.add(row.key)
            if row.key not in theirs.keys:
                yield Difference(item=row.key, what="item missing there", detail="")
        for key in sorted(theirs.keys - known):
            yield Difference(item=key, what="item missing here", detail="")
        answered = {key for key, _ in theirs.answers.values()}
        for queued in queue(connection):
            if queued.entry.item.key in theirs.idle - answered:
                detail = f"batch {queued.batch_id}"
                yield Difference(item=queued.entry.item.key, what="not queued there", detail=detail)


def _answer(row: Any, what: str) -> Difference:
    return Difference(item=row.key, what=what, detail=row.annotation_id)
