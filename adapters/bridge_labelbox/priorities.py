"""Priorities: the order in which rows are asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bridge_labelbox import operations as ops
from bridge_labelbox.client import Client
from bridge_labelbox.keys import identifier
from bridge_labelbox.settings import LabelboxSettings

__all__ = ["prioritize"]

_AT_ONCE = 500  # rows in one call; no limit is documented


def prioritize(
    client: Client, settings: LabelboxSettings, ranked: Sequence[tuple[str, int]]
) -> None:
    """Give each key the priority of its rank; lower is asked first."""
    for first in range(0, len(ranked), _AT_ONCE):
        rows = ",".join(
            _override(key, settings.priority_base + rank)
            for key, rank in ranked[first : first + _AT_ONCE]
        )
        client.execute(ops.set_priorities(rows), {"projectId": settings.project})


def _override(key: str, priority: int) -> str:
    row = identifier(key)
    # Every escape that this writes is one of GraphQL's too (October 2021, 2.9.4).
    value = json.dumps(row.value, ensure_ascii=False)
    return f"{{dataRowIdentifier: {{id: {value}, idType: {row.kind}}}, priority: {priority}}}"
