"""Acquisition alone: score given probabilities, choose 100. Run: python benchmarks/query_speed.py

Everyone is given the same matrices of probabilities: 100,000 x 10, 1 million x 10, 1 million x 2,
float32. Asked are margin, least confidence, entropy, and a diverse batch of 20,000 items with
embeddings of 64 dimensions. Each cell is a process in the library's own environment. Told are CPU
seconds of the query (best and worst of the repeats, after a first one that imports), and by how
much the peak of resident memory grew above what it was before the first query, inputs not counted.

Each library is asked through the function that its loop asks: modAL's strategies with an estimator
that returns the given matrix, scikit-activeml's ``UncertaintySampling.query`` with a classifier
that does, small-text's ``QueryStrategy.query``; Bridge's ``best`` over chunks with a model that
does, and ``compose`` for a diverse batch. scikit-activeml insists on features beside the
probabilities, and checks them; it is given one column.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from peers.environments import HERE, python_of

SHAPES = ((100_000, 10), (1_000_000, 10), (1_000_000, 2))
DIVERSE = (20_000, 10)  # more takes some libraries hours
DIMENSIONS = 64
LIBRARIES = {
    "Bridge": ("speed_bridge", None),
    "modAL": ("speed_modal", "modal"),
    "scikit-activeml": ("speed_skactiveml", "skactiveml"),
    "small-text": ("speed_smalltext", "smalltext"),
}
STRATEGIES = ("margin", "least confidence", "entropy")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=list(LIBRARIES), default=list(LIBRARIES))
    parser.add_argument("--strategies", nargs="*", choices=STRATEGIES, default=list(STRATEGIES))
    parser.add_argument("--rows", nargs="*", type=int, help="only matrices of so many rows")
    parser.add_argument("--limit", type=int, default=600, help="CPU seconds a cell may take")
    given = parser.parse_args()
    print(
        "| matrix | strategy | library | CPU s, best | worst | peak grew, MiB | of Bridge's time |"
    )
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="bridge-query-") as scratch:
        asked = [(DIVERSE, "diverse"), *itertools.product(SHAPES, given.strategies)]
        for shape, strategy in asked:
            if given.rows is None or shape[0] in given.rows:
                compare(write_matrix(shape, Path(scratch)), shape, strategy, given)


def write_matrix(shape: tuple[int, int], folder: Path) -> Path:
    """Write probabilities as a model that has learned something would give them, and vectors."""
    path = folder / f"{shape[0]}x{shape[1]}.npy"
    if path.exists():
        return path
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, shape).astype(np.float32)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.save(path, powers / powers.sum(axis=1, keepdims=True))
    if shape == DIVERSE:
        centres = rng.normal(size=(50, DIMENSIONS))
        rows = centres[rng.integers(0, 50, shape[0])] + rng.normal(0, 0.5, (shape[0], DIMENSIONS))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        np.save(folder / "vectors.npy", rows.astype(np.float32))
    return path


def compare(matrix: Path, shape: tuple[int, int], strategy: str, given: argparse.Namespace) -> None:
    ours: float | None = None
    for library in given.only:
        found = measure(library, matrix, strategy, given)
        if found is None:
            continue
        label = f"| {shape[0]:,} x {shape[1]} | {found.get('name', strategy)} | {library} "
        if "failed" in found:
            print(f"{label}| {found['failed']} | | | |", flush=True)
            continue
        best, worst = min(found["seconds"]), max(found["seconds"])
        ours = best if library == "Bridge" else ours
        times = f"{best / ours:.1f}" if ours else ""
        print(
            f"{label}| {best:.3f} | {worst:.3f} | {found['grew_mib']:.0f} | {times} |", flush=True
        )


def measure(
    library: str, matrix: Path, strategy: str, given: argparse.Namespace
) -> dict[str, object] | None:
    """Return what a cell found; None where the library has no such strategy."""
    module, environment = LIBRARIES[library]
    command = [
        python_of(environment),
        *("-m", f"peers.{module}", matrix, "--strategy", strategy),
        *("--repeats", str(given.repeats)),
    ]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environ = os.environ | threads | {"PYTHONPATH": str(HERE.parent)}
    limit = (given.limit, given.limit)
    done = subprocess.run(
        command,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, limit),
    )
    if done.returncode in (-signal.SIGKILL, -signal.SIGXCPU):
        return {"failed": f"not done in {given.limit} CPU s"}
    if done.returncode:
        sys.exit(f"{library}, {strategy}: {done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
