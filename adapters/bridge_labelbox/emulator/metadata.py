"""Operations on custom metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge_labelbox.emulator.graphql import Call, Refused, operation
from bridge_labelbox.emulator.state import World, cuid

__all__ = ["schemas", "values"]

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


def values(world: World, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of an upload's payload, by schema id.

    Raises:
        Refused: a field is unknown, or comes twice.
    """
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
    most, own = call.world.faults.metadata_fields, [s for s in known.values() if not s["reserved"]]
    if most is not None and not taken and len(own) >= most:
        # The words are unverified; the limit is documented.
        raise Refused("MALFORMED_REQUEST", f"Maximum number of custom metadata fields is {most}")
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
    """Delete fields; those that a row does not have are told back as failures."""
    world, failures = call.world, []
    for one in call.variables["deletes"]:
        row = world.find_row(one["dataRowIdentifier"]["id"])
        here = row.metadata if row is not None else {}
        missing = [schema for schema in one["schemaIds"] if schema not in here]
        if missing:
            failures.append(
                {
                    "dataRowId": row.id if row is not None else None,
                    "error": "Schema did not exist",
                    "fields": [{"schemaId": schema, "value": None} for schema in missing],
                }
            )
        if row is not None and len(missing) < len(one["schemaIds"]):
            gone = _with_options(world, one["schemaIds"])
            row.metadata = {k: v for k, v in row.metadata.items() if k not in gone}
            world.touch(row, world.now())
    return {"deleteDataRowCustomMetadata": failures}


def _with_options(world: World, schema_ids: list[str]) -> set[str]:
    """Return schema ids and those of their options: a value of an enumeration is two fields."""
    known = schemas(world)
    options = {o["id"] for s in schema_ids if s in known for o in known[s]["options"]}
    return {*schema_ids, *options}


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
