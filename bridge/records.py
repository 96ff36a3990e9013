"""The vocabulary, as frozen records.

Conventions (an adapter converts at its border): text spans are half-open ``[start, end)`` in
Unicode code points; boxes are pixels with the origin at the top left; times are aware and in UTC;
probabilities sum to 1 over classes, or lie in [0, 1] each alone where several classes may apply.

Everywhere, a class is named by its display name on the platform today. Platforms with stable class
ids give them in :class:`LabelClass`, which is how a rename is told from a removal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "Annotation",
    "AnnotationStatus",
    "Batch",
    "Box",
    "Boxes",
    "Change",
    "Classes",
    "Item",
    "LabelClass",
    "LabelSchema",
    "Page",
    "Prediction",
    "Problem",
    "QueueItem",
    "Record",
    "Source",
    "Span",
    "Spans",
    "Target",
    "TaskType",
    "Value",
    "digest",
    "maker",
]

TaskType = Literal["single", "multi", "spans", "boxes"]
AnnotationStatus = Literal["answered", "skipped", "rejected"]
Source = Literal["random", "cold-start", "hint", "novel", "uncertain", "diverse", "relabel"]


def _to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("it lies before the year 1 or after the year 9999 in UTC") from None


Time = Annotated[AwareDatetime, AfterValidator(_to_utc)]


def _without_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("it must not contain a NUL character")
    return value


Key = Annotated[str, Field(min_length=1, max_length=512), AfterValidator(_without_nul)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]


_canonical = json.JSONEncoder(separators=(",", ":"), sort_keys=True, default=str).encode


def digest(value: object) -> str:
    """Return 32 hexadecimal digits that depend on the content of a JSON-like value alone."""
    return hashlib.blake2b(_canonical(value).encode(), digest_size=16).hexdigest()


class Record(BaseModel):
    """A frozen, strict record; validation errors never show the input, which may hold secrets."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @classmethod
    def unchecked(cls, **values: Any) -> Self:
        """Make a record of values that are known to be right, without looking at them again.

        For adapters that have checked what they read; :func:`maker` makes very many for less. Every
        field that has no default, or one that is made anew (``Item.meta``), must be given, and each
        value in the type that validation would have made of it: a tuple, not a list; a time in UTC.
        """
        made: Self = _known_maker(cls)({**_template(cls), **values}, set(values))
        return made


R = TypeVar("R", bound=Record)

# What pydantic makes a record of; its own code puts it there in the same way.
_new = object.__new__
_put_fields = BaseModel.__dict__["__dict__"].__set__
_put_names = BaseModel.__dict__["__pydantic_fields_set__"].__set__
_put_extra = BaseModel.__dict__["__pydantic_extra__"].__set__
_put_private = BaseModel.__dict__["__pydantic_private__"].__set__


def maker(record: type[R]) -> Callable[..., R]:
    """Return a function that makes records of their fields, for where rows are very many.

    It is given a dictionary that becomes the record's own: all fields, in their order, and right as
    :meth:`Record.unchecked` wants them. A record costs a fifth to a third of a validated one.
    """
    every = set(record.model_fields)  # shared, since a record never changes; a copy has its own

    def make(fields: dict[str, Any], names: set[str] = every) -> R:
        made = _new(record)
        _put_fields(made, fields)
        _put_names(made, names)
        _put_extra(made, None)
        _put_private(made, None)
        return made

    return make


_known_maker = cache(maker)


@cache
def _template(record: type[Record]) -> Mapping[str, Any]:
    """Return all fields of a record in order, with their defaults; None where there is none."""
    return {
        name: None if field.is_required() else field.get_default()
        for name, field in record.model_fields.items()
    }


# ------------------------------------------------------------------------------------------- items


