"""Push: the whole queue as the predictions of one fresh model version, then the switch to it.

Nothing is served from a version before the project is switched to it, and the switch is one call:
annotators see the old queue or the new one, never a mixture. A repeat finds its own earlier work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bridge.platforms import PushReport, Refusal
from bridge.records import QueueItem
from bridge_labelstudio.client import Client, Malformed
from bridge_labelstudio.labels import result_of
from bridge_labelstudio.queue import Place, find_tasks, is_ours, ordered, queue_version, read_queue
from bridge_labelstudio.schema import Question, question_of
from bridge_labelstudio.settings import LabelStudioSettings
from bridge_labelstudio.tasks import project_of
from bridge_labelstudio.versions import Made, make_version, prune
from bridge_labelstudio.wire import Project

__all__ = ["SAMPLING", "push", "rerank"]

SAMPLING = "Uncertainty sampling"  # accepted and honoured by the Community edition, too

_TRIES = 3


def push(client: Client, settings: LabelStudioSettings, entries: Sequence[QueueItem]) -> PushReport:
    """Add items to the queue, at their ranks; what waits there already is carried over.

    Where a new item has the rank of one that waits, the one that waits comes first.
    """
    return _put(client, settings, entries, keep=lambda place: True, added=True)


def rerank(
    client: Client, settings: LabelStudioSettings, entries: Sequence[QueueItem]
) -> PushReport:
    """Make these items the queue, in this order.

    Tasks that have some, but not all, of the answers they need keep their rank.
    """
    return _put(client, settings, entries, keep=lambda place: place.started, added=False)


@dataclass
class _Asked:
    """What of a push can be queued.

    Attributes:
        places: in the order of asking, with distinct, ascending ranks.
        refused: what cannot be queued, or not pre-annotated.
    """

    places: list[Place] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def _put(
    client: Client,
    settings: LabelStudioSettings,
    entries: Sequence[QueueItem],
    *,
    keep: Callable[[Place], bool],
    added: bool,
) -> PushReport:
    for attempt in range(1, _TRIES + 1):
        project = project_of(client, settings.project)
        question = question_of(project, settings.question, settings.text_field)
        version = queue_version(client, settings, project)
        queued = read_queue(client, settings, version)
        asked = _asked(client, settings, question, entries)
        places = _merged(queued, asked.places, keep)
        if _equal(queued, places) or (added and _there(queued, asked.places)):
            made = Made(version if places else project.model_version)
            break
        try:
            made = _made(client, settings, project, places)
            break
        except Malformed:
            if attempt == _TRIES:
                raise
            # A task that was deleted since it was looked up spoils the whole call: look again.
    _switch(client, settings, project, made.version)
    if made.listed is not None:
        prune(client, settings, made.listed, keep=made.version)
    return _report(asked, made)


def _made(
    client: Client, settings: LabelStudioSettings, project: Project, places: list[Place]
) -> Made:
    if not places:  # a version exists through its predictions: none of ours is the empty queue
        return Made("" if is_ours(project.model_version, settings) else project.model_version)
    return make_version(client, settings, project.model_version, places)


# ---------------------------------------------------------------------------------------- the order


def _asked(
    client: Client, settings: LabelStudioSettings, question: Question, entries: Sequence[QueueItem]
) -> _Asked:
    found = find_tasks(client, settings, entries)
    asked = _Asked()
    for entry in entries:
        key = entry.item.key
        task = found.get(key)
        if task is None:
            asked.refused.append(Refusal(key=key, why="The project has no task of this key."))
        elif not task.is_labeled and not task.touched:  # or it was answered meanwhile
            result = _result(entry, question, settings, asked.refused)
            asked.places.append(Place(task.id, key, entry.rank, result))
    asked.places = ordered(asked.places)
    return asked


def _result(
    entry: QueueItem, question: Question, settings: LabelStudioSettings, refused: list[Refusal]
) -> tuple[dict[str, object], ...]:
    """Return what to pre-annotate; empty for nothing."""
    task, prediction = question.schema.task, entry.prediction
    if prediction is None or not settings.pre_annotate or question.control != "Choices":
        return ()
    chosen = prediction.chosen(task)
    unknown = [name for name in chosen if name not in question.labels]
    if unknown:
        why = f"The labeling interface has no class '{unknown[0]}'."
        refused.append(Refusal(key=entry.item.key, why=why, fatal=False))
        return ()
    if not chosen:
        return ()
    score = min(prediction.probabilities[name] for name in chosen)
    return (result_of([question.labels[name] for name in chosen], question, score),)


def _merged(
    queued: dict[int, Place], asked: Sequence[Place], keep: Callable[[Place], bool]
) -> list[Place]:
    new = {place.task for place in asked}
    kept = [place for task, place in queued.items() if task not in new and keep(place)]
    both = [((p.rank, 0), p) for p in kept] + [((p.rank, 1), p) for p in asked]
    return ordered(place for _, place in sorted(both, key=lambda one: one[0]))


def _equal(queued: dict[int, Place], places: Sequence[Place]) -> bool:
    return len(queued) == len(places) and all(p.same(queued.get(p.task)) for p in places)


def _there(queued: dict[int, Place], asked: Sequence[Place]) -> bool:
    """Tell whether these are queued already, in this order, maybe at other ranks."""
    now = [queued.get(place.task) for place in asked]
    if any(b is None or a.result != b.result for a, b in zip(asked, now, strict=True)):
        return False
    ranks = [place.rank for place in now if place is not None]
    return ranks == sorted(ranks)


# --------------------------------------------------------------------------------------- the switch


def _switch(
    client: Client, settings: LabelStudioSettings, project: Project, version: str | None
) -> None:
    """Make a version the one that is shown and gives the order."""
    changes: dict[str, object] = {}
    if (project.model_version or "") != (version or ""):
        changes["model_version"] = version or ""
    if project.sampling != SAMPLING:
        changes["sampling"] = SAMPLING
    if not project.show_collab_predictions:
        changes["show_collab_predictions"] = True
    if changes:
        path = f"/api/projects/{settings.project}/"
        client.call("PATCH", path, repeatable=True, json=changes)


def _report(asked: _Asked, made: Made) -> PushReport:
    unseen = "Label Studio did not take its pre-annotation; it is queued without one."
    refused = [
        *asked.refused,
        *(Refusal(key=p.key, why="Label Studio did not take it.") for p in made.lost),
        *(Refusal(key=p.key, why=unseen, fatal=False) for p in made.bare),
    ]
    lost, bare = {p.task for p in made.lost}, {p.task for p in made.bare}
    taken = [place for place in asked.places if place.task not in lost]
    return PushReport(
        accepted=len(taken),
        pre_annotated=sum(1 for p in taken if p.result and p.task not in bare),
        refused=tuple(refused),
    )
