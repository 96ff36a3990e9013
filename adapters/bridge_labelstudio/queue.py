"""The queue, as Label Studio has it: the predictions of the project's current model version.

Label Studio serves every task that lacks annotations. With ``sampling`` at "Uncertainty sampling"
it takes first, by ascending score, those that have a prediction of exactly the project's current
``model_version``; the rest comes, at random, when none of these is left. So a task is *queued*, in
Bridge's sense, if it waits for an answer and has a prediction of the current version, be it one
with an empty result, which shows nothing. Every order is a version of its own, named after its
content and the attempt: what was queued before is carried over into the next one.

A prediction's score is its rank in millionths, so that ranks are read back from the server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridge.records import QueueItem, digest
from bridge_labelstudio.client import Client
from bridge_labelstudio.settings import LabelStudioSettings
from bridge_labelstudio.tasks import (
    key_of,
    number_of,
    tasks_by_id,
    tasks_by_key,
    tasks_with_version,
    versions_of,
)
from bridge_labelstudio.wire import Prediction, Project, Task

__all__ = [
    "Place",
    "find_tasks",
    "is_ours",
    "name_of",
    "ordered",
    "queue_version",
    "read_queue",
    "read_version",
]

_RANKS = 1_000_000


@dataclass(frozen=True)
class Place:
    """One task's place in the queue.

    Attributes:
        task: its number.
        key: its item's key.
        rank: 0 is asked first.
        result: what is pre-annotated, in Label Studio's format; empty for nothing.
        started: it has an answer, or a skip.
        done: it has all the answers that it needs.
    """

    task: int
    key: str
    rank: int
    result: tuple[Mapping[str, Any], ...] = ()
    started: bool = False
    done: bool = False

    @property
    def score(self) -> float:
        """The prediction's score in [0, 1]."""
        return self.rank / _RANKS

    def same(self, other: Place | None) -> bool:
        """Tell whether the other is the same place with the same pre-annotation."""
        return other is not None and (self.rank, self.result) == (other.rank, other.result)


def is_ours(version: str | None, settings: LabelStudioSettings) -> bool:
    """Tell whether Bridge made this model version."""
    return (version or "").startswith(f"{settings.version_prefix}-")


def name_of(places: Iterable[Place], settings: LabelStudioSettings) -> str:
    """Return how the names of model versions begin that have these places, and no others."""
    content = [[place.task, place.rank, place.result] for place in places]
    return f"{settings.version_prefix}-{digest(content)[:16]}"


def queue_version(client: Client, settings: LabelStudioSettings, project: Project) -> str | None:
    """Return the model version that is the queue; None if nothing was ever queued.

    Where somebody has switched the project to a version of other origin, the queue is still the
    newest of Bridge's; the next push switches back.
    """
    if is_ours(project.model_version, settings):
        return project.model_version
    found = versions_of(client, settings.project).versions
    ours = [name for name in found if is_ours(name, settings)]
    return max(ours, key=lambda name: found[name].latest, default=None)


def read_queue(
    client: Client, settings: LabelStudioSettings, version: str | None
) -> dict[int, Place]:
    """Return what still waits for answers in a version, by task."""
    places = {} if version is None else read_version(client, settings, version)
    return {task: place for task, place in places.items() if not place.done}


def read_version(client: Client, settings: LabelStudioSettings, version: str) -> dict[int, Place]:
    """Return the places of a version, by task."""
    places = {}
    for task in tasks_with_version(client, settings.project, version):
        shown = [p for p in task.predictions if p.model_version == version]
        if shown:
            places[task.id] = _place(task, shown[0], settings)
    return places


def _place(task: Task, prediction: Prediction, settings: LabelStudioSettings) -> Place:
    return Place(
        task=task.id,
        key=key_of(task, settings.key_field),
        rank=round((prediction.score or 0.0) * _RANKS),
        result=tuple(prediction.result or ()),
        started=task.touched or bool(task.annotations),
        done=task.is_labeled,
    )


def ordered(places: Iterable[Place]) -> list[Place]:
    """Return places with ascending, distinct ranks, in the order given; a rank stays if it can."""
    put: list[Place] = []
    for place in places:
        rank = max(place.rank, put[-1].rank + 1 if put else 0)
        put.append(replace(place, rank=rank))
    return put


def find_tasks(
    client: Client, settings: LabelStudioSettings, entries: Sequence[QueueItem]
) -> dict[str, Task]:
    """Return, by key, the tasks of items; those that are gone are absent.

    Items that were pulled know the number of their task; the others are looked up by their key.
    """
    keys = {entry.item.key for entry in entries}
    found: dict[str, Task] = {}
    ids = sorted({number for entry in entries if (number := _number(entry)) is not None})
    for task in tasks_by_id(client, settings.project, ids):
        if key_of(task, settings.key_field) in keys:
            found.setdefault(key_of(task, settings.key_field), task)
    named = sorted(key for key in keys - found.keys() if number_of(key) is None)
    for task in tasks_by_key(client, settings.project, settings.key_field, named):
        found.setdefault(key_of(task, settings.key_field), task)
    return found


def _number(entry: QueueItem) -> int | None:
    number = number_of(entry.item.key)
    known = entry.item.meta.get("task_id") if number is None else number
    return known if isinstance(known, int) and not isinstance(known, bool) else None
