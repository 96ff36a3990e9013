"""An emulated project for rehearsals: what ``Adapter.stage`` sets up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from bridge.records import Item, TaskType
from bridge_labelbox.emulator.server import Emulator

__all__ = ["Stage", "stage"]


class Stage:
    """One project on an emulator, and the people at it."""

    def __init__(self, emulator: Emulator, project: str, dataset: str) -> None:
        self.emulator = emulator
        self.project = project
        self.dataset = dataset

    @property
    def settings(self) -> Mapping[str, Any]:
        """The keys of ``[platform]`` that reach the project."""
        return {
            "api_key": self.emulator.api_key,
            "project": self.project,
            "datasets": [self.dataset],
            "endpoint": self.emulator.url,
            "retry_budget_s": 5,
            "poll_interval_s": 0.05,
        }

    def add_items(self, items: Sequence[Item]) -> None:
        """Upload data rows to the dataset."""
        self.emulator.add_items(self.project, [(item.key, item.text or "") for item in items])

    def queue(self) -> list[str]:
        """Return the keys of unanswered rows, in the order of asking."""
        return self.emulator.queue(self.project)

    def answer(self, key: str, classes: Sequence[str], annotator: str = "ann@example.com") -> None:
        """Answer a row."""
        self.emulator.answer(self.project, key, classes, annotator)

    def skip(self, key: str, annotator: str = "ann@example.com") -> None:
        """Skip a row."""
        self.emulator.skip(self.project, key, annotator)


@contextmanager
def stage(task: TaskType, classes: tuple[str, ...]) -> Iterator[Stage]:
    """Run an emulator with one project while the context lasts."""
    with Emulator() as emulator:
        project, dataset = emulator.add_project(classes, task=task)
        yield Stage(emulator, project, dataset)
