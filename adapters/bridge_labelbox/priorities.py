"""Priorities: the order in which rows are asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bridge_labelbox import operations as ops
from bridge_labelbox.client import Client, Malformed, Missing
from bridge_labelbox.keys import identifier
from bridge_labelbox.lookup import unknown
from bridge_labelbox.settings import LabelboxSettings

__all__ = ["prioritize"]

# Every escape that this writes is one of GraphQL's too (October 2021, 2.9.4).
_quoted = json.JSONEncoder(ensure_ascii=False).encode
_AT_ONCE = 500  # rows in one call; no limit is documented


def prioritize(
    client: Client, settings: LabelboxSettings, ranked: Sequence[tuple[str, int]]
) -> set[str]:
    """Give each key the priority of its rank; lower is asked first.

    Returns:
        The keys that Labelbox does not have; the others have their priority.
    """
    gone: set[str] = set()
    for first in range(0, len(ranked), _AT_ONCE):
        chunk = ranked[first : first + _AT_ONCE]
        try:
            _set(client, settings, chunk)
        except (Malformed, Missing):
            missing = set(unknown(client, [key for key, _ in chunk]))
            if not missing:
                raise
            gone |= missing
            _set(client, settings, [one for one in chunk if one[0] not in missing])
    return gone


def _set(client: Client, settings: LabelboxSettings, ranked: Sequence[tuple[str, int]]) -> None:
    rows = ",".join(_override(key, settings.priority_base + rank) for key, rank in ranked)
    if rows:
        client.execute(ops.set_priorities(rows), {"projectId": settings.project})


def _override(key: str, priority: int) -> str:
    row = identifier(key)
    named = f"{{id: {_quoted(row.value)}, idType: {row.kind}}}"
    return f"{{dataRowIdentifier: {named}, priority: {priority}}}"
