"""Where the SDK is weak, and the adapter is not: both are made to do the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from bridge.records import Item, LabelClass
from bridge.testing import batch_of, replay
from bridge_labelbox import LabelboxPlatform, LabelboxSettings
from tests_real.labelbox.shared import PLAIN, Shared

KEY = 'a "quoted" key'
TEXT = "a line\u2028and another, ünïcode 😀"


@pytest.fixture
def project(shared: Shared) -> Shared:
    shared.set_up({KEY: TEXT, "plain": "a text"})
    return shared


@pytest.fixture
def queued(project: Shared) -> Shared:
    project.person("queue", keys=[KEY, "plain"])
    return project


def platform(shared: Shared) -> LabelboxPlatform:
    return LabelboxPlatform(LabelboxSettings.model_validate(shared.settings))


def texts(shared: Shared) -> dict[str, str | None]:
    one = platform(shared)
    try:
        return {key: item.text for key, item in replay(one.pull(None))[0].items()}
    finally:
        one.close()


def test_too_many_requests(queued: Shared) -> None:
    limit = {"kind": "status", "on": "call", "status": 429, "retry_after": "1"}
    queued.fail(**limit)
    assert queued.person("look")["raised"] is not None  # no second try
    queued.fail(**limit)
    assert texts(queued)[KEY] == TEXT


def test_a_file_that_breaks_off(queued: Shared) -> None:
    queued.fail(kind="truncate", on="file")
    assert queued.person("export_rows")["raised"] is not None
    queued.fail(kind="truncate", on="file", times=3)
    assert texts(queued) == {KEY: TEXT, "plain": "a text"}


def test_a_key_with_quotes_gets_its_priority(queued: Shared) -> None:
    queued.person("prioritize", key=KEY)
    assert queued.person("read_back")["priorities"][KEY] == 5  # it never arrived
    one = platform(queued)
    schema = one.schema()
    entries = batch_of([Item(key=KEY, text=TEXT)], schema.names).items
    assert not one.rerank(entries, schema).refused
    one.close()
    assert queued.person("read_back")["priorities"][KEY] == -1_000_000


def test_a_moment_with_an_offset(shared: Shared) -> None:
    sent = shared.person("filters", since="2026-01-01T00:00:00+0530")["value"]
    assert sent == "2026-01-01T00:00:00+0000"  # five and a half hours too late: rows are missed


def test_a_status_file_with_a_line_separator(queued: Shared) -> None:
    """The SDK cuts NDJSON at U+2028 too, and joins the pieces with a comma."""
    (said,) = queued.person("pre_annotate", key="plain", name="no\u2028such")["said"]
    assert "no,such" in said
    one = platform(queued)
    schema = one.schema()
    classes = [LabelClass(id="no\u2028such", name=name) for name in schema.names]
    batch = batch_of([Item(key="plain", text="a text")], schema.names)
    report = one.push(batch, schema.model_copy(update={"classes": tuple(classes)}))
    one.close()
    assert ["no\u2028such" in refusal.why for refusal in report.refused] == [True]


PULL = """
import json, sys
from bridge_labelbox import LabelboxPlatform, LabelboxSettings
platform = LabelboxPlatform(LabelboxSettings.model_validate(json.loads(sys.argv[1])))
for page in platform.pull(None):
    assert not page.problems, page.problems
    for change in page.changes:
        print(json.dumps([change.key, change.item and change.item.text]))
"""


def test_a_computer_that_knows_ascii_alone(queued: Shared) -> None:
    assert queued.person("export_rows", locale="C")["raised"] == "UnicodeEncodeError"
    done = subprocess.run(
        [sys.executable, "-c", PULL, json.dumps(queued.settings)],
        env={"PATH": os.environ["PATH"], "LC_ALL": "C", **PLAIN},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [KEY, TEXT] in map(json.loads, done.stdout.splitlines())
