"""Ranks the pool, composes a batch that tops up the queue, and re-ranks what is queued.

The plan (the new batch, and the new order of the whole queue) is written in one transaction, before
anything is pushed: a run that dies later pushes the very same plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.acquisition.order import merged
from bridge.effects import effect
from bridge.effort import item_weights, seconds_of
from bridge.records import Batch, Classes, Prediction, QueueItem, Target, digest
from bridge.steps.relabel import relabels
from bridge.steps.turn import Turn
from bridge.steps.unseen import seek
from bridge.store.batches import Queued, next_batch, plan, queue, reorder
from bridge.store.database import get_state, set_state
from bridge.store.items import (
    count_pool,
    count_queued,
    hold_out_in_line,
    in_line,
    items_by_id,
)
from bridge.store.registry import champion

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bridge.acquisition.compose import Pick
    from bridge.acquisition.cost import Weights
    from bridge.learners.base import Model
    from bridge.steps.resolve import Resolved

__all__ = ["Plan", "make_plan", "rerank_due", "room", "write_plan"]


@dataclass(frozen=True)
class Plan:
    """What the queue should become.

    Attributes:
        batch: the items to add; None if nothing is to be added.
        queued: what is queued already, with its new places.
        item_ids: key -> row id, of the batch.
        reranked: the queue was scored anew, by the model in use.
    """

    batch: Batch | None
    queued: tuple[Queued, ...]
    item_ids: dict[str, int]
    reranked: bool = False


def rerank_due(turn: Turn) -> bool:
    """Whether the queue was last ranked by a model that is no longer in use."""
    with turn.store.begin() as connection:
        return get_state(connection, "rerank_due") == "yes"


def room(turn: Turn) -> int:
    """Return how many items to add to the queue now; 0 while too few places are free."""
    settings = turn.settings.queue
    with turn.store.begin() as connection:
        free = settings.depth - count_queued(connection)
        if free < min(settings.batch, settings.depth):
            return 0
        return count_pool(connection, free)


def make_plan(turn: Turn, size: int, resolved: Resolved, *, rerank: bool) -> Plan:
    """Choose ``size`` items to add, and order the queue anew if asked or if items are added."""
    with turn.store.begin() as connection:
        row = champion(connection)
        now_queued = queue(connection)
        hold_out = hold_out_in_line(connection, size)
        cold = in_line(connection, size)
        number = next_batch(connection)
    version = None if row is None else str(row["version"])
    model = None if version is None else turn.model(version)
    again = relabels(turn, model, resolved, size)
    left = size - len(again)
    picks = _picks(turn, version, hold_out, cold, left, resolved, now_queued) if left else []
    picks = merged(again, picks) if again else picks
    with turn.store.begin() as connection:
        content = items_by_id(connection, [pick.id for pick in picks])
    seconds = _seconds(turn, [pick.id for pick in picks])
    entries = [
        _entry(turn, content[pick.id], pick, rank, version, seconds.get(pick.id))
        for rank, pick in enumerate(picks)
    ]
    if rerank:
        now_queued = _rescored(turn, now_queued, model, version)
    as_chosen = not now_queued and turn.settings.queue.order == "informative"
    if (rerank or entries) and not as_chosen:
        new = [(pick.id, entry) for pick, entry in zip(picks, entries, strict=True)]
        places = _in_order(turn, [*((q.item_id, q.entry) for q in now_queued), *new], model)
        now_queued = [Queued(q.item_id, q.batch_id, places[q.entry.item.key]) for q in now_queued]
        entries = sorted((places[e.item.key] for e in entries), key=lambda entry: entry.rank)
    return Plan(
        batch=_batch(turn, number, entries, version),
        queued=tuple(sorted(now_queued, key=lambda queued: queued.entry.rank)),
        item_ids={content[pick.id].key: pick.id for pick in picks},
        reranked=rerank,
    )


def write_plan(turn: Turn, made: Plan) -> None:
    """Write the plan in one transaction."""
    with effect("plan written"), turn.store.begin() as connection:
        moved = reorder(connection, made.queued)
        if made.reranked:
            set_state(connection, "rerank_due", "no")
        if made.batch is not None:
            plan(connection, made.batch, made.item_ids)
        if moved:
            set_state(connection, "rerank_pending", "yes")


# ------------------------------------------------------------------------------------- choosing


def _picks(
    turn: Turn,
    version: str | None,
    hold_out: Sequence[int],
    cold: Sequence[int],
    size: int,
    resolved: Resolved,
    now_queued: Sequence[Queued],
) -> list[Pick]:
    from bridge.acquisition.compose import compose
    from bridge.acquisition.measuring import measuring

    spec = turn.settings.acquisition
    answered, queued = len(resolved.taught) + len(resolved.held_out), len(now_queued)
    candidates = None
    if version is not None and spec.strategy != "random":
        from bridge.steps.score import score_pool

        candidates = score_pool(
            turn, version, spec.keep(size), _weights(turn), answered=answered, queued=queued
        )
    named = _class_counts(resolved.taught, turn.schema.names)
    unseen = [name for name, number in named.items() if not number]
    sought = seek(turn, unseen, size, encoded=version is not None)
    return compose(
        candidates=candidates,
        hold_out=hold_out,
        cold=cold,
        size=size,
        measure=measuring(
            asked=answered + queued,
            held=len(resolved.held_out) + sum(q.entry.hold_out for q in now_queued),
            size=size,
            share=spec.hold_out_share,
        ),
        spec=spec,
        classes=turn.schema.names,
        task=turn.task,
        unseen=unseen,
        hints=sought.hints,
        novel=sought.novel,
    )


def _weights(turn: Turn, ids: Sequence[int] | None = None) -> Weights | None:
    """Return what prices make of the scores, of these items or of all; None if they do not count.

    Args:
        ids: ascending.
    """
    with turn.store.begin() as connection:
        return item_weights(connection, turn.settings.acquisition, ids)


def _seconds(turn: Turn, ids: list[int]) -> dict[int, float]:
    """Return row id -> seconds that an answer is expected to take, where prices count."""
    with turn.store.begin() as connection:
        return seconds_of(connection, turn.settings.acquisition, ids)


def _priced(reason: str, seconds: float | None) -> str:
    return reason if seconds is None else f"{reason}, about {max(seconds, 1):.0f} s"


def _class_counts(targets: Sequence[tuple[int, Target]], names: Sequence[str]) -> dict[str, int]:
    """Return how many targets name each class."""
    counts: Counter[str] = Counter()
    for _, target in targets:
        if isinstance(target.value, Classes):
            counts.update(target.value.chosen)
    return {name: counts[name] for name in names}


def _entry(
    turn: Turn, item: Any, pick: Pick, rank: int, version: str | None, seconds: float | None
) -> QueueItem:
    prediction, reason = None, pick.reason
    if version is not None and pick.probabilities is not None and not pick.hold_out:
        prediction = _prediction(turn, item.key, version, pick.probabilities, pick.uncertainty)
        reason = _priced(reason, seconds)
    return QueueItem(
        item=item,
        rank=rank,
        score=pick.score,
        source=pick.source,
        reason=reason,
        hold_out=pick.hold_out,
        prediction=prediction,
    )


def _prediction(
    turn: Turn, key: str, version: str, probabilities: NDArray[np.float32], score: float
) -> Prediction:
    return Prediction(
        item_key=key,
        model_version=version,
        probabilities={
            name: min(1.0, max(0.0, round(float(p), 6)))
            for name, p in zip(turn.schema.names, probabilities, strict=True)
        },
        uncertainty=min(1.0, max(0.0, score)),
    )


def _batch(
    turn: Turn, number: int, entries: Sequence[QueueItem], version: str | None
) -> Batch | None:
    if not entries:
        return None
    # The number tells a batch from an earlier one of the same items, which were given back.
    content = [turn.platform.project, number, version, [entry.item.key for entry in entries]]
    return Batch(
        id=digest(content)[:12],
        created_at=turn.now(),
        model_version=version,
        items=tuple(entries),
    )


# ------------------------------------------------------------------------------------- ordering


def _rescored(
    turn: Turn, queued: Sequence[Queued], model: Model | None, version: str | None
) -> list[Queued]:
    """Return queued items with the present model's scores; hold-out and relabels have none."""
    from bridge.acquisition.candidates import best
    from bridge.acquisition.compose import describe
    from bridge.steps.score import Aligned

    chosen = {q.item_id: q for q in queued if not q.entry.hold_out and q.entry.source != "relabel"}
    if model is None or version is None or not chosen:
        return list(queued)
    spec = turn.settings.acquisition
    scored = best(
        Aligned(model, turn.schema, turn.renamed),
        turn.chunks(sorted(chosen)),
        spec.scoring,
        turn.task,
        len(chosen),
        turn.settings.sync.seed,
        _weights(turn, sorted(chosen)),
    )
    seconds = _seconds(turn, list(chosen))
    fresh = {}
    for place, item_id in enumerate(scored.ids.tolist()):
        entry, score = chosen[item_id].entry, float(scored.scores[place])
        said = scored.probabilities[place]
        reason = describe(said, score, spec, turn.schema.names, turn.task)
        fresh[item_id] = entry.model_copy(
            update={
                "score": float(scored.values[place]),
                "reason": _priced(reason, seconds.get(item_id)),
                "prediction": _prediction(turn, entry.item.key, version, said, score),
            }
        )
    return [Queued(q.item_id, q.batch_id, fresh.get(q.item_id, q.entry)) for q in queued]


def _in_order(
    turn: Turn, entries: Sequence[tuple[int, QueueItem]], model: Model | None
) -> dict[str, QueueItem]:
    """Return (row id, entry) pairs by key, ranked anew in the order that is configured."""
    from bridge.acquisition.order import Waiting, arranged

    def waiting(entry: QueueItem) -> Waiting:
        kind = None if entry.prediction is None else entry.prediction.top
        return Waiting(entry.score, kind, entry.hold_out)

    order = turn.settings.queue.order
    features = None
    if order == "grouped" and entries and model is not None and turn.reader is not None:
        features = turn.reader.rows([row for row, _ in entries])
    places = arranged([waiting(entry) for _, entry in entries], order, features)
    return {
        entries[place][1].item.key: entries[place][1].model_copy(update={"rank": rank})
        for rank, place in enumerate(places)
    }
