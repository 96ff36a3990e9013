"""Custom metadata: uncertainty and model version on the queued rows, for people to sort by.

Metadata fields belong to the whole account, which may have five (Free) to five hundred of them.
Writing them is activity of a row; a pull then reads the row again, and finds nothing new in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from bridge.errors import AuthError, BridgeError, DataError, PlatformError, Unreachable
from bridge.platforms import Refusal
from bridge.records import QueueItem
from bridge_labelbox import operations as ops
from bridge_labelbox.client import Client, dig, shaped
from bridge_labelbox.keys import identifier, key_of
from bridge_labelbox.settings import LabelboxSettings

__all__ = ["Fields", "fields", "present", "write"]

_NUMBER, _STRING = "CustomMetadataNumber", "CustomMetadataString"
_AT_ONCE = 50  # rows in one call, as the SDK does
_LONGEST = 500  # characters of a string; unverified, and far above any model version


class _Schema(msgspec.Struct):
    id: str
    name: str
    kind: str
    reserved: bool = False


class _Failure(msgspec.Struct, rename="camel"):
    global_key: str | None = None
    data_row_id: str | None = None
    error: str | None = None


class Fields(NamedTuple):
    """Ids of the two fields."""

    uncertainty: str
    model: str


def present(client: Client, settings: LabelboxSettings) -> str:
    """Say which of the fields are there; nothing is made.

    Raises:
        DataError: a field of that name is of another kind.
    """
    known = _known(client)
    missing = [name for name, kind in _wanted(settings) if _find(known, name, kind) is None]
    own = sum(not schema.reserved for schema in known)
    if not missing:
        return "both fields are there"
    named = " and ".join(f"'{name}'" for name in missing)
    return f"{named} will be made with the first batch; the account has {own} custom fields now"


def fields(client: Client, settings: LabelboxSettings) -> Fields:
    """Return the fields, and make those that are missing.

    Raises:
        DataError: a field of that name is of another kind, or Labelbox refuses to make one.
    """
    known = _known(client)
    own = sum(not schema.reserved for schema in known)
    found = []
    for name, kind in _wanted(settings):
        there = _find(known, name, kind)
        if there is None:
            there = _make(client, name, kind, own)
            own += 1
        found.append(there)
    return Fields(*found)


def write(
    client: Client, settings: LabelboxSettings, fields: Fields, kept: Sequence[QueueItem]
) -> list[Refusal]:
    """Write what the model said of each row; return the rows whose metadata were refused.

    Rows without a prediction (the hold-out among them) are left alone.
    """
    rows = [_row(fields, entry) for entry in kept if entry.prediction is not None]
    return [refusal for chunk in _chunks(rows) for refusal in _write(client, chunk)]


def _wanted(settings: LabelboxSettings) -> tuple[tuple[str, str], ...]:
    return ((settings.metadata_uncertainty, _NUMBER), (settings.metadata_model, _STRING))


def _known(client: Client) -> list[_Schema]:
    return shaped(
        dig(client.execute(ops.LIST_METADATA, {}), "customMetadataOntology"), list[_Schema]
    )


def _find(known: Sequence[_Schema], name: str, kind: str) -> str | None:
    for schema in known:
        if schema.name == name:
            if schema.kind != kind:
                raise DataError(
                    f"The metadata field '{name}' is a {schema.kind}, not a {kind}.",
                    "Give Bridge's field another name ('metadata_uncertainty', 'metadata_model').",
                )
            return schema.id
    return None


def _make(client: Client, name: str, kind: str, own: int) -> str:
    try:
        made = client.execute(ops.MAKE_METADATA, {"data": {"name": name, "kind": kind}})
    except AuthError:
        raise
    except Unreachable:
        return _made_after_all(client, name, kind)
    except PlatformError as error:
        raise _refused(name, own, error) from None
    return str(dig(made, "upsertCustomMetadataSchema", "id"))


def _made_after_all(client: Client, name: str, kind: str) -> str:
    """Look for a field whose making was asked for, and the answer lost."""
    found = _find(_known(client), name, kind)
    if found is None:
        raise Unreachable(f"The metadata field '{name}' could not be made.", "Run again later.")
    return found


def _refused(name: str, own: int, error: BridgeError) -> DataError:
    return DataError(
        f"Labelbox refused the metadata field '{name}'; the account has {own} custom fields now."
        f" {error.what}",
        "Delete a field that is not used (an account may have only so many), let an admin make this"
        " one, or set 'metadata' to false.",
    )


def _row(fields: Fields, entry: QueueItem) -> dict[str, Any]:
    assert entry.prediction is not None  # the caller leaves those out
    name, kind = identifier(entry.item.key)
    return {
        "globalKey" if kind == "GKEY" else "dataRowId": name,
        "fields": [
            {"schemaId": fields.uncertainty, "value": round(entry.prediction.uncertainty, 6)},
            {"schemaId": fields.model, "value": entry.prediction.model_version[:_LONGEST]},
        ],
    }


def _chunks(rows: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    return (rows[first : first + _AT_ONCE] for first in range(0, len(rows), _AT_ONCE))


def _write(client: Client, rows: Sequence[dict[str, Any]]) -> Iterator[Refusal]:
    told = dig(
        client.execute(ops.WRITE_METADATA, {"metadata": rows}), "upsertDataRowCustomMetadata"
    )
    for failure in shaped(told or [], list[_Failure]):
        key = key_of(failure.data_row_id or "", failure.global_key)
        why = f"Its metadata were refused: {failure.error or 'no reason given'}."
        yield Refusal(key=key, why=why, fatal=False)
