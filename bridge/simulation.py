"""Replays the loop on labeled data: what would this strategy have saved on my labels?

The real turn runs (store, encoder, learner, acquisition), against a platform in memory whose one
annotator knows the truth. Quality is measured on a test part that the loop never sees. The random
arm is the same loop with ``acquisition.strategy = "random"``; its batches grow with its labels (by
a twentieth), since its choice does not depend on them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bridge.config import QueueSettings, Settings, SyncSettings, load, sections
from bridge.errors import DataError
from bridge.labeled import Labeled, read_labeled, schema_of
from bridge.platforms import Adapter, Capabilities, Finding, PushReport
from bridge.progress import Progress, Silent
from bridge.records import (
    Annotation,
    Batch,
    Change,
    Classes,
    LabelSchema,
    Page,
    QueueItem,
    Record,
)
from bridge.sync import STEPS, Wanted, run, store_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bridge.learners.base import Features, Model
    from bridge.records import Item

__all__ = [
    "Arm",
    "OraclePlatform",
    "Simulation",
    "TestSet",
    "full_score",
    "rows_and_settings",
    "simulate",
    "split",
]

LEVELS = (0.90, 0.95, 0.98)
IN_A_ROW = 3  # so many evaluations in a row must reach a level, so that luck does not count


class Arm(Record):
    """One way of choosing, on one seed.

    Attributes:
        curve: (labels, score on the test part) after each sync.
        reached: share of the full-data score -> labels; None if not within the budget.
    """

    name: str
    seed: int
    curve: tuple[tuple[int, float], ...]
    reached: Mapping[str, int | None]


class Simulation(Record):
    """What the strategy would have saved.

    Attributes:
        metric: what is measured.
        full: seed -> score when every label of the pool is used.
        saved: share of the full-data score -> median over seeds of (random ÷ bridge) labels; where
            random never got there, its whole pool counts, and the ratio is a lower bound.
    """

    items: int
    test_items: int
    metric: str
    full: Mapping[int, float]
    arms: tuple[Arm, ...]
    saved: Mapping[str, float | None]


class OraclePlatform:
    """A platform in memory with one annotator, who answers from the top of the queue."""

    capabilities = Capabilities(
        tasks=frozenset({"single", "multi"}),
        pre_annotations=True,
        ranking="exact",
        deletions="in feed",
        annotators=True,
    )
    project = "simulation"
    calls = 0

    def __init__(self, rows: Sequence[Labeled], schema: LabelSchema) -> None:
        self._schema = schema
        self._truth = {row.item.key: row.classes for row in rows}
        self._events: list[Change] = [Change(key=row.item.key, item=row.item) for row in rows]
        self._queue: list[str] = []
        self._clock = datetime(2026, 1, 1, tzinfo=UTC)

    def check(self) -> Iterator[Finding]:
        """Find nothing wrong."""
        yield Finding(name="simulation", ok=True, detail=f"{len(self._truth)} items")

    def schema(self) -> LabelSchema:
        """Return the schema of the labels."""
        return self._schema

    def pull(self, cursor: str | None) -> Iterator[Page]:
        """Yield the events since a count of them."""
        start = int(cursor or 0)
        for first in range(start, len(self._events), 1000):
            changes = tuple(self._events[first : first + 1000])
            yield Page(changes=changes, cursor=str(first + len(changes)))

    def push(self, batch: Batch, schema: LabelSchema) -> PushReport:
        """Queue the batch."""
        self._queue += [key for key in batch.keys if key not in self._queue]
        return PushReport(accepted=len(batch.items))

    def rerank(self, queue: Sequence[QueueItem], schema: LabelSchema) -> PushReport:
        """Order the queue."""
        waiting = set(self._queue)
        self._queue = [entry.item.key for entry in queue if entry.item.key in waiting]
        return PushReport(accepted=len(self._queue))

    def close(self) -> None:
        """Do nothing."""

    def answer(self, number: int) -> int:
        """Answer the first items of the queue with the truth; return how many there were."""
        answered, self._queue = self._queue[:number], self._queue[number:]
        for key in answered:
            self._clock += timedelta(seconds=1)
            annotation = Annotation(
                id=f"answer-{key}",
                item_key=key,
                annotator="oracle",
                value=Classes(chosen=self._truth[key]),
                created_at=self._clock,
                updated_at=self._clock,
            )
            self._events.append(Change(key=key, annotations=(annotation,)))
        return len(answered)


class TestSet:
    """Items that the loop never sees, and how well a model does on them."""

    __test__ = False  # not a test of pytest

    def __init__(self, rows: Sequence[Labeled], schema: LabelSchema, settings: Settings) -> None:

        from bridge.learners import make_learner

        learner = make_learner(settings.model)
        items = [row.item for row in rows]
        self._inputs: Features | list[Item] = (
            items if learner.encoder is None else learner.encoder.encode(items)
        )
        self._schema = schema
        self.truth: NDArray[np.int8] = _indicators(rows, schema)
        counts = self.truth.sum(axis=0)
        self._rarest = int(counts.argmin())
        self.metric = (
            f"F1 of '{schema.names[self._rarest]}'"
            if schema.task == "single" and len(schema.names) == 2
            else "macro-F1"
        )

    def score(self, model: Model) -> float:
        """Return the F1 of the rarer of two classes, or the macro-F1 of several; in [0, 1]."""
        import numpy as np
        from sklearn.metrics import f1_score

        said = model.predict(self._inputs)
        columns = {name: said[:, index] for index, name in enumerate(model.classes)}
        nothing = np.zeros(len(said), dtype=np.float32)
        said = np.stack([columns.get(name, nothing) for name in self._schema.names], axis=1)
        if self._schema.task == "multi":
            return float(f1_score(self.truth, said >= 0.5, average="macro", zero_division=0.0))
        truth, guess = self.truth.argmax(axis=1), said.argmax(axis=1)
        if len(self._schema.names) == 2:
            return float(f1_score(truth == self._rarest, guess == self._rarest, zero_division=0.0))
        return float(f1_score(truth, guess, average="macro", zero_division=0.0))


def simulate(
    rows: Sequence[Labeled],
    settings: Mapping[str, Any] | None = None,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    batch: int = 20,
    budget: int = 400,
    progress: Progress | None = None,
) -> Simulation:
    """Replay the loop, and the same loop choosing at random.

    Args:
        rows: labeled items; 70 % become the pool and 30 % the test part, by seed.
        settings: the sections ``model``, ``acquisition`` and ``answers`` of ``bridge.toml``.
        batch: items answered between two syncs.
        budget: labels after which the loop stops; the random arm goes on to the 95 % level or the
            end of the pool.

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
            made = _settings(Path(scratch) / "base", settings, seed, batch)
            measure = TestSet(test, schema, made)
            full[seed] = full_score(pool, schema, made, measure)
            metric, sizes = measure.metric, (len(pool), len(test))
            run(made, OraclePlatform(pool, schema), Wanted(frozenset({"pull"})))
            for name in ("bridge", "random"):
                heard.step(f"seed {seed}, {name}")
                arms.append(
                    _replay(name, seed, pool, schema, measure, made, full[seed], batch, budget)
                )
    return Simulation(
        items=sizes[0],
        test_items=sizes[1],
        metric=metric,
        full=full,
        arms=tuple(arms),
        saved=_saved(arms, sizes[0]),
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
    settings = load(config)
    parsed = {key: getattr(settings, key).model_dump() for key in ("model", "acquisition")}
    if data is not None:
        return read_labeled(data, text=text, label=label), parsed
    return _stored_labels(settings), parsed


def _stored_labels(settings: Settings) -> list[Labeled]:
    from bridge.steps.resolve import resolve
    from bridge.store.database import get_state
    from bridge.store.items import answers, items_by_id

    with store_of(settings) as store, store.begin() as connection:
        stored = get_state(connection, "label_schema")
        if stored is None:
            raise DataError("The store has no labels yet.", "Run `bridge sync`, or name --data.")
        schema = LabelSchema.model_validate_json(stored)
        resolved = resolve(answers(connection), schema, settings.answers, {})
        targets = [*resolved.taught, *resolved.held_out]
        content = items_by_id(connection, [row_id for row_id, _ in targets])
    return [
        Labeled(content[row_id], target.value.chosen)
        for row_id, target in targets
        if isinstance(target.value, Classes)
    ]


def split(
    rows: Sequence[Labeled], schema: LabelSchema, seed: int
) -> tuple[list[Labeled], list[Labeled]]:
    """Split into pool (70 %) and test part (30 %), alike in classes where one applies.

    Raises:
        DataError: there are too few items of some class to split them.
    """
    from sklearn.model_selection import train_test_split

    kinds = [row.classes[0] for row in rows] if schema.task == "single" else None
    if len(schema.names) < 2:
        raise DataError("A simulation needs labels of at least two classes.")
    try:
        pool, test = train_test_split(list(rows), test_size=0.3, random_state=seed, stratify=kinds)
    except ValueError:
        raise DataError(
            "A class has too few labeled items to split them into pool and test part.",
            "Leave out classes with fewer than two items.",
        ) from None
    return pool, test


def full_score(
    pool: Sequence[Labeled], schema: LabelSchema, settings: Settings, measure: TestSet
) -> float:
    """Return the score of the learner when it is taught the whole pool."""
    import numpy as np

    from bridge.learners import make_learner
    from bridge.learners.base import Examples

    learner = make_learner(settings.model)
    items = [row.item for row in pool]
    features = None if learner.encoder is None else learner.encoder.encode(items)
    examples = Examples(
        labels=_indicators(pool, schema),
        weights=np.ones(len(pool), dtype=np.float32),
        classes=schema.names,
        task="multi" if schema.task == "multi" else "single",
        features=features,
        items=items if features is None else None,
    )
    return measure.score(learner.fit(examples, None, seed=settings.sync.seed))


# ------------------------------------------------------------------------------------- one arm


def _replay(
    name: str,
    seed: int,
    pool: Sequence[Labeled],
    schema: LabelSchema,
    measure: TestSet,
    base: Settings,
    full: float,
    batch: int,
    budget: int,
) -> Arm:
    directory = base.directory.with_name(name)
    shutil.copytree(base.directory, directory)
    platform = OraclePlatform(pool, schema)
    curve: list[tuple[int, float]] = []
    labels, size = 0, batch
    while True:
        made = _arm_settings(base, directory, name, size)
        result = run(made, platform, Wanted(STEPS))
        if labels:
            curve.append((labels, _champion_score(made, result.champion, measure)))
        if _finished(name, curve, full, labels, budget):
            break
        answered = platform.answer(size)
        if not answered:
            break
        labels += answered
        size = batch if name == "bridge" else max(batch, labels // 20)
    return Arm(
        name=name,
        seed=seed,
        curve=tuple(curve),
        reached={f"{level:.0%}": _first_at(curve, level * full) for level in LEVELS},
    )


def _champion_score(settings: Settings, version: str | None, measure: TestSet) -> float:
    from bridge.learners import make_learner
    from bridge.store.models import load_model

    if version is None:
        return 0.0
    root = settings.store_directory / "models"
    return measure.score(load_model(root, version, make_learner(settings.model)))


def _finished(
    name: str, curve: Sequence[tuple[int, float]], full: float, labels: int, budget: int
) -> bool:
    if name == "bridge":
        return labels >= budget
    return labels >= budget and _first_at(curve, 0.95 * full) is not None


def _first_at(curve: Sequence[tuple[int, float]], goal: float) -> int | None:
    for index in range(len(curve) - IN_A_ROW + 1):
        if all(score >= goal for _, score in curve[index : index + IN_A_ROW]):
            return curve[index][0]
    return None


def _saved(arms: Sequence[Arm], pool: int) -> dict[str, float | None]:
    saved: dict[str, float | None] = {}
    for level in (f"{level:.0%}" for level in LEVELS):
        ratios = []
        for arm in (a for a in arms if a.name == "bridge"):
            other = next(a for a in arms if a.name == "random" and a.seed == arm.seed)
            ours, theirs = arm.reached[level], other.reached[level] or pool
            ratios.append(theirs / ours if ours else 0.0)
        saved[level] = round(median(ratios), 1) if ratios and all(ratios) else None
    return saved


def _settings(
    directory: Path, settings: Mapping[str, Any] | None, seed: int, batch: int
) -> Settings:
    parsed = sections(settings or {}, directory=directory)
    return Settings.model_construct(
        adapter=Adapter("simulation", Record, lambda _: None),  # type: ignore[arg-type,return-value]  # never connects
        platform=Record(),
        directory=directory,
        **parsed
        | {
            "queue": QueueSettings(depth=batch, batch=batch),
            "sync": SyncSettings(full_every_hours=0, seed=seed),
        },
    )


def _arm_settings(base: Settings, directory: Path, name: str, size: int) -> Settings:
    update: dict[str, Any] = {
        "directory": directory,
        "queue": QueueSettings(depth=size, batch=size),
    }
    if name == "random":
        update["acquisition"] = base.acquisition.model_copy(update={"strategy": "random"})
    return base.model_copy(update=update)


def _indicators(rows: Sequence[Labeled], schema: LabelSchema) -> NDArray[np.int8]:
    import numpy as np

    column = {name: index for index, name in enumerate(schema.names)}
    labels = np.zeros((len(rows), len(column)), dtype=np.int8)
    for index, row in enumerate(rows):
        labels[index, [column[name] for name in row.classes]] = 1
    return labels
