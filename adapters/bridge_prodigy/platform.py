"""One Prodigy dataset, its pool file and its queue file as a platform."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bridge.errors import BridgeError
from bridge.platforms import Capabilities, Finding, PushReport, Refusal
from bridge.records import Batch, LabelClass, LabelSchema, Page, QueueItem, TaskType
from bridge_prodigy.component import Component
from bridge_prodigy.database import Database
from bridge_prodigy.exports import Export
from bridge_prodigy.hashes import input_hash
from bridge_prodigy.logs import AnswerLog
from bridge_prodigy.pull import Pull
from bridge_prodigy.queue import merged, read_queue, write_queue
from bridge_prodigy.settings import ProdigySettings
from bridge_prodigy.source import Source
from bridge_prodigy.tasks import as_task, preselected
from bridge_prodigy.values import Reading

__all__ = ["Prodigy", "connect"]

_MANUAL_TASKS: dict[str, TaskType] = {
    "ner_manual": "spans",
    "spans_manual": "spans",
    "image_manual": "boxes",
}


def _log(settings: ProdigySettings) -> AnswerLog:
    if settings.export is not None:
        return Export(settings.export, largest=settings.row_bytes)
    if settings.component:
        return Component(settings.dataset)
    return Database(settings.url(), settings.dataset, largest=settings.row_bytes)


def _schema(settings: ProdigySettings) -> LabelSchema:
    """Prodigy keeps no schema; the settings are it."""
    names = settings.classes
    task = _MANUAL_TASKS.get(settings.view)
    if task is None:
        # One binary question without a name for its "no" is a multi-label task of one class.
        binary = settings.view == "classification" and settings.negative is None
        task = "multi" if settings.multi or binary else "single"
    if settings.negative is not None:
        names = (*names, settings.negative)
    classes = tuple(LabelClass(id=name, name=name) for name in names)
    return LabelSchema(task=task, question=settings.view, classes=classes)


class Prodigy:
    """The platform protocol over a pool file, Prodigy's saved answers, and the queue file.

    Args:
        settings: where these are.
    """

    def __init__(self, settings: ProdigySettings) -> None:
        self._settings = settings
        self._schema = _schema(settings)
        self._source = Source(settings.source, settings.key_field, largest=settings.row_bytes)
        self._log = _log(settings)
        self._queue_calls = 0

    @property
    def project(self) -> str:
        """``prodigy:`` and the dataset's name."""
        return f"prodigy:{self._settings.dataset}"

    @property
    def capabilities(self) -> Capabilities:
        """Answers of every kind; predictions can be shown where options are ticked."""
        return Capabilities(
            tasks=frozenset({"single", "multi", "spans", "boxes"}),
            pre_annotations=self._settings.view == "choice",
            ranking="exact",
            deletions="full pull",
            annotators=True,
            relabels=True,
        )

    @property
    def calls(self) -> int:
        """File and database reads so far."""
        return self._source.calls + self._log.calls + self._queue_calls

    def schema(self) -> LabelSchema:
        """Return the label schema that the settings describe."""
        return self._schema

    def pull(self, cursor: str | None) -> Iterator[Page]:
        """Yield what changed since the cursor: pool rows, then answers."""
        return self._pull().pages(cursor)

    def _pull(self) -> Pull:
        known = self._settings
        reading = Reading(known.dataset, self._schema, known.negative)
        return Pull(self._source, self._log, known.queue, reading, known.key_field)

    # ------------------------------------------------------------------------------- pushing

    def push(self, batch: Batch, schema: LabelSchema) -> PushReport:
        """Merge the batch into the queue file by rank."""
        queued = self._queued()
        kept, refused = self._still_there(batch.items)
        tasks = [self._task(entry, schema, batch.id) for entry in kept]
        return self._written(merged(queued, tasks), kept, schema, refused)

    def rerank(self, queue: Sequence[QueueItem], schema: LabelSchema) -> PushReport:
        """Rewrite the queue file: these items only, in this order, with these predictions."""
        batches = {task["bridge_key"]: task.get("bridge_batch", "") for task in self._queued()}
        kept, refused = self._still_there(queue)
        tasks = [self._task(entry, schema, batches.get(entry.item.key, "")) for entry in kept]
        return self._written(tasks, kept, schema, refused)

    def _queued(self) -> list[dict[str, Any]]:
        self._queue_calls += 1
        return read_queue(self._settings.queue)[0]

    def _task(self, entry: QueueItem, schema: LabelSchema, batch_id: str) -> dict[str, Any]:
        return as_task(entry, self._settings.view, schema, batch_id)

    def _still_there(
        self, entries: Sequence[QueueItem]
    ) -> tuple[list[QueueItem], tuple[Refusal, ...]]:
        """Split off items that the pool file has no longer: their owner took them back."""
        present = self._source.present({entry.item.key for entry in entries})
        why = f"{self._settings.source.name} does not have it any more"
        gone = [entry.item.key for entry in entries if entry.item.key not in present]
        kept = [entry for entry in entries if entry.item.key in present]
        return kept, tuple(Refusal(key=key, why=why) for key in gone)

    def _written(
        self,
        tasks: list[dict[str, Any]],
        kept: Sequence[QueueItem],
        schema: LabelSchema,
        refused: tuple[Refusal, ...],
    ) -> PushReport:
        self._queue_calls += 1
        write_queue(self._settings.queue, tasks)
        shown = {task["bridge_key"] for task in tasks if task.get("accept")}
        odd = [
            Refusal(key=e.item.key, why="its prediction names no class of the schema", fatal=False)
            for e in kept
            if e.prediction is not None
            and not e.hold_out
            and not preselected(e, schema)
            and e.prediction.chosen(schema.task)
        ]
        return PushReport(
            accepted=len(kept),
            pre_annotated=sum(entry.item.key in shown for entry in kept),
            refused=(*refused, *(odd if self.capabilities.pre_annotations else ())),
        )

    # ------------------------------------------------------------------------------ checking

    def check(self) -> Iterator[Finding]:
        """Try the pool file, the answers, the queue's folder, the hashes and the classes."""
        yield self._source_finding()
        answers = list(self._log.check())
        yield from answers
        yield _queue_finding(self._settings.queue)
        yield _hash_finding()
        if all(finding.ok for finding in answers):
            yield self._classes_finding()

    def _source_finding(self) -> Finding:
        try:
            n = self._source.count()
        except BridgeError as error:
            return Finding(name="source", ok=False, detail=error.what, fix=error.fix)
        return Finding(name="source", ok=True, detail=f"{self._settings.source} has {n} items.")

    def _classes_finding(self) -> Finding:
        """Compare question and classes with the answers that there are."""
        try:
            found = self._pull().survey()
        except BridgeError as error:
            return Finding(name="classes", ok=False, detail=error.what, fix=error.fix)
        others = ", ".join(f"{n} of '{view}'" for view, n in found.others.most_common())
        if unknown := sorted(found.names - set(self._schema.names)):
            return Finding(
                name="classes",
                ok=False,
                detail=f"Answers name classes that platform.classes lacks: {', '.join(unknown)}.",
                fix="Add them to platform.classes, or leave those answers out of training.",
            )
        if others and not found.read:
            return Finding(
                name="classes",
                ok=False,
                detail=f"No answer is one to '{self._schema.question}'; there are {others}.",
                fix="Correct platform.view, or platform.dataset.",
            )
        detail = f"{self._schema.task}: {', '.join(self._schema.names)}."
        if others:
            detail += f" Answers to other questions are left out: {others}."
        return Finding(name="classes", ok=True, detail=detail)

    def close(self) -> None:
        """Do nothing: no connection stays open between calls."""


