"""Encodes items that are new or changed; what was encoded once never is again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from bridge.effects import effect
from bridge.execution import ExecutionSettings, each
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
WORKERS_OF_A_CLUSTER = 32  # that are given work at once; a cluster knows its own number


def encode(turn: Turn) -> int:
    """Bring the feature store up to the items; return how many were encoded."""
    features = turn.features
    if features is None:
        return 0
    from bridge.store.features import CHUNK

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
    part = CHUNK * (_workers(execution) if elsewhere else 1)  # a run that dies loses at most that
    added = 0
    while features.upto < mark:
        with turn.store.begin() as connection:
            upto = part_end(connection, features.upto, part) or mark
            news = list(items_since(connection, features.upto, upto))
        # Not within the transaction: a language model may take minutes for a part.
        with effect("features added"):
            added += features.add(
                turn.progress.track(news, "items encoded"),
                upto,
                _by_workers(turn) if elsewhere else None,
            )
    turn.encoded_more()
    return added


def _workers(execution: ExecutionSettings) -> int:
    """Return how many are given work at once."""
    from joblib import cpu_count

    many = WORKERS_OF_A_CLUSTER if execution.backend == "dask" else cpu_count()
    return int(execution.workers or many)


def _by_workers(turn: Turn) -> Encode:
    """Return what has lists of items encoded by workers, in order."""
    settings = turn.settings

    def encoded(contents: Iterable[list[Item]]) -> Iterator[Features]:
        return each(settings.execution, _anywhere, ((settings.model, items) for items in contents))

    return encoded


def _anywhere(task: tuple[LearnerSpec, list[Item]]) -> Features:
    spec, items = task
    encoder = _learner(spec).encoder
    assert encoder is not None, "only a learner with an encoder has features"
    return encoder.encode(items)


_kept: tuple[LearnerSpec, Learner] | None = None


def _learner(spec: LearnerSpec) -> Learner:
    """Make a learner, once in a worker: an encoder may be large."""
    global _kept
    from bridge.learners import make_learner

    kept = _kept
    if kept is None or kept[0] != spec:
        kept = _kept = (spec, make_learner(spec))
    return kept[1]
