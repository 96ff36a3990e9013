"""What do wrong answers cost, and what helps? Run: python benchmarks/noise.py [DATA]

Four annotators err, one of them twice as often as two of them and one half as often; so many of
their answers on average as --errors says name another class. All ways get the same number of
answers, whoever they are spent on: on new items only; on new items and on those that look wrong
(`acquisition.relabel_share`); on three for each item. Measured is F1 on a test part with clean
labels (of the rarer of two classes, or macro-F1), and how many of the labels that were taught are
wrong. DATA is a JSONL file with "text" and "label"; without it, the shipped mail, thinned to
--spam.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.annotators import Annotators
from bridge.config import QueueSettings, Settings
from bridge.demo import demo_mail, thinned
from bridge.heldback import TestSet, split
from bridge.labeled import Labeled, read_labeled, schema_of
from bridge.oracle import OraclePlatform
from bridge.records import LabelSchema
from bridge.simulation import champion_score, scratch_settings
from bridge.steps.resolve import resolve
from bridge.store.items import answers
from bridge.sync import STEPS, Wanted, run, store_of

NAMES = ("ann", "bob", "cid", "dan")
FACTORS = (0.5, 0.5, 1.0, 2.0)
BATCH = 20  # answers between two syncs


@dataclass(frozen=True)
class Way:
    """How the answers are spent."""

    name: str
    sections: dict[str, Any]
    overlap: int = 1


WAYS = (
    Way("one answer", {}),
    Way("relabel 10 %", {"acquisition": {"relabel_share": 0.1}}),
    Way("relabel 20 %", {"acquisition": {"relabel_share": 0.2}}),
    Way("three, majority", {"answers": {"min_annotators": 3, "consensus": "majority"}}, 3),
    Way("three, weighted", {"answers": {"min_annotators": 3}}, 3),
)


def team(errors: float, seed: int) -> Annotators:
    wrong = {name: errors * factor for name, factor in zip(NAMES, FACTORS, strict=True)}
    return Annotators(names=NAMES, errors=wrong, seed=seed)


def wrong_share(
    settings: Settings, schema: LabelSchema, truth: dict[str, tuple[str, ...]]
) -> float:
    """Return the share of the labels that are taught, that are wrong."""
    with store_of(settings) as store, store.begin() as connection:
        taught = resolve(answers(connection), schema, settings.answers, {}).taught
    return statistics.fmean(target.value.chosen != truth[target.item_key] for _, target in taught)


def trial(
    rows: list[Labeled], way: Way, errors: float, seed: int, budgets: list[int]
) -> list[tuple[float, float]]:
    """Return (F1, share of wrong labels) at each number of answers."""
    schema = schema_of(rows)
    pool, test = split(rows, schema, seed)
    size = BATCH // way.overlap
    found: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory(prefix="bridge-noise-") as scratch:
        settings = scratch_settings(Path(scratch), way.sections, seed, size)
        settings = settings.model_copy(update={"queue": QueueSettings(depth=size, batch=1)})
        platform = OraclePlatform(pool, schema, team(errors, seed), overlap=way.overlap)
        measure = TestSet(test, schema, settings)
        truth = {row.item.key: row.classes for row in pool}
        paid = 0
        while len(found) < len(budgets):
            result = run(settings, platform, Wanted(STEPS))
            if paid >= budgets[len(found)]:
                score = champion_score(settings, result.champion, measure)
                found.append((score, wrong_share(settings, schema, truth)))
            paid += way.overlap * platform.answer(size)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--spam", type=float, default=0.12)
    parser.add_argument("--errors", type=float, nargs="*", default=[0.0, 0.05, 0.1, 0.2])
    parser.add_argument("--budgets", type=int, nargs="*", default=[200, 400])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--ways", nargs="*", default=[way.name for way in WAYS])
    given = parser.parse_args()
    began = time.process_time()
    heads = [f"F1 at {n} (range) | wrong" for n in given.budgets]
    print(f"| errors | way | {' | '.join(heads)} |")
    print("|---|---" + "|---|---" * len(heads) + "|")
    for errors in given.errors:
        for way in (way for way in WAYS if way.name in given.ways):
            runs = []
            for seed in range(given.seeds):
                mail = demo_mail() if given.data is None else read_labeled(given.data)
                rows = thinned(mail, given.spam, seed) if given.data is None else mail
                runs.append(trial(rows, way, errors, seed, given.budgets))
            cells = []
            for place in range(len(given.budgets)):
                f1 = sorted(one[place][0] for one in runs)
                wrong = statistics.fmean(one[place][1] for one in runs)
                shown = f"{statistics.fmean(f1):.3f} ({f1[0]:.2f} to {f1[-1]:.2f})"
                cells.append(f"{shown} | {wrong:.1%}")
            print(f"| {errors:.0%} | {way.name} | {' | '.join(cells)} |", flush=True)
    print(f"\n{time.process_time() - began:.0f} CPU seconds")


if __name__ == "__main__":
    main()
