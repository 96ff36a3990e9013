"""Formats: Label Studio's JSON, as far as Bridge reads it; other fields are skipped.

Shapes as Label Studio 1.23.2 sends them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

__all__ = [
    "Annotation",
    "Created",
    "Prediction",
    "Project",
    "Region",
    "Task",
    "TaskPage",
    "User",
    "Version",
    "Versions",
]


class Project(msgspec.Struct):
    """A project.

    Attributes:
        parsed_label_config: by control name; see :mod:`bridge_labelstudio.schema`.
        model_version: the version whose predictions are shown and give the order; empty for none.
        maximum_annotations: how many annotators a task is for.
    """

    id: int
    title: str = ""
    label_config: str = ""
    parsed_label_config: Any = None
    model_version: str | None = None
    sampling: str | None = None
    show_collab_predictions: bool = True
    maximum_annotations: int = 1
    task_number: int | None = None


class Region(msgspec.Struct):
    """One part of a result; which fields ``value`` has depends on the control."""

    from_name: str = ""
    value: dict[str, Any] = {}
    original_width: float | None = None
    original_height: float | None = None


class Prediction(msgspec.Struct):
    """A prediction; ``score`` gives the order, ascending."""

    result: Any = None
    score: float | None = None
    model_version: str | None = None


class User(msgspec.Struct):
    """A person."""

    id: int
    email: str = ""


class Annotation(msgspec.Struct):
    """An annotation.

    Attributes:
        completed_by: the user, or the id.
        was_cancelled: the task was skipped.
        lead_time: seconds.
    """

    id: int
    result: list[Region] | None = None
    completed_by: int | User | None = None
    was_cancelled: bool = False
    ground_truth: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None
    lead_time: float | None = None


class Task(msgspec.Struct):
    """A task.

    Attributes:
        updated_at: moves when the data or an annotation changes, also when one is deleted.
        is_labeled: it has the annotations that it needs; nobody is asked any more.
        total_annotations: without skips.
        cancelled_annotations: skips.
        updated_by: who changed it last; empty where nobody did, so that it never had an answer.
        annotations: decoded one by one, so that one that is odd does not hide the others; absent
            where a list was asked for without them.
    """

    id: int
    data: dict[str, Any]
    updated_at: datetime
    is_labeled: bool = False
    total_annotations: int = 0
    cancelled_annotations: int = 0
    updated_by: list[Any] = []
    annotations: list[msgspec.Raw] = []
    predictions: list[Prediction] = []

    @property
    def touched(self) -> bool:
        """Whether somebody answered or skipped it."""
        return self.total_annotations + self.cancelled_annotations > 0


class TaskPage(msgspec.Struct):
    """A page of tasks; ``total`` is how many match in all, on every page."""

    tasks: list[msgspec.Raw]
    total: int


class Version(msgspec.Struct):
    """A model version, with how many predictions it has and when the last was made."""

    count: int
    latest: datetime
    model_version: str | None = None


class Versions(msgspec.Struct):
    """All model versions of a project."""

    static: list[Version]


class Created(msgspec.Struct):
    """How many predictions an import made; invalid ones are left out without a word."""

    created: int
