"""Items that are asked for once more although they have an answer.

Each time has a place of its own in a batch, with the source ``relabel``. It notes which change of
answers was the last, so that one given before and read again does not count for the new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, func, select

from bridge.store.rows import chunked
from bridge.store.tables import batch_items, items

__all__ = ["Asked", "asked_again", "hold_out_of"]


@dataclass(frozen=True)
class Asked:
    """How often an item was asked again, and whether it waits in any batch now."""

    times: int
    waits: bool


def asked_again(connection: Connection) -> dict[int, Asked]:
    """Return row id of item -> what is known, of items that wait or were asked again before.

    What was refused, or withdrawn by the platform, was not asked.
    """
    again = case(
        (and_(batch_items.c.source == "relabel", batch_items.c.state.in_(("open", "answered"))), 1),
        else_=0,
    )
    stuck = case((batch_items.c.state.in_(("open", "refused")), 1), else_=0)
    query = select(batch_items.c.item_id, func.sum(again), func.max(stuck)).group_by(
        batch_items.c.item_id
    )
    rows = connection.execute(query.having(func.sum(again) + func.max(stuck) > 0))
    return {row[0]: Asked(int(row[1]), bool(row[2])) for row in rows}


def hold_out_of(connection: Connection, item_ids: Sequence[int]) -> set[int]:
    """Return those of the items that belong to the hold-out."""
    found: set[int] = set()
    for chunk in chunked(item_ids):
        query = select(items.c.id).where(items.c.id.in_(chunk), items.c.hold_out.is_(True))
        found.update(connection.execute(query).scalars())
    return found
