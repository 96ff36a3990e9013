"""How many labels does each way of choosing need? Run: python benchmarks/label_efficiency.py

Bridge's real loop (store, acquisition, learner; an oracle instead of the platform) next to random
labels and to the strategies of modAL, scikit-activeml and small-text, on the same splits and seeds:
stratified 70/30, the test part is never asked, some random labels first, then batches. Data: the
shipped mail as it is (31 % spam), thinned to 5 % and to 1 %, the digits of scikit-learn, and any
JSONL of ``key``, ``text`` and ``label`` that --data names.

The learner of all contenders weighs classes alike. Random and the libraries have what a team would
write: TF-IDF of 30,000 words and logistic regression, C = 10; on digits everyone has logistic
regression on the pixels. scikit-activeml takes no sparse input, see ``peers/skactiveml.py``.

A level is reached when three evaluations in a row reach it, as a share of the F1 that the
contender's own learner has when it knows the whole pool. F1 is that of the rarer of two classes,
or macro-F1. The tables tell labels to 90, 95 and 98 % of that (median of the seeds, and range); how
many times fewer than random with the same learner, and than the usual script at random (at 95 %,
paired by seed; "never" got there; "same goal": both to 95 % of the script's full F1); the mean F1
up to 200 and 400 labels; where there are two classes, how many of the rarer were found in 200
labels, and the average precision then. With them come curves.csv, every evaluation, and
summary.csv, every measure of every seed.

Each (data set, contender, seed) is a cell: a process of its own, in an environment of
its own under .cache/peers, and a CSV file, which is kept. --again runs cells anew.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from peers.datasets import BUILT_IN, prepare, read
from peers.environments import CACHE, HERE, python_of
from peers.summary import Cell, load_cell, table, write_csv, write_summary

MEMORY = Path("/dev/shm")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Contender:
    """Who takes part.

    Attributes:
        module: of ``peers``, what is run.
        environment: whose Python runs it; None is the one that runs this.
        encoder: the environment that its encoder needs besides.
        own_goal: it has a learner of its own, and says what that reaches with the whole pool.
    """

    title: str
    module: str
    strategy: str
    environment: str | None = None
    encoder: str | None = None
    own_goal: bool = False


CONTENDERS = {
    "bridge": Contender("Bridge", "bridges", "loop", own_goal=True),
    "bridge-acquisition": Contender("Bridge, no hold-out", "bridges", "acquisition", own_goal=True),
    **{
        f"bridge-{way}": Contender(
            f"Bridge, {way.replace('-', ' ')}", "bridges", way, own_goal=True
        )
        for way in (
            "no-directions",
            "most-probable",
            "no-novelty",
            "no-diversity",
            "entropy",
            "committee",
            "key-words",
            "key-words-without-hold-out",
        )
    },
    "random-bridge": Contender("random, Bridge's learner", "bridges", "random", own_goal=True),
    "bridge-minilm": Contender(
        "Bridge, MiniLM", "bridges", "minilm", own_goal=True, encoder="minilm"
    ),
    "random-minilm": Contender(
        "random, Bridge's learner, MiniLM",
        "bridges",
        "minilm-random",
        own_goal=True,
        encoder="minilm",
    ),
    "random-usual": Contender("random, usual script", "usual", "random", own_goal=True),
    "modal-margin": Contender("modAL margin", "modal", "margin", "modal"),
    "modal-uncertainty": Contender("modAL uncertainty", "modal", "uncertainty", "modal"),
    "modal-entropy": Contender("modAL entropy", "modal", "entropy", "modal"),
    "modal-ranked": Contender("modAL ranked batch", "modal", "ranked", "modal"),
    "skactiveml-margin": Contender("scikit-activeml margin", "skactiveml", "margin", "skactiveml"),
    "skactiveml-badge": Contender("scikit-activeml BADGE", "skactiveml", "badge", "skactiveml"),
    "skactiveml-typiclust": Contender(
        "scikit-activeml TypiClust", "skactiveml", "typiclust", "skactiveml"
    ),
    "smalltext-ties": Contender("small-text BreakingTies", "smalltext", "ties", "smalltext"),
    "smalltext-entropy": Contender("small-text entropy", "smalltext", "entropy", "smalltext"),
    "smalltext-coreset": Contender(
        "small-text LightweightCoreset", "smalltext", "coreset", "smalltext"
    ),
}
USUAL = (  # uncertainty and entropy are margin on two classes; ranked takes minutes on text
    "bridge",
    "bridge-acquisition",
    "random-bridge",
    "random-usual",
    "modal-margin",
    "smalltext-ties",
    "skactiveml-margin",
    "skactiveml-badge",
    "smalltext-coreset",
)


@dataclass(frozen=True)
class Job:
    dataset: str
    name: str
    seed: int
    split: Path
    out: Path
    goal: Path


def main() -> None:
    given = arguments()
    rows = [read(name) for name in given.datasets]
    rows += [read(path.name.partition(".")[0], path) for path in given.data]
    root = given.cache / "cells" / f"batches-of-{given.batch}"
    jobs = [
        Job(
            dataset=one.name,
            name=name,
            seed=seed,
            split=prepare(one, seed, given.cache / "splits"),
            out=root / one.folder / name / f"{seed}.csv",
            goal=root / one.folder / "usual-full" / f"{seed}.csv",
        )
        for seed in given.seeds
        for one in rows
        for name in given.only
    ]
    for job in jobs if given.again else ():
        job.out.unlink(missing_ok=True)
    contenders = [CONTENDERS[name] for name in given.only]
    for environment in {c.environment for c in contenders} | {c.encoder for c in contenders}:
        python_of(environment)
    with ThreadPoolExecutor(given.jobs) as threads:
        waiting = [threads.submit(play, job, given) for job in jobs]
        failed = [done.exception() for done in waiting if done.exception() is not None]
    cells = list(played(jobs))
    given.out.mkdir(parents=True, exist_ok=True)
    write_csv(cells, given.out / "curves.csv")
    write_summary(cells, given.out / "summary.csv")
    titles = {name: contender.title for name, contender in CONTENDERS.items()}
    shown = table(cells, titles)
    (given.out / "table.md").write_text(shown)
    print(shown)
    if given.picture:
        from peers.picture import draw

        draw(cells, titles, given.picture, given.budget)
    for error in failed:
        print(error, file=sys.stderr)
    sys.exit(bool(failed))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--datasets", nargs="*", choices=BUILT_IN, default=list(BUILT_IN))
    parser.add_argument("--data", nargs="*", type=Path, default=[], help="further JSONL files")
    parser.add_argument("--only", nargs="+", choices=list(CONTENDERS), default=list(USUAL))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(5)))
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--budget", type=int, default=400, help="labels; random goes on")
    parser.add_argument("--stop-random", action="store_true", help="random ends at the budget, too")
    parser.add_argument("--jobs", type=int, default=2, help="cells at a time")
    parser.add_argument("--again", action="store_true", help="run cells anew that are there")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where splits and cells are")
    parser.add_argument("--out", type=Path, default=CACHE / "results")
    parser.add_argument("--picture", type=Path, help="draw the curves into this SVG or PNG")
    return parser.parse_args()


def play(job: Job, given: argparse.Namespace) -> None:
    """Run one cell, unless it is there, and the goal of its learner.

    Raises:
        RuntimeError: the contender failed; says with what.
    """
    contender = CONTENDERS[job.name]
    if not contender.own_goal and not job.goal.exists():
        spawn(Contender("", "usual", "full"), job.split, job.goal, given)
    if complete(job.out, given.budget, job.split):
        return
    print(f"{job.dataset} {job.name} {job.seed}", file=sys.stderr, flush=True)
    spawn(contender, job.split, job.out, given)


def complete(cell: Path, budget: int, split: Path) -> bool:
    """Whether a cell has been played as far as the budget goes."""
    if not cell.exists():
        return False
    size = json.loads((split / "facts.json").read_text())["pool"]
    return load_cell(cell, "", "", 0).labels[-1] >= min(budget, size)


def spawn(contender: Contender, split: Path, out: Path, given: argparse.Namespace) -> None:
    command = [
        python_of(contender.environment),
        *("-m", f"peers.{contender.module}", split, out, "--strategy", contender.strategy),
        *("--batch", str(given.batch), "--budget", str(given.budget)),
        *(["--stop-random"] if given.stop_random else []),
    ]
    one_thread = dict.fromkeys(THREADS, "1")  # several at once, and sums in one order
    environ = os.environ | one_thread | {"PYTHONPATH": str(HERE.parent)}
    if MEMORY.is_dir():
        environ["TMPDIR"] = str(MEMORY)  # the scratch stores of a hundred loops; nothing to keep
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{out}: exit status {done.returncode}\n{done.stderr[-3000:]}")


def played(jobs: list[Job]) -> Iterator[Cell]:
    for job in jobs:
        if job.out.exists():
            goal = None if CONTENDERS[job.name].own_goal else job.goal
            yield load_cell(job.out, job.dataset, job.name, job.seed, goal)


if __name__ == "__main__":
    main()
