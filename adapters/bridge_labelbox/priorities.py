"""Priorities: the order in which rows are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from json.encoder import encode_basestring

from bridge_labelbox import operations as ops
from bridge_labelbox.client import Client, Malformed, Missing
from bridge_labelbox.keys import identifier
from bridge_labelbox.lookup import unknown
from bridge_labelbox.settings import LabelboxSettings

__all__ = ["prioritize"]

# Every escape that this writes is one of GraphQL's too (October 2021, 2.9.4).
_quoted = encode_basestring
_AT_ONCE = 2000  # rows in one call; no limit is documented, and the SDK sends all at once


def prioritize(client: Client, settings: LabelboxSettings, ranks: Mapping[str, int]) -> set[str]:
    """Give each key the priority of its rank; lower is asked first.

    Returns:
        The keys that Labelbox does not have; the others have their priority.
    """
    gone: set[str] = set()
    for chunk in _chunks(list(ranks)):
        try:
            _set(client, settings, ranks, chunk)
        except (Malformed, Missing):
            missing = set(unknown(client, chunk))
            if not missing:
                raise
            gone |= missing
            _set(client, settings, ranks, [key for key in chunk if key not in missing])
    return gone


def _chunks(keys: list[str]) -> Iterator[list[str]]:
    return (keys[first : first + _AT_ONCE] for first in range(0, len(keys), _AT_ONCE))


def _set(
    client: Client, settings: LabelboxSettings, ranks: Mapping[str, int], keys: Sequence[str]
) -> None:
    rows = ",".join([_override(key, settings.priority_base + ranks[key]) for key in keys])
    if rows:
        client.execute(ops.set_priorities(rows), {"projectId": settings.project})


def _override(key: str, priority: int) -> str:
    name, kind = identifier(key)
    return f"{{dataRowIdentifier: {{id: {_quoted(name)}, idType: {kind}}}, priority: {priority}}}"
