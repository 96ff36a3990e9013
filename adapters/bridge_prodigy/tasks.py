"""Queue items as Prodigy tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.records import LabelSchema, QueueItem
from bridge_prodigy.hashes import input_hash, question_hash
from bridge_prodigy.settings import View

__all__ = ["as_task", "preselected"]

_CHOICE_STYLE = {"single": "single", "multi": "multiple"}


def preselected(entry: QueueItem, schema: LabelSchema) -> tuple[str, ...]:
    """Classes to show pre-selected: the predicted ones that the schema has, none for hold-outs."""
    if entry.prediction is None or entry.hold_out:
        return ()
    return tuple(c for c in entry.prediction.chosen(schema.task) if c in schema.names)


def _content(entry: QueueItem) -> dict[str, Any]:
    item = entry.item
    return {"text": item.text} if item.kind == "text" else {"image": item.url}


def _shown_meta(entry: QueueItem) -> dict[str, Any]:
    own = entry.item.meta.get("meta")
    meta: dict[str, Any] = dict(own) if isinstance(own, Mapping) else {}
    meta |= {"score": round(entry.score, 4), "rank": entry.rank}
    if entry.prediction is not None and not entry.hold_out:
        meta["model"] = entry.prediction.model_version
    return meta


def as_task(entry: QueueItem, view: View, schema: LabelSchema, batch_id: str) -> dict[str, Any]:
    """Return the task that asks about one item, as one line of the queue file.

    ``choice`` has the options and the pre-selected ones in ``accept``; ``classification`` has the
    one ``label`` that is asked about; the manual views have the bare content. A task that asks
    again is another question to Prodigy, and says so in ``bridge_relabel``.
    """
    content = _content(entry)
    label = schema.names[0] if view == "classification" else None
    task: dict[str, Any] = {**entry.item.meta, **content}
    task |= {"bridge_key": entry.item.key, "bridge_batch": batch_id}
    task["_input_hash"] = input_hash(content)
    again = batch_id if entry.source == "relabel" else None
    if again is not None:
        task["bridge_relabel"] = again
    task["_task_hash"] = question_hash(task["_input_hash"], entry.item.key, label, again)
    task["meta"] = _shown_meta(entry)
    if label is not None:
        task["label"] = label
    if view == "choice":
        task["options"] = [{"id": name, "text": name} for name in schema.names]
        task["config"] = {"choice_style": _CHOICE_STYLE[schema.task]}
        if chosen := preselected(entry, schema):
            task["accept"] = list(chosen)
    return task
