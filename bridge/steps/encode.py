"""Encodes items that are new or changed; what was encoded once never is again.

All items are encoded for the first model. What the first batches are chosen among is encoded ahead
of that, and left out when its turn comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

from bridge.effects import effect
from bridge.execution import ExecutionSettings, each
from bridge.learners.spec import LearnerSpec
from bridge.records import Item
from bridge.steps.turn import Turn
from bridge.store.database import get_state, set_state
from bridge.store.items import (
    changed_items,
    content_mark,
    items_by_id,
    items_since,
    part_end,
)

if TYPE_CHECKING:
    from bridge.learners.base import Features, Learner
    from bridge.store.features import Encode, FeatureStore

__all__ = ["encode", "encode_ahead"]

FEW = 20_000  # items that are encoded sooner than workers have started
WORKERS_OF_A_CLUSTER = 32  # that are given work at once; a cluster knows its own number


def encode(turn: Turn) -> None:
    """Bring the feature store up to the items."""
    features = turn.features
    if features is None:
        return
    from numpy import isin

    from bridge.store.features import CHUNK

    mark = _begun(turn, features)
    if mark <= features.upto:
        return
    execution = turn.settings.execution
    elsewhere = execution.backend != "serial" and mark - features.upto > FEW
    part = CHUNK * (_workers(execution) if elsewhere else 1)  # a run that dies loses at most that
    ahead = min(features.ahead, mark)
    there = features.reader().ids if features.upto < ahead else None
    while features.upto < mark:
        partly = features.upto < ahead
        limit = ahead if partly else mark
        with turn.store.begin() as connection:
            upto = min(part_end(connection, features.upto, part) or limit, limit)
            news = list(items_since(connection, features.upto, upto))
        if partly and there is not None:
            known = isin([row_id for row_id, _ in news], there)
            news = [new for new, left_out in zip(news, known, strict=True) if not left_out]
        # Not within the transaction: a language model may take minutes for a part.
        with effect("features added"):
            count = features.add(
                turn.progress.track(news, "items encoded"),
                upto,
                _by_workers(turn) if elsewhere else None,
            )
        turn.encoded_more(count)


def encode_ahead(turn: Turn, ids: Sequence[int]) -> None:
    """Encode these items of the pool before all others, as far as they are not."""
    features = turn.features
    assert features is not None, "only a learner with an encoder has features"
    mark = _begun(turn, features)
    there = features.reader().ids.tolist()
    known = set(there)
    with turn.store.begin() as connection:
        news = changed_items(connection, there, features.ahead) if mark > features.ahead else {}
        news |= items_by_id(connection, [row_id for row_id in ids if row_id not in known])
    if not news:
        return
    with effect("features added"):
        count = features.add(
            turn.progress.track(list(news.items()), "items encoded"), features.upto, ahead=mark
        )
    turn.encoded_more(count)


def _begun(turn: Turn, features: FeatureStore) -> int:
    """Note that items are encoded up to today's content; return its mark.

    Features are of row ids, which come to mean other items where the state is new, or was restored
    from a backup. So each set of features has an id, its epoch, by which the state knows how far it
    may be. A set that the state does not know, or that is further, goes.
    """
    epoch = features.epoch
    with turn.store.begin() as connection:
        mark = content_mark(connection)
        begun = get_state(connection, _name(epoch))
        # Sets of earlier versions have no epoch, and are not told apart; a new one has.
        anew = begun is None or features.ahead > int(begun) or not (epoch or features.ahead)
        if anew:
            epoch = uuid4().hex
        if anew or mark > features.ahead:
            set_state(connection, _name(epoch), str(mark))
    if anew:
        features.forget(epoch)
        turn.encoded_more(0)
    return mark


def _name(epoch: str) -> str:
    """Return where the state keeps how far features may be; of an earlier version: "encoded"."""
    return f"encoded {epoch}".strip()


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
