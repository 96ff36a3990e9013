"""What curves come to: labels to a level, ratios paired by seed, areas; tables of them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf, isnan, nan
from pathlib import Path
from statistics import median

import numpy as np

__all__ = [
    "LEVELS",
    "Cell",
    "area",
    "at",
    "load_cell",
    "ratios",
    "reached",
    "table",
    "write_csv",
    "write_summary",
]

LEVELS = (0.90, 0.95, 0.98)
RATIO_AT = 0.95  # the level that the tables tell ratios of
IN_A_ROW = 3
BASELINES = {"own": "random-bridge", "usual": "random-usual"}


@dataclass(frozen=True)
class Cell:
    """One contender on one split.

    Attributes:
        full: F1 of its learner when it knows the whole pool.
        size: labels of the whole pool.
        labels, f1, ap, found: after each batch, labels ascending.
    """

    dataset: str
    name: str
    seed: int
    full: float
    size: int
    labels: tuple[int, ...]
    f1: tuple[float, ...]
    ap: tuple[float, ...]
    found: tuple[int, ...]


def load_cell(path: Path, dataset: str, name: str, seed: int, goal: Path | None = None) -> Cell:
    """Read a cell; its goal is its own, or else that of the learner it shares."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    steps = [row for row in rows if row["kind"] == "loop"]
    goals = [row for row in rows if row["kind"] == "full"]
    if not goals and goal is not None:
        with goal.open(newline="") as file:
            goals = list(csv.DictReader(file))
    return Cell(
        dataset,
        name,
        seed,
        full=float(goals[0]["f1"]) if goals else nan,
        size=int(goals[0]["labels"]) if goals else 0,
        labels=tuple(int(row["labels"]) for row in steps),
        f1=tuple(float(row["f1"]) for row in steps),
        ap=tuple(float(row["average_precision"]) for row in steps),
        found=tuple(int(row["found"]) for row in steps),
    )


def reached(cell: Cell, level: float) -> float:
    """Return the labels from which three evaluations in a row reach a level; inf if none do.

    The last evaluation stands for those after it where the whole pool is labeled.
    """
    good = [score >= level * cell.full for score in cell.f1]
    if cell.labels and cell.labels[-1] >= cell.size:
        good += [good[-1]] * (IN_A_ROW - 1)
    for place, labels in enumerate(cell.labels):
        if len(good) >= place + IN_A_ROW and all(good[place : place + IN_A_ROW]):
            return labels
    return inf


def area(cell: Cell, upto: int) -> float:
    """Return the mean F1 from no label (where it is 0) to ``upto``; lines join the evaluations."""
    if not cell.labels or cell.labels[-1] < upto:
        return nan
    grid = np.arange(upto + 1)
    return float(np.trapezoid(np.interp(grid, (0, *cell.labels), (0.0, *cell.f1)), grid) / upto)


def at(cell: Cell, values: Sequence[float], labels: int) -> float:
    """Return what was measured at the last evaluation with no more than ``labels``."""
    known = [value for count, value in zip(cell.labels, values, strict=True) if count <= labels]
    return known[-1] if known else nan


def ratios(cells: Iterable[Cell], random: Iterable[Cell], level: float) -> list[float]:
    """Return random's labels / a contender's on each seed both have; 0 where it never got there.

    Where random itself did not, it counts with all labels it was given: a lower bound.
    """
    theirs = {cell.seed: cell for cell in random}
    found = []
    for cell in cells:
        if cell.seed in theirs:
            other = theirs[cell.seed]
            given = min(reached(other, level), other.labels[-1])
            found.append(given / reached(cell, level))
    return found


