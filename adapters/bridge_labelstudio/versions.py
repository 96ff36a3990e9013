"""Model versions: made whole or not at all, verified by their count, deleted when they are old."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from secrets import token_hex

from bridge.errors import PlatformError, Unreachable
from bridge_labelstudio.client import Client, decoded
from bridge_labelstudio.queue import Place, is_ours, name_of, read_version
from bridge_labelstudio.settings import LabelStudioSettings
from bridge_labelstudio.tasks import Listed, versions_of
from bridge_labelstudio.wire import Created

__all__ = ["Made", "make_version", "prune"]

log = logging.getLogger(__name__)

_TRIES = 3
_POLL_S = 2.0


@dataclass(frozen=True)
class Made:
    """A version that is complete.

    Attributes:
        version: its name; empty or None for none.
        bare: places whose pre-annotation Label Studio left out; they have an empty one.
        lost: places that Label Studio left out altogether.
        listed: the project's versions after it was made; None where nothing was looked at.
    """

    version: str | None
    bare: Sequence[Place] = ()
    lost: Sequence[Place] = ()
    listed: Listed | None = None


def make_version(
    client: Client, settings: LabelStudioSettings, active: str | None, places: Sequence[Place]
) -> Made:
    """Find a version that has these places, or make one.

    Each attempt has a name of its own: an import that was given up as lost may still be executed,
    at any time, and then adds to a version that nobody looks at (any more).

    Args:
        active: the version that is shown now; preferred where it is one of several.

    Raises:
        Malformed: one of the tasks does not exist (any more).
        Unreachable: it is not known whether the version was made; a repeat finds out.
        PlatformError: Label Studio ends up with other numbers than were sent.
    """
    name = name_of(places, settings)
    listed = versions_of(client, settings.project)
    complete = [
        version
        for version in listed.versions
        if version.startswith(name) and listed.predictions(version) == len(places)
    ]
    if complete:
        return Made(active if active in complete else complete[0], listed=listed)
    for _ in range(_TRIES):
        tried = f"{name}-{token_hex(4)}"
        bare, lost = _create(client, settings, tried, places)
        listed = versions_of(client, settings.project)
        if listed.predictions(tried) == len(places) - len(lost):
            return Made(tried, bare, lost, listed)
        # Somebody between here and there sent it twice, or it is not executed to its end.
    raise PlatformError(
        f"Label Studio has {listed.predictions(tried)} predictions of version '{tried}' where"
        f" {len(places)} were sent.",
        "Look for a proxy that repeats calls, and run again.",
    )


def _create(
    client: Client, settings: LabelStudioSettings, name: str, places: Sequence[Place]
) -> tuple[list[Place], list[Place]]:
    """Import places as predictions; return those without pre-annotation, and those left out.

    Label Studio leaves out what does not fit the labeling interface, and tells only how many it
    took; so what is missing is looked for, and imported again with an empty result.
    """
    if _import(client, settings, name, places, there=0) >= len(places):
        return [], []
    missing = _missing(client, settings, name, places)
    if not missing:
        return [], []
    empty = [replace(place, result=()) for place in missing]
    there = len(places) - len(missing)
    if _import(client, settings, name, empty, there=there) >= len(empty):
        return missing, []
    lost = _missing(client, settings, name, places)
    return [place for place in missing if place not in lost], lost


def _missing(
    client: Client, settings: LabelStudioSettings, name: str, places: Sequence[Place]
) -> list[Place]:
    present = read_version(client, settings, name)
    return [place for place in places if place.task not in present]


def _import(
    client: Client,
    settings: LabelStudioSettings,
    name: str,
    places: Sequence[Place],
    *,
    there: int,
) -> int:
    """Import predictions in one call, and return how many were made.

    One call, since each costs the server a look at all tasks of the project, however few are sent.

    Args:
        there: how many predictions the version has before.
    """
    rows = [
        {
            "task": place.task,
            "score": place.score,
            "model_version": name,
            "result": list(place.result),
        }
        for place in places
    ]
    path = f"/api/projects/{settings.project}/import/predictions"
    try:
        answer = client.call(
            "POST", path, repeatable=False, json=rows, timeout=settings.import_timeout_s
        )
    except Unreachable:
        made = _awaited(client, settings, name, there + len(places)) - there
        if made <= 0:
            raise
        return made
    return decoded(answer, Created).created


def _awaited(client: Client, settings: LabelStudioSettings, name: str, expected: int) -> int:
    """Look for a while whether a version gets its predictions; return how many it has."""
    waited = 0.0
    while True:
        count = versions_of(client, settings.project).predictions(name)
        if count >= expected or waited >= settings.settle_s:
            return count
        client.wait(_POLL_S)
        waited += _POLL_S


# ----------------------------------------------------------------------------------------- clean up


def prune(
    client: Client, settings: LabelStudioSettings, listed: Listed, *, keep: str | None
) -> None:
    """Delete a few of Bridge's former versions, the oldest first.

    A prediction that an annotator has on the screen must not go: Label Studio refuses the answer
    then (400, "Invalid pk"). Hence only versions that were made long ago go. A deletion is slow,
    and one that fails is left for the next push.
    """
    now = listed.date or datetime.now(UTC)
    old = now - timedelta(hours=settings.keep_versions_hours)
    former = [
        version
        for name, version in listed.versions.items()
        if is_ours(name, settings) and name != keep and version.latest < old
    ]
    former.sort(key=lambda version: version.latest)
    for version in former[: settings.versions_deleted]:
        try:
            _delete(client, settings, version.model_version or "")
        except PlatformError as error:
            log.warning("A former model version was not deleted: %s", error)
            return


def _delete(client: Client, settings: LabelStudioSettings, name: str) -> None:
    path = f"/api/projects/{settings.project}/model-versions/"
    client.call(
        "DELETE",
        path,
        repeatable=True,
        json={"model_version": name},
        timeout=settings.import_timeout_s,
    )
