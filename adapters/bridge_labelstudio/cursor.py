"""How far a pull got: one time, by the server's clock."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from bridge.errors import DataError

__all__ = ["dump", "load"]

_FORMAT = 1


class _Cursor(msgspec.Struct):
    v: int
    at: datetime


def load(cursor: str | None) -> datetime | None:
    """Return the time up to which everything was told; None at a first pull.

    Raises:
        DataError: this is not a cursor of this adapter.
    """
    if cursor is None:
        return None
    try:
        read = msgspec.json.decode(cursor, type=_Cursor)
    except (msgspec.MsgspecError, ValueError):
        read = None
    if read is None or read.v != _FORMAT:
        raise DataError(
            "The stored cursor was not written by this version of the Label Studio adapter.",
            "Do a full pull.",
        )
    return read.at.astimezone(UTC)


def dump(at: datetime | None) -> str | None:
    """Return the cursor; None where nothing was ever seen."""
    if at is None:
        return None
    return msgspec.json.encode(_Cursor(_FORMAT, at.astimezone(UTC))).decode()
