"""Where the loop stands and why an item is where it is, from the store alone; loads no learner."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.engine import RowMapping

from bridge.effort import effort
from bridge.errors import DataError
from bridge.learners.scores import Scores
from bridge.results import Explanation, LoopStatus, ModelSummary, Place
from bridge.steps.outlook import known_outlook
from bridge.store import batches, journal
from bridge.store.database import Store, get_state
from bridge.store.items import answers_of, count, hold_out_answered, row_of
from bridge.store.registry import champion, last_trained

__all__ = ["explain", "model_summary", "status"]


def status(store: Store) -> LoopStatus:
    """Return where the loop stands."""
    with store.begin() as connection:
        counts = count(connection)
        in_use = champion(connection)
        newest = last_trained(connection)
        last = next(iter(journal.last_runs(connection, 1)), None)
        full = get_state(connection, "last_full_pull")
        return LoopStatus(
            project=get_state(connection, "project") or "none yet: run `bridge sync`",
            store=store.name,
            items=counts.items,
            labels=counts.answered,
            annotations=counts.annotations,
            queue=counts.queued,
            pool=counts.pool,
            hold_out=hold_out_answered(connection),
            champion=None if in_use is None else model_summary(in_use),
            models=newest["number"] if newest else 0,
            last_run=last["state"] if last else "never",
            last_run_at=(last["finished_at"] or last["started_at"]) if last else None,
            last_full_pull=None if full is None else datetime.fromisoformat(full),
            planned=batches.waiting(connection),
            effort=effort(connection),
            outlook=known_outlook(connection),
        )


def model_summary(row: RowMapping) -> ModelSummary:
    """Return a row of the model registry as a record."""
    return ModelSummary(
        version=row["version"],
        status=row["status"],
        examples=row["examples"],
        reason=row["reason"],
        scores=Scores.model_validate(row["scores"]),
        created_at=row["created_at"],
    )


def explain(store: Store, key: str) -> Explanation:
    """Return why an item is, or is not, in the queue.

    Raises:
        DataError: the store has no such item.
    """
    with store.begin() as connection:
        row = row_of(connection, key)
        if row is None:
            raise DataError(
                f"The store has no item '{key}'.",
                "Check the key; items that were added to the platform are known after a sync.",
            )
        places = tuple(_place(entry) for entry in batches.history(connection, row.id))
        return Explanation(
            key=key,
            where=_where(row, places),
            hold_out=row.hold_out,
            answers=tuple(_line(answer) for answer in answers_of(connection, row.id)),
            places=places,
        )


def _where(row: Any, places: tuple[Place, ...]) -> str:
    if row.removed:
        return "removed"
    if any(place.state == "open" for place in places):
        return "queue"
    if row.answered:
        return "answered"
    if any(place.state == "refused" for place in places):
        return "refused"
    return "queued elsewhere" if row.queued else "pool"


def _place(row: RowMapping) -> Place:
    prediction = row["prediction"]
    return Place(
        batch=row["id"],
        created_at=row["created_at"],
        pushed_at=row["pushed_at"],
        model_version=prediction["model_version"] if prediction else row["model_version"],
        rank=row["rank"],
        of=row["size"],
        score=row["score"],
        source=row["source"],
        reason=row["reason"],
        state=row["state"],
        why=row["why"],
        probabilities=prediction["probabilities"] if prediction else None,
    )


def _line(row: Any) -> str:
    value = row.value or {}
    chosen = ", ".join(value.get("chosen", ())) or "no class"
    said = chosen if row.status == "answered" else row.status
    who = row.annotator or "someone"
    when = "" if row.updated_at is None else f" at {row.updated_at:%Y-%m-%d %H:%M} UTC"
    gone = " (deleted since)" if row.deleted else ""
    return f"{who}: {said}{when}{gone}"
