"""Operations on datasets and data rows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from bridge_labelbox.emulator import shapes
from bridge_labelbox.emulator.graphql import Call, Refused, operation, paged
from bridge_labelbox.emulator.metadata import schemas
from bridge_labelbox.emulator.state import DataRow, Dataset, Task, World, cuid

__all__ = ["add_dataset", "add_row"]

_QUOTED = re.compile(r'"([^"]+)"')


def add_dataset(world: World, name: str) -> Dataset:
    """Make a dataset."""
    now = world.now()
    made = Dataset(cuid(), name, now, now)
    world.datasets[made.id] = made
    return made


def add_row(world: World, dataset: str, given: Mapping[str, Any]) -> DataRow:
    """Make a data row of an upload's payload.

    Raises:
        Refused: its global key is taken or has blanks at an end.
    """
    now = world.now()
    key = given.get("global_key")
    _check_key(world, key)
    data = given["row_data"]
    made = DataRow(
        id=cuid(),
        dataset=dataset,
        data=data,
        created_at=now,
        updated_at=now,
        global_key=key,
        external_id=given.get("external_id"),
        mime_type=given.get("mime_type") or _mime_type(data, given.get("media_type")),
        attachments=list(given.get("attachments") or ()),
        processed_at=now + timedelta(seconds=world.faults.processing_s),
    )
    made.metadata = _values(world, given)
    world.rows[made.id] = made
    if key is not None:
        world.by_key[key] = made.id
    world.touch(made, now)
    return made


def _allowed(key: str) -> bool:
    """Tell whether a global key has no blanks at its ends and no two in a row."""
    return bool(key) and key == key.strip() and "  " not in key


def _mime_type(data: Any, media_type: str | None) -> str:
    if media_type == "IMAGE":
        return "image/jpeg"
    if media_type in (None, "TEXT") and isinstance(data, str):
        if not data.startswith(("http://", "https://")):
            return "text/plain"
        ending = urlsplit(data).path.rpartition(".")[2].lower()
        return "image/jpeg" if ending in ("jpg", "jpeg", "png", "gif", "webp") else "text/plain"
    return "application/json"


def _check_key(world: World, key: str | None) -> None:
    if key is not None and key in world.by_key:
        raise Refused("MALFORMED_REQUEST", f"Duplicate global key: '{key}'")
    if key is not None and not _allowed(key):
        raise Refused("MALFORMED_REQUEST", f"Invalid global key: '{key}'")


def _values(world: World, given: Mapping[str, Any]) -> dict[str, Any]:
    fields = given.get("metadata_fields") or given.get("metadata") or ()
    found = [pair for f in fields for pair in _field(world, f)]
    names = [name for name, _ in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        said = f"A schemaId can only be specified once per DataRow : [{', '.join(twice)}]"
        raise Refused("MALFORMED_REQUEST", said)
    return dict(found)


def _field(world: World, given: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return one metadata field by schema id; an enumeration and its option are two."""
    schema_id = given.get("schemaId") or given.get("schema_id")
    if schema_id:
        return [(schema_id, given["value"])]
    for schema in schemas(world).values():
        if schema["name"] == given.get("name"):
            options = [o["id"] for o in schema["options"] if o["name"] == given["value"]]
            if options:
                return [(schema["id"], {}), (options[0], {})]
            return [(schema["id"], given["value"])]
    raise Refused("MALFORMED_REQUEST", f"Unknown metadata '{given.get('name')}'")


@operation("CreateDataset", "createDataset")
def _create_dataset(call: Call) -> dict[str, Any]:
    made = add_dataset(call.world, call.variables["name"])
    return {"createDataset": shapes.dataset(call.world, made)}


@operation("GetDataset", "getDataset")
def _get_dataset(call: Call) -> dict[str, Any]:
    found = call.dataset(call.variables["param_0"])
    return {"dataset": shapes.dataset(call.world, found)}


