"""Pull: tasks that changed, each with all its annotations, as pages of changes."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

from pydantic import ValidationError

from bridge.errors import AuthError, PlatformError
from bridge.records import Annotation, Change, Item, Page, Problem
from bridge_labelstudio import cursor as cursors
from bridge_labelstudio.client import Client
from bridge_labelstudio.labels import Unreadable, annotation_of
from bridge_labelstudio.queue import queue_version
from bridge_labelstudio.schema import Question
from bridge_labelstudio.settings import LabelStudioSettings
from bridge_labelstudio.tasks import changed_tasks, key_of, number_of, tasks_by_key, users_of
from bridge_labelstudio.wire import Project, Task

__all__ = ["item_of", "pull"]


def pull(
    client: Client,
    settings: LabelStudioSettings,
    project: Project,
    question: Question,
    cursor: str | None,
) -> Iterator[Page]:
    """Yield the pages of one pull, in the order of the tasks' last change.

    The cursor never passes the server's clock at the start, since a task may be stored with a time
    that lies before that of one that was read; the next pull reaches back behind it, too.
    """
    known = cursors.load(cursor)
    since = None if known is None else known - timedelta(minutes=settings.overlap_minutes)
    version = queue_version(client, settings, project)
    users = _users(client)
    started, seen = None, known
    with closing(_Keys()) as keys:
        reader = _Reader(client, settings, question, version, users, keys, exact=known is None)
        for batch in changed_tasks(client, settings.project, since, settings.page_tasks):
            started = started or batch.date
            seen = max((t for t in (seen, *(x.updated_at for x in batch.tasks)) if t), default=None)
            changes, problems = reader.read(batch.tasks)
            for unread in batch.unread:  # it is there: what was read of it must not look deleted
                key = key_of(unread, settings.key_field)
                changes.setdefault(key, Change(key=key, annotations=(), complete=False))
            so_far = seen if started is None or seen is None else min(seen, started)
            yield Page(
                changes=tuple(changes.values()),
                problems=(*batch.problems, *problems),
                cursor=cursors.dump(so_far),
            )
    yield Page(cursor=cursors.dump(started or seen))


def _users(client: Client) -> dict[int, str]:
    """Return e-mail addresses by user id; none where this key may not see them."""
    try:
        return users_of(client)
    except AuthError:
        return {}


class _Keys:
    """Which task has which key, on disk, so that memory does not grow with the pool."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("")
        self._database.execute("CREATE TABLE keys (key TEXT PRIMARY KEY, task INTEGER)")

    def close(self) -> None:
        """Delete what was noted."""
        self._database.close()

    def other(self, key: str, task: int) -> int | None:
        """Return another task that this pull met with this key, None if there is none."""
        if number_of(key) is not None:
            return None
        try:
            self._database.execute("INSERT OR IGNORE INTO keys VALUES (?, ?)", (key, task))
            row = self._database.execute("SELECT task FROM keys WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise PlatformError(
                f"The scratch database for keys failed: {error}.",
                "Free space in the folder for temporary files, or set TMPDIR to another one.",
            ) from None
        return None if row[0] == task else int(row[0])


@dataclass(frozen=True)
class _Reader:
    """Makes changes of tasks.

    Attributes:
        version: the model version whose predictions are the queue.
        users: e-mail addresses by user id.
        keys: the keys that this pull met.
        exact: this pull tells everything, so that tasks of the same key are found among its own.
    """

    client: Client
    settings: LabelStudioSettings
    question: Question
    version: str | None
    users: Mapping[int, str]
    keys: _Keys
    exact: bool

    def read(self, tasks: Sequence[Task]) -> tuple[dict[str, Change], list[Problem]]:
        """Return the changes of a page by key, and what cannot be read."""
        changes: dict[str, Change] = {}
        problems: list[Problem] = []
        doubled = set() if self.exact else self._doubled(tasks)
        for task in tasks:
            change, found = self._change(task)
            problems += found
            twin = self.keys.other(change.key, task.id)
            if twin is not None or change.key in doubled:
                problems.append(_twice(change.key, task.id))
                change = change.model_copy(update={"complete": False})
                if change.key in changes:
                    change = _both(changes[change.key], change)
            changes[change.key] = change
        return changes, problems

    def _doubled(self, tasks: Sequence[Task]) -> set[str]:
        """Return the keys of answered tasks that other tasks have, too.

        Only these can do harm: the answers of one would look like the deletion of the other's.
        """
        keys = [key_of(task, self.settings.key_field) for task in tasks if task.updated_by]
        named = sorted({key for key in keys if number_of(key) is None})
        found = tasks_by_key(self.client, self.settings.project, self.settings.key_field, named)
        counts = Counter(key_of(task, self.settings.key_field) for task in found)
        return {key for key, number in counts.items() if number > 1}

    def _change(self, task: Task) -> tuple[Change, list[Problem]]:
        key = key_of(task, self.settings.key_field)
        where = f"task {task.id}"
        problems: list[Problem] = []
        try:
            item: Item | None = item_of(task, key, self.question)
        except Unreadable as error:
            item = None
            problems.append(error.problem)
        annotations = self._annotations(task, key, item, where, problems)
        # What nobody ever touched tells nothing of answers: of two tasks with one key, a fresh one
        # must not look as if the other's answers were deleted.
        told = bool(annotations) or bool(task.updated_by) or task.touched
        return Change(
            key=key,
            item=item,
            queued=self._waits(task),
            annotations=tuple(annotations) if told else None,
            # An annotation that could not be read must not look deleted.
            complete=told and len(annotations) == len(task.annotations),
            as_of=task.updated_at,
        ), problems

    def _annotations(
        self, task: Task, key: str, item: Item | None, where: str, problems: list[Problem]
    ) -> list[Annotation]:
        text = item.text if item is not None else None
        read = []
        for row in task.annotations:
            try:
                read.append(annotation_of(row, key, self.question, self.users, text, where))
            except Unreadable as error:
                problems.append(error.problem)
        return read

    def _waits(self, task: Task) -> bool:
        """Whether the task is in the queue: it has a prediction of the queue's version."""
        if self.version is None or task.is_labeled or task.touched or task.annotations:
            return False
        return any(prediction.model_version == self.version for prediction in task.predictions)


def item_of(task: Task, key: str, question: Question) -> Item:
    """Return the item of a task.

    Raises:
        Unreadable: the field that is shown is absent or blank.
    """
    shown = task.data.get(question.field)
    meta = {"task_id": task.id}
    try:
        if question.kind == "image":
            return Item(key=key, kind="image", url=str(shown or ""), meta=meta)
        return Item(key=key, text="" if shown is None else str(shown), meta=meta)
    except ValidationError:
        raise Unreadable(
            f"task {task.id}",
            f"Its data has no '{question.field}', or it is blank.",
            "Give the task its content, or name the right field in 'text_field'.",
        ) from None


def _twice(key: str, task: int) -> Problem:
    return Problem(
        where=f"task {task}",
        what=f"Another task has the same key '{key}': they count as one item.",
        fix="Delete one of the two in Label Studio, which does not look for duplicates itself.",
    )


def _both(first: Change, second: Change) -> Change:
    """Return one change that has the answers of two."""
    told = (*(first.annotations or ()), *(second.annotations or ()))
    unique = {annotation.id: annotation for annotation in told}
    return second.model_copy(update={"annotations": tuple(unique.values()) or None})
