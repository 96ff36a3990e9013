"""Operations on projects and ontologies."""

from __future__ import annotations

import json
from typing import Any

from bridge_labelbox.emulator import shapes
from bridge_labelbox.emulator.exports import label_content
from bridge_labelbox.emulator.graphql import Call, Refused, operation, paged
from bridge_labelbox.emulator.state import Ontology, Project, World, cuid, slug

__all__ = ["add_ontology", "add_project"]

_QUEUES = (
    ("Initial labeling task", "INITIAL_LABELING_QUEUE"),
    ("Rework (all rejected)", "MANUAL_REWORK_QUEUE"),
    ("Initial review task", "MANUAL_REVIEW_QUEUE"),
)


def add_project(world: World, name: str, fields: dict[str, Any]) -> Project:
    """Make a project with the three queues that every new one has."""
    made = Project(cuid(), name, world.now(), fields)
    made.queues = [
        {"id": cuid(), "name": shown, "description": "", "queueType": kind}
        for shown, kind in _QUEUES
    ]
    world.projects[made.id] = made
    return made


def add_ontology(
    world: World, name: str, normalized: dict[str, Any], media_type: str | None = "TEXT"
) -> Ontology:
    """Make an ontology; parts without ids get them."""
    made = Ontology(cuid(), name, _with_ids(normalized), world.now(), media_type)
    made.normalized.setdefault("relationships", [])
    world.ontologies[made.id] = made
    return made


def _with_ids(node: Any) -> Any:
    if isinstance(node, list):
        return [_with_ids(one) for one in node]
    if not isinstance(node, dict):
        return node
    copy = {name: _with_ids(value) for name, value in node.items()}
    if any(name in copy for name in ("tool", "type", "label")):
        copy["featureSchemaId"] = copy.get("featureSchemaId") or cuid()
        copy["schemaNodeId"] = copy.get("schemaNodeId") or cuid()
    if "tool" in copy:
        copy.setdefault("archived", 0)
    if "label" in copy:
        copy["value"] = copy.get("value") or slug(copy["label"])
    return copy


@operation("CreateProject")
def _create(call: Call) -> dict[str, Any]:
    given = dict(call.variables)
    for drop in ("name", "description", "autoAuditPercentage", "autoAuditNumberOfLabels"):
        given.pop(drop, None)
    known = {k: v for k, v in given.items() if k in ("allowedMediaType", "editorTaskType")}
    made = add_project(call.world, call.variables["name"], known)
    return {"createProject": shapes.project(call.world, made)}


@operation("GetProject", "getProject")
def _get(call: Call) -> dict[str, Any]:
    return {"project": shapes.project(call.world, call.project())}


@operation("GetProjects", "getProjects")
def _list(call: Call) -> dict[str, Any]:
    listed = paged(list(call.world.projects.values()), call.text)
    return {"projects": [shapes.project(call.world, one) for one in listed]}


@operation("deleteProject")
def _delete(call: Call) -> dict[str, Any]:
    gone = call.project(call.variables["ProjectId"])
    del call.world.projects[gone.id]
    return {"updateProject": {"id": gone.id}}


@operation("toggle_model_assisted_labeling")
def _show_predictions(call: Call) -> dict[str, Any]:
    one = call.project()
    one.shows_predictions = bool(call.variables["show"])
    shown = {"id": one.id, "showingPredictionsToLabelers": one.shows_predictions}
    return {"project": {"id": one.id, "showPredictionsToLabelers": shown}}


@operation("GetProjectLabelingFrontend")
def _frontend(call: Call) -> dict[str, Any]:
    one = call.project()
    editor = {"id": cuid(), "name": "Editor", "description": "", "iframeUrlPath": ""}
    return {"project": {"id": one.id, "labelingFrontend": editor}}


@operation("GetProjectOntology")
def _ontology(call: Call) -> dict[str, Any]:
    one = call.project()
    found = call.world.ontologies.get(one.ontology or "")
    return {
        "project": {"id": one.id, "ontology": None if found is None else shapes.ontology(found)}
    }


@operation("upsertRootSchemaNode")
def _upsert_ontology(call: Call) -> dict[str, Any]:
    data = call.variables["data"]
    made = add_ontology(
        call.world, data["name"], json.loads(data["normalized"]), data.get("mediaType")
    )
    return {"upsertOntology": shapes.ontology(made)}


@operation("GetOntology", "getOntology")
def _get_ontology(call: Call) -> dict[str, Any]:
    found = call.world.ontologies.get(call.variables["param_0"])
    if found is None:
        raise Refused("RESOURCE_NOT_FOUND", "Ontology not found")
    return {"ontology": shapes.ontology(found)}


@operation("ConnectOntology")
def _connect(call: Call) -> dict[str, Any]:
    one, ontology = call.project(), call.variables["ontologyId"]
    if ontology not in call.world.ontologies:
        raise Refused("RESOURCE_NOT_FOUND", "Ontology not found")
    one.ontology = ontology
    return {"project": {"id": one.id, "connectOntology": {"id": ontology}}}


@operation("GetProjectLabels")
def _labels(call: Call) -> dict[str, Any]:
    one = call.project()
    listed = paged(list(one.labels.values()), call.text)
    shown = [shapes.label(label, json.dumps(label_content(label))) for label in listed]
    return {"project": {"id": one.id, "labels": shown}}


@operation("LabelCount")
def _label_count(call: Call) -> dict[str, Any]:
    return {"project": {"labelCount": len(call.project().labels)}}


@operation("deleteLabels")
def _delete_labels(call: Call) -> dict[str, Any]:
    for one in call.world.projects.values():
        for label in [x for x in one.labels.values() if f'"{x.id}"' in call.text]:
            one.forget(label)
            call.world.touch(call.world.rows[label.row], call.world.now())
    return {"deleteLabels": []}
