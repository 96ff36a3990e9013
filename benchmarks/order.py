"""In which order should a queue be asked? Run: python benchmarks/order.py

SpamAssassin mail; 50 items are queued, people answer some from the top, then comes the next sync:
10 (syncs come often) or all 50. Annotators read every word (5 s and 0.25 s a word, log-normal noise
of 0.4), but a word that stood in the mail before takes them a third of that: so it is assumed, and
it is why ``grouped`` could pay. Answers and minutes until the F1 of spam stays, for three syncs in
a row, at 90 and 95 % of the F1 that all labels give; seconds an answer. Median and range of seeds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from timed_loop import LEVELS, Data, curve, data, reached, spread

from bridge.acquisition.order import Order
from bridge.pace import Pace


def measured(
    mails: Sequence[Data], order: str, answered: int, given: argparse.Namespace
) -> list[str]:
    curves = [
        curve(
            mail,
            Pace(seed=mail.seed, repeated=given.repeated),
            acquisition={"diversity": given.diversity},
            order=order,
            depth=50,
            at_once=answered,
            budget=given.budget,
        )
        for mail in mails
    ]
    row = [str(answered), order]
    for level in LEVELS:
        at = [reached(points, level * m.full) for points, m in zip(curves, mails, strict=True)]
        row.append(spread([point and point.answers for point in at]))
        row.append(spread([point and point.seconds / 60 for point in at]))
    each = [points[-1].seconds / points[-1].answers for points in curves]
    return [*row, spread(each, 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shares", type=float, nargs="*", default=[0.05, 0.31])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--answered", type=int, nargs="*", default=[10, 50])
    parser.add_argument("--budget", type=int, default=250)
    parser.add_argument("--repeated", type=float, default=2 / 3)
    parser.add_argument("--diversity", default="on", choices=["on", "off"])
    given = parser.parse_args()
    began = time.process_time()
    print(
        "| spam | answered of 50 | order | answers to 90 % | minutes | answers to 95 % | minutes "
        "| seconds an answer |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for share in given.shares:
        with tempfile.TemporaryDirectory() as scratch:
            mails = [data(share, seed, Path(scratch)) for seed in range(given.seeds)]
            for answered in given.answered:
                for order in get_args(Order):
                    row = measured(mails, order, answered, given)
                    print("| " + " | ".join([f"{share:.0%}", *row]) + " |", flush=True)
    print(f"{time.process_time() - began:.0f} CPU seconds")


if __name__ == "__main__":
    main()
