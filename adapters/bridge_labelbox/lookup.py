"""Questions about data rows: do they exist, and are they processed?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from bridge_labelbox import operations as ops
from bridge_labelbox.client import Client, NotYet, dig
from bridge_labelbox.keys import identifier, split
from bridge_labelbox.settings import LabelboxSettings

__all__ = ["await_processing", "unknown"]

_LOOKED_UP = 1000
_LOOK_UP_S = 60.0


def unknown(client: Client, keys: Sequence[str]) -> list[str]:
    """Ask which global keys do not exist (the text of the refusal is not made for machines)."""
    by_key, _ = split(keys)
    gone: set[str] = set()
    for first in range(0, len(by_key), _LOOKED_UP):
        asked = {"globalKeys": by_key[first : first + _LOOKED_UP]}
        job = dig(client.execute(ops.LOOK_UP_KEYS, asked), "dataRowsForGlobalKeys", "jobId")
        gone |= _looked_up(client, job)
    return [key for key in keys if identifier(key)[1] == "GKEY" and key in gone]


def _looked_up(client: Client, job: str) -> set[str]:
    def look() -> set[str] | None:
        data = client.execute(ops.LOOK_UP_RESULT, {"jobId": job})
        result = dig(data, "dataRowsForGlobalKeysResult")
        if dig(result, "jobStatus") != "COMPLETE":
            return None
        found = dig(result, "data")
        return {*(found["notFoundGlobalKeys"] or ()), *(found["accessDeniedGlobalKeys"] or ())}

    return client.poll(look, _LOOK_UP_S, "Looking up global keys")


def await_processing(client: Client, settings: LabelboxSettings, keys: Sequence[str]) -> None:
    """Wait a while for rows that were uploaded just now; the batch call has the last word."""
    by_key, by_id = split(keys)
    with suppress(NotYet):
        _await(client, settings, ops.KEYS_PROCESSED, "globalKeys", by_key)
        _await(client, settings, ops.IDS_PROCESSED, "dataRowIds", by_id)


def _await(
    client: Client,
    settings: LabelboxSettings,
    operation: ops.Operation,
    field: str,
    values: list[str],
) -> None:
    def look() -> bool | None:
        answer = dig(
            client.execute(operation, {field: values}), "queryAllDataRowsHaveBeenProcessed"
        )
        return True if dig(answer, "allDataRowsHaveBeenProcessed") else None

    if values:
        client.poll(look, settings.processing_timeout_s, "Processing new rows")
