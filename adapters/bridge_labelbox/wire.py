"""Formats: export rows to changes (NDJSON as in Labelbox's export v2)."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from pydantic import ValidationError

from bridge.records import (
    Annotation,
    Box,
    Boxes,
    Change,
    Classes,
    Item,
    Problem,
    Span,
    Spans,
    Value,
)
from bridge_labelbox.keys import key_of
from bridge_labelbox.ontology import Question

__all__ = ["Unreadable", "activity", "decode_row", "read_row", "row_key"]


class Unreadable(Exception):
    """A row or a part of it that cannot become a record; holds the problem to report."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


class _Details(msgspec.Struct):
    last_activity_at: str | None = None


class _DataRow(msgspec.Struct):
    id: str
    row_data: Any = None
    global_key: str | None = None
    external_id: str | None = None
    details: _Details | None = None


class _Media(msgspec.Struct):
    mime_type: str | None = None
    height: float | None = None
    width: float | None = None


class _LabelDetails(msgspec.Struct):
    created_at: str | None = None
    updated_at: str | None = None
    created_by: str | None = None
    content_last_updated_at: str | None = None


class _Performance(msgspec.Struct):
    seconds_to_create: float | None = None
    skipped: bool | None = None


class _Choice(msgspec.Struct):
    name: str = ""
    feature_schema_id: str | None = None


class _Classification(msgspec.Struct):
    name: str = ""
    feature_schema_id: str | None = None
    radio_answer: _Choice | None = None
    checklist_answers: list[_Choice] | None = None


class _Location(msgspec.Struct):
    start: int
    end: int
    token: str | None = None


class _Rectangle(msgspec.Struct):
    top: float
    left: float
    height: float
    width: float


class _Object(msgspec.Struct):
    name: str = ""
    feature_schema_id: str | None = None
    location: _Location | None = None
    bounding_box: _Rectangle | None = None


class _Annotations(msgspec.Struct):
    objects: list[_Object] | None = None
    classifications: list[_Classification] | None = None


class _Label(msgspec.Struct):
    id: str
    label_kind: str | None = None
    label_details: _LabelDetails | None = None
    performance_details: _Performance | None = None
    annotations: _Annotations | None = None


class _ProjectDetails(msgspec.Struct):
    workflow_status: str | None = None


class _Project(msgspec.Struct):
    labels: list[_Label] | None = None
    project_details: _ProjectDetails | None = None


class Row(msgspec.Struct):
    """One line of an export; fields that Bridge does not use are skipped."""

    data_row: _DataRow
    media_attributes: _Media | None = None
    projects: dict[str, _Project] | None = None


_decoder = msgspec.json.Decoder(Row)
_ROW_ID = re.compile(rb'"data_row"\s*:\s*\{\s*"id"\s*:\s*"([^"\\]{1,64})"')


def decode_row(line: bytes, where: str) -> Row:
    """Decode one line.

    Raises:
        Unreadable: it is not UTF-8, not JSON, or lacks what every row has.
    """
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, ValueError) as error:
        match = _ROW_ID.search(line)
        named = f", data row {match[1].decode('utf-8', 'replace')}" if match else ""
        raise Unreadable(
            Problem(
                where=where + named,
                what=f"The row cannot be read: {error}.",
                fix="Look at the row in Labelbox; the others were read.",
            )
        ) from None


def row_key(row: Row) -> str:
    """Return the key of the row's item."""
    return key_of(row.data_row.id, row.data_row.global_key)


def activity(row: Row) -> datetime | None:
    """Return when the row, or a label of it, last changed; in UTC."""
    return _time(row.data_row.details.last_activity_at if row.data_row.details else None)


def queued(row: Row, project: str) -> bool | None:
    """Tell whether the project will ask people for this row; None if it is not in the project."""
    inside = (row.projects or {}).get(project)
    if inside is None:
        return None
    status = inside.project_details.workflow_status if inside.project_details else None
    # "TO_LABEL" is unverified: only "IN_REVIEW" is known for certain, so absence counts as queued.
    return not inside.labels and status in (None, "TO_LABEL")


def read_row(
    row: Row, project: str | None, question: Question | None, urls_are_text: bool, where: str
) -> tuple[Change | None, list[Problem]]:
    """Make a change of a row, and problems of the parts that cannot be read.

    Args:
        project: tells of this project's labels too; None tells of the item alone.
        question: needed with ``project``.
    """
    key = row_key(row)
    where = f"{where}, data row {row.data_row.id}"
    problems: list[Problem] = []
    item = _kept(problems, lambda: _item(row, key, urls_are_text, where))
    inside = (row.projects or {}).get(project) if project else None
    if inside is None or question is None or project is None:
        change = None if item is None else Change(key=key, item=item, as_of=activity(row))
        return change, problems
    text = item.text if item is not None else None
    annotations = [
        _kept(problems, lambda label=label: _annotation(label, key, question, text, where))
        for label in inside.labels or ()
    ]
    told = tuple(a for a in annotations if a is not None)
    change = Change(
        key=key,
        item=item,
        queued=queued(row, project),
        annotations=told,
        # A label that could not be read must not look deleted.
        complete=len(told) == len(annotations),
        as_of=activity(row),
    )
    return change, problems


