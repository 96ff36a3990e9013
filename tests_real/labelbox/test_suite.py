"""Labelbox's own integration tests pass against our emulator, but for what ``suite.toml`` names."""

from __future__ import annotations

import pytest

from tests_real.labelbox import suite


@pytest.fixture(scope="module")
def table() -> suite.Table:
    return suite.read_table()


@pytest.mark.timeout(suite.LIMIT_S + 300)
def test_the_suite_of_labelbox_passes(capsys: pytest.CaptureFixture[str]) -> None:
    verdict = suite.check()
    with capsys.disabled():
        print(f"\n{suite.row(verdict)}")
    assert not verdict.complaints, "\n".join(verdict.complaints)


def _outcome(outcome: str) -> dict[str, str]:
    return {"outcome": outcome, "why": "because"}


def test_a_failure_that_is_not_in_the_table_is_told() -> None:
    table = suite.Table((), {}, (suite.Entry(("f::a[*]",), "failed", "why"),))
    known, new = {"f::a[x]": _outcome("failed")}, {"f::b": _outcome("failed")}
    assert suite.judge(table, known) == []
    assert suite.judge(table, known | new) == ["f::b: failed, expected passed. because"]


def test_an_entry_that_no_longer_holds_is_told() -> None:
    table = suite.Table((), {}, (suite.Entry(("f::a",), "failed", "why"),))
    assert "expected failed" in suite.judge(table, {"f::a": _outcome("passed")})[0]
    assert "no test has this name" in suite.judge(table, {})[0]


def test_a_file_that_nobody_decided_about_is_told(table: suite.Table) -> None:
    known = [*table.run, *table.left_out]
    assert suite.unaccounted(table, known) == []
    assert suite.unaccounted(table, [*known, "tests/integration/test_new.py"]) == [
        "tests/integration/test_new.py: neither run nor left out"
    ]
