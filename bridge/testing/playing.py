"""Batches to push and pages to apply, for tests of adapters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from bridge.platforms import Platform
from bridge.records import (
    Annotation,
    Batch,
    Change,
    Classes,
    Item,
    Page,
    Prediction,
    QueueItem,
    digest,
)

__all__ = [
    "CLASSES",
    "batch_of",
    "chosen",
    "cursor_of",
    "queue_up",
    "relabel_of",
    "replay",
    "texts",
]

CLASSES = ("ham", "no", "späm")  # "no" must stay text in every format; one is not ASCII


def replay(
    pages: Iterable[Page],
) -> tuple[dict[str, Item], dict[str, Annotation], dict[str, Change]]:
    """Apply pages in order, as a store would: items, annotations by id, last change by key."""
    items: dict[str, Item] = {}
    annotations: dict[str, Annotation] = {}
    last: dict[str, Change] = {}
    for change in (change for page in pages for change in page.changes):
        last[change.key] = change
        if change.item is not None:
            items[change.key] = change.item
        if change.complete:
            gone = [a.id for a in annotations.values() if a.item_key == change.key]
            for annotation_id in gone:
                del annotations[annotation_id]
        for annotation in change.annotations or ():
            known = annotations.get(annotation.id)
            if known is None or known.order <= annotation.order:
                annotations[annotation.id] = annotation
    return items, annotations, last


def batch_of(items: Sequence[Item], classes: Sequence[str], *, model: str | None = "m-1") -> Batch:
    """Make a batch of items in this order; every third is of the hold-out, without prediction."""
    entries = []
    for rank, item in enumerate(items):
        hold_out = rank % 3 == 2
        prediction = None
        if model is not None and not hold_out:
            top = classes[rank % len(classes)]
            rest = 0.3 / max(1, len(classes) - 1)
            probabilities = {name: 0.7 if name == top else rest for name in classes}
            prediction = Prediction(
                item_key=item.key, model_version=model, probabilities=probabilities, uncertainty=0.6
            )
        entries.append(
            QueueItem(
                item=item,
                rank=rank,
                score=0.6,
                source="random" if hold_out else "uncertain",
                reason="a reason",
                hold_out=hold_out,
                prediction=prediction,
            )
        )
    return Batch(
        id=digest([item.key for item in items])[:12],
        created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        model_version=model,
        items=tuple(entries),
    )


def relabel_of(item: Item) -> Batch:
    """Make a batch that asks once more for an item that has an answer."""
    entry = QueueItem(item=item, rank=0, score=1.0, source="relabel", reason="answers differ")
    return Batch(
        id=digest(["again", item.key])[:12],
        created_at=datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC),
        model_version="m-1",
        items=(entry,),
    )


def texts(n: int) -> list[Item]:
    """Make n items with keys ``key-0``, ``key-1`` …; not all of their text is ASCII."""
    return [Item(key=f"key-{i}", text=f"Text number {i}, with ünïcode 😀") for i in range(n)]


def chosen(annotation: Annotation) -> tuple[str, ...]:
    """Return the classes that an answer names."""
    assert isinstance(annotation.value, Classes)
    return annotation.value.chosen


def queue_up(platform: Platform, items: Sequence[Item], *, model: str | None = "m-1") -> Batch:
    """Push a batch of these items, in this order."""
    batch = batch_of(items, CLASSES, model=model)
    platform.push(batch, platform.schema())
    return batch


def cursor_of(pages: Iterable[Page], before: str | None = None) -> str | None:
    """Return the cursor that a store would have after these pages."""
    cursor = before
    for page in pages:
        cursor = page.cursor if page.cursor is not None else cursor
    return cursor
