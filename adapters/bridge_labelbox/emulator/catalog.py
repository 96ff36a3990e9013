"""Operations on datasets, and look-ups of data rows."""

from __future__ import annotations

import json
import re
from typing import Any

from bridge_labelbox.emulator import shapes
from bridge_labelbox.emulator.graphql import Call, matching, operation, paged
from bridge_labelbox.emulator.rows import allowed_key, update_row
from bridge_labelbox.emulator.state import Dataset, World, cuid

__all__ = ["add_dataset"]

_QUOTED = re.compile(r'"([^"]+)"')


def add_dataset(world: World, name: str, description: str = "") -> Dataset:
    """Make a dataset."""
    now = world.now()
    made = Dataset(cuid(), name, now, now, description)
    world.datasets[made.id] = made
    return made


@operation("CreateDataset", "createDataset")
def _create_dataset(call: Call) -> dict[str, Any]:
    made = add_dataset(call.world, call.variables["name"], call.variables.get("description") or "")
    return {"createDataset": shapes.dataset(call.world, made)}


@operation("GetDataset", "getDataset")
def _get_dataset(call: Call) -> dict[str, Any]:
    found = call.dataset(call.variables["param_0"])
    return {"dataset": shapes.dataset(call.world, found)}


@operation("GetDatasets", "getDatasets")
def _datasets(call: Call) -> dict[str, Any]:
    listed = [shapes.dataset(call.world, one) for one in call.world.datasets.values()]
    return {"datasets": paged(matching(listed, call), call.text)}


@operation("updateDataset")
def _update_dataset(call: Call) -> dict[str, Any]:
    one = call.dataset(call.variables["DatasetId"])
    one.name = call.variables.get("name", one.name)
    one.description = call.variables.get("description", one.description)
    one.updated_at = call.world.now()
    return {"updateDataset": shapes.dataset(call.world, one)}


@operation("deleteDataset")
def _delete_dataset(call: Call) -> dict[str, Any]:
    gone = call.dataset(call.variables["DatasetId"])
    for row in list(call.world.rows_of(gone.id)):
        call.world.drop_row(row.id)
    del call.world.datasets[gone.id]
    return {"updateDataset": {"id": gone.id}}


@operation("DatasetDataRows")
def _dataset_rows(call: Call) -> dict[str, Any]:
    """List rows; the cursor is the id of the last row that was told."""
    dataset = call.dataset(call.variables["id"])
    rows = [row for row in call.world.rows_of(dataset.id) if _wanted(call, row.external_id)]
    ids = [row.id for row in rows]
    after, first = call.variables.get("from"), int(call.variables.get("first") or 100)
    start = ids.index(after) + 1 if after in ids else 0
    page = rows[start : start + first]
    more = start + first < len(rows)
    info = {"hasNextPage": more, "startCursor": page[-1].id if more else None}
    nodes = [shapes.data_row(call.world, row) for row in page]
    return {"datasetDataRows": {"nodes": nodes, "pageInfo": info}}


def _wanted(call: Call, external_id: str | None) -> bool:
    where = call.variables.get("where") or {}
    return "externalId" not in where or where["externalId"] == external_id


@operation("GetDataRow", "getDataRow")
def _get_row(call: Call) -> dict[str, Any]:
    return {"dataRow": shapes.data_row(call.world, call.row(call.variables["param_0"]))}


@operation("updateDataRow")
def _update_row(call: Call) -> dict[str, Any]:
    row, v = call.row(call.variables["DataRowId"]), call.variables
    named = {"rowData": "row_data", "externalId": "external_id", "globalKey": "global_key"}
    given = {ours: v[theirs] for theirs, ours in named.items() if theirs in v}
    if str(given.get("row_data", "")).startswith("{"):
        given["row_data"] = json.loads(given["row_data"])
    update_row(call.world, row, given)
    return {"updateDataRow": shapes.data_row(call.world, row)}


@operation("deleteDataRows")
def _delete_rows(call: Call) -> dict[str, Any]:
    for row_id in _QUOTED.findall(call.text):
        call.world.drop_row(row_id)
    return {"deleteDataRows": []}


# ------------------------------------------------------------------------------------------ look-up


@operation("CheckAllDataRowsHaveBeenProcessed")
def _processed(call: Call) -> dict[str, Any]:
    world, now = call.world, call.world.now()
    asked = [*(call.variables.get("globalKeys") or ()), *(call.variables.get("dataRowIds") or ())]
    rows = [row for row in map(world.find_row, asked) if row is not None]
    done = all(row.processed_at is None or row.processed_at <= now for row in rows)
    return {"queryAllDataRowsHaveBeenProcessed": {"allDataRowsHaveBeenProcessed": done}}


@operation("externalIdsToDataRowIds")
def _external_ids(call: Call) -> dict[str, Any]:
    asked = set(call.variables["externalId_in"])
    found = [r for r in call.world.rows.values() if r.external_id in asked]
    told = [{"dataRowId": row.id, "externalId": row.external_id} for row in found]
    return {"externalIdsToDataRowIds": told}


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
        elif not allowed_key(key) or key in world.by_key or row.global_key is not None:
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
