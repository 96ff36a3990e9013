"""Batches: put rows into the project's queue, so that a repeat finds its own earlier work.

The batch's name is derived from its id. A call that may have been executed although its answer was
lost is followed by a question, never by a blind repeat.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from bridge.errors import DataError, PlatformError
from bridge.platforms import Refusal
from bridge.records import Batch, QueueItem
from bridge_labelbox import operations as ops
from bridge_labelbox.client import BatchInfo, Client, Malformed, NotYet, dig, shaped
from bridge_labelbox.keys import split
from bridge_labelbox.lookup import await_processing, unknown
from bridge_labelbox.once import TRIES, found_or_made
from bridge_labelbox.pull import states
from bridge_labelbox.settings import LabelboxSettings

__all__ = ["push_batch"]

_MOST_ROWS = 100_000  # Labelbox's limit of one batch
_SYNCHRONOUS = 1000  # from here on the SDK makes an empty batch and adds the rows in a task
_LISTED = 100
_LAG_LOOKS = 5


def push_batch(
    client: Client, settings: LabelboxSettings, batch: Batch
) -> tuple[list[QueueItem], list[Refusal]]:
    """Put the rows into the project's queue; return those that are there now, and the others.

    Raises:
        DataError: more than 100,000 rows.
    """
    if len(batch.items) > _MOST_ROWS:
        raise DataError(
            f"A batch of {len(batch.items)} rows is more than Labelbox's {_MOST_ROWS}.",
            "Lower the size of the queue.",
        )
    await_processing(client, settings, batch.keys)
    name = f"{settings.batch_prefix}-{batch.id}"
    refused = _create(client, settings, name, list(batch.keys))
    kept = [entry for entry in batch.items if entry.item.key not in refused]
    return kept, [Refusal(key=key, why=why) for key, why in refused.items()]


def _create(
    client: Client, settings: LabelboxSettings, name: str, keys: list[str]
) -> dict[str, str]:
    """Make or complete the batch; return why by key for rows that are not in the queue."""
    missing: dict[str, str] = {}
    for _ in range(TRIES):
        try:
            whole = _attempt(client, settings, name, keys)
        except Malformed as error:
            named = unknown(client, keys)
            if not named:
                if "No valid data rows" not in error.said:
                    raise
                size = _batch_size(client, settings, name)
                return missing | _doubted(client, settings, keys, at_least=size)
            missing |= dict.fromkeys(named, "Labelbox has no data row of this key.")
            keys = [key for key in keys if key not in missing]
            if not keys:
                return missing
        else:
            if whole:
                return missing
            size = _batch_size(client, settings, name)
            return missing | _doubted(client, settings, keys, at_least=size)
    raise PlatformError(
        f"Labelbox keeps refusing rows of batch '{name}' as unknown.", "Run again later."
    )


def _attempt(client: Client, settings: LabelboxSettings, name: str, keys: list[str]) -> bool:
    """Return True if Labelbox says that all rows are in the batch now."""
    info = found_or_made(
        lambda: _find_batch(client, settings, name),
        lambda: _make_batch(client, settings, name, keys),
        f"Batch '{name}'",
    )
    if info.size < len(keys):
        _add_rows(client, settings, info.id, name, keys)
        return _batch_size(client, settings, name) >= len(keys)
    return True


def _make_batch(
    client: Client, settings: LabelboxSettings, name: str, keys: list[str]
) -> BatchInfo:
    if len(keys) >= _SYNCHRONOUS:
        given = {"name": name, "consensusSettings": None}
        data = client.execute(
            ops.CREATE_EMPTY_BATCH, {"projectId": settings.project, "input": given}
        )
        made = dig(data, "project", "createEmptyBatch", "id")
        return BatchInfo(id=made, name=name, size=0)
    by_key, by_id = split(keys)
    wanted = {
        "name": name,
        "dataRowIds": by_id,
        "globalKeys": by_key or None,
        "priority": settings.priority_base,
        "consensusSettings": None,
    }
    data = client.execute(ops.CREATE_BATCH, {"projectId": settings.project, "batchInput": wanted})
    return shaped(dig(data, "project", "createBatchV2", "batch"), BatchInfo)


def _add_rows(
    client: Client, settings: LabelboxSettings, batch_id: str, name: str, keys: list[str]
) -> None:
    present = states(client, settings.project, keys)
    missing = [key for key in keys if key not in present]
    if not missing:
        return
    by_key, by_id = split(missing)
    given = {
        "batchId": batch_id,
        "dataRowIds": by_id or None,
        "globalKeys": by_key or None,
        "priority": settings.priority_base,
    }
    data = client.execute(ops.ADD_TO_BATCH, {"projectId": settings.project, "input": given})
    task = str(dig(data, "project", "addDataRowsToBatchAsync", "taskId"))
    client.wait_for_task(task, f"Adding {len(missing)} rows to batch '{name}'")


def _find_batch(client: Client, settings: LabelboxSettings, name: str) -> BatchInfo | None:
    return next((info for info in _batches(client, settings) if info.name == name), None)


def _batch_size(client: Client, settings: LabelboxSettings, name: str) -> int:
    found = _find_batch(client, settings, name)
    return found.size if found is not None else 0


def _batches(client: Client, settings: LabelboxSettings) -> Iterator[BatchInfo]:
    after = None
    while True:
        variables = {"from": after, "first": _LISTED, "projectId": settings.project}
        listed = dig(client.execute(ops.LIST_BATCHES, variables), "project", "batches")
        yield from shaped(dig(listed, "nodes"), list[BatchInfo])
        after = dig(listed, "pageInfo", "endCursor")
        if not after:
            return


def _doubted(
    client: Client, settings: LabelboxSettings, keys: list[str], at_least: int
) -> dict[str, str]:
    """Look into the project for rows that the batch may not have; return those not in the queue.

    The export's index may run late: fewer rows than the batch itself counts are looked for again.
    """
    found: dict[str, bool] = {}

    def look() -> bool | None:
        found.update(states(client, settings.project, keys))
        return True if len(found) >= min(at_least, len(keys)) else None

    with suppress(NotYet):  # what is still not there counts as not taken; a later push sees
        client.poll(look, _LAG_LOOKS * settings.poll_interval_s, "Looking for the batch's rows")
    refused = {k: "Labelbox did not take the row into the project." for k in keys if k not in found}
    answered = {
        k: "The row is in the project and not waiting." for k in keys if found.get(k) is False
    }
    return refused | answered
