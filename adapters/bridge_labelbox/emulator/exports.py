"""Operations that export, and the rows of exports."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge_labelbox.emulator.graphql import Call, Refused, operation
from bridge_labelbox.emulator.state import (
    DataRow,
    Label,
    Project,
    Task,
    World,
    cuid,
    export_time,
)

__all__ = ["label_content"]


# ---------------------------------------------------------------------------------------- filters


def _moment(text: str) -> datetime:
    for shape in ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"):
        try:
            parsed = datetime.strptime(text, shape)
        except ValueError:
            continue
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    raise Refused("MALFORMED_REQUEST", f"Invalid date '{text}'")


def _within(value: Mapping[str, Any]) -> Callable[[datetime], bool]:
    match value["operator"]:
        case "BETWEEN":
            low, high = _moment(value["value"]["min"]), _moment(value["value"]["max"])
            return lambda moment: low <= moment <= high
        case "GREATER_THAN_OR_EQUAL":
            low = _moment(value["value"])
            return lambda moment: moment >= low
        case "LESS_THAN_OR_EQUAL":
            high = _moment(value["value"])
            return lambda moment: moment <= high
        case other:
            raise Refused("MALFORMED_REQUEST", f"Invalid operator '{other}'")


_STATUS = {"Done": "DONE", "InReview": "IN_REVIEW", "InRework": "IN_REWORK"}


def _matches(
    world: World, project: Project | None, query: list[dict[str, Any]], now: datetime
) -> Callable[[DataRow], bool]:
    tests: list[Callable[[DataRow], bool]] = []
    for one in query:
        tests.append(_test(world, project, one, now))
    return lambda row: all(test(row) for test in tests)


def _test(
    world: World, project: Project | None, one: Mapping[str, Any], now: datetime
) -> Callable[[DataRow], bool]:
    members = project.members if project else {}
    kind = one["type"]
    ids = set(one.get("ids") or ())
    if kind == "data_row_last_activity_at":
        fits = _within(one["value"])
        return lambda row: fits(row.last_activity(now))
    if kind == "labeled_at":
        labeled = _within(one["value"])
        return lambda row: any(labeled(x.created_at) for x in _labels(project, row, now))
    if kind == "data_row_id":
        return lambda row: row.id in ids
    if kind == "global_key":
        return lambda row: row.global_key in ids
    if kind == "dataset":
        return lambda row: row.dataset in ids
    if kind == "batch":
        return lambda row: row.id in members and members[row.id].batch in ids
    if kind == "task_queue_not_exist":
        return lambda row: row.id in members and members[row.id].status == "TO_LABEL"
    if kind == "task_queue_status":
        status = _STATUS.get(one["status"], one["status"])
        return lambda row: row.id in members and members[row.id].status == status
    raise Refused("MALFORMED_REQUEST", f"Unknown filter '{kind}'")


# ------------------------------------------------------------------------------------------- rows


def _labels(project: Project | None, row: DataRow, now: datetime) -> list[Label]:
    if project is None:
        return []
    return [label for label in project.labels_of(row.id) if label.visible_at <= now]


def label_content(label: Label) -> dict[str, Any]:
    """Return the answer in a label."""
    return {
        "objects": label.objects,
        "classifications": label.classifications,
        "relationships": [],
    }


def _label(label: Label, params: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"label_kind": "Default", "version": "1.0.0", "id": label.id}
    if params.get("includeLabelDetails"):
        shown["label_details"] = {
            "created_at": export_time(label.created_at),
            "updated_at": export_time(label.updated_at),
            "created_by": label.created_by,
            "content_last_updated_at": export_time(label.updated_at),
            "reviews": [],
        }
    if params.get("includePerformanceDetails"):
        shown["performance_details"] = {
            "seconds_to_create": label.seconds,
            "seconds_to_review": 0,
            "skipped": label.skipped,
        }
    shown["annotations"] = label_content(label)
    return shown


def _project(
    project: Project, row: DataRow, labels: list[Label], params: Mapping[str, Any]
) -> dict[str, Any]:
    member = project.members[row.id]
    shown: dict[str, Any] = {
        "name": project.name,
        "labels": [_label(label, params) for label in labels],
    }
    if params.get("includeProjectDetails"):
        shown["project_details"] = {
            "ontology_id": project.ontology,
            "batch_id": member.batch,
            "batch_name": project.batches[member.batch].name,
            "workflow_status": member.status if labels or member.status == "DONE" else "TO_LABEL",
            "priority": member.priority,
            "consensus_expected_label_count": member.number_of_labels,
            "workflow_history": [],
        }
    return shown


def _row(
    world: World,
    row: DataRow,
    projects: Iterable[Project],
    params: Mapping[str, Any],
    labels: Mapping[str, list[Label]],
    now: datetime,
) -> dict[str, Any]:
    data: dict[str, Any] = {"id": row.id}
    if row.external_id is not None:
        data["external_id"] = row.external_id
    if row.global_key is not None:
        data["global_key"] = row.global_key
    data["row_data"] = row.data
    if params.get("includeDataRowDetails"):
        data["details"] = {
            "dataset_id": row.dataset,
            "dataset_name": world.datasets[row.dataset].name,
            "created_at": export_time(row.created_at),
            "updated_at": export_time(row.updated_at),
            "last_activity_at": export_time(row.last_activity(now)),
            "created_by": world.user["email"],
        }
    shown: dict[str, Any] = {
        "data_row": data,
        "media_attributes": {"mime_type": row.mime_type},
    }
    if params.get("includeMetadata"):
        shown["metadata_fields"] = [
            {
                "schema_id": schema,
                "schema_name": world.metadata_schemas.get(schema, {}).get("name"),
                "schema_kind": world.metadata_schemas.get(schema, {}).get("kind"),
                "value": value,
            }
            for schema, value in row.metadata.items()
        ]
    if params.get("includeAttachments"):
        shown["attachments"] = row.attachments
    inside = [one for one in projects if row.id in one.members]
    if inside:
        shown["projects"] = {
            one.id: _project(one, row, labels.get(row.id, []), params) for one in inside
        }
    return shown


# ------------------------------------------------------------------------------------- operations


def _start(call: Call, rows: Iterable[DataRow], project: Project | None, kind: str) -> Task:
    world, given = call.world, call.variables["input"]
    now = world.now()
    query = (given["filters"].get("searchQuery") or {}).get("query") or []
    fits = _matches(world, project, query, now)
    labels: dict[str, list[Label]] = {}
    for label in project.labels.values() if project else ():
        if label.visible_at <= now:
            labels.setdefault(label.row, []).append(label)
    projects = [project] if project else []
    lines = [
        json.dumps(_row(world, row, projects, given["params"], labels, now), ensure_ascii=False)
        for row in rows
        if fits(row)
    ]
    task = Task(cuid(), kind, now, name=given.get("taskName"), total_lines=len(lines))
    task.done_at = now + timedelta(seconds=world.faults.export_s)
    task.chunks = list(_chunks(lines, world.faults.chunk_bytes))
    world.put_task(task)
    return task


def _chunks(lines: Iterable[str], size: int) -> Iterable[bytes]:
    chunk = bytearray()
    for line in lines:
        chunk += line.encode() + b"\n"
        if len(chunk) >= size:
            yield bytes(chunk)
            chunk = bytearray()
    if chunk:
        yield bytes(chunk)


@operation("exportDataRowsInProject")
def _export_project(call: Call) -> dict[str, Any]:
    project = call.project(call.variables["input"]["filters"]["projectId"])
    rows = [call.world.rows[row_id] for row_id in project.members]
    task = _start(call, rows, project, "export-data-rows")
    return {"exportDataRowsInProject": {"taskId": task.id, "isStreamable": True}}


@operation("exportDataRowsInCatalog")
def _export_catalog(call: Call) -> dict[str, Any]:
    task = _start(call, list(call.world.rows.values()), None, "export-data-rows")
    return {"exportDataRowsInCatalog": {"taskId": task.id, "isStreamable": True}}


def _task(call: Call) -> Task:
    found = call.world.tasks.get(call.variables["where"]["id"])
    if found is None:
        raise Refused("RESOURCE_NOT_FOUND", "Task not found")
    return found


@operation("GetExportMetadataHeader")
def _header(call: Call) -> dict[str, Any]:
    task = _task(call)
    size = sum(map(len, task.chunks))
    header = {"totalSize": size, "totalLines": task.total_lines}
    shown = header if size and call.variables["streamType"] == "RESULT" else None
    return {"task": {"exportMetadataHeader": shown}}


@operation("GetExportFileFromOffset", "GetExportFileFromLine")
def _file(call: Call) -> dict[str, Any]:
    task, v = _task(call), call.variables
    by_line = "line" in v
    wanted = int(v["line"] if by_line else v["offset"])
    start = line = 0
    for chunk in task.chunks:
        size, lines = len(chunk), chunk.count(b"\n")
        if wanted < (line + lines if by_line else start + size):
            shown = {
                "offsets": {"start": start, "end": start + size - 1},
                "lines": {"start": line, "end": line + lines - 1},
                "file": call.world.put_file(chunk),
            }
            field = "exportFileFromLine" if by_line else "exportFileFromOffset"
            return {"task": {field: shown}}
        start, line = start + size, line + lines
    raise Refused("MALFORMED_REQUEST", "Offset is past the end")
