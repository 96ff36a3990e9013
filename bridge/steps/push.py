"""Pushes planned batches and the order of the queue; a repeat finds its own earlier work."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bridge.effects import effect
from bridge.platforms import PushReport
from bridge.records import Batch
from bridge.steps.turn import Turn
from bridge.store.batches import mark_pushed, mark_refused, planned, queue
from bridge.store.database import get_state, set_state

__all__ = ["Pushed", "pending", "push"]

log = logging.getLogger(__name__)

NAMED = 5  # refusals that a warning names


@dataclass(frozen=True)
class Pushed:
    """What became of a push.

    Attributes:
        batches: ids of the batches that the platform has now.
        items: how many items of them are queued.
        pre_annotated: how many of those carry a pre-annotation.
        refused: how many were not taken.
        reranked: whether the queue got a new order.
    """

    batches: tuple[str, ...] = ()
    items: int = 0
    pre_annotated: int = 0
    refused: int = 0
    reranked: bool = False

    def __add__(self, other: Pushed) -> Pushed:
        return Pushed(
            batches=self.batches + other.batches,
            items=self.items + other.items,
            pre_annotated=self.pre_annotated + other.pre_annotated,
            refused=self.refused + other.refused,
            reranked=self.reranked or other.reranked,
        )


def pending(turn: Turn) -> bool:
    """Whether a plan waits to be pushed, from this run or one that died."""
    with turn.store.begin() as connection:
        return bool(planned(connection)) or get_state(connection, "rerank_pending") == "yes"


def push(turn: Turn) -> Pushed:
    """Push everything that is planned."""
    with turn.store.begin() as connection:
        batches = planned(connection)
        reorder = get_state(connection, "rerank_pending") == "yes"
    reports = [_push_batch(turn, batch) for batch in batches]
    if reorder:
        with turn.store.begin() as connection:
            entries = [queued.entry for queued in queue(connection)]
        if entries:
            with effect("queue reranked"):
                report = turn.platform.rerank(entries, turn.schema)
            _note_refusals(turn, report)
        with effect("order recorded"), turn.store.begin() as connection:
            if entries:
                mark_refused(connection, report.refused)
            set_state(connection, "rerank_pending", "no")
    return Pushed(
        batches=tuple(batch.id for batch in batches),
        items=sum(report.accepted for report in reports),
        pre_annotated=sum(report.pre_annotated for report in reports),
        refused=sum(1 for report in reports for refusal in report.refused if refusal.fatal),
        reranked=reorder,
    )


def _push_batch(turn: Turn, batch: Batch) -> PushReport:
    with effect("batch pushed"):
        report = turn.platform.push(batch, turn.schema)
    with effect("push recorded"), turn.store.begin() as connection:
        mark_pushed(connection, batch, report.refused, turn.now())
    log.info("batch pushed", extra={"batch": batch.id, "items": report.accepted})
    _note_refusals(turn, report)
    return report


def _note_refusals(turn: Turn, report: PushReport) -> None:
    for fatal, what in ((True, "was not queued"), (False, "was not pre-annotated")):
        refused = [refusal for refusal in report.refused if refusal.fatal is fatal]
        for refusal in refused:
            log.info("%s: %s", what, refusal.why, extra={"item": refusal.key})
        for refusal in refused[:NAMED]:
            turn.warn(f"Item '{refusal.key}' {what}: {refusal.why}")
        if len(refused) > NAMED:
            turn.warn(f"{len(refused) - NAMED} more items: {what}.")
