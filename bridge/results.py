"""What a sync, a look at the loop, and an explanation tell; the shapes behind ``--json``.

New fields may be added; a reader ignores fields that it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from bridge.learners.scores import Scores
from bridge.records import Problem, Record

__all__ = [
    "Explanation",
    "LoopStatus",
    "ModelSummary",
    "Place",
    "PullSummary",
    "PushSummary",
    "StepSummary",
    "SyncResult",
]


class StepSummary(Record):
    """How long a step took, in seconds of wall time."""

    name: str
    seconds: float


class PullSummary(Record):
    """How many rows a pull changed; equal repeats count nowhere."""

    new_items: int = 0
    changed_items: int = 0
    removed_items: int = 0
    new_annotations: int = 0
    changed_annotations: int = 0
    deleted_annotations: int = 0


class ModelSummary(Record):
    """A model version.

    Attributes:
        examples: targets it was trained on; none of the hold-out is among them.
        scores: on the hold-out.
        reason: why it was promoted or refused.
    """

    version: str
    status: Literal["champion", "retired", "refused"]
    examples: int
    reason: str
    scores: Scores
    created_at: datetime | None = None


class PushSummary(Record):
    """What the platform got."""

    batches: tuple[str, ...] = ()
    items: int = 0
    pre_annotated: int = 0
    refused: int = 0
    reranked: bool = False


class SyncResult(Record):
    """What one sync did.

    Attributes:
        status: ``unchanged`` if there was nothing to do; ``dry-run`` if it was only tried.
        trained: the model that was trained in this sync; None if none was.
        champion: version of the model in use; None while there is none.
        why_not_trained: one line; empty if a model was trained.
        left_out: reason -> items whose answers are not taught.
        queue: items that are queued and unanswered.
        pool: items that have no answer and are not queued.
        labels: items with an answer.
        calls: requests made to the platform.
        peak_memory_mib: greatest resident memory of the process so far, in MiB.
    """

    status: Literal["changed", "unchanged", "dry-run"]
    run: int
    project: str
    seconds: float
    steps: tuple[StepSummary, ...]
    pulled: PullSummary = PullSummary()
    encoded: int = 0
    trained: ModelSummary | None = None
    why_not_trained: str = ""
    champion: str | None = None
    left_out: Mapping[str, int] = Field(default_factory=dict)
    pushed: PushSummary = PushSummary()
    would_push: tuple[str, ...] = ()
    queue: int = 0
    pool: int = 0
    labels: int = 0
    calls: int = 0
    peak_memory_mib: float = 0.0
    recovered: bool = False
    problem_count: int = 0
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


class LoopStatus(Record):
    """The loop as the store knows it, without asking the platform.

    Attributes:
        champion: the model in use.
        last_run: state of the newest run and when it ended.
    """

    project: str
    store: str
    items: int
    labels: int
    annotations: int
    queue: int
    pool: int
    hold_out: int
    champion: ModelSummary | None
    models: int
    last_run: str
    last_run_at: datetime | None
    last_full_pull: datetime | None
    planned: int


class Place(Record):
    """An item's place in one batch."""

    batch: str
    created_at: datetime
    pushed_at: datetime | None
    model_version: str | None
    rank: int
    of: int
    score: float
    source: str
    reason: str
    state: str
    why: str | None = None
    probabilities: dict[str, float] | None = None


class Explanation(Record):
    """Why an item is, or is not, in the queue.

    Attributes:
        where: ``queue``, ``answered``, ``pool``, ``queued elsewhere`` or ``removed``.
        answers: one line for each answer.
        places: the batches it was in, newest first.
    """

    key: str
    where: str
    hold_out: bool
    answers: tuple[str, ...]
    places: tuple[Place, ...]
