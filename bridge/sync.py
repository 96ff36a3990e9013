"""One turn of the loop, as named steps: recover, pull, encode, train, rank, push.

Every step works from what the store says, writes its result in a transaction, and can be repeated.
A run that dies anywhere is therefore finished by the next one: what was pulled stays pulled, what
was planned is pushed as planned.
"""

from __future__ import annotations

import logging
import resource
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from bridge.config import Settings
from bridge.effects import effect
from bridge.effort import effort, learn_cost
from bridge.errors import BridgeError, ConfigError, DataError, StoreError
from bridge.logs import context
from bridge.opening import locked, store_of
from bridge.platforms import Platform
from bridge.progress import Progress, Silent
from bridge.records import LabelSchema
from bridge.results import ModelSummary, PullSummary, PushSummary, StepSummary, SyncResult
from bridge.safe_text import redacted
from bridge.steps.outlook import known_outlook, paused
from bridge.steps.pull import adopt_schema, full_pull_due, preview, pull
from bridge.steps.push import Pushed, pending, push
from bridge.steps.resolve import Resolved
from bridge.steps.turn import Turn
from bridge.store import journal
from bridge.store.database import Store, get_state, set_state
from bridge.store.items import count
from bridge.store.registry import champion
from bridge.store.rows import Applied

__all__ = ["STEPS", "StepName", "Wanted", "locked", "run", "store_of"]

log = logging.getLogger(__name__)

StepName = Literal["pull", "train", "rank", "push"]
STEPS: frozenset[StepName] = frozenset({"pull", "train", "rank", "push"})


@dataclass(frozen=True)
class Wanted:
    """What a run should do.

    Attributes:
        steps: the steps to take; recovery of a dead run always comes first.
        full: pull everything, not only what changed.
        force_train: train even if nothing is new.
        dry_run: read the platform, and write nothing there or here, but for the feature cache.
        wait: seconds to wait for another run to end; 0 leaves at once.
    """

    steps: frozenset[StepName] = STEPS
    full: bool = False
    force_train: bool = False
    dry_run: bool = False
    wait: float = 0.0


@dataclass
class _Done:
    """What the steps of a run did."""

    applied: Applied = field(default_factory=Applied)
    resolved: Resolved | None = None
    trained: ModelSummary | None = None
    why_not_trained: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)
    pushed: Pushed = field(default_factory=Pushed)
    would_push: tuple[str, ...] = ()
    recovered: bool = False

    @property
    def anything(self) -> bool:
        pushed = bool(self.pushed.batches) or self.pushed.reranked
        return self.applied.any or self.trained is not None or pushed


def run(
    settings: Settings,
    platform: Platform,
    wanted: Wanted = Wanted(),  # frozen
    progress: Progress | None = None,
) -> SyncResult:
    """Take the loop one turn further.

    Raises:
        Locked: another run is at work.
        BridgeError: a step failed; what the steps before it did is kept.
    """
    began = time.perf_counter()
    with locked(settings, wanted.wait) as guard, store_of(settings, guard) as store:
        turn, timer, dead = _begin(settings, platform, store, wanted, progress or Silent())
        done = _Done(recovered=dead > 0)
        with context(run=turn.run_id):
            log.info("run begun", extra={"recovering": done.recovered})
            try:
                _prepare(turn, timer)
                _steps(turn, timer, wanted, done)
            except BridgeError as error:
                said = redacted(str(error))
                _end(turn, wanted, "failed", {"error": said, "kind": type(error).__name__})
                raise
            except BaseException as error:
                _end(turn, wanted, "failed", {"error": type(error).__name__})
                raise
            result = _result(turn, timer, done, wanted, time.perf_counter() - began)
            _end(turn, wanted, "done", result.model_dump(mode="json"))
            log.info("run ended", extra={"state": result.status, "seconds": result.seconds})
    return result


# ------------------------------------------------------------------------------------- the run