def _kept(problems: list[Problem], make: Any) -> Any:
    try:
        return make()
    except Unreadable as error:
        problems.append(error.problem)
        return None


# --------------------------------------------------------------------------------------------- item


def _item(row: Row, key: str, urls_are_text: bool, where: str) -> Item:
    data, media = row.data_row.row_data, row.media_attributes or _Media()
    if not isinstance(data, str) or not data.strip():
        raise _refused(where, "The row has no text and no address.", "Give the row its content.")
    kind = media.mime_type or ("" if not _is_url(data) else mimetypes.guess_type(data)[0] or "?")
    meta: dict[str, Any] = {"data_row_id": row.data_row.id}
    if row.data_row.external_id:
        meta["external_id"] = row.data_row.external_id
    try:
        if kind.startswith("image/"):
            size = {"width": media.width, "height": media.height}
            meta |= {name: value for name, value in size.items() if value is not None}
            return Item(key=key, kind="image", url=data, meta=meta)
        if not urls_are_text and _is_url(data):
            raise _refused(
                where,
                f"The row's text lies at another address ({kind}).",
                "Upload the text itself, or set 'urls_are_text' if the address is what is labeled.",
            )
        if kind and not kind.startswith("text/"):
            raise _refused(where, f"Rows of type {kind} cannot be learned.", "Use text or images.")
        return Item(key=key, text=data, meta=meta)
    except ValidationError as error:
        raise _refused(where, f"The row cannot become an item: {_said(error)}.", "") from None


def _is_url(text: str) -> bool:
    if not text.startswith(("http://", "https://", "gs://", "s3://")) or any(
        map(str.isspace, text)
    ):
        return False
    try:
        return bool(urlsplit(text).netloc)
    except ValueError:
        return False


def _refused(where: str, what: str, fix: str) -> Unreadable:
    return Unreadable(Problem(where=where, what=what, fix=fix))


def _said(error: ValidationError) -> str:
    return "; ".join(one["msg"] for one in error.errors(include_input=False, include_url=False))


# -------------------------------------------------------------------------------------- annotations


def _annotation(
    label: _Label, key: str, question: Question, text: str | None, where: str
) -> Annotation:
    details = label.label_details or _LabelDetails()
    performance = label.performance_details or _Performance()
    where = f"{where}, label {label.id}"
    skipped = bool(performance.skipped)
    value = None if skipped else _value(label.annotations or _Annotations(), question, text, where)
    seconds = performance.seconds_to_create
    try:
        return Annotation(
            id=label.id,
            item_key=key,
            annotator=details.created_by,
            status="skipped" if value is None else "answered",
            value=value,
            created_at=_time(details.created_at),
            updated_at=_latest(details.updated_at, details.content_last_updated_at),
            seconds=seconds if seconds is not None and seconds >= 0 else None,
            # "Benchmark" is unverified; where Labelbox has no such word, nothing is a benchmark.
            ground_truth=label.label_kind == "Benchmark",
        )
    except ValidationError as error:
        raise _refused(where, f"The label cannot be read: {_said(error)}.", "") from None


def _value(
    annotations: _Annotations, question: Question, text: str | None, where: str
) -> Value | None:
    """Return the answer to the question.

    A label without marks says that there is nothing to mark, and one without ticks that no class
    applies. A radio left open says nothing: None, which is a skip, so that the row, which Labelbox
    will not ask for again, is not taken for the pool.
    """
    try:
        match question.task:
            case "spans":
                return Spans(spans=_spans(annotations.objects or (), question, text, where))
            case "boxes":
                return Boxes(boxes=_boxes(annotations.objects or (), question))
            case _:
                return _classes(annotations.classifications or (), question)
    except ValidationError as error:
        raise _refused(where, f"The label cannot be read: {_said(error)}.", "") from None


def _classes(answers: Sequence[_Classification], question: Question) -> Classes | None:
    found = [a for a in answers if _asks(a, question)]
    if question.task == "multi":
        choices = [c for a in found for c in a.checklist_answers or ()]
    else:
        choices = [a.radio_answer for a in found if a.radio_answer is not None]
        if not choices:
            return None
    names = (question.class_name(c.feature_schema_id, c.name) for c in choices)
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
    raise _refused(
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


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _latest(*texts: str | None) -> datetime | None:
    return max((t for t in map(_time, texts) if t is not None), default=None)
