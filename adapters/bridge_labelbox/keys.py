"""Which data row a key means.

A row's key is its global key. A row without one is ``lb-row:`` and its id, and so is a row whose
global key begins with ``lb-row:``; hence every key means one row, and needs no look-up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

__all__ = ["Identifier", "identifier", "key_of", "split"]

_BY_ID = "lb-row:"


Identifier = tuple[str, Literal["GKEY", "ID"]]


def key_of(row_id: str, global_key: str | None) -> str:
    """Return the key of a row."""
    if global_key and not global_key.startswith(_BY_ID):
        return global_key
    return f"{_BY_ID}{row_id}"


def identifier(key: str) -> Identifier:
    """Return what Labelbox calls the row of this key, and which kind of name that is."""
    if key.startswith(_BY_ID):
        return key.removeprefix(_BY_ID), "ID"
    return key, "GKEY"


def split(keys: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return global keys and row ids, each in order."""
    by_key, by_id = [], []
    for key in keys:
        if key.startswith(_BY_ID):
            by_id.append(key.removeprefix(_BY_ID))
        else:
            by_key.append(key)
    return by_key, by_id