class _Timer:
    """Times the steps, and writes them to the journal unless it is a dry run."""

    def __init__(self, journaled: bool) -> None:
        self.steps: list[StepSummary] = []
        self._journaled = journaled

    @contextmanager
    def step(self, turn: Turn, name: str) -> Iterator[dict[str, Any]]:
        """Time one step; what is put into the yielded dictionary goes into the journal."""
        turn.progress.step(name)
        detail: dict[str, Any] = {}
        began = time.perf_counter()
        if self._journaled:
            with turn.store.begin() as connection:
                journal.start_step(connection, turn.run_id, name, turn.now())
        state = "failed"
        try:
            with context(step=name):
                log.info("step begun")
                yield detail
            state = "done"
        finally:
            seconds = time.perf_counter() - began
            self.steps.append(StepSummary(name=name, seconds=round(seconds, 4)))
            ended = {"step": name, "state": state, "seconds": round(seconds, 4)}
            log.log(logging.INFO if state == "done" else logging.ERROR, "step ended", extra=ended)
            if self._journaled:
                # A journal that cannot be written must not hide why the step failed.
                with suppress(StoreError) if state == "failed" else nullcontext():
                    _end_step(turn, name, state, seconds, detail)


def _end_step(turn: Turn, name: str, state: str, seconds: float, detail: dict[str, Any]) -> None:
    with turn.store.begin() as connection:
        journal.end_step(connection, turn.run_id, name, state, seconds, detail)


def _begin(
    settings: Settings, platform: Platform, store: Store, wanted: Wanted, progress: Progress
) -> tuple[Turn, _Timer, int]:
    turn = Turn(
        settings=settings,
        store=store,
        platform=platform,
        schema=LabelSchema(task="single", question="", classes=()),
        run_id=0,
        progress=progress,
    )
    for line in store.news:
        turn.warn(line)
    with effect("run begun"), store.begin() as connection:
        known = get_state(connection, "project")
        if known is not None and known != platform.project:
            raise ConfigError(
                f"The store {store.name} belongs to {known}, the configuration names "
                f"{platform.project}.",
                "Give each project its own store.path.",
            )
        if wanted.dry_run:
            return turn, _Timer(journaled=False), 0
        dead = journal.bury(connection, turn.now())
        turn.run_id = journal.start_run(connection, turn.now())
    return turn, _Timer(journaled=True), dead


def _prepare(turn: Turn, timer: _Timer) -> None:
    """Read the label schema, and what it means for answers that are stored."""
    with timer.step(turn, "schema"):
        turn.schema = turn.platform.schema()
        if turn.schema.task == "single" and len(turn.schema.classes) < 2:
            raise DataError(
                f"The question '{turn.schema.question}' has fewer than two classes: there is "
                "nothing to tell apart.",
                "Add a class on the platform.",
            )
        with (
            effect("schema stored"),
            turn.store.begin() as connection,
            connection.begin_nested() as kept,
        ):
            # Only now is it sure that the project exists; a typo must not claim the store.
            set_state(connection, "project", turn.platform.project)
            turn.renamed, differences = adopt_schema(connection, turn.schema)
            if not turn.run_id:
                kept.rollback()
    for line in differences:
        turn.warn(f"Label schema: {line}.")


def _steps(turn: Turn, timer: _Timer, wanted: Wanted, done: _Done) -> None:
    if wanted.dry_run:
        _dry(turn, timer, wanted, done)
        return
    if "pull" in wanted.steps:  # first of all: a push that fails again must not keep answers out
        with timer.step(turn, "pull") as detail:
            done.applied = pull(turn, full=wanted.full or full_pull_due(turn))
            detail.update(asdict(done.applied))
            learn_cost(turn.store)
    if "push" in wanted.steps and pending(turn):
        done.recovered = True
        with timer.step(turn, "recover") as detail:
            done.pushed = push(turn)
            detail.update(asdict(done.pushed))
    if "train" in wanted.steps:
        _train(turn, timer, wanted, done)
    if "rank" in wanted.steps:
        _rank(turn, timer, wanted, done)
    if "push" in wanted.steps and pending(turn):
        with timer.step(turn, "push") as detail:
            done.pushed += push(turn)
            detail.update(asdict(done.pushed))


def _train(turn: Turn, timer: _Timer, wanted: Wanted, done: _Done) -> None:
    from bridge.steps.outlook import look_ahead
    from bridge.steps.train import resolved_now, train, why_train

    why = why_train(turn, force=wanted.force_train)
    if why is None:
        done.why_not_trained = "nothing new to learn"
        return
    resolved = done.resolved = resolved_now(turn)
    if not resolved.taught:
        done.left_out = dict(resolved.left_out)
        reasons = ", ".join(f"{why}: {number}" for why, number in sorted(done.left_out.items()))
        done.why_not_trained = f"no answers to learn from yet{reasons and f' ({reasons})'}"
        return
    _encode(turn, timer, done)
    with timer.step(turn, "train") as detail:
        trained = train(turn, resolved)
        done.left_out = dict(trained.resolved.left_out)
        done.trained = ModelSummary(
            version=trained.version,
            status="champion" if trained.promoted else "refused",
            examples=trained.examples,
            reason=trained.reason,
            scores=trained.scores,
        )
        detail.update(done.trained.model_dump(mode="json"))
    with timer.step(turn, "outlook"):
        look_ahead(turn, trained.version)


