"""A project's ontology to the one question that is learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
from pydantic import ValidationError

from bridge.errors import DataError, PlatformError
from bridge.records import LabelClass, LabelSchema, TaskType

__all__ = ["Question", "question_of"]

_CLASSIFICATIONS: dict[str, TaskType] = {"radio": "single", "checklist": "multi"}
_TOOLS: dict[str, TaskType] = {"named-entity": "spans", "rectangle": "boxes"}


class _Option(msgspec.Struct, rename="camel"):
    label: str | None = None
    value: str | None = None
    feature_schema_id: str | None = None
    archived: int | bool | None = None

    @property
    def shown(self) -> str:
        return self.label or self.value or ""


class _Classification(msgspec.Struct, rename="camel"):
    type: str
    name: str | None = None
    instructions: str | None = None
    feature_schema_id: str | None = None
    archived: int | bool | None = None
    options: list[_Option] | None = None


class _Tool(msgspec.Struct, rename="camel"):
    tool: str
    name: str
    feature_schema_id: str | None = None
    archived: int | bool | None = None


class _Normalized(msgspec.Struct):
    tools: list[_Tool] | None = None
    classifications: list[_Classification] | None = None


@dataclass(frozen=True)
class Question:
    """What annotators are asked.

    Attributes:
        id: featureSchemaId of the classification; None for tools, which are classes themselves.
        schema: task, name and classes; a class's id is its featureSchemaId, which outlives renames.
    """

    id: str | None
    schema: LabelSchema

    @cached_property
    def task(self) -> TaskType:
        """The task type."""
        return self.schema.task

    def class_name(self, schema_id: str | None, exported: str) -> str:
        """Return the class's name of today, or the exported one where its id is unknown."""
        return self._names.get(schema_id or "", exported)

    @cached_property
    def _names(self) -> dict[str, str]:
        return {c.id: c.name for c in self.schema.classes}


def question_of(normalized: Any, wanted: str | None) -> Question:
    """Find the question in ``ontology.normalized``; archived parts do not count.

    Args:
        wanted: name of a radio or checklist classification, or ``named-entity`` or ``rectangle``
            for all tools of that kind; None if there is only one.

    Raises:
        DataError: there is none that can be learned, or several and none was named.
    """
    found = _questions(_decoded(normalized))
    if wanted is not None:
        found = [question for question in found if question.schema.question == wanted] or found
    names = ", ".join(f"'{question.schema.question}'" for question in found)
    if not found:
        raise DataError(
            "The project's ontology has no question that can be learned.",
            "Add a radio or checklist classification with options, or named-entity or rectangle"
            " tools.",
        )
    if wanted is not None and found[0].schema.question != wanted:
        raise DataError(
            f"The project's ontology has no question '{wanted}' that can be learned.",
            f"Set 'question' to one of: {names}.",
        )
    if len(found) > 1:
        raise DataError(
            f"The project's ontology has several questions: {names}.",
            "Set 'question' to one of them (give them different names if two are alike).",
        )
    return found[0]


def _decoded(normalized: Any) -> _Normalized:
    try:
        if isinstance(normalized, str):  # written as text, read as an object
            return msgspec.json.decode(normalized, type=_Normalized)
        return msgspec.convert(normalized or {}, _Normalized)
    except (msgspec.MsgspecError, ValueError) as error:
        raise PlatformError(
            f"The project's ontology cannot be understood: {error}.",
            "The API may have changed; report this to the maintainers of Bridge.",
        ) from None


def _questions(ontology: _Normalized) -> list[Question]:
    found = []
    for one in ontology.classifications or ():
        options = [o for o in one.options or () if o.shown and not o.archived]
        if one.type in _CLASSIFICATIONS and options and not one.archived:
            name = one.name or one.instructions or one.type
            classes = [(o.feature_schema_id, o.shown) for o in options]
            found.append(_question(_CLASSIFICATIONS[one.type], name, classes, one))
    for kind, task in _TOOLS.items():
        tools = [t for t in ontology.tools or () if t.tool == kind and not t.archived]
        if tools:
            found.append(_question(task, kind, [(t.feature_schema_id, t.name) for t in tools]))
    return found


def _question(
    task: TaskType,
    name: str,
    classes: Sequence[tuple[str | None, str]],
    classification: _Classification | None = None,
) -> Question:
    listed = tuple(LabelClass(id=schema_id or shown, name=shown) for schema_id, shown in classes)
    try:
        schema = LabelSchema(task=task, question=name, classes=listed)
    except ValidationError:
        raise DataError(
            f"The question '{name}' has two classes of the same name.",
            "Rename one of them in Labelbox's ontology.",
        ) from None
    return Question(classification.feature_schema_id if classification else None, schema)