@operation("deleteDataset")
def _delete_dataset(call: Call) -> dict[str, Any]:
    gone = call.dataset(call.variables["DatasetId"])
    for row in list(call.world.rows_of(gone.id)):
        call.world.drop_row(row.id)
    del call.world.datasets[gone.id]
    return {"updateDataset": {"id": gone.id}}


@operation("DatasetDataRows")
def _dataset_rows(call: Call) -> dict[str, Any]:
    dataset = call.dataset(call.variables["id"])
    rows = list(call.world.rows_of(dataset.id))
    start, first = int(call.variables.get("from") or 0), int(call.variables.get("first") or 100)
    nodes = [shapes.data_row(call.world, row) for row in rows[start : start + first]]
    more = start + first < len(rows)
    info = {"hasNextPage": more, "startCursor": str(start + first) if more else None}
    return {"datasetDataRows": {"nodes": nodes, "pageInfo": info}}


@operation("GetDataRow", "getDataRow")
def _get_row(call: Call) -> dict[str, Any]:
    row = call.world.rows.get(call.variables["param_0"])
    if row is None:
        raise Refused("RESOURCE_NOT_FOUND", "Data row not found")
    return {"dataRow": shapes.data_row(call.world, row)}


@operation("deleteDataRows")
def _delete_rows(call: Call) -> dict[str, Any]:
    for row_id in _QUOTED.findall(call.text):
        call.world.drop_row(row_id)
    return {"deleteDataRows": []}


# ------------------------------------------------------------------------------------------- upload


@operation("UploadFile")
def _upload(call: Call) -> dict[str, Any]:
    # contentLength is not looked at: the SDK counts characters where bytes are meant.
    body = next(iter(call.files.values()))
    return {"uploadFile": {"url": call.world.put_file(body), "filename": "file"}}


def _read(world: World, url: str) -> Any:
    return json.loads(world.files[urlsplit(url).path.rpartition("/")[2]].body)


@operation("UpsertDataRows", "AppendDataRows")
def _upsert(call: Call) -> dict[str, Any]:
    world = call.world
    task = Task(cuid(), "adv-upsert-data-rows", world.now(), name="Upsert")
    manifest = _read(world, call.variables["manifestUri"])
    for url in manifest["chunk_uris"]:
        for spec in _read(world, url):
            _upsert_one(world, task, spec)
    task.result = world.put_file(b"[]")
    if task.failed:
        task.errors = f"{len(task.failed)} data rows failed"
    world.put_task(task)
    return {"upsertDataRows": shapes.task(task)}


def _upsert_one(world: World, task: Task, spec: Mapping[str, Any]) -> None:
    given, named = spec["payload"], spec["id"]
    known = {"ID": world.rows.get(named["value"]), "GKEY": world.find_row(named["value"])}
    try:
        row = known.get(named["type"])
        if row is None:
            key = named["value"] if named["type"] == "GKEY" else None
            row = add_row(world, given["dataset_id"], {"global_key": key, **given})
        else:
            _update(world, row, given)
        task.rows.append(row.id)
    except (Refused, KeyError) as error:
        task.failed.append({"message": str(error), "spec": given})


def _update(world: World, row: DataRow, given: Mapping[str, Any]) -> None:
    now = world.now()
    row.data = given.get("row_data", row.data)
    row.external_id = given.get("external_id", row.external_id)
    key = given.get("global_key")
    if key and key != row.global_key:
        _check_key(world, key)
        world.by_key.pop(row.global_key or "", None)
        world.by_key[key], row.global_key = row.id, key
    row.metadata |= _values(world, given)
    row.updated_at = now
    world.touch(row, now)


@operation("SuccessesfulDataRowImports")
def _succeeded(call: Call) -> dict[str, Any]:
    rows = call.world.tasks[call.variables["taskId"]].rows
    page, after = _cut(rows, call)
    nodes = [
        {
            "id": r.id,
            "externalId": r.external_id,
            "globalKey": r.global_key,
            "rowData": r.data,
        }
        for r in map(call.world.rows.get, page)
        if r is not None
    ]
    return {"successesfulDataRowImports": {"nodes": nodes, "after": after, "total": len(rows)}}


