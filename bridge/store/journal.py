"""The journal: every run and its named steps, so that a dead run is seen and its work finished."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.engine import RowMapping

from bridge.store.tables import runs, steps

__all__ = ["bury", "end_run", "end_step", "last_runs", "prune", "start_run", "start_step"]


RUNS_KEPT = 1000


def bury(connection: Connection, now: datetime) -> int:
    """Mark runs that never finished as died; the caller holds the lock, so none of them lives."""
    dead = list(connection.execute(select(runs.c.id).where(runs.c.state == "running")).scalars())
    for run_id in dead:
        connection.execute(
            update(runs).where(runs.c.id == run_id).values(state="died", finished_at=now)
        )
    return len(dead)


def start_run(connection: Connection, now: datetime) -> int:
    """Write that a run starts; return its number."""
    result = connection.execute(
        insert(runs).values(started_at=now, state="running", pid=os.getpid())
    )
    (run_id,) = result.inserted_primary_key or (0,)
    return int(run_id)


def end_run(
    connection: Connection, run_id: int, state: str, result: Mapping[str, Any], now: datetime
) -> None:
    """Write how a run ended."""
    connection.execute(
        update(runs)
        .where(runs.c.id == run_id)
        .values(state=state, result=dict(result), finished_at=now)
    )


def start_step(connection: Connection, run_id: int, name: str, now: datetime) -> None:
    """Write that a step starts."""
    connection.execute(
        insert(steps).values(run_id=run_id, name=name, state="running", started_at=now)
    )


def end_step(
    connection: Connection,
    run_id: int,
    name: str,
    state: str,
    seconds: float,
    detail: Mapping[str, Any],
) -> None:
    """Write how a step ended."""
    connection.execute(
        update(steps)
        .where(steps.c.run_id == run_id, steps.c.name == name)
        .values(state=state, seconds=seconds, detail=dict(detail))
    )


def prune(connection: Connection) -> None:
    """Forget all but the newest runs, so that the journal of a cron job stays small."""
    oldest = select(runs.c.id).order_by(runs.c.id.desc()).offset(RUNS_KEPT).limit(1)
    last = connection.scalar(oldest)
    if last is not None:
        connection.execute(delete(steps).where(steps.c.run_id <= last))
        connection.execute(delete(runs).where(runs.c.id <= last))


def last_runs(connection: Connection, limit: int) -> list[RowMapping]:
    """Return the newest runs, newest first."""
    return list(connection.execute(select(runs).order_by(runs.c.id.desc()).limit(limit)).mappings())
