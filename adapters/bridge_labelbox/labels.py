"""Formats: a label of an export to an annotation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec
from pydantic import ValidationError

from bridge.records import (
    Annotation,
    AnnotationStatus,
    Box,
    Boxes,
    Classes,
    Problem,
    Span,
    Spans,
    Value,
    maker,
)
from bridge_labelbox.ontology import Question
from bridge_labelbox.settings import Counting

__all__ = [
    "Label",
    "Reading",
    "Unreadable",
    "annotation_of",
    "placed",
    "refused",
    "said",
    "time_of",
]


class Unreadable(Exception):
    """A row or a part of it that cannot become a record; holds the problem to report."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


def refused(where: str, what: str, fix: str) -> Unreadable:
    """Return what to raise for something that cannot become a record."""
    return Unreadable(Problem(where=where, what=what, fix=fix))


def placed(problem: Problem, inside: str) -> Problem:
    """Return a problem of a part as one of the whole: say in what the part is."""
    where = ", ".join(filter(None, [inside, problem.where]))
    return problem.model_copy(update={"where": where})


def said(error: ValidationError) -> str:
    """Return what a validation error says, without the input."""
    return "; ".join(one["msg"] for one in error.errors(include_input=False, include_url=False))


class _LabelDetails(msgspec.Struct, gc=False):
    created_at: str | None = None
    updated_at: str | None = None
    created_by: str | None = None
    content_last_updated_at: str | None = None


class _Performance(msgspec.Struct, gc=False):
    seconds_to_create: float | None = None
    skipped: bool | None = None


class _Choice(msgspec.Struct, gc=False):
    name: str = ""
    feature_schema_id: str | None = None


class _Classification(msgspec.Struct, gc=False):
    name: str = ""
    feature_schema_id: str | None = None
    radio_answer: _Choice | None = None
    checklist_answers: list[_Choice] | None = None


class _Location(msgspec.Struct, gc=False):
    start: int
    end: int
    token: str | None = None


class _Rectangle(msgspec.Struct, gc=False):
    top: float
    left: float
    height: float
    width: float


class _Object(msgspec.Struct, gc=False):
    name: str = ""
    feature_schema_id: str | None = None
    location: _Location | None = None
    bounding_box: _Rectangle | None = None


class _Annotations(msgspec.Struct, gc=False):
    objects: list[_Object] | None = None
    classifications: list[_Classification] | None = None


_NO_DETAILS, _NO_PERFORMANCE, _NO_ANSWER = _LabelDetails(), _Performance(), _Annotations()
_LONGEST_ID = 512

_annotation = maker(Annotation)


class Reading(NamedTuple):
    """How labels are to be read.

    Attributes:
        counting: which labels count.
        benchmarks: ids of the labels that are a benchmark's reference.
    """

    question: Question
    counting: Counting = "all"
    benchmarks: frozenset[str] = frozenset()


class Label(msgspec.Struct, gc=False):
    """One label of an export; fields that Bridge does not use are skipped."""

    id: str
    label_details: _LabelDetails | None = None
    performance_details: _Performance | None = None
    annotations: _Annotations | None = None


def annotation_of(
    label: Label,
    key: str,
    reading: Reading,
    text: str | None,
    state: str | None,
    as_of: datetime | None,
) -> Annotation:
    """Make an annotation of a label.

    Its time is the latest of the label and of its row: a review, or a benchmark that is set, is
    activity of the row, and changes what the label counts for.

    Args:
        key: the item's key.
        text: the item's text, to check spans by; None where there is none.
        state: the row's workflow state.
        as_of: time of the row's last activity.

    Raises:
        Unreadable: the label does not make sense; it names the label.
    """
    details = label.label_details or _NO_DETAILS
    performance = label.performance_details or _NO_PERFORMANCE
    if not 1 <= len(label.id) <= _LONGEST_ID or "\x00" in label.id:
        raise refused(_place(label), "The label has an id that cannot be kept.", "")
    gold = label.id in reading.benchmarks
    status = "skipped" if performance.skipped else _standing(reading, state, gold)
    value = None
    if status == "answered":
        value = _value(label, reading.question, text)
        status = "answered" if value is not None else "skipped"
    seconds = performance.seconds_to_create
    # Nothing is left for a validation to find: msgspec has looked at the types, this at the rest.
    return _annotation(
        {
            "id": label.id,
            "item_key": key,
            "annotator": details.created_by,
            "status": status,
            "value": value,
            "created_at": time_of(details.created_at),
            "updated_at": _latest(
                time_of(details.updated_at), time_of(details.content_last_updated_at), as_of
            ),
            "revision": 0,
            "seconds": seconds if seconds is not None and seconds >= 0 else None,
            "ground_truth": gold,
        }
    )