@operation("FailedDataRowImports")
def _failed(call: Call) -> dict[str, Any]:
    failed = call.world.tasks[call.variables["taskId"]].failed
    page, after = _cut(failed, call)
    results = [
        {
            "message": one["message"],
            "spec": {
                "externalId": one["spec"].get("external_id"),
                "globalKey": one["spec"].get("global_key"),
                "rowData": one["spec"].get("row_data"),
                "metadata": [
                    {"schemaId": f.get("schemaId"), "value": f.get("value"), "name": None}
                    for f in one["spec"].get("metadata_fields") or ()
                ],
                "attachments": [],
            },
        }
        for one in page
    ]
    return {"failedDataRowImports": {"results": results, "after": after, "total": len(failed)}}


def _cut(items: list[Any], call: Call) -> tuple[list[Any], str | None]:
    start = int(call.variables.get("from") or 0)
    end = start + int(call.variables.get("first") or 100)
    return items[start:end], str(end) if end < len(items) else None


# ------------------------------------------------------------------------------------------ look-up


@operation("CheckAllDataRowsHaveBeenProcessed")
def _processed(call: Call) -> dict[str, Any]:
    world, now = call.world, call.world.now()
    asked = [*(call.variables.get("globalKeys") or ()), *(call.variables.get("dataRowIds") or ())]
    rows = [row for row in map(world.find_row, asked) if row is not None]
    done = all(row.processed_at is None or row.processed_at <= now for row in rows)
    return {"queryAllDataRowsHaveBeenProcessed": {"allDataRowsHaveBeenProcessed": done}}


@operation("getDataRowsForGlobalKeys")
def _look_up(call: Call) -> dict[str, Any]:
    keys = call.variables["globalKeys"]
    found = [{"id": call.world.by_key.get(key, "")} for key in keys]
    missing = [key for key in keys if key not in call.world.by_key]
    job = cuid()
    call.world.jobs[job] = {
        "data": {
            "fetchedDataRows": found,
            "notFoundGlobalKeys": missing,
            "accessDeniedGlobalKeys": [],
        },
        "jobStatus": "COMPLETE",
    }
    return {"dataRowsForGlobalKeys": {"jobId": job}}


@operation("getDataRowsForGlobalKeysResult")
def _look_up_result(call: Call) -> dict[str, Any]:
    return {"dataRowsForGlobalKeysResult": call.world.jobs[call.variables["jobId"]]}


@operation("assignGlobalKeysToDataRows")
def _assign_keys(call: Call) -> dict[str, Any]:
    world, job = call.world, cuid()
    sorted_out: dict[str, list[dict[str, Any]]] = {
        "sanitizedAssignments": [],
        "unmodifiedAssignments": [],
        "invalidGlobalKeyAssignments": [],
        "accessDeniedAssignments": [],
    }
    for link in call.variables["globalKeyDataRowLinks"]:
        row, key = world.rows.get(link["dataRowId"]), link["globalKey"]
        if row is None:
            sorted_out["accessDeniedAssignments"].append(link)
        elif not _allowed(key) or key in world.by_key or row.global_key is not None:
            sorted_out["invalidGlobalKeyAssignments"].append(link)
        else:
            row.global_key, world.by_key[key] = key, row.id
            world.touch(row, world.now())
            sorted_out["unmodifiedAssignments"].append(link)
    world.jobs[job] = {"jobStatus": "COMPLETE", "data": sorted_out}
    return {"assignGlobalKeysToDataRows": {"jobId": job}}


@operation("assignGlobalKeysToDataRowsResult")
def _assign_keys_result(call: Call) -> dict[str, Any]:
    return {"assignGlobalKeysToDataRowsResult": call.world.jobs[call.variables["jobId"]]}


@operation("GetDatasets", "getDatasets")
def _datasets(call: Call) -> dict[str, Any]:
    listed = paged(list(call.world.datasets.values()), call.text)
    return {"datasets": [shapes.dataset(call.world, one) for one in listed]}
