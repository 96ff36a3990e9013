"""Dispatch by operation name, and the error envelope."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bridge_labelbox.emulator.state import DataRow, Dataset, Label, Project, World

__all__ = [
    "Call",
    "Refused",
    "Upload",
    "execute",
    "is_write",
    "matching",
    "operation",
    "paged",
]

T = TypeVar("T")

_HEAD = re.compile(r"^\s*(?:(?:query|mutation)\b\s*(\w*)|\{)")
_WHERE = re.compile(r"(\w+): \$(param_\d+)")


class Refused(Exception):
    """An operation that the platform refuses, with the code of its envelope."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    def envelope(self) -> dict[str, Any]:
        """Return the body of the answer."""
        extensions: dict[str, Any] = {"code": self.code}
        if self.status is not None:
            extensions["exception"] = {"status": self.status}
        return {"errors": [{"message": str(self), "extensions": extensions}], "data": None}


@dataclass(frozen=True)
class Upload:
    """One file of a multipart request."""

    name: str
    body: bytes


@dataclass
class Call:
    """One operation that was asked for; ``files`` are the uploads by variable path."""

    world: World
    text: str
    variables: Mapping[str, Any]
    files: Mapping[str, Upload] = field(default_factory=dict)

    def project(self, project_id: str | None = None) -> Project:
        """Return the project that the call is about.

        Raises:
            Refused: there is none.
        """
        v = self.variables
        wanted = project_id or v.get("projectId") or v.get("project_id") or v.get("param_0")
        found = self.world.projects.get(str(wanted))
        if found is None:
            raise Refused("RESOURCE_NOT_FOUND", f"Project {wanted} not found")
        return found

    def dataset(self, dataset_id: str) -> Dataset:
        """Return a dataset.

        Raises:
            Refused: there is none.
        """
        found = self.world.datasets.get(dataset_id)
        if found is None:
            raise Refused("RESOURCE_NOT_FOUND", f"Dataset {dataset_id} not found")
        return found

    def row(self, row_id: str) -> DataRow:
        """Return the data row of an id.

        Raises:
            Refused: there is none.
        """
        found = self.world.rows.get(row_id)
        if found is None:
            raise Refused("RESOURCE_NOT_FOUND", "Data row not found")
        return found

    def label(self, label_id: str) -> tuple[Project, Label]:
        """Return a label and its project.

        Raises:
            Refused: there is none.
        """
        for project in self.world.projects.values():
            if label_id in project.labels:
                return project, project.labels[label_id]
        raise Refused("RESOURCE_NOT_FOUND", "Label not found")

    def rows(self, ids: Sequence[str] | None, keys: Sequence[str] | None) -> list[DataRow]:
        """Return the rows of ids and global keys.

        Raises:
            Refused: a global key does not exist, or no id does.
        """
        world = self.world
        unknown = [key for key in keys or () if key not in world.by_key]
        if unknown:
            raise Refused(
                "MALFORMED_REQUEST",
                f"Data rows with the following global keys do not exist: {', '.join(unknown)}.",
            )
        found = [world.rows[i] for i in ids or () if i in world.rows]
        return found + [world.rows[world.by_key[key]] for key in keys or ()]


Handler = Callable[[Call], dict[str, Any]]

_HANDLERS: dict[str, Handler] = {}


def operation(*names: str) -> Callable[[Handler], Handler]:
    """Register a handler for operations of these names (without the ending ``PyApi``)."""

    def register(handler: Handler) -> Handler:
        for name in names:
            _HANDLERS[f"{name}PyApi"] = _HANDLERS[name] = handler
        return handler

    return register


def is_write(text: str) -> bool:
    """Tell mutations from queries."""
    return text.lstrip().startswith("mutation")


def execute(call: Call) -> dict[str, Any]:
    """Execute one operation and return the body of the answer."""
    match = _HEAD.match(call.text)
    handler = _HANDLERS.get(match[1] or "") if match else None
    try:
        if match is None:
            raise Refused("GRAPHQL_PARSE_FAILED", "Syntax Error: no operation was found")
        if handler is None:
            # The deployed service masks every such error with the same words.
            raise Refused("GRAPHQL_VALIDATION_FAILED", "GraphQL validation error")
        return {"data": handler(call)}
    except Refused as refused:
        return refused.envelope()


_SKIP = re.compile(r"skip:\s*(\d+)\s*,?\s*first:\s*(\d+)")


def paged(items: Sequence[T], text: str) -> list[T]:
    """Cut out the page that ``skip: n first: m`` in the text asks for."""
    match = _SKIP.search(text)
    if match is None:
        return list(items)
    skip, first = int(match[1]), int(match[2])
    return list(items[skip : skip + first])


def matching(shown: Sequence[dict[str, Any]], call: Call) -> list[dict[str, Any]]:
    """Keep what has the values that the ``where`` in the text asks for; all are live."""
    wanted = {name: call.variables[given] for name, given in _WHERE.findall(call.text)}
    wanted.pop("deleted", None)
    return [one for one in shown if all(one.get(name) == v for name, v in wanted.items())]
