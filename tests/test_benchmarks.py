"""The benchmarks start: what they import of Bridge is there, and they say what they do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = sorted(
    path
    for path in (ROOT / "benchmarks").glob("*.py")
    if "argparse.ArgumentParser(" in path.read_text(encoding="utf-8")
)


def test_there_are_programs() -> None:
    assert len(PROGRAMS) > 12


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_it_starts_and_says_what_it_does(program: Path) -> None:
    as_module = "-m benchmarks." in program.read_text(encoding="utf-8")
    named = ["-m", f"benchmarks.{program.stem}"] if as_module else [str(program)]
    ran = subprocess.run(
        [sys.executable, *named, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "usage:" in ran.stdout
    assert len(ran.stdout) > 200
