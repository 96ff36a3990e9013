"""Operations on labels: lists, deletion, benchmarks, feedback."""

from __future__ import annotations

import json
from typing import Any

from bridge_labelbox.emulator import shapes
from bridge_labelbox.emulator.exports import label_content
from bridge_labelbox.emulator.graphql import Call, Refused, operation, paged
from bridge_labelbox.emulator.state import Label, Project, cuid

__all__ = ["benchmarks", "shown"]


def shown(one: Label) -> dict[str, Any]:
    """Return a label as GraphQL has it."""
    return shapes.label(one, json.dumps(label_content(one)))


def benchmarks(call: Call, project: Project) -> list[dict[str, Any]]:
    """Return the benchmarks of a project as GraphQL has them."""
    asked = "referenceLabel" in call.text
    marked = [one for one in project.labels.values() if one.benchmark]
    return [shapes.benchmark(one, with_label=asked) for one in marked]


@operation("GetProjectLabels")
def _list(call: Call) -> dict[str, Any]:
    one = call.project()
    listed = [shown(label) for label in paged(list(one.labels.values()), call.text)]
    return {"project": {"id": one.id, "labels": listed}}


@operation("LabelCount")
def _count(call: Call) -> dict[str, Any]:
    return {"project": {"labelCount": len(call.project().labels)}}


def _forget(call: Call, project: Project, label: Label) -> None:
    project.forget(label)
    if label.row in project.members and not project.labels_of(label.row):
        project.members[label.row].status = "TO_LABEL"
    call.world.touch(call.world.rows[label.row], call.world.now())


@operation("deleteLabels")
def _delete_many(call: Call) -> dict[str, Any]:
    for project in call.world.projects.values():
        for label in [x for x in project.labels.values() if f'"{x.id}"' in call.text]:
            _forget(call, project, label)
    return {"deleteLabels": []}


@operation("deleteLabel")
def _delete(call: Call) -> dict[str, Any]:
    project, label = call.label(call.variables["LabelId"])
    _forget(call, project, label)
    return {"updateLabel": {"id": label.id}}


@operation("CreateBenchmark")
def _mark(call: Call) -> dict[str, Any]:
    _, label = call.label(call.variables["labelId"])
    label.benchmark = label.benchmark or cuid()
    call.world.touch(call.world.rows[label.row], call.world.now())
    return {"createBenchmark": shapes.benchmark(label)}


@operation("DeleteBenchmark")
def _unmark(call: Call) -> dict[str, Any]:
    for project in call.world.projects.values():
        for label in project.labels.values():
            if label.benchmark is not None and label.id == call.variables.get("labelId"):
                gone, label.benchmark = label.benchmark, None
                call.world.touch(call.world.rows[label.row], call.world.now())
                return {"deleteBenchmark": {"id": gone}}
    raise Refused("RESOURCE_NOT_FOUND", "Benchmark not found")


@operation("UpsertAutoQaLabelFeedback")
def _feedback(call: Call) -> dict[str, Any]:
    call.label(call.variables["labelId"])
    scores = call.variables["scores"]
    told = [{"id": cuid(), "name": name, "score": score} for name, score in scores.items()]
    return {"upsertAutoQaLabelFeedback": {"id": cuid(), "scores": told}}