class Item(Record):
    """One thing to label.

    Attributes:
        key: identity, stable across platforms and runs; 1 to 512 characters, none of them NUL.
        kind: what is shown to the annotator.
        text: the text itself, for ``kind="text"``; not blank.
        url: where the image is, for ``kind="image"``; Bridge never fetches it unasked.
        meta: further JSON-like fields that travel with the item.
    """

    key: Key
    kind: Literal["text", "image"] = "text"
    text: str | None = None
    url: str | None = None
    meta: Mapping[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_content(self) -> Item:
        if self.kind == "text" and not (self.text and self.text.strip()):
            raise ValueError("an item of kind 'text' needs a text that is not blank")
        if self.kind == "image" and not self.url:
            raise ValueError("an item of kind 'image' needs a url")
        return self

    @cached_property
    def fingerprint(self) -> str:
        """Digest of what is shown; it changes when, and only when, the content does."""
        return digest([self.kind, self.text, self.url])


# ----------------------------------------------------------------------------------------- answers


class Classes(Record):
    """An answer that names classes.

    Attributes:
        chosen: the classes that apply; at most one where the schema is single-label.
        rejected: classes that were asked about and do not apply.
        complete: True when every class was on offer, so that one not chosen does not apply;
            False for a judgement of some classes only (binary accept/reject tasks).
    """

    kind: Literal["classes"] = "classes"
    chosen: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    complete: bool = True


class Span(Record):
    """A labeled stretch of text, half-open ``[start, end)`` in code points."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    class_name: str

    @model_validator(mode="after")
    def _ordered(self) -> Span:
        if self.end < self.start:
            raise ValueError("a span ends before it starts")
        return self


class Spans(Record):
    """An answer that marks stretches of text."""

    kind: Literal["spans"] = "spans"
    spans: tuple[Span, ...] = ()


class Box(Record):
    """A labeled rectangle in pixels, origin top left."""

    left: float
    top: float
    width: float = Field(ge=0)
    height: float = Field(ge=0)
    class_name: str


class Boxes(Record):
    """An answer that marks rectangles in an image."""

    kind: Literal["boxes"] = "boxes"
    boxes: tuple[Box, ...] = ()


Value = Annotated[Classes | Spans | Boxes, Field(discriminator="kind")]


class Annotation(Record):
    """One annotator's answer on one item, as of a time.

    Attributes:
        id: the platform's identity of this answer, unique in the project and stable when the
            answer is edited, so that an edit replaces and never adds.
        item_key: the item that was answered.
        annotator: who answered; None where the platform does not say.
        status: ``answered`` carries a value; ``skipped`` (could not or would not say) and
            ``rejected`` (the task itself is refused) carry none.
        updated_at: when the answer last changed, by the platform's clock; None where unknown.
        revision: the platform's own count of changes where it has one; orders equal times.
        seconds: time the annotator spent; None where unknown.
        ground_truth: a reference answer (benchmark, gold) that outranks the others.
    """

    id: Key
    item_key: Key
    annotator: str | None = None
    status: AnnotationStatus = "answered"
    value: Value | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    revision: int = Field(default=0, ge=-(2**63), lt=2**63)
    seconds: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    ground_truth: bool = False

    @model_validator(mode="after")
    def _value_fits_status(self) -> Annotation:
        if (self.status == "answered") != (self.value is not None):
            raise ValueError("an answered annotation has a value, any other has none")
        return self

    @cached_property
    def digest(self) -> str:
        """Digest of the answer itself; times and ids do not count."""
        value = None if self.value is None else self.value.model_dump(mode="json")
        return digest([self.status, value, self.annotator, self.ground_truth])

    @property
    def order(self) -> tuple[str, int, str]:
        """Sorts the versions of one annotation: the greatest is the one that holds."""
        return (
            "" if self.updated_at is None else self.updated_at.isoformat(timespec="microseconds"),
            self.revision,
            self.digest,
        )


class Target(Record):
    """What the learner is taught for an item: its annotations resolved into one answer.

    Attributes:
        how: how the answer came about; ``weighted``: not by number, but since those who gave it can
            be trusted more.
        agreement: share of the annotators who gave this answer, in (0, 1].
        annotators: how many answers it rests on.
    """

    item_key: Key
    value: Value
    how: Literal["single", "unanimous", "majority", "weighted", "ground-truth"]
    agreement: Probability
    annotators: int = Field(ge=1)


# ------------------------------------------------------------------------------------------ schema


class LabelClass(Record):
    """One class; ``id`` is the platform's stable identity of it, the name where it has none."""

    id: str
    name: str


class LabelSchema(Record):
    """Task type, class names, and how many may apply.

    Attributes:
        task: what an answer is made of.
        question: the platform's name of the question that is asked.
        classes: in the platform's order; names are unique.
    """

    task: TaskType
    question: str
    classes: tuple[LabelClass, ...]

    @model_validator(mode="after")
    def _unique(self) -> LabelSchema:
        if len(set(self.names)) != len(self.classes):
            raise ValueError("class names must be unique")
        return self

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The class names, in order."""
        return tuple(c.name for c in self.classes)

    @cached_property
    def digest(self) -> str:
        """Digest of the schema; it changes when anything in it does."""
        return digest(self.model_dump(mode="json"))


# ---------------------------------------------------------------------------- predictions, batches


class Prediction(Record):
    """What one model version says of one item.

    Attributes:
        probabilities: by class name, calibrated.
        uncertainty: in [0, 1]; 1 is least sure.
        decided: the classes that the model decides for, which need not be the most probable (see
            ``model.decide_for``); None where nobody asked, as in batches.
    """

    item_key: Key
    model_version: str
    probabilities: Mapping[str, Probability]
    uncertainty: Probability
    decided: tuple[str, ...] | None = None

    @property
    def top(self) -> str:
        """The most probable class; the first by name of several."""
        most = max(self.probabilities.values())
        return min([name for name, p in self.probabilities.items() if p == most])

    def chosen(self, task: TaskType) -> tuple[str, ...]:
        """Classes to pre-annotate: the top one, or all at 0.5 or more (multi-label).

        These are what people have to correct least often, whatever the model decides for.
        """
        if task == "multi":
            return tuple(n for n, p in self.probabilities.items() if p >= 0.5)
        return (self.top,)


class QueueItem(Record):
    """An item in a batch or in the queue, with its place and the reason why it is there.

    Attributes:
        rank: place in the order of asking; 0 is asked first.
        score: the acquisition; higher says that the label would teach more. 0 where no model chose.
        source: what chose it; ``relabel``: it has an answer, and another one is asked for.
        reason: one line for people.
        hold_out: a label of this item is for measuring, never for training.
        prediction: becomes the pre-annotation; None shows none (always so for the hold-out, whose
            answers must not lean on the model they measure, and for relabels).
    """

    item: Item
    rank: int = Field(ge=0)
    score: float = 0.0
    source: Source
    reason: str
    hold_out: bool = False
    prediction: Prediction | None = None


class Batch(Record):
    """A ranked list of items, decided at one time by one model version.

    Attributes:
        id: derived from the content, so that the same decision has the same id.
        model_version: None at a cold start.
        items: in rank order, at least one; keys are unique.
    """

    id: str
    created_at: Time
    model_version: str | None
    items: tuple[QueueItem, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> Batch:
        if len({entry.item.key for entry in self.items}) != len(self.items):
            raise ValueError("an item is in the batch twice")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """The item keys, in rank order."""
        return tuple(entry.item.key for entry in self.items)


# ----------------------------------------------------------------------------------------- changes


class Change(Record):
    """What a platform tells of one item.

    Attributes:
        key: the item.
        item: its content; None when this change does not tell it.
        removed: the item no longer exists on the platform.
        queued: whether the platform will ask people for it; None when this change does not tell.
        annotations: answers on it; None when this change does not tell of answers.
        complete: the annotations are all there are, so that one the store has and this lacks was
            deleted.
        as_of: the platform's time of this state; of two complete changes the later one holds.
    """

    key: Key
    item: Item | None = None
    removed: bool = False
    queued: bool | None = None
    annotations: tuple[Annotation, ...] | None = None
    complete: bool = False
    as_of: Time | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Change:
        if self.item is not None and self.item.key != self.key:
            raise ValueError("the item has another key than the change")
        if any(a.item_key != self.key for a in self.annotations or ()):
            raise ValueError("an annotation belongs to another item than the change")
        return self


class Problem(Record):
    """Something that could not be read: kept in the run's report, and nothing else stops for it.

    Attributes:
        where: file and line, or row and label.
        what: what is wrong with it.
        fix: what to do; empty where nothing can be done.
    """

    where: str
    what: str
    fix: str = ""


class Page(Record):
    """One page of changes.

    Attributes:
        changes: in any order; one page has an item at most once.
        cursor: how far the pull got once this page is stored; opaque to the engine. None leaves
            the stored cursor as it is.
    """

    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()
    cursor: str | None = None
