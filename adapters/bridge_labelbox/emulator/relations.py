"""Relations between objects, as the SDK asks for them: ``{row(where: {id: $x}){dataset{…}}}``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bridge_labelbox.emulator import shapes
from bridge_labelbox.emulator.account import organization
from bridge_labelbox.emulator.graphql import Call, Refused, matching, operation, paged
from bridge_labelbox.emulator.labels import benchmarks, shown
from bridge_labelbox.emulator.state import Label, Project

__all__: list[str] = []

_ASKED = re.compile(r"\{(\w+)\(where: \{id: \$(\w+)\}\)\s*\{(\w+)")


def _user(call: Call, object_id: str) -> Any:
    return shapes.user(call.world)


def _organization(call: Call, object_id: str) -> Any:
    return organization(call)


def _row_labels(call: Call, row_id: str) -> Any:
    found = [x for one in call.world.projects.values() for x in one.labels_of(row_id)]
    return paged([shown(label) for label in found], call.text)


def _benchmarked(call: Call, benchmark_id: str) -> tuple[Project, Label]:
    for project in call.world.projects.values():
        for label in project.labels.values():
            if label.benchmark == benchmark_id:
                return project, label
    raise Refused("RESOURCE_NOT_FOUND", "Benchmark not found")


Find = Callable[[Call, str], Any]

# Every object of the emulator was made by its one user, in its one organization.
_RELATIONS: dict[tuple[str, str], Find] = {
    ("dataset", "createdBy"): _user,
    ("dataset", "organization"): _organization,
    ("dataRow", "createdBy"): _user,
    ("dataRow", "organization"): _organization,
    ("dataRow", "dataset"): lambda c, i: shapes.dataset(c.world, c.dataset(c.row(i).dataset)),
    ("dataRow", "attachments"): lambda c, i: paged(c.row(i).attachments, c.text),
    ("dataRow", "labels"): _row_labels,
    ("label", "createdBy"): _user,
    ("label", "project"): lambda c, i: shapes.project(c.world, c.label(i)[0]),
    ("label", "dataRow"): lambda c, i: shapes.data_row(c.world, c.row(c.label(i)[1].row)),
    ("project", "createdBy"): _user,
    ("project", "organization"): _organization,
    ("project", "benchmarks"): lambda c, i: paged(benchmarks(c, c.project(i)), c.text),
    ("benchmark", "createdBy"): _user,
    ("benchmark", "referenceLabel"): lambda c, i: shown(_benchmarked(c, i)[1]),
    ("user", "organization"): _organization,
}


def _name(kind: str, relation: str) -> str:
    return f"Get{kind[0].upper()}{kind[1:]}{relation[0].upper()}{relation[1:]}"


@operation(*(_name(kind, relation) for kind, relation in _RELATIONS))
def _relation(call: Call) -> dict[str, Any]:
    asked = _ASKED.search(call.text)
    find = _RELATIONS.get((asked[1], asked[3])) if asked else None
    if asked is None or find is None:
        raise Refused("GRAPHQL_VALIDATION_FAILED", "GraphQL validation error")
    return {asked[1]: {asked[3]: find(call, str(call.variables[asked[2]]))}}


@operation("GetOrganizationUsers")
def _users(call: Call) -> dict[str, Any]:
    return {"organization": {**organization(call), "users": paged([_user(call, "")], call.text)}}


@operation("GetOrganizationTasks")
def _tasks(call: Call) -> dict[str, Any]:
    now = call.world.now()
    tasks = matching([shapes.task(one, now) for one in call.world.tasks.values()], call)
    return {"organization": {**organization(call), "tasks": paged(tasks, call.text)}}
