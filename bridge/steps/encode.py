"""Encodes items that are new or changed; what was encoded once never is again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from bridge.effects import effect
from bridge.execution import each
from bridge.learners.spec import LearnerSpec
from bridge.records import Item
from bridge.steps.turn import Turn
from bridge.store.database import get_state, set_state
from bridge.store.items import content_mark, items_since, part_end

if TYPE_CHECKING:
    from bridge.learners.base import Features, Learner
    from bridge.store.features import Encode

__all__ = ["encode"]

FEW = 20_000  # items that are encoded sooner than workers have started
PART = 10_000  # items, times the workers, that a run which dies loses at most


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
    execution = turn.settings.execution
    elsewhere = execution.backend != "serial" and mark - features.upto > FEW
    part = PART * max(1, execution.workers or 1) if elsewhere else PART
    added = 0
    while features.upto < mark:
        with turn.store.begin() as connection:
            upto = part_end(connection, features.upto, part) or mark
            news = items_since(connection, features.upto, upto)
            with effect("features added"):
                added += features.add(
                    turn.progress.track(news, "items encoded"),
                    upto,
                    _by_workers(turn) if elsewhere else None,
                )
    turn.encoded_more()
    return added


def _by_workers(turn: Turn) -> Encode:
    """Return what has lists of items encoded by workers, in order."""
    settings = turn.settings

    def encoded(contents: Iterable[list[Item]]) -> Iterator[Features]:
        described = settings.model.model_dump_json()
        return each(settings.execution, _anywhere, ((described, items) for items in contents))

    return encoded


def _anywhere(task: tuple[str, list[Item]]) -> Features:
    described, items = task
    encoder = _learner(described).encoder
    assert encoder is not None, "only a learner with an encoder has features"
    return encoder.encode(items)


@lru_cache(maxsize=1)
def _learner(described: str) -> Learner:
    """Make a learner, once in a worker: an encoder may be large."""
    from bridge.learners import make_learner

    return make_learner(LearnerSpec.model_validate_json(described))
