"""How long answers took: the time since the answer before, in one session.

Prodigy writes when each answer was given (``_timestamp``, whole seconds), not how long it took.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from bridge_prodigy.logs import LogRow

__all__ = ["Pace"]

_AWAY = 1800.0


class Pace:
    """Tells the seconds of answers, page by page; remembers when each session answered last."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def seconds(self, rows: Iterable[LogRow]) -> dict[int, float]:
        """Return row number -> seconds, for rows in the order of saving.

        Answers of one second share the time that led to them. Nothing is known of a session's first
        answer, of one that came after half an hour without any, and where the clock went back.
        """
        told: dict[int, float] = {}
        stamped = [(*stamp, row.number) for row in rows if (stamp := _stamp(row))]
        stamped.sort(key=lambda entry: entry[0])  # sessions apart; each keeps the order of saving
        for (session, time), group in groupby(stamped, key=lambda entry: entry[:2]):
            numbers = [number for _, _, number in group]
            spent = time - self._last.get(session, time)
            if 0 < spent <= _AWAY:
                told |= dict.fromkeys(numbers, spent / len(numbers))
            self._last[session] = max(time, self._last.get(session, time))
        return told


def _stamp(row: LogRow) -> tuple[str, float] | None:
    session, time = row.task.get("_session_id"), row.task.get("_timestamp")
    if isinstance(time, bool) or not isinstance(time, int | float) or not abs(time) < 1e12:
        return None
    return (session if isinstance(session, str) else "", float(time))
