"""How much a platform may make Bridge wait, hold in memory, and read: every limit in one place.

They are generous: what is larger is hardly meant. What runs into one ends as an error or a problem
that names the limit, the setting that raises it, and the row where one is to blame.
"""

from __future__ import annotations

from pydantic import BaseModel, Field

__all__ = ["MB", "PAGE_BYTES", "SLOWEST", "RowSettings", "WireSettings"]

MB = 1_000_000

SLOWEST = 1000
"""Bytes a second that a file must bring, on average over one ``read_timeout_s``."""

PAGE_BYTES = 64 * MB
"""A page of a pull is cut when its rows have so many bytes, however few rows these are."""


class RowSettings(BaseModel):
    """Settings of every adapter that reads rows."""

    largest_row_mb: float = Field(
        default=64.0,
        gt=0,
        description="Largest row that is read, megabytes; one that is larger is reported and left"
        " out, and the others are read",
    )

    @property
    def row_bytes(self) -> int:
        """``largest_row_mb`` in bytes."""
        return int(self.largest_row_mb * MB)


class WireSettings(BaseModel):
    """Settings of every adapter that speaks HTTP."""

    connect_timeout_s: float = Field(default=10.0, gt=0, description="Seconds to connect")
    read_timeout_s: float = Field(
        default=60.0,
        gt=0,
        description="Seconds to wait for an answer to begin, and then for its next byte",
    )
    retry_budget_s: float = Field(
        default=120.0,
        ge=0,
        description="Seconds that one call may take, all attempts included; an attempt that has"
        " begun may use up its time-out",
    )
    largest_answer_mb: float = Field(
        default=256.0,
        gt=0,
        description="Largest answer to one call, megabytes, unpacked; a larger one is not read on",
    )

    @property
    def answer_bytes(self) -> int:
        """``largest_answer_mb`` in bytes."""
        return int(self.largest_answer_mb * MB)
