"""Model versions: which were trained, on what, how they measured, and which is the champion."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.engine import RowMapping

from bridge.store.tables import models

__all__ = [
    "champion",
    "former_champion",
    "last_trained",
    "model_numbers",
    "model_row",
    "model_rows",
    "next_number",
    "record_model",
]


def champion(connection: Connection) -> RowMapping | None:
    """Return the row of the model in use."""
    query = select(models).where(models.c.status == "champion")
    return connection.execute(query).mappings().first()


def former_champion(connection: Connection) -> RowMapping | None:
    """Return the row of the model that was in use before the champion, as a rollback takes it."""
    present = select(models.c.number).where(models.c.status == "champion").scalar_subquery()
    query = (
        select(models)
        .where(models.c.status == "retired", models.c.number < present)
        .order_by(models.c.number.desc())
    )
    return connection.execute(query).mappings().first()


def last_trained(connection: Connection) -> RowMapping | None:
    """Return the row of the newest model, promoted or not."""
    query = select(models).order_by(models.c.number.desc()).limit(1)
    return connection.execute(query).mappings().first()


def model_row(connection: Connection, version: str) -> RowMapping | None:
    """Return the row of one version."""
    return connection.execute(select(models).where(models.c.version == version)).mappings().first()


def model_numbers(connection: Connection) -> dict[str, int]:
    """Return the number of every version, newest first."""
    query = select(models.c.version, models.c.number).order_by(models.c.number.desc())
    return {row.version: row.number for row in connection.execute(query)}


def model_rows(connection: Connection, limit: int) -> list[RowMapping]:
    """Return the newest model versions, newest first."""
    query = select(models).order_by(models.c.number.desc()).limit(limit)
    return list(connection.execute(query).mappings())


def next_number(connection: Connection) -> int:
    """Return the number of the next model, from 1."""
    return (connection.scalar(select(func.max(models.c.number))) or 0) + 1


def record_model(
    connection: Connection,
    values: Mapping[str, Any],
    *,
    promoted: bool,
    reason: str,
    now: datetime,
) -> None:
    """Write a trained model; if it is promoted, the former champion is retired with it."""
    if promoted:
        connection.execute(
            update(models).where(models.c.status == "champion").values(status="retired")
        )
    status = "champion" if promoted else "refused"
    connection.execute(
        insert(models).values(**values, status=status, reason=reason, created_at=now)
    )
