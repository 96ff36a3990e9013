"""Which labels count: review states and benchmarks, against the emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from responses import RequestsMock

import labelbox_wire as lb
from bridge.records import Annotation, Item
from bridge.testing import batch_of, replay
from labelbox_loop import LabelboxLoop, labelbox_loop
from labelbox_rig import LabelboxRig, labelbox_rig
from memory_platform import truth

STATES = ("IN_REVIEW", "IN_REWORK", "DONE")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def rig(stack: ExitStack) -> LabelboxRig:
    """A project with a labeled row in each state, named after it."""
    made = stack.enter_context(labelbox_rig("single", ("ham", "spam")))
    made.add_items([Item(key=state, text=f"text {state}") for state in STATES])
    push(made, stack)
    for state in STATES:
        made.answer(state, ["ham"])
        made.emulator.review(made.project, state, state)
    return made


def push(rig: LabelboxRig, stack: ExitStack) -> None:
    platform = rig.connect()
    stack.callback(platform.close)
    items = [Item(key=state, text=f"text {state}") for state in STATES]
    platform.push(batch_of(items, ("ham", "spam")), platform.schema())


def pulled(rig: LabelboxRig, stack: ExitStack, **settings: object) -> dict[str, Annotation]:
    platform = rig.connect(**settings)
    stack.callback(platform.close)
    _, annotations, _ = replay(platform.pull(None))
    return {a.item_key: a for a in annotations.values()}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("all", ("answered", "answered", "answered")),
        ("not-rejected", ("answered", "rejected", "answered")),
        ("reviewed", ("skipped", "rejected", "answered")),
    ],
)
def test_what_counts_is_a_setting(
    rig: LabelboxRig, stack: ExitStack, labels: str, expected: tuple[str, ...]
) -> None:
    found = pulled(rig, stack, labels=labels)
    assert tuple(found[state].status for state in STATES) == expected


def test_a_rejected_label_does_not_count_unless_asked_for(
    rig: LabelboxRig, stack: ExitStack
) -> None:
    assert pulled(rig, stack)["IN_REWORK"].status == "rejected"


def test_a_benchmark_outranks_and_counts_before_its_review(
    rig: LabelboxRig, stack: ExitStack
) -> None:
    rig.emulator.benchmark(rig.project, "IN_REVIEW")
    found = pulled(rig, stack, labels="reviewed")["IN_REVIEW"]
    assert (found.status, found.ground_truth) == ("answered", True)
    assert not pulled(rig, stack, benchmarks=False)["IN_REVIEW"].ground_truth


def test_benchmarks_of_more_than_a_page_are_found(rig: LabelboxRig, stack: ExitStack) -> None:
    for n in range(250):
        rig.emulator.answer(rig.project, "DONE", ["ham"], annotator=f"a{n}")
        rig.emulator.benchmark(rig.project, "DONE", f"a{n}")
    platform = rig.connect()
    stack.callback(platform.close)
    _, annotations, _ = replay(platform.pull(None))
    assert sum(a.ground_truth for a in annotations.values()) == 250


def test_a_service_that_refuses_benchmarks_stops_nothing() -> None:
    with RequestsMock(assert_all_requests_are_fired=False) as web:
        script = lb.Script(web)
        script.on("GetProjectOntology", lb.ontology(lb.RADIO))
        script.on("GetProjectBenchmarks", lb.refusal("GRAPHQL_VALIDATION_FAILED"))
        answer = lb.label("l", classifications=[lb.radio("Good", "c-good")])
        script.exports([lb.row("k", labels=[answer])])
        pages = lb.pulled(lb.platform())
        told = [problem for page in pages for problem in page.problems]
        assert [c.key for page in pages for c in page.changes] == ["k"]
        assert [("Benchmarks" in one.where, "benchmarks" in one.fix) for one in told] == [
            (True, True)
        ]


# --------------------------------------------------------------------------------- the whole loop


@pytest.fixture
def loop(tmp_path: object) -> Iterator[LabelboxLoop]:
    with labelbox_loop(tmp_path) as made:  # type: ignore[arg-type]  # pytest's Path
        yield made


def said(loop: LabelboxLoop, key: str) -> list[str]:
    """What the store holds of an item, without times."""
    ran = loop.bridge("explain", key, "--json")
    assert ran.exit_code == 0, ran.output
    return [line.split(" at ")[0] for line in json.loads(ran.stdout)["answers"]]


def test_a_review_that_comes_later_makes_labels_count(loop: LabelboxLoop) -> None:
    loop.configure(platform='labels = "reviewed"')
    loop.sync()
    key, *others = loop.queue()
    loop.answer_all()
    loop.sync()
    # Not taught, but neither asked for again.
    assert said(loop, key) == ["ann@example.com: skipped"]
    assert not {key, *others} & set(loop.queue())
    for state, expected in (
        ("DONE", truth(key)),
        ("IN_REWORK", "rejected"),
        ("IN_REVIEW", "skipped"),
        ("DONE", truth(key)),
    ):
        loop.emulator.review(loop.project, key, state)
        assert loop.sync()["pulled"]["changed_annotations"] == 1
        assert said(loop, key) == [f"ann@example.com: {expected}"]
    assert loop.sync()["status"] == "unchanged"


def test_a_benchmark_can_be_set_and_taken_back(loop: LabelboxLoop) -> None:
    loop.sync()
    key = loop.queue()[0]
    loop.emulator.answer(loop.project, key, ["ham"], annotator="ann")
    loop.emulator.answer(loop.project, key, ["spam"], annotator="bob")
    loop.sync()
    for on in (True, False, True):
        loop.emulator.benchmark(loop.project, key, "bob", on=on)
        assert loop.sync()["pulled"]["changed_annotations"] == 1
    assert loop.sync()["status"] == "unchanged"
