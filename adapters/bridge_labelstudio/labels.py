"""Formats: an annotation of Label Studio to a record.

Result formats: https://labelstud.io/guide/task_format and the pages of the tags. Where Label
Studio's pages count text, they count code points: so the page of 1.23.2 does in a browser, and the
server keeps what it sends. Pages of other versions may count UTF-16 units; the text that comes with
a span decides then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from pydantic import ValidationError

from bridge.records import Annotation, Box, Boxes, Classes, Problem, Span, Spans, Value
from bridge_labelstudio import wire
from bridge_labelstudio.schema import Question

__all__ = ["Unreadable", "annotation_of", "result_of"]


class Unreadable(Exception):
    """A part of a task that cannot become a record; holds the problem to report."""

    def __init__(self, where: str, what: str, fix: str = "") -> None:
        super().__init__(what)
        self.problem = Problem(where=where, what=what, fix=fix)


class _Mark(msgspec.Struct):
    start: int
    end: int
    text: str | None = None
    labels: list[str] = []


class _Rectangle(msgspec.Struct):
    x: float
    y: float
    width: float
    height: float
    rotation: float = 0.0
    rectanglelabels: list[str] = []


class _Choice(msgspec.Struct):
    choices: list[str] = []


def annotation_of(
    row: msgspec.Raw,
    key: str,
    question: Question,
    users: Mapping[int, str],
    text: str | None,
    where: str,
) -> Annotation:
    """Make an annotation of one of Label Studio's.

    Args:
        key: the item's key.
        users: e-mail addresses by user id.
        text: the item's text, to read spans by; None where there is none.

    Raises:
        Unreadable: it does not make sense; names the task and the annotation.
    """
    try:
        given = msgspec.json.decode(row, type=wire.Annotation)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(where, f"An annotation cannot be read: {error}.") from None
    where = f"{where}, annotation {given.id}"
    try:
        value = None if given.was_cancelled else _value(given.result or (), question, text, where)
        return Annotation(
            id=f"ls-{given.id}",
            item_key=key,
            annotator=_annotator(given.completed_by, users),
            status="skipped" if value is None else "answered",
            value=value,
            created_at=given.created_at,
            updated_at=given.updated_at,
            seconds=given.lead_time if given.lead_time and given.lead_time >= 0 else None,
            ground_truth=given.ground_truth,
        )
    except ValidationError as error:
        said = "; ".join(e["msg"] for e in error.errors(include_input=False, include_url=False))
        raise Unreadable(where, f"The annotation cannot be read: {said}.") from None


def _annotator(given: int | wire.User | None, users: Mapping[int, str]) -> str | None:
    if isinstance(given, wire.User):
        return given.email or users.get(given.id, f"user-{given.id}")
    return None if given is None else users.get(given, f"user-{given}")


def _value(
    result: Sequence[wire.Region], question: Question, text: str | None, where: str
) -> Value | None:
    """Return the answer to the question.

    An answer without marks says that there is nothing to mark, and one without ticks that no class
    applies. A single choice left open says nothing: None, which is a skip, so that the task, which
    Label Studio will not ask for again, is not taken for the pool.
    """
    regions = [region for region in result if region.from_name == question.name]
    try:
        match question.schema.task:
            case "spans":
                return Spans(spans=tuple(_spans(regions, question, text, where)))
            case "boxes":
                return Boxes(boxes=tuple(_boxes(regions, question, where)))
            case _:
                return _classes(regions, question, where)
    except msgspec.ValidationError as error:
        raise Unreadable(where, f"The annotation cannot be read: {error}.") from None


def _classes(regions: Sequence[wire.Region], question: Question, where: str) -> Classes | None:
    labels = [
        label for region in regions for label in msgspec.convert(region.value, _Choice).choices
    ]
    chosen = tuple(dict.fromkeys(_name(label, question) for label in labels))
    if question.schema.task == "single":
        if not chosen:
            return None
        if len(chosen) > 1:
            what = f"The answer has {len(chosen)} choices where one may apply."
            raise Unreadable(where, what, "Correct it in Label Studio.")
    return Classes(chosen=chosen)


def _name(label: str, question: Question) -> str:
    return question.names.get(label, label)


def _spans(
    regions: Sequence[wire.Region], question: Question, text: str | None, where: str
) -> Iterator[Span]:
    for region in regions:
        mark = msgspec.convert(region.value, _Mark)
        start, end = _bounds(mark, text, where)
        for label in mark.labels:
            yield Span(start=start, end=end, class_name=_name(label, question))


def _bounds(mark: _Mark, text: str | None, where: str) -> tuple[int, int]:
    """Return a span in code points."""
    start, end = mark.start, mark.end
    if text is None or mark.text is None:
        return start, end
    units = text.encode("utf-16-le")
    before = units[: 2 * start].decode("utf-16-le", "ignore")
    inside = units[2 * start : 2 * end].decode("utf-16-le", "ignore")
    for form in (_shown, _unspaced):
        if form(text[start:end]) == form(mark.text):
            return start, end
        if form(inside) == form(mark.text):
            return len(before), len(before) + len(inside)
    if _unspaced(text[start:end]).startswith(_unspaced(mark.text)):
        # The region of a prediction that came without its text: the page of 1.23.2 adds the text,
        # at times cut short or empty, while offsets and what is highlighted are right.
        return start, end
    raise Unreadable(
        where,
        f"The span {start} to {end} does not fit the task's text.",
        "Look at it in Label Studio: the text may have changed after it was labeled.",
    )


def _shown(text: str) -> str:
    r"""Return text as the pages report it: each line break is a backslash and an n."""
    return text.replace("\r", "\\n").replace("\n", "\\n")


def _unspaced(text: str) -> str:
    """Return text without spaces and line breaks.

    The page reports what it shows: a run of spaces looks like one there, and none is seen at the
    start of a line. The offsets count them all.
    """
    return "".join(_shown(text).replace("\\n", " ").split())


def _boxes(regions: Sequence[wire.Region], question: Question, where: str) -> Iterator[Box]:
    for region in regions:
        given = msgspec.convert(region.value, _Rectangle)
        if region.original_width is None or region.original_height is None:
            raise Unreadable(where, "A box comes without the size of its image.")
        if given.rotation % 360:
            raise Unreadable(where, "A box is rotated, which Bridge cannot express.")
        across, down = region.original_width / 100, region.original_height / 100
        for label in given.rectanglelabels:
            yield Box(
                left=given.x * across,
                top=given.y * down,
                width=given.width * across,
                height=given.height * down,
                class_name=_name(label, question),
            )


def result_of(labels: Sequence[str], question: Question, score: float) -> dict[str, Any]:
    """Return the region of a prediction that names classes by their labels.

    Args:
        score: how sure the model is, in [0, 1].
    """
    return {
        "from_name": question.name,
        "to_name": question.to_name,
        "type": "choices",
        "value": {"choices": list(labels)},
        "score": round(score, 4),
    }
