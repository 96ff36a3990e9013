"""Set up projects and play people, in words of Bridge's tests rather than of the API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bridge_labelbox.emulator import people
from bridge_labelbox.emulator.batches import waiting
from bridge_labelbox.emulator.catalog import add_dataset
from bridge_labelbox.emulator.faults import Fault
from bridge_labelbox.emulator.ontologies import add_ontology
from bridge_labelbox.emulator.projects import add_project
from bridge_labelbox.emulator.rows import add_row
from bridge_labelbox.emulator.state import DataRow, Project, World
from bridge_labelbox.keys import identifier, key_of

__all__ = ["Play"]

_COLORS = ("#ff0000", "#00aa00", "#0000ff", "#ffaa00", "#aa00ff", "#00aaaa")


class Play:
    """A hand on the world; every method may be called from any thread.

    Keys are the adapter's (a global key, or ``lb-row:`` and an id).
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def add_project(
        self,
        classes: Sequence[str],
        *,
        task: str = "single",
        question: str = "class",
        name: str = "Emulated project",
    ) -> tuple[str, str]:
        """Make a project with ontology, and a dataset for its pool; return both ids.

        Args:
            task: ``single`` (radio), ``multi`` (checklist), ``spans`` (named-entity tools) or
                ``boxes`` (rectangle tools).
        """
        with self._world.lock:
            made = add_project(self._world, name, {})
            ontology = add_ontology(self._world, name, _ontology(task, question, classes))
            made.ontology = ontology.id
            dataset = add_dataset(self._world, f"{name} pool")
            made.pool = dataset.id
            return made.id, dataset.id

    def add_items(self, project: str, items: Iterable[tuple[str | None, str]]) -> list[str]:
        """Upload ``(global key, text)`` pairs to the project's dataset; return the keys."""
        with self._world.lock:
            dataset = self._pool(project)
            rows = [
                add_row(self._world, dataset, {"global_key": key, "row_data": text})
                for key, text in items
            ]
            return [key_of(row.id, row.global_key) for row in rows]

    def _pool(self, project: str) -> str:
        found = self._project(project)
        if found.pool is None:
            found.pool = add_dataset(self._world, f"{found.name} pool").id
        return found.pool

    def remove_item(self, key: str) -> None:
        """Delete a data row."""
        with self._world.lock:
            self._world.drop_row(self._row(key).id)

    def answer(
        self,
        project: str,
        key: str,
        classes: Sequence[str],
        annotator: str = "ann@example.com",
        seconds: float = 5.0,
    ) -> None:
        """Answer a row; the same person's next answer is an edit."""
        with self._world.lock:
            people.answer(
                self._world,
                self._project(project),
                self._row(key).id,
                classes,
                annotator,
                seconds,
            )

    def mark(
        self,
        project: str,
        key: str,
        objects: Sequence[dict[str, Any]],
        annotator: str = "ann@example.com",
    ) -> None:
        """Submit a label with these objects, in the shape of exports."""
        with self._world.lock:
            row = self._row(key).id
            people.add_label(
                self._world, self._project(project), row, annotator, objects=list(objects)
            )

    def skip(self, project: str, key: str, annotator: str = "ann@example.com") -> None:
        """Skip a row."""
        with self._world.lock:
            row = self._row(key).id
            people.add_label(self._world, self._project(project), row, annotator, skipped=True)

    def delete_label(self, project: str, key: str, annotator: str | None = None) -> None:
        """Delete one person's label of a row, or all."""
        with self._world.lock:
            people.delete_label(self._world, self._project(project), self._row(key).id, annotator)

    def review(self, project: str, key: str, state: str) -> None:
        """Approve a labeled row (``DONE``), or send it back (``IN_REWORK``)."""
        with self._world.lock:
            people.review(self._world, self._project(project), self._row(key).id, state)

    def benchmark(
        self, project: str, key: str, annotator: str | None = None, *, on: bool = True
    ) -> None:
        """Make a label of a row the reference of a benchmark, or take that back."""
        with self._world.lock:
            row = self._row(key).id
            people.benchmark(self._world, self._project(project), row, annotator, on)

    def metadata(self, key: str) -> dict[str, Any]:
        """Return the metadata of a row, by the names of their fields."""
        with self._world.lock:
            known = self._world.metadata_schemas
            return {known[s]["name"]: v for s, v in self._row(key).metadata.items() if s in known}

    def queue(self, project: str) -> list[str]:
        """Return the keys of unanswered rows, in the order of asking."""
        with self._world.lock:
            return [self._key(member.row) for member in waiting(self._project(project))]

    def pre_annotations(self, project: str) -> dict[str, list[tuple[str, ...]]]:
        """Return, by key, what each prediction on a row pre-selects."""
        with self._world.lock:
            found = self._project(project)
            shown = {row: people.pre_annotations(found, row) for row in found.predictions}
            return {self._key(row): names for row, names in shown.items() if names}

    def rename_class(self, project: str, old: str, new: str) -> None:
        """Rename an option or a tool; its id stays."""
        with self._world.lock:
            for node, field in self._classes(project):
                if node[field] == old:
                    node[field] = new

    def remove_class(self, project: str, name: str) -> None:
        """Archive an option or a tool."""
        with self._world.lock:
            for node, field in self._classes(project):
                if node[field] == name:
                    node["archived"] = 1

    def _classes(self, project: str) -> list[tuple[dict[str, Any], str]]:
        ontology = self._world.ontologies[self._project(project).ontology or ""].normalized
        options = [
            (option, "label")
            for one in ontology["classifications"]
            for option in one.get("options") or ()
        ]
        return options + [(tool, "name") for tool in ontology["tools"]]

    def fail(self, fault: Fault) -> None:
        """Order a failure."""
        with self._world.lock:
            self._world.faults.arm(fault)

    def _project(self, project: str) -> Project:
        return self._world.projects[project]

    def _row(self, key: str) -> DataRow:
        found = self._world.find_row(identifier(key)[0])
        if found is None:
            raise KeyError(f"no data row '{key}'")
        return found

    def _key(self, row: str) -> str:
        return key_of(row, self._world.rows[row].global_key)


def _ontology(task: str, question: str, classes: Sequence[str]) -> dict[str, Any]:
    tools = {"spans": "named-entity", "boxes": "rectangle"}
    if task in tools:
        made = [
            {
                "tool": tools[task],
                "name": name,
                "required": False,
                "color": _COLORS[place % len(_COLORS)],
                "classifications": [],
            }
            for place, name in enumerate(classes)
        ]
        return {"tools": made, "classifications": []}
    asked = {
        "type": {"single": "radio", "multi": "checklist"}[task],
        "name": question,
        "instructions": question,
        "required": True,
        "options": [{"label": name, "position": n} for n, name in enumerate(classes)],
    }
    return {"tools": [], "classifications": [asked]}
