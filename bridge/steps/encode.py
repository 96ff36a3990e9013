"""Encodes items that are new or changed; what was encoded once never is again."""

from __future__ import annotations

from bridge.effects import effect
from bridge.steps.turn import Turn
from bridge.store.database import get_state, set_state
from bridge.store.items import content_mark, items_since

__all__ = ["encode"]


def encode(turn: Turn) -> int:
    """Bring the feature store up to the items; return how many were encoded."""
    features = turn.features
    if features is None:
        return 0
    with turn.store.begin() as connection:
        mark = content_mark(connection)
        begun = get_state(connection, "encoded")
        if begun is not None and features.upto > int(begun):
            # The state was restored from a backup: its row ids may come to mean other items.
            features.forget()
        if mark <= features.upto:
            return 0
        set_state(connection, "encoded", str(mark))
    with turn.store.begin() as connection:
        news = items_since(connection, features.upto)
        with effect("features added"):
            added = features.add(turn.progress.track(news, "items encoded"), mark)
    turn.encoded_more()
    return added
