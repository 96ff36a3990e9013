"""When a call is tried again: after how long, and for how long in all."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import tenacity

from bridge.errors import BridgeError

__all__ = ["Again", "http_date", "patient", "retry_after"]

log = logging.getLogger(__name__)

_backoff = tenacity.wait_random_exponential(multiplier=1.0, max=60.0)


class Again(Exception):
    """One attempt failed with ``error``; worth another, after ``after`` seconds if it is set."""

    def __init__(self, error: BridgeError, after: float | None = None) -> None:
        super().__init__()
        self.error = error
        self.after = after


def patient(budget: float, sleep: Callable[[float], None]) -> tenacity.Retrying:
    """Return what repeats a function while it raises :class:`Again`, for ``budget`` seconds.

    Waits grow exponentially, with full jitter, unless the server names its own.
    """
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Again),
        wait=_wait,
        stop=lambda state: _spent(state) + state.upcoming_sleep > budget,
        sleep=sleep,
        before_sleep=_tell,
        reraise=True,
    )


def _spent(state: tenacity.RetryCallState) -> float:
    # A server that asks for more time than is left is believed: no early, useless attempt.
    return max(state.seconds_since_start or 0.0, state.idle_for)


def _error(state: tenacity.RetryCallState) -> Again | None:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, Again) else None


def _wait(state: tenacity.RetryCallState) -> float:
    error = _error(state)
    return _backoff(state) if error is None or error.after is None else error.after


def _tell(state: tenacity.RetryCallState) -> None:
    error = _error(state)
    if error is not None:
        log.info("%s Again in %.1f s.", error.error.what, state.upcoming_sleep)


def retry_after(value: str, now: datetime | None) -> float | None:
    """Return the seconds that ``Retry-After`` asks to wait (RFC 9110, 10.2.3).

    Args:
        value: a number of seconds, or a date.
        now: the server's clock, to measure a date by; None takes ours.
    """
    if value.strip().isdigit():
        return float(value)
    date = http_date(value)
    if date is None:
        return None
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())


def http_date(value: str) -> datetime | None:
    """Read a date as HTTP headers have it, into UTC; None if it is none."""
    try:
        date = parsedate_to_datetime(value)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
