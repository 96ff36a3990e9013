"""Operations on custom metadata."""

from __future__ import annotations

from typing import Any

from bridge_labelbox.emulator.graphql import Call, Refused, operation
from bridge_labelbox.emulator.state import World, cuid

__all__ = ["schemas"]

# The reserved fields that every organization has, with the ids that the SDK's tests know.
_RESERVED: tuple[dict[str, Any], ...] = (
    {"id": "cko8s9r5v0001h2dk9elqdidh", "name": "tag", "kind": "CustomMetadataString"},
    {
        "id": "cko8sdzv70006h2dk8jg64zvb",
        "name": "captureDateTime",
        "kind": "CustomMetadataDateTime",
    },
    {
        "id": "cko8sbczn0002h2dkdaxb5kal",
        "name": "split",
        "kind": "CustomMetadataEnum",
        "options": [
            {"id": "cko8sbscr0003h2dk04w86hof", "name": "train"},
            {"id": "cko8sbzy10004h2dkf7x2q1vd", "name": "valid"},
            {"id": "cko8scbz70005h2dkastwhgqt", "name": "test"},
        ],
    },
)


def schemas(world: World) -> dict[str, dict[str, Any]]:
    """Return the metadata schemas by id, the reserved ones among them."""
    if not world.metadata_schemas:
        for one in _RESERVED:
            options = [
                {**option, "kind": "CustomMetadataEnumOption", "reserved": True}
                for option in one.get("options", ())
            ]
            world.metadata_schemas[one["id"]] = {**one, "reserved": True, "options": options}
    return world.metadata_schemas


def _known(world: World) -> set[str]:
    """Return the ids of schemas and of their options, which are written as fields too."""
    known = schemas(world)
    return {*known, *(option["id"] for one in known.values() for option in one["options"])}


@operation("GetMetadataOntologyBeta")
def _list(call: Call) -> dict[str, Any]:
    return {"customMetadataOntology": list(schemas(call.world).values())}


@operation("UpsertCustomMetadataSchema")
def _upsert_schema(call: Call) -> dict[str, Any]:
    given = call.variables["data"]
    known = schemas(call.world)
    taken = [s for s in known.values() if s["name"] == given["name"]]
    if taken and taken[0]["id"] != given.get("id"):
        raise Refused("MALFORMED_REQUEST", f"Metadata '{given['name']}' already exists")
    made = {
        "id": given.get("id") or cuid(),
        "name": given["name"],
        "kind": given["kind"],
        "reserved": False,
        "options": [
            {
                "id": option.get("id") or cuid(),
                "name": option["name"],
                "kind": "CustomMetadataEnumOption",
                "reserved": False,
            }
            for option in given.get("options") or ()
        ],
    }
    known[made["id"]] = made
    return {"upsertCustomMetadataSchema": made}


@operation("DeleteCustomMetadataSchema")
def _delete_schema(call: Call) -> dict[str, Any]:
    gone = schemas(call.world).pop(call.variables["where"]["id"], None)
    return {"deleteCustomMetadataSchema": {"success": gone is not None}}


@operation("UpsertDataRowMetadataBeta")
def _upsert(call: Call) -> dict[str, Any]:
    world, failures = call.world, []
    for one in call.variables["metadata"]:
        row = world.find_row(one.get("globalKey") or one.get("dataRowId") or "")
        unknown = [f for f in one["fields"] if f["schemaId"] not in _known(world)]
        if row is None or unknown:
            error = "Data row not found" if row is None else "Unknown metadata schema"
            failures.append({**one, "error": error})
            continue
        row.metadata |= {f["schemaId"]: f["value"] for f in one["fields"]}
        world.touch(row, world.now())
    return {"upsertDataRowCustomMetadata": failures}


@operation("DeleteDataRowMetadataBeta")
def _delete(call: Call) -> dict[str, Any]:
    world = call.world
    for one in call.variables["deletes"]:
        row = world.find_row(one.get("globalKey") or one.get("dataRowId") or "")
        if row is not None:
            gone = set(one["schemaIds"])
            row.metadata = {k: v for k, v in row.metadata.items() if k not in gone}
    return {"deleteDataRowCustomMetadata": []}


@operation("dataRowCustomMetadata")
def _read(call: Call) -> dict[str, Any]:
    rows = [call.world.find_row(i) for i in call.variables["dataRowIdentifiers"]["ids"]]
    found = [
        {
            "dataRowId": row.id,
            "globalKey": row.global_key,
            "fields": [{"schemaId": s, "value": v} for s, v in row.metadata.items()],
        }
        for row in rows
        if row is not None
    ]
    return {"dataRowCustomMetadata": found}
