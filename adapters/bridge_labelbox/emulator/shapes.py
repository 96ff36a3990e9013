"""Objects as GraphQL answers have them: always with every field that the SDK asks for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bridge_labelbox.emulator.state import (
    Batch,
    DataRow,
    Dataset,
    Feature,
    Import,
    Label,
    Member,
    Ontology,
    Project,
    Task,
    World,
    graphql_time,
)

__all__ = [
    "batch",
    "benchmark",
    "data_row",
    "dataset",
    "feature",
    "import_",
    "label",
    "ontology",
    "override",
    "project",
    "task",
    "user",
]


def user(world: World) -> dict[str, Any]:
    """Return the user of the key."""
    at = graphql_time(world.started_at)
    return {
        **world.user,
        "createdAt": at,
        "updatedAt": at,
        "isExternalUser": False,
        "isViewer": False,
        "lastLoginAt": None,
        "nickname": "owner",
        "name": "Owner",
        "picture": "",
        "timezone": "UTC",
    }


def project(world: World, one: Project) -> dict[str, Any]:
    """Return a project."""
    at = graphql_time(one.created_at)
    return {
        "id": one.id,
        "name": one.name,
        "description": "",
        "createdAt": at,
        "updatedAt": at,
        "setupComplete": at if one.ontology else None,
        "lastActivityTime": at,
        "autoAuditNumberOfLabels": 1,
        "autoAuditPercentage": 1.0,
        "allowedMediaType": "TEXT",
        "editorTaskType": None,
        "modelSetupComplete": None,
        "uploadType": None,
        "isBenchmarkEnabled": True,
        "isConsensusEnabled": False,
        **one.fields,
        "dataRowCount": len(one.members),
        "showingPredictionsToLabelers": one.shows_predictions,
    }


def dataset(world: World, one: Dataset) -> dict[str, Any]:
    """Return a dataset."""
    return {
        "id": one.id,
        "name": one.name,
        "description": one.description,
        "createdAt": graphql_time(one.created_at),
        "updatedAt": graphql_time(one.updated_at),
        "rowCount": sum(1 for _ in world.rows_of(one.id)),
    }


def data_row(world: World, one: DataRow) -> dict[str, Any]:
    """Return a data row."""
    schemas = world.metadata_schemas
    return {
        "id": one.id,
        "createdAt": graphql_time(one.created_at),
        "updatedAt": graphql_time(one.updated_at),
        "externalId": one.external_id,
        "globalKey": one.global_key,
        "rowData": one.data,
        "mediaAttributes": {"mimeType": one.mime_type},
        "customMetadata": [{"schemaId": s, "value": v} for s, v in one.metadata.items()],
        "metadataFields": [
            {
                "schemaId": s,
                "name": schemas[s]["name"],
                "value": _shown(schemas[s], v, one),
                "kind": schemas[s]["kind"],
            }
            for s, v in one.metadata.items()
            if s in schemas
        ],
    }


def _shown(schema: dict[str, Any], value: Any, row: DataRow) -> Any:
    """Return a metadata value; of an enumeration, the name of the option that is set."""
    chosen = [option["name"] for option in schema["options"] if option["id"] in row.metadata]
    return chosen[0] if chosen else value


def ontology(one: Ontology) -> dict[str, Any]:
    """Return an ontology."""
    at = graphql_time(one.created_at)
    return {
        "id": one.id,
        "name": one.name,
        "description": "",
        "createdAt": at,
        "updatedAt": at,
        "mediaType": one.media_type,
        "objectSchemaCount": len(one.normalized.get("tools") or ()),
        "classificationSchemaCount": len(one.normalized.get("classifications") or ()),
        "normalized": one.normalized,
    }


def feature(one: Feature) -> dict[str, Any]:
    """Return a feature schema."""
    named = one.normalized
    return {
        "id": one.id,
        "name": named.get("name") or named.get("instructions") or "",
        "color": named.get("color"),
        "normalized": named,
    }


def benchmark(one: Label, *, with_label: bool = False) -> dict[str, Any]:
    """Return the benchmark that a label is the reference of."""
    told = {
        "id": one.benchmark,
        "createdAt": graphql_time(one.updated_at),
        "lastActivity": graphql_time(one.updated_at),
        "averageAgreement": None,
        "completedCount": 0,
    }
    return {**told, "referenceLabel": {"id": one.id}} if with_label else told


def batch(one: Project, given: Batch) -> dict[str, Any]:
    """Return a batch."""
    return {
        "id": given.id,
        "name": given.name,
        "createdAt": graphql_time(given.created_at),
        "updatedAt": graphql_time(given.updated_at),
        "size": sum(1 for m in one.members.values() if m.batch == given.id),
        "consensusSettingsJson": given.consensus,
    }


def override(world: World, member: Member) -> dict[str, Any]:
    """Return a labeling parameter override (a row's priority)."""
    return {
        "id": member.override,
        "priority": member.priority,
        "numberOfLabels": member.number_of_labels,
        "dataRow": data_row(world, world.rows[member.row]),
    }


def task(one: Task, now: datetime) -> dict[str, Any]:
    """Return a task as it is at this time."""
    at = graphql_time(one.created_at)
    return {
        "id": one.id,
        "createdAt": at,
        "updatedAt": at,
        "name": one.name,
        "status": one.status_at(now),
        "completionPercentage": 100.0,
        "result": one.result,
        "errors": one.errors,
        "type": one.type,
        "metadata": one.metadata,
    }


def import_(world: World, one: Import) -> dict[str, Any]:
    """Return an import."""
    return {
        "id": one.id,
        "name": one.name,
        "state": one.state,
        "progress": "100%" if one.state == "FINISHED" else "0%",
        "inputFileUrl": one.input_url,
        "errorFileUrl": one.error_url,
        "statusFileUrl": one.status_url,
        "project": project(world, world.projects[one.project]),
    }


def label(one: Label, text: str) -> dict[str, Any]:
    """Return a label; ``text`` is its content as JSON."""
    return {
        "id": one.id,
        "agreement": None,
        "benchmarkAgreement": None,
        "createdAt": graphql_time(one.created_at),
        "updatedAt": graphql_time(one.updated_at),
        "isBenchmarkReference": one.benchmark is not None,
        "label": text,
        "secondsToLabel": one.seconds,
    }