def _place(label: Label) -> str:
    return f"label {label.id[:_LONGEST_ID]}"


def _latest(*times: datetime | None) -> datetime | None:
    latest = None
    for moment in times:
        if moment is not None and (latest is None or moment > latest):
            latest = moment
    return latest


def _standing(reading: Reading, state: str | None, gold: bool) -> AnnotationStatus:
    """Return what a row's workflow state makes of its labels; a benchmark's reference counts.

    A label that does not count is kept without its answer, so that the row is not taken for one
    that nobody has labeled. The words of the states are unverified but for IN_REVIEW.
    """
    if reading.counting == "all" or gold:
        return "answered"
    if state == "IN_REWORK":
        return "rejected"
    return "skipped" if reading.counting == "reviewed" and state != "DONE" else "answered"


def _value(label: Label, question: Question, text: str | None) -> Value | None:
    """Return the answer to the question.

    A label without marks says that there is nothing to mark, and one without ticks that no class
    applies. A radio left open says nothing: None, which is a skip, so that the row, which Labelbox
    will not ask for again, is not taken for the pool.
    """
    annotations = label.annotations or _NO_ANSWER
    if question.task in ("single", "multi"):
        return _classes(annotations.classifications or (), question)
    where = _place(label)
    try:
        if question.task == "spans":
            return Spans(spans=_spans(annotations.objects or (), question, text, where))
        return Boxes(boxes=_boxes(annotations.objects or (), question))
    except ValidationError as error:
        raise refused(where, f"The label cannot be read: {said(error)}.", "") from None


def _classes(answers: Sequence[_Classification], question: Question) -> Classes | None:
    name = question.class_name
    if question.task == "multi":
        given = [a.checklist_answers or () for a in answers if _asks(a, question)]
        return _named(tuple([name(c.feature_schema_id, c.name) for some in given for c in some]))
    names = [
        name(a.radio_answer.feature_schema_id, a.radio_answer.name)
        for a in answers
        if a.radio_answer is not None and _asks(a, question)
    ]
    return _named(tuple(names)) if names else None


@lru_cache(maxsize=1024)  # a project has few classes, and records never change
def _named(names: tuple[str, ...]) -> Classes:
    return Classes(chosen=tuple(dict.fromkeys(names)))


def _asks(answer: _Classification, question: Question) -> bool:
    if answer.feature_schema_id and question.id:
        return answer.feature_schema_id == question.id
    return answer.name == question.schema.question


def _spans(
    objects: Sequence[_Object], question: Question, text: str | None, where: str
) -> tuple[Span, ...]:
    return tuple(
        Span(
            start=start,
            end=end,
            class_name=question.class_name(o.feature_schema_id, o.name),
        )
        for o in objects
        if o.location is not None
        for start, end in [_bounds(o.location, text, where)]
    )


def _bounds(location: _Location, text: str | None, where: str) -> tuple[int, int]:
    """Turn Labelbox's inclusive end into ours, in code points.

    Whether Labelbox counts code points or UTF-16 units is unverified. The exported token decides,
    where there is one: the reading that gives it back holds.
    """
    start, end = location.start, location.end + 1
    if text is None or location.token is None or text[start:end] == location.token:
        return start, end
    units = text.encode("utf-16-le")
    before = units[: 2 * start].decode("utf-16-le", "ignore")
    inside = units[2 * start : 2 * end].decode("utf-16-le", "ignore")
    if inside == location.token:
        return len(before), len(before) + len(inside)
    raise refused(
        where,
        f"The span {location.start} to {location.end} does not fit the row's text.",
        "Look at the label in Labelbox: the text may have changed after it was labeled.",
    )


def _boxes(objects: Sequence[_Object], question: Question) -> tuple[Box, ...]:
    return tuple(
        Box(
            left=o.bounding_box.left,
            top=o.bounding_box.top,
            width=o.bounding_box.width,
            height=o.bounding_box.height,
            class_name=question.class_name(o.feature_schema_id, o.name),
        )
        for o in objects
        if o.bounding_box is not None
    )


@lru_cache(maxsize=256)  # a row and its labels often have the same time
def time_of(text: str | None) -> datetime | None:
    """Read a time of an export, into UTC; None if there is none that can be read."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is UTC:
            return moment
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
