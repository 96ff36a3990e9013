"""The loop against annotators whose answers take time; what cost.py and order.py share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

from bridge.config import QueueSettings
from bridge.demo import demo_mail, thinned
from bridge.heldback import TestSet, full_score, split
from bridge.labeled import Labeled, schema_of
from bridge.oracle import OraclePlatform
from bridge.pace import Pace
from bridge.records import LabelSchema
from bridge.simulation import IN_A_ROW, champion_score, scratch_settings
from bridge.sync import STEPS, Wanted, run

LEVELS = (0.90, 0.95)


@dataclass(frozen=True)
class Data:
    """One split of the mail: pool and test part, the F1 of all labels, and where features lie."""

    folder: Path
    pool: Sequence[Labeled]
    schema: LabelSchema
    measure: TestSet
    full: float
    seed: int


@dataclass(frozen=True)
class Point:
    """Where a loop stands after a sync."""

    answers: int
    seconds: float
    score: float


def data(share: float, seed: int, folder: Path) -> Data:
    """Return the mail thinned to a share of spam, its keys renamed by seed: so lots differ.

    Args:
        folder: the first loop's features stay here for the other loops, which see the same pool.
    """
    rows = thinned(demo_mail(), share, seed)
    schema = schema_of(rows)
    pool, test = split(rows, schema, seed)
    pool = [
        Labeled(row.item.model_copy(update={"key": f"{seed}/{row.item.key}"}), row.classes)
        for row in pool
    ]
    with tempfile.TemporaryDirectory() as scratch:
        settings = scratch_settings(Path(scratch), None, seed, 20)
        measure = TestSet(test, schema, settings)
        full = full_score(pool, schema, settings, measure)
        return Data(folder / f"{share}-{seed}", pool, schema, measure, full, seed)


def curve(
    mail: Data,
    pace: Pace,
    *,
    acquisition: Mapping[str, Any],
    order: str = "informative",
    depth: int = 20,
    at_once: int = 20,
    budget: int = 300,
    until: float | None = None,
) -> list[Point]:
    """Sync, let people answer ``at_once`` items from the top of the queue, sync again, and so on.

    Args:
        budget: answers after which it ends.
        until: go on beyond the budget to this score; steps grow by a twentieth of the answers then.
    """
    platform = OraclePlatform(mail.pool, mail.schema, pace=pace)
    points: list[Point] = []
    answers, step = 0, at_once
    with tempfile.TemporaryDirectory() as scratch:
        base = scratch_settings(Path(scratch), {"acquisition": dict(acquisition)}, mail.seed, 20)
        features = base.store_directory / "features"
        if mail.folder.exists():
            shutil.copytree(mail.folder, features)
        while True:
            queue = QueueSettings(depth=max(depth, step), batch=1, order=order)
            settings = base.model_copy(update={"queue": queue})
            result = run(settings, platform, Wanted(STEPS))
            if answers:
                score = champion_score(settings, result.champion, mail.measure)
                points.append(Point(answers, platform.seconds, score))
                if not mail.folder.exists():
                    shutil.copytree(features, mail.folder)
            if answers >= budget and (until is None or reached(points, until)):
                return points
            answered = platform.answer(step)
            answers += answered
            if not answered:
                return points
            if until is not None:
                step = max(at_once, answers // 20)


def reached(points: Sequence[Point], goal: float) -> Point | None:
    """Return the point from which three evaluations in a row reach a goal."""
    for start in range(len(points) - IN_A_ROW + 1):
        if all(point.score >= goal for point in points[start : start + IN_A_ROW]):
            return points[start]
    return None


def spread(found: Sequence[float | None], digits: int = 0) -> str:
    """Return median (lowest to highest); a seed that did not get there counts as more than any."""
    values = sorted(inf if value is None else value for value in found)

    def shown(value: float) -> str:
        return "not reached" if value == inf else f"{value:.{digits}f}"

    return f"{shown(median(values))} ({shown(values[0])} to {shown(values[-1])})"