def write_csv(cells: Iterable[Cell], path: Path) -> None:
    """Write every evaluation of every cell as one row."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                "dataset",
                "contender",
                "seed",
                "labels",
                "f1",
                "average_precision",
                "found",
                "full_f1",
            ]
        )
        for cell in cells:
            for row in zip(cell.labels, cell.f1, cell.ap, cell.found, strict=True):
                writer.writerow([cell.dataset, cell.name, cell.seed, *row, cell.full])


def write_summary(cells: Sequence[Cell], path: Path) -> None:
    """Write all measures of each cell as one row; ratios are against random on the same seed."""
    names = [f"{level:.0%}" for level in LEVELS]
    head = ["dataset", "contender", "seed", "full_f1", *(f"labels_{name}" for name in names)]
    for baseline in BASELINES.values():
        head += [f"{baseline}_times_{name}" for name in names]
    head += ["area_200", "area_400", "found_200", "ap_200"]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for cell in cells:
            row: list[object] = [cell.dataset, cell.name, cell.seed, cell.full]
            row += [reached(cell, level) for level in LEVELS]
            for name in BASELINES.values():
                random = [c for c in cells if (c.dataset, c.name) == (cell.dataset, name)]
                for level in LEVELS:
                    row += [f"{x:.2f}" for x in ratios([cell], random, level)] or [""]
            row += [f"{area(cell, upto):.4f}" for upto in (200, 400)]
            row += [at(cell, cell.found, 200), at(cell, cell.ap, 200)]
            writer.writerow(row)


def table(cells: Sequence[Cell], titles: dict[str, str]) -> str:
    """Return a Markdown table for each data set; medians, and ranges of the seeds in brackets."""
    parts = []
    for dataset in dict.fromkeys(cell.dataset for cell in cells):
        here = [cell for cell in cells if cell.dataset == dataset]
        parts.append(_table(dataset, here, titles))
    return "\n".join(parts)


def _table(dataset: str, cells: Sequence[Cell], titles: dict[str, str]) -> str:
    binary = any(not isnan(value) for cell in cells for value in cell.ap)
    head = [dataset, "full F1", *(f"{level:.0%}" for level in LEVELS)]
    head += ["× random", "× usual", "× usual, same goal", "area 200", "area 400"]
    head += ["found", "AP"] if binary else []
    lines = [_line(head), "|" + "---|" * len(head)]
    by_name = {
        name: [cell for cell in cells if cell.name == name]
        for name in dict.fromkeys(cell.name for cell in cells)
    }
    for name, some in by_name.items():
        own = by_name.get(BASELINES["own" if "bridge" in name else "usual"], [])
        usual = by_name.get(BASELINES["usual"], [])
        row = [f"{titles.get(name, name)} ({len(some)})", _mean([cell.full for cell in some])]
        row += [_labels([reached(cell, level) for cell in some]) for level in LEVELS]
        row += [_ratio(ratios(some, random, RATIO_AT)) for random in (own, usual)]
        row.append(_ratio(ratios(_same_goal(some, usual), usual, RATIO_AT)))
        row += [_mean([area(cell, upto) for cell in some]) for upto in (200, 400)]
        if binary:
            row.append(_middle([at(cell, cell.found, 200) for cell in some]))
            row.append(_mean([at(cell, cell.ap, 200) for cell in some]))
        lines.append(_line(row))
    return "\n".join(lines) + "\n"


def _same_goal(cells: Iterable[Cell], usual: Iterable[Cell]) -> list[Cell]:
    """Return cells whose goal is that of the usual script on the same split."""
    goals = {cell.seed: cell.full for cell in usual}
    return [replace(cell, full=goals[cell.seed]) for cell in cells if cell.seed in goals]


def _line(fields: Iterable[str]) -> str:
    return "| " + " | ".join(fields) + " |"


def _mean(values: Sequence[float]) -> str:
    known = [value for value in values if not isnan(value)]
    return f"{np.mean(known):.3f}" if known else ""


def _middle(values: Sequence[float]) -> str:
    return f"{median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


def _labels(values: Sequence[float]) -> str:
    names = ["never" if value == inf else f"{value:,.0f}" for value in sorted(values)]
    middle = median(values)
    shown = "never" if middle == inf else f"{middle:,.0f}"
    return f"{shown} ({names[0]} to {names[-1]})" if names[0] != names[-1] else shown


def _ratio(values: Sequence[float]) -> str:
    if not values:
        return ""
    low, middle, high = min(values), median(values), max(values)
    shown = ["never" if value == 0 else f"{value:.1f}" for value in (middle, low, high)]
    return f"{shown[0]} ({shown[1]} to {shown[2]})" if low != high else shown[0]
