"""When is it said to be enough, and how good is the model then? Run: python benchmarks/stopping.py

The loop runs on labeled mail (or on DATA, a JSONL file with "text" and "label") without stopping.
After each sync the outlook is noted: models' agreement in rounds, and what the next hundred labels
are expected to add. Rules are then applied to the notes: when each would have said "enough" first,
and the score then (F1 of the rarer of two classes, or macro-F1) on a test part, as a share of the
score with all labels of the pool. And the forecast is compared with what a hundred labels later
the macro-F1 on the test part had become: how often its 95 % interval held it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bridge.demo import demo_mail, thinned
from bridge.heldback import TestSet, full_score, split
from bridge.labeled import Labeled, read_labeled, schema_of
from bridge.learners import make_learner
from bridge.learners.evaluation import evaluate
from bridge.oracle import OraclePlatform
from bridge.results import Outlook
from bridge.simulation import scratch_settings
from bridge.store.models import load_model
from bridge.sync import STEPS, Wanted, run

BATCH = 20


@dataclass(frozen=True)
class Note:
    """Where the loop stood after one sync."""

    labels: int
    score: float  # share of the score with all labels
    macro_f1: float  # on the test part
    outlook: Outlook


def alike(kappa: float, rounds: int = 3) -> Callable[[Outlook], bool]:
    def rule(outlook: Outlook) -> bool:
        newest = outlook.agreements[-rounds:]
        return len(newest) == rounds and min(newest) >= kappa

    return rule


def flat(gain: float = 0.01) -> Callable[[Outlook], bool]:
    return lambda outlook: outlook.gain is not None and outlook.gain.value < gain


RULES: dict[str, Callable[[Outlook], bool]] = {
    "kappa 0.98, 3 rounds": alike(0.98),
    "kappa 0.99, 3 rounds": alike(0.99),
    "gain < 0.01": flat(),
    "kappa 0.98 and gain": lambda outlook: alike(0.98)(outlook) and flat()(outlook),
    "both (the default)": lambda outlook: outlook.enough,
}


def notes(rows: list[Labeled], seed: int, budget: int) -> list[Note]:
    schema = schema_of(rows)
    pool, test = split(rows, schema, seed)
    found: list[Note] = []
    with tempfile.TemporaryDirectory(prefix="bridge-stopping-") as scratch:
        settings = scratch_settings(Path(scratch), None, seed, BATCH)
        measure = TestSet(test, schema, settings)
        full = full_score(pool, schema, settings, measure)
        platform = OraclePlatform(pool, schema)
        labels = 0
        while labels <= budget:
            result = run(settings, platform, Wanted(STEPS))
            if result.outlook is not None and result.champion is not None:
                root = settings.store_directory / "models"
                model = load_model(root, result.champion, make_learner(settings.model))
                on_test = evaluate(
                    measure.predicted(model),
                    measure.truth,
                    schema.names,
                    "single",
                    measure.decided(model),
                )
                assert on_test.macro_f1 is not None
                score = measure.score(model) / full
                found.append(Note(labels, score, on_test.macro_f1.value, result.outlook))
            labels += platform.answer(BATCH)
    return found


def forecasts(runs: list[list[Note]]) -> tuple[int, int, float]:
    """Return how many forecasts there were, how many held, and the mean width."""
    told, held, widths = 0, 0, []
    for run_ in runs:
        later = {note.labels: note.macro_f1 for note in run_}
        for note in run_:
            gain, then = note.outlook.gain, later.get(note.labels + note.outlook.labels)
            if gain is not None and then is not None:
                told += 1
                held += gain.low <= then - note.macro_f1 <= gain.high
                widths.append(gain.high - gain.low)
    return told, held, statistics.fmean(widths) if widths else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--spam", type=float, nargs="*", default=[0.05, 0.12, 0.31])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--budget", type=int, default=500)
    given = parser.parse_args()
    began = time.process_time()
    sets = {given.data.stem: None} if given.data else {f"{s:.0%} spam": s for s in given.spam}
    print("| data | rule | said at (range) | never | share of full then (worst) |")
    print("|---|---|---|---|---|")
    told = []
    for name, share in sets.items():
        runs = []
        for seed in range(given.seeds):
            rows = read_labeled(given.data) if share is None else thinned(demo_mail(), share, seed)
            runs.append(notes(rows, seed, given.budget))
        for rule, says in RULES.items():
            firsts = [next((n for n in one if says(n.outlook)), None) for one in runs]
            reached = [note for note in firsts if note is not None]
            never = len(firsts) - len(reached)
            at, then = "-", "-"
            if reached:
                labels = sorted(note.labels for note in reached)
                at = f"{statistics.median(labels):.0f} ({labels[0]} to {labels[-1]})"
                shares = [note.score for note in reached]
                then = f"{statistics.fmean(shares):.3f} ({min(shares):.3f})"
            print(f"| {name} | {rule} | {at} | {never} of {len(firsts)} | {then} |", flush=True)
        count, held, width = forecasts(runs)
        share_held = f"{held / count:.0%}" if count else "-"
        told.append(f"{name}: {count} forecasts, {share_held} held, mean width {width:.2f}")
    print("\n" + "\n".join(told))
    print(f"\n{time.process_time() - began:.0f} CPU seconds")


if __name__ == "__main__":
    main()
