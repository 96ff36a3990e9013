"""Write docs/verified.md: per platform, what was run against what, passed and skipped.

Run: python tests_real/verified.py [--only PLATFORM]

Each row is a selection of tests; a row that fails is written as such, and the command exits with
1. What a row gave is kept in .cache, so that one platform's rows can be run alone. Labelbox's own
tests are run by their own suite, whose counts are taken from the results that it leaves behind.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "verified.md"
KEPT = ROOT / ".cache" / "verified.json"
VENDOR = ROOT / ".cache" / "labelbox" / "results.json"


@dataclass(frozen=True)
class Row:
    """A selection of tests, and what they run against."""

    platform: str
    what: str
    against: str
    tests: tuple[str, ...]
    results: Path | None = None


ROWS = (
    Row(
        "Labelbox",
        "Labelbox's own integration tests",
        "our emulator",
        ("tests_real/labelbox/test_suite.py",),
        VENDOR,
    ),
    Row(
        "Labelbox",
        "Labelbox's own SDK and our adapter in one project",
        "our emulator",
        ("tests_real/labelbox/test_sdk_meets_adapter.py",),
    ),
    Row(
        "Labelbox",
        "where the SDK is weak, side by side; a gigabyte in little memory",
        "Labelbox's own SDK, our emulator",
        ("tests_real/labelbox/test_better_than_sdk.py", "tests_real/labelbox/test_memory.py"),
    ),
    Row(
        "Labelbox",
        "the conformance suite",
        "our emulator, real sockets",
        ("tests/test_labelbox_conformance.py",),
    ),
    Row(
        "Labelbox",
        "the loop, faults, formats",
        "our emulator, real sockets",
        (
            "tests/test_loop_labelbox.py",
            "tests/test_labelbox_loop.py",
            "tests/test_labelbox_story.py",
            "tests/test_labelbox_client.py",
            "tests/test_labelbox_wire.py",
            "tests/test_bad_input.py",
        ),
    ),
    Row(
        "Label Studio",
        "the conformance suite",
        "a real server, 1.23.2",
        ("tests_real/labelstudio/test_conformance.py",),
    ),
    Row(
        "Label Studio",
        "the loop with three annotators; what the adapter relies on",
        "a real server, 1.23.2",
        ("tests_real/labelstudio/test_loop.py", "tests_real/labelstudio/test_server.py"),
    ),
    Row(
        "Label Studio",
        "2,000 mails, three annotators, five syncs; what a person sees",
        "a real server, 1.23.2, and headless Chromium",
        ("tests_real/labelstudio/test_big_loop.py", "tests_real/labelstudio/test_page.py"),
    ),
    Row(
        "Prodigy",
        "hashes",
        "vectors from published exports",
        ("tests/test_prodigy_hashes.py",),
    ),
    Row(
        "Prodigy",
        "the conformance suite",
        "our stand-in, SQLite",
        ("tests/test_prodigy_conformance.py",),
    ),
    Row(
        "Prodigy",
        "the conformance suite, and read-only access",
        "our stand-in, a real PostgreSQL 15 server",
        ("tests/test_prodigy_postgres.py",),
    ),
    Row(
        "Prodigy",
        "the loop, the recipe, formats",
        "our stand-in",
        (
            "tests/test_loop_prodigy.py",
            "tests/test_prodigy_loop.py",
            "tests/test_prodigy_recipe.py",
            "tests/test_prodigy_answers.py",
            "tests/test_prodigy_shapes.py",
            "tests/test_prodigy_killed.py",
        ),
    ),
)

HEAD = """# What was verified against what

Written by `python tests_real/verified.py`, which ran every test that it counts. An emulator or
stand-in is ours, made from public facts; where the vendor's own software can be had, it was used.

| platform | what | against | passed | skipped |
|---|---|---|---|---|
"""


def run(row: Row) -> tuple[int, int, int]:
    """Run a row's tests; return how many passed, were skipped, and failed."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *row.tests, f"--junitxml={report}"],
            cwd=ROOT,
            check=False,
            stdout=sys.stderr,
        )
        if not report.exists():
            return 0, 0, 1
        suite = ElementTree.parse(report).getroot()[0].attrib
    failed = int(suite["failures"]) + int(suite["errors"])
    skipped = int(suite["skipped"])
    passed = int(suite["tests"]) - failed - skipped
    if row.results is not None and not failed:
        counts = json.loads(row.results.read_text(encoding="utf-8"))["counts"]
        # What cannot pass stands, with its reason, in the table beside that suite.
        return counts["passed"], counts.get("skipped", 0) + counts.get("failed", 0), 0
    return passed, skipped, failed


def line(row: Row, passed: int, skipped: int, failed: int) -> str:
    """Return a row as the page shows it."""
    said = f"{passed}, **{failed} failed**" if failed else str(passed)
    return f"| {row.platform} | {row.what} | {row.against} | {said} | {skipped} |"


def main() -> None:
    """Run the rows and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="run the rows whose platform or text this is part of")
    only = parser.parse_args().only or ""
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    for row in ROWS:
        if only in f"{row.platform} {row.what}":
            kept[" ".join(row.tests)] = run(row)
            print(line(row, *kept[" ".join(row.tests)]), flush=True)
            KEPT.parent.mkdir(exist_ok=True)
            KEPT.write_text(json.dumps(kept), encoding="utf-8")
    lines = [line(row, *kept[name]) for row in ROWS if (name := " ".join(row.tests)) in kept]
    PAGE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    raise SystemExit(any(failed for _, _, failed in kept.values()))


if __name__ == "__main__":
    main()
