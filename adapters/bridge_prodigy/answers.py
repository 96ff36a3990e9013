"""Answered tasks as annotations (formats: prodi.gy/docs/api-interfaces and published exports)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bridge.records import (
    Annotation,
    AnnotationStatus,
    Box,
    Boxes,
    Classes,
    LabelSchema,
    Span,
    Spans,
    Value,
    digest,
)

__all__ = ["Reading", "as_annotation"]

_SERVER_SESSION = re.compile(r"\d{4}-\d{2}-\d{2}_\d{2}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Reading:
    """What is needed to read the answers of one dataset.

    Attributes:
        dataset: its name, the prefix of its session names.
        schema: the label schema.
        negative: the class that a rejected binary task stands for; None where there is none.
    """

    dataset: str
    schema: LabelSchema
    negative: str | None = None


class _Unusable(ValueError):
    """The answer was given and has no value that can be used."""


def as_annotation(
    task: Mapping[str, Any], key: str, revision: int, reading: Reading
) -> tuple[Annotation, str | None]:
    """Return an answered task as an annotation, with what is wrong with it or None.

    An answer whose value cannot be used is told as skipped: it was given, and teaches nothing.
    The id depends on the item, the annotator and, for a binary task, its label; so a person's
    later answer replaces the earlier one.

    Raises:
        ValueError: the task has no answer.
    """
    annotator = _annotator(task, reading.dataset)
    label = _binary_label(task, reading)
    trouble = None
    try:
        status, value = _read(task, label, reading)
    except _Unusable as error:
        status, value, trouble = "skipped", None, str(error)
    annotation = Annotation(
        id=digest(["prodigy", key, label, annotator]),
        item_key=key,
        annotator=annotator,
        status=status,
        value=value,
        updated_at=_time(task.get("_timestamp")),
        revision=revision,
        ground_truth=isinstance(task.get("versions"), list),  # the recipe `review` decided
    )
    return annotation, trouble


def _annotator(task: Mapping[str, Any], dataset: str) -> str | None:
    """The annotator's name; None for a session that only has the time of its start.

    Session names are ``<dataset>-<name>``, and both parts may have dashes.
    """
    name = task.get("_annotator_id") or task.get("_session_id")
    if not isinstance(name, str):
        return None
    own = name.removeprefix(f"{dataset}-")
    return None if not own or _SERVER_SESSION.fullmatch(own) else own


def _time(value: Any) -> datetime | None:
    """``_timestamp`` is in Unix seconds, and missing in some versions of Prodigy."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _is_choice(task: Mapping[str, Any]) -> bool:
    return isinstance(task.get("accept"), list) or isinstance(task.get("options"), list)


def _binary_label(task: Mapping[str, Any], reading: Reading) -> str | None:
    label = task.get("label")
    if reading.schema.task not in ("single", "multi") or _is_choice(task):
        return None
    return label if isinstance(label, str) and label else None


def _read(
    task: Mapping[str, Any], label: str | None, reading: Reading
) -> tuple[AnnotationStatus, Value | None]:
    answer = task.get("answer")
    if answer not in ("accept", "reject", "ignore"):
        raise ValueError("it has no answer (accept, reject or ignore)")
    if answer == "ignore":
        return "skipped", None
    if label is not None:
        return "answered", _binary(label, answer == "accept", reading)
    if answer == "reject":
        return "rejected", None
    if reading.schema.task == "spans":
        return "answered", _spans(task)
    if reading.schema.task == "boxes":
        return "answered", _boxes(task)
    value = _choice(task, reading.schema)
    return ("skipped", None) if value is None else ("answered", value)


def _binary(label: str, accepted: bool, reading: Reading) -> Classes:
    if reading.negative is not None:
        return Classes(chosen=(label if accepted else reading.negative,))
    if accepted:
        return Classes(chosen=(label,), complete=False)
    return Classes(rejected=(label,), complete=False)


def _option_names(options: Any, known: Sequence[str]) -> dict[Any, str]:
    """Class names by option id: the id itself where it is a class, else the option's text."""
    names: dict[Any, str] = {}
    for option in options if isinstance(options, list) else ():
        if not isinstance(option, Mapping) or not isinstance(option.get("id"), str | int):
            continue
        own, text = option["id"], option.get("text")
        names[own] = str(own)
        if own not in known and isinstance(text, str) and text:
            names[own] = text if text in known or isinstance(own, int) else str(own)
    return names


def _choice(task: Mapping[str, Any], schema: LabelSchema) -> Classes | None:
    """Classes that were ticked; None where one had to be and none was.

    An accepted task without a tick says "none of these" where several classes may apply. Where
    exactly one does, it says nothing that can be learned, and counts as skipped.
    """
    if not _is_choice(task):
        raise _Unusable("the answer has no classes: neither options nor a label")
    offered = _option_names(task.get("options"), schema.names)
    ticks = task.get("accept") or []
    if not all(isinstance(tick, str | int) for tick in ticks):
        raise _Unusable("an id in 'accept' is neither a text nor a whole number")
    chosen = tuple(dict.fromkeys(offered.get(tick, str(tick)) for tick in ticks))
    if schema.task == "single":
        if len(chosen) > 1:
            raise _Unusable(f"{len(chosen)} classes were chosen where one may apply")
        return Classes(chosen=chosen) if chosen else None
    missing = set(schema.names) - set(offered.values()) if offered else set()
    if not missing:
        return Classes(chosen=chosen)
    # A class that was added later was not asked about.
    rejected = tuple(name for name in offered.values() if name not in chosen)
    return Classes(chosen=chosen, rejected=rejected, complete=False)


def _span_dicts(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    spans = task.get("spans")
    if spans is None:
        return []
    if not isinstance(spans, list) or not all(isinstance(s, Mapping) for s in spans):
        raise _Unusable("the spans are not a list of objects")
    return spans


def _spans(task: Mapping[str, Any]) -> Spans:
    """Character offsets, the end exclusive; ``token_end`` is inclusive and not used."""
    if task.get("_view_id") == "ner":
        raise _Unusable("a binary 'ner' answer judges one span and does not tell the others")
    try:
        spans = [
            Span(start=s["start"], end=s["end"], class_name=str(s["label"]))
            for s in _span_dicts(task)
        ]
    except (KeyError, ValueError):
        raise _Unusable("a span lacks start, end or label, or they make no sense") from None
    text = task.get("text")
    if isinstance(text, str) and any(span.end > len(text) for span in spans):
        raise _Unusable("a span ends after the text does")
    return Spans(spans=tuple(spans))


def _boxes(task: Mapping[str, Any]) -> Boxes:
    """Rectangles in image pixels; a polygon is not one and makes the answer unusable."""
    try:
        boxes = [
            Box(
                left=s["x"],
                top=s["y"],
                width=s["width"],
                height=s["height"],
                class_name=str(s["label"]),
            )
            for s in _span_dicts(task)
        ]
    except KeyError:
        raise _Unusable("a shape is not a rectangle (x, y, width, height) with a label") from None
    except ValueError:
        raise _Unusable("a rectangle's x, y, width or height makes no sense") from None
    return Boxes(boxes=tuple(boxes))
