"""Answered tasks as annotations: who said what, when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from bridge.records import Annotation, digest
from bridge_prodigy.items import versions_of
from bridge_prodigy.values import Reading, Unusable, binary_label, read_value

__all__ = ["as_annotation"]

_SERVER_SESSION = re.compile(r"\d{4}-\d{2}-\d{2}_\d{2}-\d{2}-\d{2}")


def as_annotation(
    task: Mapping[str, Any],
    key: str,
    revision: int,
    reading: Reading,
    seconds: float | None = None,
) -> tuple[Annotation, str | None]:
    """Return an answered task as an annotation, with what is wrong with it or None.

    An answer whose value cannot be used is told as skipped: it was given, and teaches nothing.
    The id depends on the item, the annotator and, for a binary task, its label; so a person's
    later answer replaces the earlier one, unless Bridge asked for the item again. What the recipe
    ``review`` saved, decided by a person or accepted because all versions agree, stands apart from
    it and is the reference.

    Args:
        seconds: how long the answer took, see :class:`bridge_prodigy.pace.Pace`.

    Raises:
        OtherQuestion: the task does not ask what is to be learned.
        ValueError: the task has no answer.
    """
    reviewed = bool(versions_of(task)) or task.get("_view_id") == "review"
    annotator = _annotator(task, reading.dataset)
    again = task.get("bridge_relabel")
    label = binary_label(task, reading)
    trouble = None
    try:
        status, value = read_value(task, label, reading)
    except Unusable as error:
        status, value, trouble = "skipped", None, str(error)
    annotation = Annotation(
        id=digest(
            [
                *("prodigy", key, label, annotator),
                *(["review"] if reviewed else ["again", again] if again else []),
            ]
        ),
        item_key=key,
        annotator=annotator,
        status=status,
        value=value,
        updated_at=_time(task.get("_timestamp")),
        revision=revision,
        seconds=seconds,
        ground_truth=reviewed,
    )
    return annotation, trouble


def _annotator(task: Mapping[str, Any], dataset: str) -> str | None:
    """The annotator's name; None for a session that only has the time of its start.

    Session names are ``<dataset>-<name>``, and both parts may have dashes; the name comes from the
    address of the page, and may still be percent-encoded.
    """
    name = _who(task)
    # Some versions of Prodigy give a review the annotator of the version that was pre-selected.
    if name is None or name in map(_who, versions_of(task)):
        return None
    own = name.removeprefix(f"{dataset}-")
    if not own or _SERVER_SESSION.fullmatch(own):
        return None
    try:
        return unquote(own, errors="strict")
    except UnicodeDecodeError:  # it was not encoded after all
        return own


def _who(task: Mapping[str, Any]) -> str | None:
    name = task.get("_annotator_id") or task.get("_session_id")
    return name if isinstance(name, str) else None


def _time(value: Any) -> datetime | None:
    """``_timestamp`` is in Unix seconds, and missing in some versions of Prodigy."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None
