"""How a query is timed, the same in every environment; needs NumPy alone."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["WANTED", "Given", "report"]

WANTED = 100
LONG = 5.0  # seconds; a query that takes so long is not repeated
STRATEGIES = ("margin", "least confidence", "entropy", "diverse")


class Given:
    """What a cell is given: the matrix, and for a diverse batch the vectors."""

    def __init__(self) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("matrix", type=Path)
        parser.add_argument("--strategy", choices=STRATEGIES, required=True)
        parser.add_argument("--repeats", type=int, default=5)
        parsed = parser.parse_args()
        self.strategy: str = parsed.strategy
        self.repeats: int = parsed.repeats
        self.probabilities = np.array(np.load(parsed.matrix))
        self.rows = len(self.probabilities)
        vectors = parsed.matrix.with_name("vectors.npy")
        diverse = self.strategy == "diverse"
        self.vectors: Any = np.array(np.load(vectors)) if diverse else None


def report(
    query: Callable[[], Any] | None, given: Given, *, name: str | None = None, picks: int = WANTED
) -> None:
    """Time a query and print what was found as JSON; null where the library has no such query.

    Args:
        query: returns the places chosen.
        name: what the library calls it, where that is something else.
        picks: how many it must choose.
    """
    if query is None:
        print("null")
        return
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    seconds: list[float] = []
    for repeat in range(given.repeats + 1):
        began = time.process_time()
        chosen = np.asarray(query())
        seconds.append(time.process_time() - began)
        if len(np.unique(chosen)) != picks:
            raise ValueError(f"{len(np.unique(chosen))} items were chosen, not {picks}.")
        if seconds[0] > LONG:
            break
        if repeat == 0:
            seconds.clear()  # the first query imports
    grew = resident("VmHWM") - before
    found = {"seconds": seconds, "grew_mib": grew, "chosen": sorted(int(i) for i in chosen)}
    print(json.dumps(found | ({"name": name} if name else {})))


def resident(what: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition(f"{what}:")[2].split()[0]) / 1024
