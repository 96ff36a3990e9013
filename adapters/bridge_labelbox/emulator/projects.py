"""Operations on projects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bridge_labelbox.emulator import shapes
from bridge_labelbox.emulator.graphql import Call, Refused, matching, operation, paged
from bridge_labelbox.emulator.state import Project, World, cuid, graphql_time

__all__ = ["add_project"]

_QUEUES = (
    ("Initial labeling task", "INITIAL_LABELING_QUEUE"),
    ("Rework (all rejected)", "MANUAL_REWORK_QUEUE"),
    ("Initial review task", "MANUAL_REVIEW_QUEUE"),
)
# What can be given when a project is made, and changed later.
_FIELDS = (
    *("description", "allowedMediaType", "editorTaskType", "setupComplete"),
    *("autoAuditPercentage", "autoAuditNumberOfLabels"),
    *("isBenchmarkEnabled", "isConsensusEnabled"),
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


def _fields(call: Call) -> dict[str, Any]:
    return {name: call.variables[name] for name in _FIELDS if name in call.variables}


@operation("CreateProject")
def _create(call: Call) -> dict[str, Any]:
    made = add_project(call.world, call.variables["name"], _fields(call))
    return {"createProject": shapes.project(call.world, made)}


@operation("GetProject", "getProject")
def _get(call: Call) -> dict[str, Any]:
    return {"project": shapes.project(call.world, call.project())}


@operation("GetProjects", "getProjects")
def _list(call: Call) -> dict[str, Any]:
    listed = [shapes.project(call.world, one) for one in call.world.projects.values()]
    return {"projects": paged(matching(listed, call), call.text)}


@operation("updateProject")
def _update(call: Call) -> dict[str, Any]:
    one = call.project(call.variables["ProjectId"])
    one.name = call.variables.get("name", one.name)
    one.fields = {**one.fields, **_fields(call)}
    if "setupComplete" in call.variables:
        at = datetime.fromisoformat(call.variables["setupComplete"])
        one.fields["setupComplete"] = graphql_time(at)
    return {"updateProject": shapes.project(call.world, one)}


@operation("deleteProject")
def _delete(call: Call) -> dict[str, Any]:
    gone = call.project(call.variables["ProjectId"])
    del call.world.projects[gone.id]
    return {"updateProject": {"id": gone.id}}


@operation("CloneProject")
def _clone(call: Call) -> dict[str, Any]:
    """Make a project of the same settings, without rows and labels."""
    one = call.project()
    made = add_project(call.world, f"{one.name} (copy)", dict(one.fields))
    made.ontology = one.ontology
    return {"cloneProject": {"id": made.id}}


@operation("toggle_model_assisted_labeling")
def _show_predictions(call: Call) -> dict[str, Any]:
    one = call.project()
    one.shows_predictions = bool(call.variables["show"])
    shown = {"id": one.id, "showingPredictionsToLabelers": one.shows_predictions}
    return {"project": {"id": one.id, "showPredictionsToLabelers": shown}}


def _editor() -> dict[str, Any]:
    return {"id": cuid(), "name": "Editor", "description": "", "iframeUrlPath": ""}


@operation("GetProjectLabelingFrontend")
def _frontend(call: Call) -> dict[str, Any]:
    return {"project": {"id": call.project().id, "labelingFrontend": _editor()}}


@operation("GetLabelingFrontends")
def _frontends(call: Call) -> dict[str, Any]:
    return {"labelingFrontends": paged(matching([_editor()], call), call.text)}


@operation("GetProjectOntology")
def _ontology(call: Call) -> dict[str, Any]:
    one = call.project()
    found = call.world.ontologies.get(one.ontology or "")
    shown = None
    if found is not None:
        shown = shapes.ontology(found)
        if "instructions" in one.fields:
            shown["normalized"] = {
                **found.normalized,
                "projectInstructions": one.fields["instructions"],
            }
    return {"project": {"id": one.id, "ontology": shown}}


@operation("setprojectinsructions")
def _instruct(call: Call) -> dict[str, Any]:
    one = call.project()
    one.fields = {**one.fields, "instructions": call.variables["instructions_url"]}
    return {"setProjectInstructions": {"id": one.id, "ontology": {"id": one.ontology}}}


@operation("ConnectOntology")
def _connect(call: Call) -> dict[str, Any]:
    one, ontology = call.project(), call.variables["ontologyId"]
    if ontology not in call.world.ontologies:
        raise Refused("RESOURCE_NOT_FOUND", "Ontology not found")
    one.ontology = ontology
    return {"project": {"id": one.id, "connectOntology": {"id": ontology}}}


@operation("ExtendReservations")
def _extend(call: Call) -> dict[str, Any]:
    """Extend none: nobody reserves rows here."""
    call.project()
    kinds = ("queueType:LabelingQueue)", "queueType:ReviewQueue)")
    if not any(kind in call.text for kind in kinds):
        raise Refused("GRAPHQL_VALIDATION_FAILED", "GraphQL validation error")
    return {"extendReservations": 0}


@operation("BulkAssignDataRows")
def _assign(call: Call) -> dict[str, Any]:
    call.project(call.variables["input"]["projectId"])
    return {"bulkAssignDataRows": {"success": True}}


@operation("CreateResourceTag")
def _create_tag(call: Call) -> dict[str, Any]:
    color = call.variables["color"].lstrip("#")
    made = {"id": cuid(), "text": call.variables["text"], "color": color}
    call.world.tags[made["id"]] = made
    return {"createResourceTag": made}


@operation("deleteResourceTag")
def _delete_tag(call: Call) -> dict[str, Any]:
    call.world.tags.pop(call.variables["tag_id"], None)
    return {"deleteResourceTag": {"id": call.variables["tag_id"]}}


@operation("GetOrganizationResourceTags")
def _tags(call: Call) -> dict[str, Any]:
    return {"organization": {"resourceTag": list(call.world.tags.values())}}


def _tags_of(call: Call, one: Project) -> list[dict[str, Any]]:
    return [call.world.tags[tag] for tag in one.tags if tag in call.world.tags]


@operation("UpdateProjectResourceTags")
def _tag(call: Call) -> dict[str, Any]:
    one = call.project()
    one.tags = list(call.variables["resourceTagIds"])
    return {"project": {"updateProjectResourceTags": _tags_of(call, one)}}


@operation("GetProjectResourceTags")
def _get_tags(call: Call) -> dict[str, Any]:
    one = call.project()
    return {"project": {"name": one.name, "resourceTags": _tags_of(call, one)}}
