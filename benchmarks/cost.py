"""Does it pay to ask for cheap items? Run: python benchmarks/cost.py

SpamAssassin mail at two shares of spam, annotators who read every word (5 s and 0.25 s a word, log-
normal noise of 0.4), batches of 10. Minutes of their time until the F1 of spam stays, for three
syncs in a row, at 90 and 95 % of the F1 that all labels give: with ``acquisition.cost`` off and on,
and asked at random. Median and range of the seeds; "times less" is off's time ÷ this one's, each
seed by itself.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

from timed_loop import LEVELS, Data, curve, data, reached, spread

from bridge.pace import Pace

WAYS: dict[str, dict[str, Any]] = {
    "off": {},
    "0.5": {"cost": "seconds", "cost_exponent": 0.5},
    "1": {"cost": "seconds", "cost_exponent": 1.0},
    "random": {"strategy": "random"},
}
Needed = dict[tuple[str, float], list[tuple[float, float] | None]]


def measure(mail: Data, given: argparse.Namespace, found: Needed) -> None:
    for way in given.ways:
        points = curve(
            mail,
            Pace(seed=mail.seed),
            acquisition=WAYS[way],
            depth=given.batch,
            at_once=given.batch,
            budget=given.budget,
            until=LEVELS[-1] * mail.full if way == "random" else None,
        )
        for level in LEVELS:
            at = reached(points, level * mail.full)
            found.setdefault((way, level), []).append(at and (at.seconds, at.answers))


def ratios(found: Needed, way: str, level: float) -> str:
    """Return off's time ÷ this way's; 0 where this way did not get there, inf where off did not."""
    each = sorted(
        (off[0] / ours[0] if off else inf) if ours else 0.0
        for ours, off in zip(found[way, level], found["off", level], strict=True)
        if ours or off
    )
    return f"{median(each):.2f} ({each[0]:.2f} to {each[-1]:.2f})" if each else "neither"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shares", type=float, nargs="*", default=[0.05, 0.31])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--budget", type=int, default=240, help="answers, except for random")
    parser.add_argument("--batch", type=int, default=10, help="answers between two syncs")
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS))
    given = parser.parse_args()
    began = time.process_time()
    print(
        "| spam | cost | min to 90 % | times less | answers | min to 95 % | times less | answers |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for share in given.shares:
        found: Needed = {}
        with tempfile.TemporaryDirectory() as scratch:
            for seed in range(given.seeds):
                measure(data(share, seed, Path(scratch)), given, found)
        for way in given.ways:
            cells = [f"{share:.0%}", way]
            for level in LEVELS:
                told = found[way, level]
                cells.append(spread([None if at is None else at[0] / 60 for at in told], 1))
                cells.append(ratios(found, way, level))
                cells.append(spread([None if at is None else at[1] for at in told]))
            print("| " + " | ".join(cells) + " |", flush=True)
    print(f"{time.process_time() - began:.0f} CPU seconds")


if __name__ == "__main__":
    main()
