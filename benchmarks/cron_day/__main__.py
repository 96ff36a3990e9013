"""Run the day and say what happened."""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import benchmarks.cron_day as about
from benchmarks.cron_day.day import Day
from benchmarks.cron_day.proof import broken_promises


def main() -> None:
    parser = argparse.ArgumentParser(description=about.__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=5, help="minutes between two syncs")
    parser.add_argument("--rough", type=float, default=0.5, help="share of ticks with a fault")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bridge-cron-day-"))
    began = time.perf_counter()
    day = Day(folder, seed=given.seed, rough=given.rough, every=given.every)
    try:
        day.live(given.hours)
        broken = broken_promises(day)
        tell(day, time.perf_counter() - began)
    finally:
        day.stop()
    for line in broken:
        print(f"BROKEN: {line}")
    if broken:
        raise SystemExit(f"{len(broken)} promises were broken; see {folder}")
    print("\nevery promise was kept")
    shutil.rmtree(folder)


def tell(day: Day, seconds: float) -> None:
    """Print what happened, as a table."""
    with closing(sqlite3.connect(day.folder / ".bridge" / "state.db")) as store:
        models = dict(store.execute("SELECT status, count(*) FROM models GROUP BY status"))
        labels, items = (
            store.execute(f"SELECT count(*) FROM {what}").fetchone()[0]  # noqa: S608
            for what in ("annotations WHERE NOT deleted", "items WHERE NOT removed")
        )
    codes = Counter(run.code for run in day.runs)
    rows = {
        **{f"runs that ended with {code}": number for code, number in sorted(codes.items())},
        **dict(sorted(day.happened.items())),
        **{f"platform faults: {kind}": n for kind, n in Counter(day.emulator.faults.fired).items()},
        **{f"people: {what}": number for what, number in sorted(day.team.did.items())},
        **{f"models {status}": number for status, number in sorted(models.items())},
        "answers in the store": labels,
        "items in the store": items,
    }
    print(f"{seconds:.0f} s\n\n| what | number |\n|---|---|")
    for name, number in rows.items():
        print(f"| {name} | {number} |")


if __name__ == "__main__":
    main()