def _queue_finding(queue: Path) -> Finding:
    folder = queue.parent
    if not folder.is_dir():
        detail, fix = f"The folder {folder} does not exist.", f"Make it: mkdir -p {folder}"
        return Finding(name="queue", ok=False, detail=detail, fix=fix)
    if not os.access(folder, os.W_OK | os.X_OK):
        detail = f"The folder {folder} cannot be written to."
        return Finding(name="queue", ok=False, detail=detail, fix="Correct its permissions.")
    try:
        tasks, damaged = read_queue(queue)
    except BridgeError as error:
        return Finding(name="queue", ok=False, detail=error.what, fix=error.fix)
    if damaged:
        detail = f"{queue} has {damaged} damaged lines."
        return Finding(name="queue", ok=False, detail=detail, fix="The next sync rewrites it.")
    return Finding(name="queue", ok=True, detail=f"{queue} has {len(tasks)} tasks.")


def _hash_finding() -> Finding:
    try:
        input_hash({"text": "a text"})
    except BridgeError as error:
        return Finding(name="hashes", ok=False, detail=error.what, fix=error.fix)
    return Finding(name="hashes", ok=True, detail="Prodigy's hashes can be computed.")


def connect(settings: ProdigySettings) -> Prodigy:
    """Make the platform from its settings; reads nothing yet."""
    return Prodigy(settings)
