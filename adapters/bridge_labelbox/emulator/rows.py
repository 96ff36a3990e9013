"""Data rows: what an upload makes of them, and uploads themselves."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from bridge_labelbox.emulator import shapes
from bridge_labelbox.emulator.graphql import Call, Refused, operation
from bridge_labelbox.emulator.metadata import values
from bridge_labelbox.emulator.state import DataRow, Task, World, cuid

__all__ = ["add_row", "allowed_key", "update_row"]

_CONVERSATION = "application/vnd.labelbox.conversational"
_TILES = "application/vnd.labelbox.tms"
# What a declared media type may be detected as.
_FAMILIES = {
    "IMAGE": "image/",
    "VIDEO": "video/",
    "AUDIO": "audio/",
    "TEXT": "text/",
    "HTML": "text/",
    "PDF": "application/pdf",
    "CONVERSATIONAL": _CONVERSATION,
    "TMS_GEO": _TILES,
}


def add_row(world: World, dataset: str, given: Mapping[str, Any]) -> DataRow:
    """Make a data row of an upload's payload.

    Raises:
        Refused: its global key is taken or has blanks at an end, or its content is not of the
            media type that it declares.
    """
    now = world.now()
    key = given.get("global_key")
    _check_key(world, key)
    data, detected = _content(world, given["row_data"], given.get("media_type"))
    made = DataRow(
        id=cuid(),
        dataset=dataset,
        data=data,
        created_at=now,
        updated_at=now,
        global_key=key,
        external_id=given.get("external_id"),
        mime_type=given.get("mime_type") or detected,
        attachments=_attachments(given),
        processed_at=now + timedelta(seconds=world.faults.processing_s),
    )
    made.metadata = values(world, given)
    world.rows[made.id] = made
    if key is not None:
        world.by_key[key] = made.id
    world.touch(made, now)
    return made


def update_row(world: World, row: DataRow, given: Mapping[str, Any]) -> None:
    """Change what a payload names; metadata are added, attachments replaced.

    Raises:
        Refused: as for a new row.
    """
    now = world.now()
    if given.get("row_data"):
        row.data, row.mime_type = _content(world, given["row_data"], given.get("media_type"))
    row.external_id = given.get("external_id", row.external_id)
    key = given.get("global_key")
    if key and key != row.global_key:
        _check_key(world, key)
        world.by_key.pop(row.global_key or "", None)
        world.by_key[key], row.global_key = row.id, key
    if "attachments" in given:
        row.attachments = _attachments(given)
    row.metadata |= values(world, given)
    row.updated_at = now
    world.touch(row, now)


def allowed_key(key: str) -> bool:
    """Tell whether a global key has no blanks at its ends and no two in a row."""
    return bool(key) and key == key.strip() and "  " not in key


def _check_key(world: World, key: str | None) -> None:
    if key is not None and key in world.by_key:
        raise Refused("MALFORMED_REQUEST", f"Duplicate global key: '{key}'")
    if key is not None and not allowed_key(key):
        raise Refused("MALFORMED_REQUEST", f"Invalid global key: '{key}'")


def _attachments(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"id": cuid(), "name": one.get("name"), "type": one["type"], "value": one["value"]}
        for one in given.get("attachments") or ()
    ]


# ------------------------------------------------------------------------------------ media types


def _content(world: World, data: Any, declared: str | None) -> tuple[Any, str]:
    """Return a row's data as the service tells it, and the media type; nothing is fetched."""
    if isinstance(data, str):
        detected = _type_of_text(world, data)
    else:
        data, detected = _type_of_object(data)
    if declared is None:
        return data, detected or "text/plain"
    family = _FAMILIES.get(declared, "")
    if detected is not None and not detected.startswith(family):
        wanted = f"{family}*" if family.endswith("/") else family
        raise Refused(
            "MALFORMED_REQUEST", f"Expected type {wanted}, detected: {detected} (media type)"
        )
    if detected is None:
        detected = "image/jpeg" if declared == "IMAGE" else f"{family}plain".rstrip("/")
    return data, detected


def _type_of_text(world: World, data: str) -> str | None:
    """Return the type of a text or an address; None where only its content would tell."""
    if data.startswith(("gs://", "s3://")):
        return None  # Labelbox reads these through an integration, of which there is none here
    if not data.startswith(("http://", "https://")):
        return "text/plain"
    path = urlsplit(data).path
    uploaded = world.files.get(path.rpartition("/")[2])
    return uploaded.media_type if uploaded else mimetypes.guess_type(path)[0]


def _type_of_object(data: Any) -> tuple[Any, str]:
    for name in ("pdf_url", "pdfUrl"):
        if isinstance(data, dict) and name in data:
            return data[name], "application/pdf"
    text = json.dumps(data, ensure_ascii=False)
    if isinstance(data, dict) and data.get("type") == _CONVERSATION:
        return text, _CONVERSATION
    if isinstance(data, dict) and ("tileLayerUrl" in data or "tile_layer_url" in data):
        return text, _TILES
    return text, "application/json"


# ------------------------------------------------------------------------------------------- upload


@operation("UploadFile")
def _upload(call: Call) -> dict[str, Any]:
    # contentLength is not looked at: the SDK counts characters where bytes are meant.
    file = next(iter(call.files.values()))
    # The SDK swaps name and type of its JSON chunks; a real name has an ending.
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return {"uploadFile": {"url": call.world.put_file(file.body, kind), "filename": file.name}}


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
    return {"upsertDataRows": shapes.task(task, world.now())}


def _upsert_one(world: World, task: Task, spec: Mapping[str, Any]) -> None:
    given, named = spec["payload"], spec["id"]
    known = {"ID": world.rows.get(named["value"]), "GKEY": world.find_row(named["value"])}
    try:
        row = known.get(named["type"])
        if row is None:
            key = named["value"] if named["type"] == "GKEY" else None
            row = add_row(world, given["dataset_id"], {"global_key": key, **given})
        else:
            update_row(world, row, given)
        task.rows.append(row.id)
    except (Refused, KeyError) as error:
        task.failed.append({"message": str(error), "spec": given})


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
