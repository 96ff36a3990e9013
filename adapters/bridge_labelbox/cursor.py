"""How far a pull got: one watermark a source, by the platform's clock.

A watermark passes nothing that may still turn up late. It is the time of the latest activity seen,
but never later than the platform's clock when the export began (a row from the future must not
hide what comes before it), and in a quiet project no earlier than an hour before that clock (or
one large upload would be read again by every pull until something else happens).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from bridge.errors import DataError

__all__ = ["advance", "dump", "load"]

_VERSION = 1
_QUIET = timedelta(hours=1)


class _Cursor(msgspec.Struct):
    v: int
    sources: dict[str, datetime]


def load(cursor: str | None) -> dict[str, datetime]:
    """Return the watermark of each source; empty at a first pull.

    Raises:
        DataError: this is not a cursor of this adapter.
    """
    if cursor is None:
        return {}
    try:
        read = msgspec.json.decode(cursor, type=_Cursor)
    except (msgspec.MsgspecError, ValueError):
        read = None
    if read is None or read.v != _VERSION:
        raise DataError(
            "The stored cursor was not written by this version of the Labelbox adapter.",
            "Do a full pull.",
        )
    return {source: moment.astimezone(UTC) for source, moment in read.sources.items()}


def dump(sources: Mapping[str, datetime]) -> str | None:
    """Return the cursor; None where nothing was ever seen."""
    if not sources:
        return None
    return msgspec.json.encode(_Cursor(_VERSION, dict(sorted(sources.items())))).decode()


def advance(
    previous: datetime | None, latest: datetime | None, clock: datetime | None
) -> datetime | None:
    """Return the new watermark.

    Args:
        previous: the old watermark.
        latest: the greatest activity time that was seen.
        clock: the platform's clock when the export began; None where it did not say.
    """
    seen = max((t for t in (previous, latest) if t is not None), default=None)
    if seen is None:
        return None
    if clock is None:  # ours then: running late, it only makes the next pull read more
        return min(seen, datetime.now(UTC))
    return min(clock, max(seen, clock - _QUIET))
