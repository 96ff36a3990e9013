"""Push when Label Studio drops, doubles, refuses or loses something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from responses import RequestsMock

import labelstudio_wire as ls
from bridge.errors import AuthError, PlatformError, Unreachable
from bridge.records import Batch, Item
from bridge.testing import batch_of
from bridge_labelstudio.push import SAMPLING

CLASSES = ("ham", "no", "späm")
ROOT = f"/api/projects/{ls.PROJECT}/"
IMPORT = f"POST {ROOT}import/predictions"
DELETE = f"DELETE {ROOT}model-versions/"
SWITCH = f"PATCH {ROOT}"


@pytest.fixture
def wire() -> Iterator[ls.Wire]:
    with RequestsMock(assert_all_requests_are_fired=False) as web:
        made = ls.Wire(web)
        made.add("a", "b", "c", "d")
        yield made


def batch(*keys: str, **more: Any) -> Batch:
    return batch_of([Item(key=key, text=f"text of {key}") for key in keys], CLASSES, **more)


def push(made: Batch, **more: Any):
    platform = ls.platform(**more)
    return platform.push(made, platform.schema())


def rerank(made: Batch, **more: Any):
    platform = ls.platform(**more)
    return platform.rerank(made.items, platform.schema())


def order(wire: ls.Wire) -> list[int]:
    return [task for task, _ in wire.shown()]


# ----------------------------------------------------------------------------------------- as usual


def test_one_import_then_one_switch(wire: ls.Wire) -> None:
    report = push(batch("c", "a", "b"))
    assert (report.accepted, report.pre_annotated, report.refused) == (3, 2, ())
    assert wire.writes() == [IMPORT, SWITCH]
    shown = [(task, [r["value"]["choices"] for r in result]) for task, result in wire.shown()]
    # The last one is of the hold-out: it needs its place, and shows nothing.
    assert shown == [(3, [["ham"]]), (1, [["no"]]), (2, [])]
    assert wire.project["sampling"] == SAMPLING


def test_scores_are_distinct_and_in_range(wire: ls.Wire) -> None:
    push(batch("c", "a"))
    push(batch("b", "d"))
    version = wire.project["model_version"]
    scores = [p["score"] for p in wire.predictions if p["model_version"] == version]
    assert len(set(scores)) == 4
    assert all(0 <= score <= 1 for score in scores)


def test_what_waits_is_carried_over_and_what_is_answered_is_not(wire: ls.Wire) -> None:
    push(batch("c", "a"))
    wire.tasks[1] |= {"is_labeled": True, "total_annotations": 1}
    push(batch("d", "b"))
    assert order(wire) == [3, 4, 2]


def test_a_repeat_writes_nothing(wire: ls.Wire) -> None:
    made = batch("c", "a", "b")
    push(made)
    push(batch("d"))  # now the ranks of the first are others
    wire.calls.clear()
    assert push(made).accepted == 3
    assert wire.writes() == []


def test_items_without_pre_annotations(wire: ls.Wire) -> None:
    report = push(batch("c", "a"), pre_annotate=False)
    assert (report.accepted, report.pre_annotated) == (2, 0)
    assert [result for _, result in wire.shown()] == [[], []]


def test_rerank_drops_what_it_does_not_name(wire: ls.Wire) -> None:
    push(batch("c", "a", "b"))
    rerank(batch("b", "c"))
    assert order(wire) == [2, 3]


def test_keys_that_are_no_tasks_are_refused(wire: ls.Wire) -> None:
    report = push(batch("c", "gone", "task-99"))
    assert {r.key for r in report.refused if r.fatal} == {"gone", "task-99"}
    assert report.accepted == 1


def test_tasks_without_key_are_found_by_their_number(wire: ls.Wire) -> None:
    wire.tasks[2]["data"] = {"text": "no key"}
    assert push(batch("task-2")).accepted == 1
    assert order(wire) == [2]


def test_a_class_that_the_interface_lost(wire: ls.Wire) -> None:
    labels = ["no", "späm"]
    wire.project["parsed_label_config"] = {"kind": ls.control("Choices", labels)}
    report = push(batch("c", "a"))
    assert [(r.key, r.fatal) for r in report.refused] == [("c", False)]
    assert (report.accepted, report.pre_annotated) == (2, 1)


# ----------------------------------------------------------------------------------- when it breaks


def test_a_version_that_was_made_but_not_switched_to(wire: ls.Wire) -> None:
    made = batch("c", "a")
    wire.overrides[SWITCH] = lambda request: ls.reply({}, 403)
    with pytest.raises(AuthError):
        push(made)
    del wire.overrides[SWITCH]
    wire.calls.clear()
    push(made)
    assert wire.writes() == [SWITCH]
    assert order(wire) == [3, 1]


def test_dropped_pre_annotations_are_named_and_their_items_queued(wire: ls.Wire) -> None:
    keep = wire.take
    wire.take = lambda rows: keep([r for r in rows if r["task"] != 1 or not r["result"]])
    report = push(batch("c", "a", "b"))
    assert [(r.key, r.fatal) for r in report.refused] == [("a", False)]
    assert (report.accepted, report.pre_annotated) == (3, 1)
    assert order(wire) == [3, 1, 2]


def test_dropped_items_are_named(wire: ls.Wire) -> None:
    keep = wire.take
    wire.take = lambda rows: keep([r for r in rows if r["task"] != 1])
    report = push(batch("c", "a", "b"))
    assert [(r.key, r.fatal) for r in report.refused] == [("a", True)]
    assert report.accepted == 2
    assert order(wire) == [3, 2]


def test_a_task_that_is_deleted_between_looking_and_writing(wire: ls.Wire) -> None:
    def refuse(request: requests.PreparedRequest) -> ls.Reply:
        del wire.overrides[IMPORT]
        del wire.tasks[1]
        return ls.reply({"detail": 'invalid "task" field'}, 400)

    wire.overrides[IMPORT] = refuse
    report = push(batch("c", "a", "b"))
    assert [(r.key, r.fatal) for r in report.refused] == [("a", True)]
    assert order(wire) == [3, 2]


def test_an_import_that_is_refused_for_good(wire: ls.Wire) -> None:
    wire.overrides[IMPORT] = lambda request: ls.reply({"detail": "no"}, 400)
    with pytest.raises(PlatformError, match="refused"):
        push(batch("c"))
    assert wire.calls.count(IMPORT) == 3


def test_a_lost_answer_is_looked_for(wire: ls.Wire) -> None:
    keep = wire.take

    def lose(rows: list[dict[str, Any]]) -> int:
        keep(rows)
        raise requests.ConnectionError("lost")

    wire.take = lose
    assert push(batch("c", "a")).accepted == 2
    assert order(wire) == [3, 1]
    assert wire.calls.count(IMPORT) == 1


def test_an_import_of_which_nothing_is_known_is_not_repeated_at_once(wire: ls.Wire) -> None:
    def fail(rows: list[dict[str, Any]]) -> int:
        raise requests.ConnectionError("lost")

    wire.take = fail
    with pytest.raises(Unreachable):
        push(batch("c", "a"), settle_s=5)
    assert wire.calls.count(IMPORT) == 1
    assert wire.project["model_version"] == ""


@pytest.mark.parametrize("when", [IMPORT, f"GET {ROOT}model-versions/", SWITCH, "afterwards"])
def test_an_import_that_is_executed_late_doubles_nothing(wire: ls.Wire, when: str) -> None:
    """It was given up as lost, and is executed in the middle of the next run, or after it."""
    keep, late = wire.take, []

    def fail(rows: list[dict[str, Any]]) -> int:
        late.extend(rows)
        raise requests.ConnectionError("lost")

    wire.take = fail
    with pytest.raises(Unreachable):
        push(batch("c", "a"), settle_s=0)
    wire.take = keep

    def executed(request: requests.PreparedRequest) -> ls.Reply:
        if wire.calls.count(IMPORT) > 1:  # the second attempt is on its way
            del wire.overrides[when]
            keep(late)
        return wire.usual(request)

    wire.overrides[when] = executed
    push(batch("c", "a"))
    if when in wire.overrides:
        keep(late)
    assert order(wire) == [3, 1]
    push(batch("c", "a"))
    assert order(wire) == [3, 1]
    assert wire.calls.count(IMPORT) == 2


def test_an_import_that_a_proxy_sends_twice(wire: ls.Wire) -> None:
    keep = wire.take

    def twice(rows: list[dict[str, Any]]) -> int:
        wire.take = keep
        keep([dict(row) for row in rows])
        return keep(rows)

    wire.take = twice
    push(batch("c", "a"))
    assert order(wire) == [3, 1]


@pytest.mark.parametrize("shown", [True, False])
def test_half_a_version_is_made_anew(wire: ls.Wire, shown: bool) -> None:
    """A part was deleted, or is not executed yet: nobody is shown half, and none is mended."""
    made = batch("c", "a")
    push(made)
    wire.predictions.pop()
    if not shown:
        wire.project["model_version"] = ""
    push(made)
    assert order(wire) == [3, 1]
    assert DELETE not in wire.calls


def test_old_versions_go_and_a_failure_there_stops_nothing(wire: ls.Wire) -> None:
    wire.predictions = [
        {"task": 4, "score": 0.1, "model_version": name, "result": []}
        for name in ("bridge-old1", "bridge-old2", "bridge-old3", "theirs", "bridge-new")
    ]
    for age, name in enumerate(("bridge-old3", "bridge-old1", "bridge-old2", "theirs")):
        wire.made_at[name] = f"2025-12-0{age + 1}T00:00:00.5Z"
    wire.project["model_version"] = "bridge-new"
    push(batch("c"), versions_deleted=2)
    left = {p["model_version"] for p in wire.predictions} - {wire.project["model_version"]}
    assert left == {"bridge-old2", "theirs", "bridge-new"}
    wire.overrides[DELETE] = lambda request: ls.reply({}, 500)
    assert push(batch("a"), retry_budget_s=0).accepted == 1


def test_nothing_to_queue_leaves_a_version_of_other_origin(wire: ls.Wire) -> None:
    wire.project |= {"model_version": "theirs", "sampling": SAMPLING}
    assert push(batch("gone")).accepted == 0
    assert wire.writes() == []


@given(st.lists(st.permutations(["a", "b", "c", "d"]), min_size=1, max_size=3))
def test_the_last_order_holds(orders: list[list[str]]) -> None:
    with RequestsMock(assert_all_requests_are_fired=False) as web:
        wire = ls.Wire(web)
        wire.add("a", "b", "c", "d")
        push(batch(*orders[0]))
        for keys in orders:
            rerank(batch(*keys))
        assert [wire.tasks[task]["data"]["bridge_key"] for task in order(wire)] == orders[-1]
        version = wire.project["model_version"]
        assert sum(p["model_version"] == version for p in wire.predictions) == 4
