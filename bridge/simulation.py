"""Replays the loop on labeled data: what would this strategy have saved on my labels?

The real turn runs (store, encoder, learner, acquisition), against a platform in memory whose one
annotator knows the truth. Quality is measured on a test part that the loop never sees. The random
arm is the same loop with ``acquisition.strategy = "random"``; its batches grow with its labels (by
a twentieth), since its choice does not depend on them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from statistics import median
from typing import Any, Literal, NoReturn

from pydantic import BaseModel

from bridge.annotators import Annotators
from bridge.config import QueueSettings, Settings, SyncSettings, load, sections
from bridge.errors import DataError
from bridge.heldback import TestSet, full_score, split
from bridge.labeled import Labeled, read_labeled, schema_of
from bridge.oracle import PERFECT, OraclePlatform
from bridge.pace import Pace
from bridge.platforms import Adapter
from bridge.progress import Progress, Silent
from bridge.records import (
    Classes,
    LabelSchema,
    Record,
    digest,
)
from bridge.sync import STEPS, Wanted, run, store_of

__all__ = [
    "Arm",
    "Saving",
    "Simulation",
    "champion_score",
    "levels",
    "replay",
    "rows_and_settings",
    "saved",
    "scratch_settings",
    "simulate",
]

LEVELS = (0.90, 0.95, 0.98)
ARMS: tuple[Literal["bridge"], Literal["random"]] = ("bridge", "random")
NOTHING = Record()
LONG = 500  # characters of a key; with a seed before it, it must not become too long
IN_A_ROW = 3  # so many evaluations in a row must reach a level, so that luck does not count


def _nowhere(_: object) -> NoReturn:
    raise DataError("A simulation has no platform to connect to.")


NOWHERE = Adapter("simulation", Record, _nowhere)


class Arm(Record):
    """One way of choosing, on one seed.

    Attributes:
        name: ``bridge`` or ``random``.
        seed: of the split and of everything drawn.
        curve: (labels, score on the test part) after each sync.
        reached: share of the full-data score -> labels; None if not within the budget.
        seconds: of the annotators' time, at each point of the curve; empty without a pace.
    """

    name: str
    seed: int
    curve: tuple[tuple[int, float], ...]
    reached: Mapping[str, int | None]
    seconds: tuple[float, ...] = ()


class Saving(Record):
    """How many times fewer labels.

    Attributes:
        ratio: random's labels ÷ Bridge's, each the median of the seeds.
        at_least: random did not get there, so that the true ratio is greater.
    """

    ratio: float
    at_least: bool


class Simulation(Record):
    """What the strategy would have saved.

    Attributes:
        items: items in the pool.
        test_items: items in the test part.
        metric: what is measured.
        full: seed -> score when every label of the pool is used.
        arms: Bridge and random, on each seed.
        saved: share of the full-data score -> the saving; a level that Bridge did not reach within
            its budget is absent.
    """

    items: int
    test_items: int
    metric: str
    full: Mapping[int, float]
    arms: tuple[Arm, ...]
    saved: Mapping[str, Saving]


def simulate(
    rows: Sequence[Labeled],
    settings: Mapping[str, Any] | None = None,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    batch: int = 20,
    budget: int = 400,
    pace: Pace | None = None,
    progress: Progress | None = None,
) -> Simulation:
    """Replay the loop, and the same loop choosing at random.

    Args:
        rows: labeled items; 70 % become the pool and 30 % the test part, by seed.
        settings: the sections ``model``, ``acquisition`` and ``answers`` of ``bridge.toml``.
        batch: items answered between two syncs.
        budget: labels after which the loop stops; the random arm goes on to the 95 % level or the
            end of the pool.
        pace: how long the annotator takes, for what the loop learns of costs; None is the usual
            pace where ``acquisition.cost`` is set, and takes no time where it is off.

    Raises:
        DataError: there is less than one item of two classes for pool and test each.
    """
    heard = progress or Silent()
    schema = schema_of(rows)
    arms: list[Arm] = []
    full: dict[int, float] = {}
    metric, sizes = "", (0, 0)
    for seed in seeds:
        pool, test = split(rows, schema, seed)
        with tempfile.TemporaryDirectory(prefix="bridge-simulation-") as scratch:
            made = scratch_settings(Path(scratch), settings, seed, batch)
            measure = TestSet(test, schema, made)
            timed = pace or (Pace() if made.acquisition.cost != "off" else None)
            full[seed] = full_score(pool, schema, made, measure)
            metric, sizes = measure.metric, (len(pool), len(test))
            for name in ARMS:
                heard.step(f"seed {seed}, {name}")
                arms.append(
                    replay(
                        name,
                        pool,
                        schema,
                        measure,
                        made.model_copy(update={"directory": Path(scratch) / name}),
                        full=full[seed],
                        seed=seed,
                        batch=batch,
                        budget=budget,
                        pace=timed and replace(timed, seed=seed),
                    )
                )
    return Simulation(
        items=sizes[0],
        test_items=sizes[1],
        metric=metric,
        full=full,
        arms=tuple(arms),
        saved=saved(arms),
    )


def rows_and_settings(
    config: Path, data: Path | None, *, text: str, label: str
) -> tuple[list[Labeled], Mapping[str, Any]]:
    """Return what to replay: a file's labels, or the store's; and the settings to replay with.

    Raises:
        ConfigError: there is no configuration, and no file was named either.
        DataError: there are no labels.
    """
    if data is not None and not config.exists():
        return read_labeled(data, text=text, label=label), {}
    settings = load(config, offline=True)
    parsed = {key: getattr(settings, key).model_dump() for key in ("model", "acquisition")}
    if data is not None:
        return read_labeled(data, text=text, label=label), parsed
    return _stored_labels(settings), parsed


def _stored_labels(settings: Settings) -> list[Labeled]:
    from bridge.steps.pull import renames
    from bridge.steps.resolve import resolve
    from bridge.store.database import get_state
    from bridge.store.items import answers, items_by_id

    with store_of(settings) as store, store.begin() as connection:
        stored = get_state(connection, "label_schema")
        if stored is None:
            raise DataError("The store has no labels yet.", "Run `bridge sync`, or name --data.")
        schema = LabelSchema.model_validate_json(stored)
        names = renames(connection, schema)
        resolved = resolve(answers(connection), schema, settings.answers, names)
        targets = [*resolved.taught, *resolved.held_out]
        content = items_by_id(connection, [row_id for row_id, _ in targets])
    return [
        Labeled(content[row_id], target.value.chosen)
        for row_id, target in targets
        if isinstance(target.value, Classes)
    ]


# ------------------------------------------------------------------------------------- one arm


def replay(
    name: Literal["bridge", "random"],
    rows: Sequence[Labeled],
    schema: LabelSchema,
    measure: TestSet,
    settings: Settings,
    *,
    full: float,
    seed: int,
    batch: int,
    budget: int,
    annotators: Annotators = PERFECT,
    pace: Pace | None = None,
) -> Arm:
    """Run one arm on a pool; its store is made anew in ``settings.directory``.

    Args:
        full: the score with all labels.
        batch: items answered between two syncs.
        budget: labels after which the arm ends; the random arm goes on to the 95 % level.
        pace: how long the annotators take; None takes no time.
    """
    platform = OraclePlatform(_rekeyed(rows, seed), schema, annotators, pace)
    curve: list[tuple[int, float]] = []
    seconds: list[float] = []
    labels, size = 0, batch
    while True:
        made = _sized(settings, name, size)
        result = run(made, platform, Wanted(STEPS))
        if labels:
            curve.append((labels, champion_score(made, result.champion, measure)))
            seconds.append(round(platform.seconds, 1))
        enough = name == "bridge" or first_at(curve, 0.95 * full) is not None
        if labels >= budget and enough:
            break
        answered = platform.answer(size)
        labels += answered
        if not answered and not result.queue:
            break
        size = batch if name == "bridge" else max(batch, labels // 20)
    return Arm(
        name=name,
        seed=seed,
        curve=tuple(curve),
        reached=levels(curve, full),
        seconds=tuple(seconds) if pace else (),
    )


def levels(curve: Sequence[tuple[int, float]], full: float) -> dict[str, int | None]:
    """Return share of the full-data score -> labels at which a curve reached it for good."""
    return {f"{level:.0%}": first_at(curve, level * full) for level in LEVELS}


def champion_score(settings: Settings, version: str | None, measure: TestSet) -> float:
    """Return the score of a stored model on the test part; 0 while there is none."""
    from bridge.learners import make_learner
    from bridge.store.models import load_model

    if version is None:
        return 0.0
    root = settings.store_directory / "models"
    return measure.score(load_model(root, version, make_learner(settings.model)))


def first_at(curve: Sequence[tuple[int, float]], goal: float) -> int | None:
    """Return the labels from which so many evaluations in a row reach a goal; None if none do."""
    for index in range(len(curve) - IN_A_ROW + 1):
        if all(score >= goal for _, score in curve[index : index + IN_A_ROW]):
            return curve[index][0]
    return None


def _rekeyed(rows: Sequence[Labeled], seed: int) -> list[Labeled]:
    """Give items other keys for each seed, since lots are drawn by the key alone."""
    return [
        Labeled(row.item.model_copy(update={"key": _key(row.item.key, seed)}), row.classes)
        for row in rows
    ]


def _key(key: str, seed: int) -> str:
    return f"{seed}/{key if len(key) <= LONG else digest(key)}"


def saved(arms: Sequence[Arm]) -> dict[str, Saving]:
    """Return share of the full-data score -> random's labels ÷ Bridge's, each the median of seeds.

    A seed that did not get there counts as more than any number of labels. A level that Bridge's
    median seed did not reach is left out. Where random's median seed did not, it is known to need
    more than the labels it was given, and the ratio is a lower bound.
    """
    found: dict[str, Saving] = {}
    for level in (f"{level:.0%}" for level in LEVELS):
        ours, theirs = (
            median(arm.reached[level] or inf for arm in arms if arm.name == name) for name in ARMS
        )
        given = median(arm.curve[-1][0] for arm in arms if arm.name == "random" and arm.curve)
        if ours != inf:
            ratio = round(min(theirs, given) / ours, 1)
            found[level] = Saving(ratio=ratio, at_least=theirs == inf)
    return found


def scratch_settings(
    directory: Path,
    settings: Mapping[str, Any] | None,
    seed: int,
    batch: int,
    adapter: Adapter = NOWHERE,
    platform: BaseModel = NOTHING,
) -> Settings:
    """Return settings of a loop that is thrown away: given sections, small batches, no sweeps."""
    parsed = sections(settings or {}, directory=directory)
    return Settings.model_construct(
        adapter=adapter,
        platform=platform,
        directory=directory,
        **parsed
        | {
            "queue": QueueSettings(depth=batch, batch=1),
            "sync": SyncSettings(full_every_hours=0, seed=seed),
        },
    )


def _sized(base: Settings, name: str, size: int) -> Settings:
    update: dict[str, Any] = {"queue": QueueSettings(depth=size, batch=1)}
    if name == "random":
        update["acquisition"] = base.acquisition.model_copy(update={"strategy": "random"})
    return base.model_copy(update=update)
