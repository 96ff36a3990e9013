"""Failures to order, for tests: one mechanism, by what is hit and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Fault", "Faults", "Kind", "Target"]

Kind = Literal["lose", "reset", "status", "hang", "truncate", "internal"]
Target = Literal["call", "write", "export", "file"]


@dataclass
class Fault:
    """One failure.

    Attributes:
        kind: ``lose``: do what is asked, then close the connection without an answer; ``reset``:
            close it without doing anything; ``status``: answer ``status`` without doing anything;
            ``hang``: wait ``seconds`` first; ``truncate``: send half of the body and close;
            ``internal``: an INTERNAL_SERVER_ERROR envelope with ``status`` inside.
        on: ``call``: any GraphQL call; ``write``: mutations but for exports; ``export``: mutations
            that start exports; ``file``: a signed file.
        nth: the nth such request from now, from 1.
        times: on how many requests in a row.
    """

    kind: Kind
    on: Target = "call"
    nth: int = 1
    times: int = 1
    status: int = 503
    retry_after: str | None = None
    seconds: float = 1.0


@dataclass
class Faults:
    """Failures that wait for their request, and standing conditions.

    Attributes:
        rate_limit: calls a minute, in fixed windows; None for no limit.
        index_delay_s: how long exports do not show a change.
        processing_s: how long a new row cannot be put into a batch.
        metadata_fields: how many custom metadata fields the account may have; None for any number.
        export_s: how long an export runs.
        file_ttl_s: how long a signed address works; None for ever.
        chunk_bytes: size of an export's files.
        fired: kinds of the failures that happened, in order.
    """

    rate_limit: int | None = None
    index_delay_s: float = 0.0
    processing_s: float = 0.0
    metadata_fields: int | None = None
    export_s: float = 0.0
    file_ttl_s: float | None = None
    chunk_bytes: int = 1 << 20
    fired: list[str] = field(default_factory=list)
    _armed: list[Fault] = field(default_factory=list)
    _window: int = -1
    _calls: int = 0

    def arm(self, fault: Fault) -> None:
        """Order a failure."""
        self._armed.append(fault)

    def clear(self) -> None:
        """Cancel all failures that have not happened."""
        self._armed.clear()

    def take(self, *targets: Target) -> Fault | None:
        """Count one request of these kinds; return the failure that it meets, if any."""
        met = None
        for fault in [f for f in self._armed if f.on in targets]:
            fault.nth -= 1
            if fault.nth > 0 or met is not None:
                continue
            met = fault
            fault.times -= 1
            if fault.times <= 0:
                self._armed.remove(fault)
        if met is not None:
            self.fired.append(met.kind)
        return met

    def over_limit(self, seconds: float) -> float | None:
        """Count one call at this time; return seconds to wait if it is one too many."""
        if self.rate_limit is None:
            return None
        window = int(seconds // 60)
        if window != self._window:
            self._window = window
            self._calls = 0
        self._calls += 1
        if self._calls <= self.rate_limit:
            return None
        return (window + 1) * 60 - seconds