def _rank(turn: Turn, timer: _Timer, wanted: Wanted, done: _Done) -> None:
    from bridge.steps.rank import make_plan, rerank_due, room, write_plan
    from bridge.steps.train import champion_lost, resolved_now

    size = 0 if paused(turn) else room(turn)
    if not size and not rerank_due(turn):
        return
    if "train" in wanted.steps and champion_lost(turn):
        _train(turn, timer, replace(wanted, force_train=True), done)
    _encode_for_champion(turn, timer, done)
    with timer.step(turn, "rank") as detail:
        resolved = done.resolved or resolved_now(turn)  # nothing was pulled in between
        made = make_plan(turn, size, resolved, rerank=rerank_due(turn))
        write_plan(turn, made)
        detail.update(batch=made.batch.id if made.batch else None, queued=len(made.queued))


def _dry(turn: Turn, timer: _Timer, wanted: Wanted, done: _Done) -> None:
    from bridge.steps.train import why_train

    with timer.step(turn, "pull"):
        done.applied = preview(turn)
    done.why_not_trained = "a dry run"
    coming = done.applied
    why = why_train(
        turn,
        force=wanted.force_train,
        coming=coming.new_annotations + coming.changed_annotations + coming.deleted_annotations,
    )
    if why is not None:
        turn.warn(f"A sync would train: {why}.")
    from bridge.steps.rank import make_plan, room
    from bridge.steps.train import resolved_now

    size = 0 if paused(turn) else room(turn)
    if not size:
        return
    _encode_for_champion(turn, timer, done)
    with timer.step(turn, "rank"):
        made = make_plan(turn, size, resolved_now(turn), rerank=False)
    if made.batch is not None:
        done.would_push = made.batch.keys


def _encode_for_champion(turn: Turn, timer: _Timer, done: _Done) -> None:
    with turn.store.begin() as connection:
        if champion(connection) is None:
            return
    _encode(turn, timer, done)


def _encode(turn: Turn, timer: _Timer, done: _Done) -> None:
    from bridge.steps.encode import encode

    if any(step.name == "encode" for step in timer.steps):
        return
    with timer.step(turn, "encode") as detail:
        encode(turn)
        detail["encoded"] = turn.encoded


def _result(turn: Turn, timer: _Timer, done: _Done, wanted: Wanted, seconds: float) -> SyncResult:
    with turn.store.begin() as connection:
        counts = count(connection)
        in_use = champion(connection)
        spent = effort(connection)
        ahead = known_outlook(connection)
    changed: Literal["changed", "unchanged"] = "changed" if done.anything else "unchanged"
    return SyncResult(
        status="dry-run" if wanted.dry_run else changed,
        run=turn.run_id,
        project=turn.platform.project,
        seconds=round(seconds, 3),
        steps=tuple(timer.steps),
        pulled=PullSummary(**asdict(done.applied)),
        encoded=turn.encoded,
        trained=done.trained,
        why_not_trained=done.why_not_trained,
        champion=in_use["version"] if in_use else None,
        left_out=dict(done.left_out),
        pushed=PushSummary(**asdict(done.pushed)),
        would_push=done.would_push,
        queue=counts.queued,
        pool=counts.pool,
        labels=counts.answered,
        effort=spent,
        outlook=ahead,
        calls=turn.platform.calls,
        peak_memory_mib=_peak_memory_mib(),
        recovered=done.recovered,
        problem_count=turn.problem_count,
        problems=tuple(turn.problems),
        warnings=tuple(turn.warnings),
    )


def _peak_memory_mib() -> float:
    """Return the greatest resident memory so far; getrusage would count what forked us, too."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        kib = float(status.partition("VmHWM:")[2].split()[0])
    except (OSError, IndexError, ValueError):
        kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(kib / 1024, 1)


def _end(turn: Turn, wanted: Wanted, state: str, result: Mapping[str, Any]) -> None:
    if wanted.dry_run:
        return
    quietly = suppress(StoreError) if state == "failed" else nullcontext()
    with effect("run ended"), quietly, turn.store.begin() as connection:
        journal.end_run(connection, turn.run_id, state, result, turn.now())
        journal.prune(connection)
