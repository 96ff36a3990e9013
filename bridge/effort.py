"""What labeling took so far, what the queue will take, and what an item costs.

What was learned lies in the store, so that it is told without learning it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from bridge.acquisition.cost import Cost, Timed, Weights, fit, weights
from bridge.effects import effect
from bridge.results import Effort
from bridge.store.database import Store, counter, get_state, set_state
from bridge.store.timings import lengths, lengths_of, queue_lengths, timings

if TYPE_CHECKING:
    from bridge.acquisition.spec import AcquisitionSpec

__all__ = ["effort", "item_weights", "known_cost", "learn_cost", "seconds_of"]

NEWEST = 5000  # answers that costs are learned from


def learn_cost(store: Store) -> Cost | None:
    """Learn what items cost, if answers changed since; None where no answer was timed."""
    with store.begin() as connection:
        mark = str(counter(connection, "annotation_seq"))
        if get_state(connection, "cost_mark") == mark:
            return known_cost(connection)
        cost = fit([Timed(*row) for row in timings(connection, NEWEST)])
        spent = cost.counted(timings(connection)) if cost else 0.0
    with effect("cost learned"), store.begin() as connection:
        set_state(connection, "cost", cost.model_dump_json() if cost else "")
        set_state(connection, "seconds_spent", f"{spent:.1f}")
        set_state(connection, "cost_mark", mark)
    return cost


def known_cost(connection: Connection) -> Cost | None:
    """Return what was learned last."""
    stored = get_state(connection, "cost")
    return Cost.model_validate_json(stored) if stored else None


def effort(connection: Connection) -> Effort | None:
    """Return what labeling took and will take; None where no answer was timed."""
    cost = known_cost(connection)
    if cost is None:
        return None
    return Effort(
        seconds_spent=float(get_state(connection, "seconds_spent") or 0),
        seconds_queued=round(sum(map(cost.seconds, queue_lengths(connection))), 1),
        answers=cost.answers,
    )


def item_weights(
    connection: Connection, spec: AcquisitionSpec, ids: Sequence[int] | None = None
) -> Weights | None:
    """Return what uncertainty is to be multiplied by; None where all items count alike.

    Args:
        ids: of which items, ascending; None is all that the store has, at 12 bytes each.
    """
    cost = known_cost(connection) if spec.cost == "seconds" else None
    if cost is None:
        return None
    import numpy as np

    rows = lengths(connection) if ids is None else sorted(lengths_of(connection, ids).items())
    table = np.fromiter((n for row in rows for n in row), np.int64).reshape(-1, 2)
    return weights(cost, np.ascontiguousarray(table[:, 0]), table[:, 1], spec)


def seconds_of(connection: Connection, spec: AcquisitionSpec, ids: list[int]) -> dict[int, float]:
    """Return row id -> seconds expected; empty where prices do not count."""
    cost = known_cost(connection) if spec.cost == "seconds" else None
    if cost is None:
        return {}
    return {row: cost.seconds(length) for row, length in lengths_of(connection, ids).items()}
