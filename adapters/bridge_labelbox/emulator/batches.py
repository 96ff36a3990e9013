"""Operations on batches, priorities and queues."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from bridge_labelbox.emulator import shapes
from bridge_labelbox.emulator.graphql import Call, Refused, operation, paged
from bridge_labelbox.emulator.state import Batch, DataRow, Member, Project, Task, World, cuid

__all__ = ["waiting"]

_MOST_ROWS = 100_000
_INT32 = range(-(2**31), 2**31)


def waiting(project: Project) -> list[Member]:
    """Return the rows that will be asked for, in order: lowest priority first, then FIFO."""
    done = {label.row for label in project.labels.values()}
    open_ = [m for m in project.members.values() if m.status == "TO_LABEL" and m.row not in done]
    return sorted(open_, key=lambda m: (m.priority, m.order))


def _task(world: World, kind: str) -> str:
    made = Task(cuid(), kind, world.now(), result=world.put_file(b"{}"))
    world.put_task(made)
    return made.id


def _check_name(project: Project, name: str) -> None:
    if any(one.name == name for one in project.batches.values()):
        raise Refused("RESOURCE_CONFLICT", f"Batch with name '{name}' already exists")


def _new_batch(world: World, project: Project, name: str, consensus: Any) -> Batch:
    now = world.now()
    made = Batch(str(uuid.uuid4()), name, now, now, consensus and json.dumps(consensus))
    project.batches[made.id] = made
    return made


def _placeable(world: World, project: Project, rows: Iterable[DataRow]) -> list[DataRow]:
    """Return the rows that can be added.

    Raises:
        Refused: there are none, or one is not processed yet, or there are too many.
    """
    given = list({row.id: row for row in rows}.values())
    if not given:
        raise Refused("MALFORMED_REQUEST", "No valid data rows to be added from the list provided!")
    if len(given) > _MOST_ROWS:
        raise Refused("MALFORMED_REQUEST", f"Batch exceeds max size of {_MOST_ROWS}")
    now = world.now()
    if any(row.processed_at is not None and row.processed_at > now for row in given):
        raise Refused("MALFORMED_REQUEST", "Some data rows are still being processed")
    image = project.fields.get("allowedMediaType") == "IMAGE"
    fitting = [row for row in given if not image or row.mime_type.startswith("image/")]
    fresh = [row for row in fitting if row.id not in project.members]
    if not fresh:
        raise Refused("MALFORMED_REQUEST", "No valid data rows to add to project")
    return fresh


def _place(
    world: World, project: Project, batch: Batch, rows: Sequence[DataRow], priority: int
) -> None:
    now = world.now()
    for row in rows:
        project.placed += 1
        project.members[row.id] = Member(row.id, batch.id, priority, project.placed)
        world.touch(row, now)


def _priority(value: Any) -> int:
    if not isinstance(value, int) or value not in _INT32:
        raise Refused("GRAPHQL_VALIDATION_FAILED", "GraphQL validation error")
    return value


@operation("createBatchV2")
def _create(call: Call) -> dict[str, Any]:
    world, project, given = call.world, call.project(), call.variables["batchInput"]
    _check_name(project, given["name"])
    rows = call.rows(given.get("dataRowIds"), given.get("globalKeys"))
    fresh = _placeable(world, project, rows)
    priority = _priority(given.get("priority", 5))
    made = _new_batch(world, project, given["name"], given.get("consensusSettings"))
    _place(world, project, made, fresh, priority)
    taken = {row.id for row in fresh}
    answer = {
        "batch": shapes.batch(project, made),
        "failedDataRowIds": [row.id for row in rows if row.id not in taken],
    }
    return {"project": {"id": project.id, "createBatchV2": answer}}


@operation("createEmptyBatch")
def _create_empty(call: Call) -> dict[str, Any]:
    project, given = call.project(), call.variables["input"]
    _check_name(project, given["name"])
    made = _new_batch(call.world, project, given["name"], given.get("consensusSettings"))
    return {"project": {"id": project.id, "createEmptyBatch": {"id": made.id}}}


@operation("addDataRowsToBatchAsync")
def _add(call: Call) -> dict[str, Any]:
    project, given = call.project(), call.variables["input"]
    batch = project.batches.get(given["batchId"])
    if batch is None:
        raise Refused("RESOURCE_NOT_FOUND", "Batch not found")
    rows = call.rows(given.get("dataRowIds"), given.get("globalKeys"))
    fresh = _placeable(call.world, project, rows)
    _place(call.world, project, batch, fresh, _priority(given.get("priority", 5)))
    task = {"taskId": _task(call.world, "add-data-rows-to-batch")}
    return {"project": {"id": project.id, "addDataRowsToBatchAsync": task}}


def _create_many(call: Call, rows: list[DataRow], field: str) -> dict[str, Any]:
    project, given = call.project(), call.variables["input"]
    fresh = _placeable(call.world, project, rows)
    tasks = []
    for number, first in enumerate(range(0, len(fresh), _MOST_ROWS)):
        name = f"{given['batchNamePrefix']}{number:04d}"
        made = _new_batch(call.world, project, name, given.get("consensusSettings"))
        part = fresh[first : first + _MOST_ROWS]
        _place(call.world, project, made, part, _priority(given.get("priority", 5)))
        tasks.append({"batchUuid": made.id, "taskId": _task(call.world, "create-batch")})
    return {"project": {"id": project.id, field: {"tasks": tasks}}}


@operation("createBatches")
def _create_batches(call: Call) -> dict[str, Any]:
    given = call.variables["input"]
    rows = call.rows(given.get("dataRowIds"), given.get("globalKeys"))
    return _create_many(call, rows, "createBatches")


@operation("createBatchesFromDataset")
def _create_from_dataset(call: Call) -> dict[str, Any]:
    dataset = call.dataset(call.variables["input"]["datasetId"])
    return _create_many(call, list(call.world.rows_of(dataset.id)), "createBatchesFromDataset")


@operation("GetProjectBatches")
def _list(call: Call) -> dict[str, Any]:
    project = call.project()
    batches = list(project.batches.values())
    start = int(call.variables.get("from") or 0)
    end = start + int(call.variables.get("first") or 100)
    listed = {
        "nodes": [shapes.batch(project, one) for one in batches[start:end]],
        "pageInfo": {"endCursor": str(end) if end < len(batches) else None},
    }
    return {"project": {"id": project.id, "batches": listed}}


@operation("getProjectBatch")
def _get(call: Call) -> dict[str, Any]:
    project = call.project()
    found = project.batches.get(call.variables["batchId"])
    nodes = [] if found is None else [shapes.batch(project, found)]
    return {"project": {"id": project.id, "batches": {"nodes": nodes}}}


@operation("RemoveQueuedDataRowsFromBatch")
def _remove_queued(call: Call) -> dict[str, Any]:
    project, batch = call.project(), call.variables["batchId"]
    for member in waiting(project):
        if member.batch == batch:
            del project.members[member.row]
            call.world.touch(call.world.rows[member.row], call.world.now())
    return {"project": {"id": project.id, "removeQueuedDataRowsFromBatch": {"id": batch}}}


@operation("DeleteBatch")
def _delete(call: Call) -> dict[str, Any]:
    project, batch = call.project(), call.variables["batchId"]
    rows = {m.row for m in project.members.values() if m.batch == batch}
    if any(label.row in rows for label in project.labels.values()):
        raise Refused("MALFORMED_REQUEST", "Cannot delete a batch that has labels")
    for row in rows:
        del project.members[row]
    project.batches.pop(batch, None)
    return {"project": {"id": project.id, "deleteBatch": {"deletedBatchId": batch}}}


@operation("DeleteBatchLabels", "deleteBatchLabels")
def _delete_labels(call: Call) -> dict[str, Any]:
    project, batch = call.project(), call.variables["batchId"]
    rows = {m.row for m in project.members.values() if m.batch == batch}
    for label in [one for one in project.labels.values() if one.row in rows]:
        project.forget(label)
    for row in rows:
        project.members[row].status = "TO_LABEL"
        call.world.touch(call.world.rows[row], call.world.now())
    return {"project": {"id": project.id, "deleteBatchLabels": {"deletedLabelIds": []}}}


# ----------------------------------------------------------------------------------------- priority

_OVERRIDE = re.compile(
    r'\{dataRow(?:Identifier)?:\s*\{id:\s*("(?:[^"\\]|\\.)*")(?:,\s*idType:\s*(\w+))?\s*\},'
    r"\s*priority:\s*(-?\d+)"
)


@operation("SetLabelingParameterOverrides")
def _set_priorities(call: Call) -> dict[str, Any]:
    world, project = call.world, call.project()
    now = world.now()
    given = [(json.loads(quoted), kind, p) for quoted, kind, p in _OVERRIDE.findall(call.text)]
    # Whether the service refuses all for one unknown key is unverified; this is the stricter way.
    call.rows(None, [name for name, kind, _ in given if kind == "GKEY"])
    for name, kind, priority in given:
        row_id = world.by_key.get(name) if kind == "GKEY" else name
        member = project.members.get(row_id or "")
        if member is not None:
            member.priority = _priority(int(priority))
            world.touch(world.rows[member.row], now)
    done = {"success": True}
    return {"project": {"id": project.id, "setLabelingParameterOverrides": done}}


def _identified(world: World, given: Any) -> list[str]:
    if given["idType"] == "GKEY":
        return [world.by_key[key] for key in given["ids"] if key in world.by_key]
    return [row for row in given["ids"] if row in world.rows]


@operation("createQueuePriorityUpdateTask")
def _one_priority(call: Call) -> dict[str, Any]:
    project = call.project()
    for row in _identified(call.world, call.variables["dataRowIdentifiers"]):
        if row in project.members:
            project.members[row].priority = _priority(call.variables["priority"])
    task = {"taskId": _task(call.world, "queue-priority-update")}
    return {"project": {"id": project.id, "createQueuePriorityUpdateTask": task}}


@operation("GetProjectLabelingParameterOverrides")
def _priorities(call: Call) -> dict[str, Any]:
    project = call.project()
    listed = paged(list(project.members.values()), call.text)
    shown = [shapes.override(call.world, one) for one in listed]
    return {"project": {"id": project.id, "labelingParameterOverrides": shown}}


# ------------------------------------------------------------------------------------------- queues

_STATUS_OF_QUEUE = {
    "INITIAL_LABELING_QUEUE": "TO_LABEL",
    "MANUAL_REWORK_QUEUE": "IN_REWORK",
    "MANUAL_REVIEW_QUEUE": "IN_REVIEW",
}


def _queues(project: Project) -> list[dict[str, Any]]:
    return [
        {
            **queue,
            "dataRowCount": sum(
                1
                for m in project.members.values()
                if m.status == _STATUS_OF_QUEUE[queue["queueType"]]
            ),
        }
        for queue in project.queues
    ]


@operation("GetProjectTaskQueues")
def _task_queues(call: Call) -> dict[str, Any]:
    project = call.project()
    return {"project": {"id": project.id, "taskQueues": _queues(project)}}


@operation("AddDataRowsToTaskQueueAsync")
def _move(call: Call) -> dict[str, Any]:
    project, queue = call.project(), call.variables.get("queueId")
    kinds = {one["id"]: _STATUS_OF_QUEUE[one["queueType"]] for one in project.queues}
    now = call.world.now()
    for row in _identified(call.world, call.variables["dataRowIdentifiers"]):
        if row in project.members:
            project.members[row].status = kinds[queue] if queue else "DONE"
            call.world.touch(call.world.rows[row], now)
    task = {"taskId": _task(call.world, "add-rows-to-task-queue")}
    return {"project": {"id": project.id, "createBulkAddRowsToQueueTask": task}}


@operation("ProjectGetOverview")
def _overview(call: Call) -> dict[str, Any]:
    project = call.project()
    batches = call.variables.get("batchIds")
    members = [m for m in project.members.values() if not batches or m.batch in batches]
    labeled = {label.row for label in project.labels.values()}
    skipped = {label.row for label in project.labels.values() if label.skipped}
    counts = {
        "Unlabeled": sum(m.row not in labeled for m in members),
        "Labeled": sum(m.row in labeled for m in members),
        "Done": sum(m.status == "DONE" for m in members),
        "InReview": sum(m.status == "IN_REVIEW" for m in members),
        "InRework": sum(m.status == "IN_REWORK" for m in members),
        "Skipped": sum(m.row in skipped for m in members),
        "All": len(members),
    }
    return {
        "project": {
            "id": project.id,
            "workstreamStateCounts": [{"state": k, "count": v} for k, v in counts.items()],
            "taskQueues": _queues(project),
            "issues": {"totalCount": 0},
            "completedDataRowCount": counts["Done"],
        }
    }
