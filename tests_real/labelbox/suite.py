"""Labelbox's own integration tests, run against our emulator.

    python tests_real/labelbox/suite.py

``suite.toml`` says which files are run, and why anything is not. The run fails on a test that fails
without standing there, and as much on an entry that no longer holds. What came of it is written to
``results.json`` beside the SDK.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests_real.labelbox import sdk

TABLE = sdk.HERE / "suite.toml"
RESULTS = sdk.HOME / "results.json"
RECORD = sdk.HOME / "outcomes.json"
# Files of the suite that talk to a service; the others need none, and prove nothing here.
TALKING = ("tests/integration", "tests/data/annotation_import", "tests/data/export", "tests/data")
LIMIT_S = 540
TEST_LIMIT_S = 60


@dataclass(frozen=True)
class Entry:
    """Tests (``*`` stands for anything), the outcome that they have here, and why."""

    tests: tuple[str, ...]
    outcome: str
    why: str

    def covers(self, test: str) -> bool:
        """Tell whether the entry is about this test."""
        return any(_fits(pattern, test) for pattern in self.tests)


@dataclass(frozen=True)
class Table:
    """What ``suite.toml`` says."""

    run: tuple[str, ...]
    left_out: Mapping[str, str]
    entries: tuple[Entry, ...]


@dataclass
class Verdict:
    """What came of a run."""

    counts: Counter[str] = field(default_factory=Counter)
    files: dict[str, Counter[str]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    seconds: float = 0.0


def _fits(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text) is not None


def read_table() -> Table:
    """Read ``suite.toml``."""
    given = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return Table(
        run=tuple(given["run"]),
        left_out={file: group["why"] for group in given["left_out"] for file in group["files"]},
        entries=tuple(
            Entry(tuple(one["tests"]), one["outcome"], one["why"]) for one in given["expected"]
        ),
    )


def unaccounted(table: Table, files: Iterable[str]) -> list[str]:
    """Return a complaint for each file of the suite that the table lacks, and the reverse."""
    there, named = set(files), [*table.run, *table.left_out]
    twice = [file for file, count in Counter(named).items() if count > 1]
    return [
        *(f"{file}: neither run nor left out" for file in sorted(there - set(named))),
        *(f"{file}: in the table, not in the suite" for file in sorted(set(named) - there)),
        *(f"{file}: in the table twice" for file in twice),
    ]


def judge(table: Table, outcomes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Compare outcomes with the table; return a complaint for each difference."""
    complaints = []
    ran = [entry for entry in table.entries if entry.outcome != "deselected"]
    for test, told in outcomes.items():
        about = [entry for entry in ran if entry.covers(test)]
        wanted = about[0].outcome if about else "passed"
        if len(about) > 1:
            complaints.append(f"{test}: in the table more than once")
        if told["outcome"] != wanted:
            said = " ".join(told["why"].split())[-600:]
            complaints.append(f"{test}: {told['outcome']}, expected {wanted}. {said}")
    for entry in ran:
        complaints += [
            f"{pattern}: in the table, but no test has this name"
            for pattern in entry.tests
            if not any(_fits(pattern, test) for test in outcomes)
        ]
    return complaints


def talking_files(source: Path) -> list[str]:
    """Return the suite's test files that need a service, by their paths inside the suite."""
    found = {p for folder in TALKING[:3] for p in (source / folder).rglob("test_*.py")}
    found |= set((source / TALKING[3]).glob("test_*.py"))
    return sorted(str(path.relative_to(source)) for path in found)


def execute(table: Table, served: sdk.Served) -> dict[str, dict[str, Any]]:
    """Run the suite and return what became of each test."""
    RECORD.unlink(missing_ok=True)
    dropped = [t for e in table.entries if e.outcome == "deselected" for t in e.tests]
    command = [
        *(str(sdk.PYTHON), "-m", "pytest", "-q", "--tb=short", "--no-header"),
        *("-c", str(sdk.HERE / "suite.ini"), "--rootdir", "."),
        *("-p", "offline_plugin", "-p", "no:cacheprovider", f"--timeout={TEST_LIMIT_S}"),
        *(f"--deselect={test}" for test in dropped),
        *table.run,
    ]
    more = {"PYTHONPATH": str(sdk.HERE), "BRIDGE_SUITE_RECORD": str(RECORD)}
    done = subprocess.run(
        command,
        cwd=sdk.SOURCE,
        env=sdk.environment(served, **more),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if not RECORD.exists():
        raise SystemExit(f"The suite did not run.\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    outcomes: dict[str, dict[str, Any]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return outcomes


def check() -> Verdict:
    """Run everything and write the results."""
    sdk.install()
    table = read_table()
    verdict = Verdict(complaints=unaccounted(table, talking_files(sdk.SOURCE)))
    begun = time.monotonic()
    # Exports take a moment, as they do there: two tests watch one while it runs.
    with sdk.serving(export_s=0.6) as served:
        outcomes = execute(table, served)
    verdict.seconds = round(time.monotonic() - begun, 1)
    verdict.complaints += judge(table, outcomes)
    for test, told in outcomes.items():
        verdict.counts[told["outcome"]] += 1
        verdict.files.setdefault(test.split("::")[0], Counter())[told["outcome"]] += 1
    RESULTS.write_text(json.dumps(_results(table, verdict), indent=1) + "\n", encoding="utf-8")
    return verdict


def _results(table: Table, verdict: Verdict) -> dict[str, Any]:
    return {
        "sdk": sdk.VERSION,
        "seconds": verdict.seconds,
        "counts": dict(sorted(verdict.counts.items())),
        "files": {file: dict(sorted(c.items())) for file, c in sorted(verdict.files.items())},
        "expected": [
            {"tests": list(e.tests), "outcome": e.outcome, "why": e.why} for e in table.entries
        ],
        "left_out": dict(table.left_out),
        "complaints": verdict.complaints,
    }


def row(verdict: Verdict) -> str:
    """Return the line of a table of what was verified."""
    c = verdict.counts
    return (
        f"| Labelbox SDK {sdk.VERSION}, its own integration tests | {len(verdict.files)} files |"
        f" {c['passed']} passed | {c['failed']} failed as expected | {c['skipped']} skipped |"
    )


def main(arguments: Sequence[str] = ()) -> int:
    """Run, print, and return 1 where something differs from the table."""
    verdict = check()
    for complaint in verdict.complaints:
        print(f"- {complaint}")
    print(row(verdict))
    print(f"{verdict.seconds} s; results in {RESULTS}")
    return 1 if verdict.complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
