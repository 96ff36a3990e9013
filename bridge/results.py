"""What a sync, a look at the loop, and an explanation tell; the shapes behind ``--json``.

New fields may be added; a reader ignores fields that it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from bridge.learners.scores import Interval, Scores
from bridge.records import Problem, Record

__all__ = [
    "Effort",
    "Explanation",
    "LoopStatus",
    "ModelSummary",
    "Outlook",
    "Place",
    "PullSummary",
    "PushSummary",
    "StepSummary",
    "SyncResult",
]


class StepSummary(Record):
    """How long a step took.

    Attributes:
        name: ``schema``, ``recover``, ``pull``, ``encode``, ``train``, ``outlook``, ``rank`` or
            ``push``.
        seconds: of wall time.
    """

    name: str
    seconds: float


class PullSummary(Record):
    """How many rows a pull changed; equal repeats count nowhere.

    Attributes:
        new_items: items that were not known.
        changed_items: items whose content changed, or that came back.
        removed_items: items that the platform has no more.
        new_annotations: answers that were not known, skips included.
        changed_annotations: answers that were edited.
        deleted_annotations: answers that the platform has no more.
    """

    new_items: int = 0
    changed_items: int = 0
    removed_items: int = 0
    new_annotations: int = 0
    changed_annotations: int = 0
    deleted_annotations: int = 0


class ModelSummary(Record):
    """A model version.

    Attributes:
        version: number and digest of what it learned from.
        status: ``champion``: in use; ``retired``: was; ``refused``: worse than the champion.
        examples: targets it was trained on; none of the hold-out is among them.
        scores: on the hold-out.
        reason: why it was promoted or refused.
        created_at: when it was trained; None in the result of the sync that trained it.
    """

    version: str
    status: Literal["champion", "retired", "refused"]
    examples: int
    reason: str
    scores: Scores
    created_at: datetime | None = None


class PushSummary(Record):
    """What the platform got.

    Attributes:
        batches: ids of the batches that were pushed.
        items: how many of their items are queued.
        pre_annotated: how many of those carry a pre-annotation.
        refused: how many items the platform did not take; ``warnings`` names the first.
        reranked: whether the queue got a new order.
    """

    batches: tuple[str, ...] = ()
    items: int = 0
    pre_annotated: int = 0
    refused: int = 0
    reranked: bool = False


class Effort(Record):
    """The time that labeling takes, by the platform's own timing of answers.

    Attributes:
        seconds_spent: on all answers that were timed; interruptions are cut short.
        seconds_queued: expected for what is queued.
        answers: how many timed answers that expectation rests on, 5,000 at most.
    """

    seconds_spent: float
    seconds_queued: float
    answers: int


class Outlook(Record):
    """What more labels are likely to buy, after the newest training.

    Attributes:
        labels: how many more labels are looked at.
        gain: what they are expected to add to macro-F1 on the hold-out; None: not known yet.
        agreements: Cohen's kappa of the models of two rounds each, on a sample of the pool, oldest
            first; a round has a twentieth more labels than the one before it, at least twenty.
        enough: the gain is expected to be small, and models agree: it may be time to stop.
        reason: one line for people.
    """

    labels: int
    gain: Interval | None
    agreements: tuple[float, ...]
    enough: bool
    reason: str


class SyncResult(Record):
    """What one sync did.

    Attributes:
        status: ``changed``; ``unchanged``: there was nothing to do; ``dry-run``: only tried.
        run: number of the run in the journal; 0 for a dry run.
        project: the platform's project.
        seconds: of wall time, in all.
        steps: those that were taken, in order.
        pulled: what the pull changed.
        encoded: items that were encoded anew.
        trained: the model that was trained in this sync; None if none was.
        champion: version of the model in use; None while there is none.
        why_not_trained: one line; empty if a model was trained.
        left_out: reason -> items whose answers are not taught.
        pushed: what the platform got.
        would_push: keys of the batch that a dry run found, in rank order.
        queue: items that are queued and unanswered.
        pool: items that have no answer and are not queued.
        labels: items with an answer.
        effort: time spent and expected; None where the platform timed no answer.
        outlook: what more labels are likely to buy; None before the first training.
        calls: requests made to the platform.
        peak_memory_mib: greatest resident memory of the process so far, in MiB.
        recovered: whether a run that died was finished first.
        problem_count: rows that could not be read.
        problems: the first 200 of them.
        warnings: lines that a person should read.
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
    effort: Effort | None = None
    outlook: Outlook | None = None
    calls: int = 0
    peak_memory_mib: float = 0.0
    recovered: bool = False
    problem_count: int = 0
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


class LoopStatus(Record):
    """The loop as the store knows it, without asking the platform.

    Attributes:
        project: the platform's project.
        store: where the state lies; never with a password.
        items: items that are known and not removed.
        labels: items with an answer.
        annotations: answers.
        queue: items that are queued and unanswered.
        pool: items that have no answer and are not queued.
        hold_out: items of the hold-out that have an answer.
        champion: the model in use.
        models: how many were trained.
        last_run: state of the newest run: ``done``, ``failed``, ``running``, ``died`` or ``never``.
        last_run_at: when it ended.
        last_full_pull: when everything was last pulled.
        planned: batches that are planned and not pushed.
        effort: time spent and expected; None where the platform timed no answer.
        outlook: what more labels are likely to buy; None before the first training.
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
    effort: Effort | None = None
    outlook: Outlook | None = None


class Place(Record):
    """An item's place in one batch.

    Attributes:
        batch: id of the batch.
        created_at: when it was decided.
        pushed_at: when the platform had it; None while it waits.
        model_version: the model that decided; None at a cold start.
        rank: place in the order of asking, from 0.
        of: size of the batch.
        score: the acquisition; higher says that the label would teach more.
        source: ``random``, ``cold-start``, ``hint``, ``novel``, ``uncertain``, ``diverse`` or
            ``relabel``.
        reason: why it is there, in one line.
        state: ``open``, ``answered``, ``refused``, ``released`` or ``withdrawn``.
        why: why the platform refused it.
        probabilities: by class; None for the hold-out and without a model.
    """

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
        key: the item.
        where: ``queue``, ``answered``, ``pool``, ``refused``, ``queued elsewhere`` or ``removed``.
        hold_out: whether it measures and is never taught.
        answers: one line for each answer.
        places: the batches it was in, newest first.
    """

    key: str
    where: str
    hold_out: bool
    answers: tuple[str, ...]
    places: tuple[Place, ...]
