"""A project's labeling interface to the one question that is learned.

Sources: ``parsed_label_config`` of ``GET /api/projects/{id}/`` (labels; where a label has an alias,
results hold the alias), and the attributes ``choice`` and ``perRegion``, which only the XML has
(https://labelstud.io/tags/choices.html).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from xml.etree import ElementTree

import msgspec
from pydantic import ValidationError

from bridge.errors import DataError, PlatformError
from bridge.records import LabelClass, LabelSchema, TaskType
from bridge_labelstudio.wire import Project

__all__ = ["Question", "question_of"]

_OBJECTS = {
    "Choices": ("Text", "HyperText", "Image"),
    "Labels": ("Text",),
    "RectangleLabels": ("Image",),
}


class _Input(msgspec.Struct, rename="camel"):
    type: str
    value: str | None = None
    value_type: str | None = None


class _Label(msgspec.Struct):
    value: str | None = None


class _Control(msgspec.Struct):
    type: str
    to_name: list[str]
    inputs: list[_Input]
    labels: list[str]
    labels_attrs: dict[str, _Label]
    dynamic_labels: bool = False


@dataclass(frozen=True)
class Question:
    """What annotators are asked.

    Attributes:
        control: type of the control tag.
        name: its name, ``from_name`` in results.
        to_name: name of the object tag that it is about.
        kind: what is shown.
        field: field of a task's data that has the text, or the image's address.
        schema: task, name and classes. A class's id is its label (the alias where there is one),
            which results hold; its name is what annotators see.
    """

    control: str
    name: str
    to_name: str
    kind: str
    field: str
    schema: LabelSchema

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Class name by label."""
        return {c.id: c.name for c in self.schema.classes}

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Label by class name."""
        return {c.name: c.id for c in self.schema.classes}


def question_of(project: Project, wanted: str | None, text_field: str | None = None) -> Question:
    """Find the question in a project's labeling interface.

    Args:
        wanted: name of the control; None if there is only one that can be learned.
        text_field: field of the tasks' data to read, in place of the one that is shown.

    Raises:
        DataError: no control can be learned, or several can and none was named.
    """
    found = _questions(project, text_field)
    names = ", ".join(f"'{question.name}'" for question in found)
    if not found:
        raise DataError(
            "The project's labeling interface has no control that can be learned.",
            "Add Choices on a Text or an Image, Labels on a Text, or RectangleLabels on an Image.",
        )
    chosen = [question for question in found if wanted in (None, question.name)]
    if not chosen:
        raise DataError(
            f"The project's labeling interface has no control '{wanted}' that can be learned.",
            f"Set 'question' to one of: {names}.",
        )
    if len(chosen) > 1:
        raise DataError(
            f"The project's labeling interface has several controls that can be learned: {names}.",
            "Set 'question' to one of them.",
        )
    return chosen[0]


def _questions(project: Project, text_field: str | None) -> list[Question]:
    try:
        controls = msgspec.convert(project.parsed_label_config or {}, dict[str, _Control])
    except msgspec.ValidationError as error:
        raise PlatformError(
            f"The project's labeling interface cannot be understood: {error}.",
            "The API may have changed; report this to the maintainers of Bridge.",
        ) from None
    written = _attributes(project.label_config)
    found = (
        _question(name, control, written.get(name, {}), text_field)
        for name, control in controls.items()
    )
    return [question for question in found if question is not None]


def _attributes(label_config: str) -> dict[str, dict[str, str]]:
    """Return the attributes of every named tag, by name."""
    try:
        root = ElementTree.fromstring(label_config)
    except ElementTree.ParseError as error:
        raise DataError(
            f"The project's labeling interface is not XML: {error}.",
            "Save it anew in the project's settings.",
        ) from None
    return {tag.attrib["name"]: dict(tag.attrib) for tag in root.iter() if "name" in tag.attrib}


def _question(
    name: str, control: _Control, written: Mapping[str, str], text_field: str | None
) -> Question | None:
    """Return the question that a control asks; None if it cannot be learned."""
    shown = control.inputs[0] if len(control.inputs) == 1 else None
    if shown is None or shown.type not in _OBJECTS.get(control.type, ()) or not control.labels:
        return None
    elsewhere = shown.value_type == "url" and shown.type != "Image" and text_field is None
    if control.dynamic_labels or written.get("perRegion") == "true" or elsewhere:
        return None
    return Question(
        control=control.type,
        name=name,
        to_name=control.to_name[0],
        kind="image" if shown.type == "Image" else "text",
        field=text_field or shown.value or "",
        schema=_schema(name, control, _task(control.type, written.get("choice"))),
    )


def _task(control: str, choice: str | None) -> TaskType:
    match control:
        case "Labels":
            return "spans"
        case "RectangleLabels":
            return "boxes"
        case _:
            return "multi" if choice == "multiple" else "single"


def _schema(name: str, control: _Control, task: TaskType) -> LabelSchema:
    attributes: Mapping[str, Any] = control.labels_attrs
    classes = tuple(
        LabelClass(id=label, name=(attributes[label].value if label in attributes else "") or label)
        for label in control.labels
    )
    try:
        return LabelSchema(task=task, question=name, classes=classes)
    except ValidationError:
        raise DataError(
            f"The control '{name}' shows two classes under the same name.",
            "Rename one of them in the project's labeling interface.",
        ) from None
