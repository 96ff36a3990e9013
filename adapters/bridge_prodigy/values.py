"""What an answered task says: its classes, spans or boxes.

Formats: prodi.gy/docs/api-interfaces and published exports. A task of the interface ``blocks`` has
the keys of all its blocks; only those of the configured question are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.records import AnnotationStatus, Box, Boxes, Classes, LabelSchema, Span, Spans, Value

__all__ = ["OtherQuestion", "Reading", "Unusable", "binary_label", "read_value", "view_of"]

_CLASS_VIEWS = frozenset({"choice", "classification"})
_SPAN_VIEWS = frozenset({"ner", "ner_manual", "spans", "spans_manual", "relations", "dep", "pos"})
_BOX_VIEWS = frozenset({"image", "image_manual"})
_ASKED = {"single": _CLASS_VIEWS, "multi": _CLASS_VIEWS, "spans": _SPAN_VIEWS, "boxes": _BOX_VIEWS}
_KNOWN = _CLASS_VIEWS | _SPAN_VIEWS | _BOX_VIEWS | {"text_input", "audio", "audio_manual"}
_BINARY_SPAN_VIEWS = frozenset({"ner", "spans"})
# One of these keys shows that a task with several blocks had the one that was asked for.
_TRACES = {
    "single": ("accept", "options", "label"),
    "multi": ("accept", "options", "label"),
    "spans": ("spans", "tokens"),
    "boxes": ("spans", "width"),
}


@dataclass(frozen=True)
class Reading:
    """What is needed to read the answers of one dataset.

    Attributes:
        dataset: its name, the prefix of its session names.
        schema: the label schema; its question is the interface that asks it.
        negative: the class that a rejected binary task stands for; None where there is none.
    """

    dataset: str
    schema: LabelSchema
    negative: str | None = None


class Unusable(ValueError):
    """The answer was given and has no value that can be used."""


class OtherQuestion(ValueError):
    """The task asks another question than the one that is to be learned."""


def view_of(task: Mapping[str, Any]) -> str | None:
    """The interface in which a task was answered; of a reviewed one, that of its versions."""
    view = task.get("_view_id")
    if view == "review":
        view = task.get("view_id")
    return view if isinstance(view, str) else None


def _is_choice(task: Mapping[str, Any]) -> bool:
    return isinstance(task.get("accept"), list) or isinstance(task.get("options"), list)


def _asks(task: Mapping[str, Any], schema: LabelSchema) -> bool:
    view = view_of(task)
    if view in _KNOWN:
        return view in _ASKED[schema.task]
    return view is None or any(key in task for key in _TRACES[schema.task])


def binary_label(task: Mapping[str, Any], reading: Reading) -> str | None:
    """The one label that the task asks about; None where it asks otherwise."""
    label = task.get("label")
    if reading.schema.task not in ("single", "multi") or not isinstance(label, str):
        return None
    binary = view_of(task) == "classification" or reading.schema.question == "classification"
    return label if label and (binary or not _is_choice(task)) else None


def read_value(
    task: Mapping[str, Any], label: str | None, reading: Reading
) -> tuple[AnnotationStatus, Value | None]:
    """Return the status of an answered task, and its value where it has one.

    Args:
        task: as Prodigy saved it.
        label: what :func:`binary_label` says of it.
        reading: how to read it.

    Raises:
        OtherQuestion: the task does not ask what is to be learned.
        Unusable: it does, and was answered, but the value makes no sense.
        ValueError: the task has no answer.
    """
    if not _asks(task, reading.schema):
        raise OtherQuestion(view_of(task))
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


# ------------------------------------------------------------------------------------------ classes


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
        raise Unusable("the answer has no classes: neither options nor a label")
    offered = _option_names(task.get("options"), schema.names)
    ticks = task.get("accept") or []
    if not all(isinstance(tick, str | int) for tick in ticks):
        raise Unusable("an id in 'accept' is neither a text nor a whole number")
    chosen = tuple(dict.fromkeys(offered.get(tick, str(tick)) for tick in ticks))
    if schema.task == "single":
        if len(chosen) > 1:
            raise Unusable(f"{len(chosen)} classes were chosen where one may apply")
        return Classes(chosen=chosen) if chosen else None
    missing = set(schema.names) - set(offered.values()) if offered else set()
    if not missing:
        return Classes(chosen=chosen)
    # A class that was added later was not asked about.
    rejected = tuple(name for name in offered.values() if name not in chosen)
    return Classes(chosen=chosen, rejected=rejected, complete=False)


# ------------------------------------------------------------------------------------ spans, boxes


def _span_dicts(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    spans = task.get("spans")
    if spans is None:
        return []
    if not isinstance(spans, list) or not all(isinstance(s, Mapping) for s in spans):
        raise Unusable("the spans are not a list of objects")
    return spans


def _spans(task: Mapping[str, Any]) -> Spans:
    """Code points, the end exclusive; in the order of the text, whatever order they were marked in.

    ``token_end`` is inclusive and only used to check the offsets.
    """
    if view_of(task) in _BINARY_SPAN_VIEWS or task.get("_is_binary") is True:
        raise Unusable("a binary answer judges one span and does not tell the others")
    dicts = _span_dicts(task)
    try:
        found = [Span(start=s["start"], end=s["end"], class_name=str(s["label"])) for s in dicts]
    except (KeyError, ValueError):
        raise Unusable("a span lacks start, end or label, or they make no sense") from None
    for span, told in zip(found, dicts, strict=True):
        _check_offsets(span, told, task)
    return Spans(spans=tuple(sorted(set(found), key=lambda s: (s.start, s.end, s.class_name))))


def _check_offsets(span: Span, told: Mapping[str, Any], task: Mapping[str, Any]) -> None:
    """Compare a span with the text and the tokens that came with it.

    Spans that another program made may count UTF-16 units or bytes; nothing else would show it.
    """
    text = task.get("text")
    if not isinstance(text, str):
        return
    if span.end > len(text):
        raise Unusable("a span ends after the text does")
    if isinstance(told.get("text"), str) and text[span.start : span.end] != told["text"]:
        raise Unusable("a span's own text is not what its offsets (code points) say")
    try:
        tokens = task["tokens"]
        own = tokens[told["token_start"]]["start"], tokens[told["token_end"]]["end"]
    except (KeyError, IndexError, TypeError):
        return  # it does not tell
    if own != (span.start, span.end):
        raise Unusable("a span's offsets (code points) are not those of its tokens")


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
        raise Unusable("a shape is not a rectangle (x, y, width, height) with a label") from None
    except ValueError:
        raise Unusable("a rectangle's x, y, width or height makes no sense") from None
    return Boxes(boxes=tuple(boxes))
