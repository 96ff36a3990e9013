"""The adapter against the emulator, on real sockets, while things break."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest

from bridge.errors import AuthError, BridgeError, DataError, PlatformError, Unreachable
from bridge.records import Batch, Classes, Item, Page, Spans
from bridge.testing import batch_of, replay
from bridge_labelbox import LabelboxPlatform, batches
from bridge_labelbox.emulator.faults import Fault
from labelbox_rig import LabelboxRig, labelbox_rig

CLASSES = ("ham", "spam", "eggs")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def rig(stack: ExitStack) -> LabelboxRig:
    return stack.enter_context(labelbox_rig("single", CLASSES))


@pytest.fixture
def platform(rig: LabelboxRig, stack: ExitStack) -> LabelboxPlatform:
    platform = rig.connect()
    stack.callback(platform.close)
    return platform


def texts(n: int, prefix: str = "key") -> list[Item]:
    return [Item(key=f"{prefix}-{i}", text=f"Text {i} ünïcode\u2028 😀") for i in range(n)]


def cursor_of(pages: Sequence[Page]) -> str:
    assert pages[-1].cursor is not None
    return pages[-1].cursor


def pushed(platform: LabelboxPlatform, items: Sequence[Item], *, model: str | None = "m") -> Batch:
    batch = batch_of(items, CLASSES, model=model)
    platform.push(batch, platform.schema())
    return batch


# --------------------------------------------------------------------------------------------- pull


@pytest.mark.parametrize(
    "fault",
    [
        Fault("truncate", on="file", times=2),
        Fault("truncate", on="file", nth=3),
        Fault("reset", on="file"),
        Fault("status", on="file", status=403),  # the signed address expired
        Fault("status", on="file", status=503),
        Fault("reset", on="call", nth=4),
        Fault("status", on="call", nth=2, status=502),
        Fault("status", on="call", nth=2, status=429, retry_after="0"),
        Fault("internal", on="call", nth=3, status=503),
        Fault("lose", on="export"),
        Fault("hang", on="call", nth=2, seconds=2),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.on}-{fault.nth}-{fault.status}",
)
def test_a_pull_survives(rig: LabelboxRig, stack: ExitStack, fault: Fault) -> None:
    rig.emulator.faults.chunk_bytes = 700
    items = texts(30)
    rig.add_items(items)
    platform = rig.connect(read_timeout_s=0.5)
    stack.callback(platform.close)
    rig.emulator.fail(fault)
    found, _, _ = replay(platform.pull(None))
    assert rig.emulator.faults.fired
    assert {key: item.text for key, item in found.items()} == {i.key: i.text for i in items}


def test_a_pull_holds_one_piece_at_a_time(rig: LabelboxRig, stack: ExitStack) -> None:
    rig.emulator.faults.chunk_bytes = 500
    rig.add_items(texts(200))
    platform = rig.connect(page_rows=10)
    stack.callback(platform.close)
    pages = platform.pull(None)
    assert len(next(pages).changes) == 10
    at_first = platform.calls
    assert sum(len(page.changes) for page in pages) == 190
    assert platform.calls > 3 * at_first


def test_files_that_stay_broken_are_an_error(rig: LabelboxRig, platform: LabelboxPlatform) -> None:
    rig.add_items(texts(3))
    rig.emulator.fail(Fault("truncate", on="file", times=100))
    with pytest.raises(Unreachable):
        list(platform.pull(None))


def test_an_incremental_pull_reads_what_is_new(
    rig: LabelboxRig, platform: LabelboxPlatform
) -> None:
    items = texts(50)
    rig.add_items(items)
    pushed(platform, items[:4])
    cursor = cursor_of(list(platform.pull(None)))
    rig.emulator.shift_clock(86_400)
    cursor = cursor_of(list(platform.pull(cursor)))
    rig.answer("key-2", ["ham"])
    pages = list(platform.pull(cursor))
    assert {change.key for page in pages for change in page.changes} == {"key-2"}


def test_an_answer_that_is_indexed_late_is_told(
    rig: LabelboxRig, platform: LabelboxPlatform
) -> None:
    items = texts(3)
    rig.add_items(items)
    pushed(platform, items)
    cursor = cursor_of(list(platform.pull(None)))
    rig.emulator.shift_clock(3600)
    rig.emulator.faults.index_delay_s = 400
    rig.answer("key-0", ["ham"])
    rig.emulator.shift_clock(300)
    rig.emulator.faults.index_delay_s = 0
    rig.answer("key-1", ["spam"])
    pages = list(platform.pull(cursor))
    assert {a.item_key for a in replay(pages)[1].values()} == {"key-1"}
    rig.emulator.shift_clock(200)
    _, annotations, _ = replay(platform.pull(cursor_of(pages)))
    assert "key-0" in {a.item_key for a in annotations.values()}


def test_a_row_from_the_future_hides_nothing(rig: LabelboxRig, platform: LabelboxPlatform) -> None:
    items = texts(3)
    rig.add_items(items)
    pushed(platform, items)
    rig.emulator.shift_clock(7200)
    rig.answer("key-0", ["ham"])
    rig.emulator.shift_clock(-7200)
    pages = list(platform.pull(None))
    rig.answer("key-1", ["ham"])
    _, annotations, _ = replay(platform.pull(cursor_of(pages)))
    assert "key-1" in {a.item_key for a in annotations.values()}


@pytest.mark.parametrize("skew", [-7200, 7200])
def test_only_the_platform_clock_counts(
    rig: LabelboxRig, platform: LabelboxPlatform, skew: int
) -> None:
    rig.emulator.shift_clock(skew)
    items = texts(4)
    rig.add_items(items)
    pushed(platform, items)
    cursor = cursor_of(list(platform.pull(None)))
    rig.answer("key-3", ["eggs"])
    _, annotations, _ = replay(platform.pull(cursor))
    assert {a.item_key for a in annotations.values()} == {"key-3"}


def test_a_dataset_that_is_added_later_is_read_whole(rig: LabelboxRig, stack: ExitStack) -> None:
    rig.add_items(texts(2))
    cursor = cursor_of(list(rig.connect().pull(None)))
    _, other = rig.emulator.add_project(["a"])
    with rig.emulator.world.lock:
        for row in rig.emulator.world.rows.values():
            row.dataset = other if row.global_key == "key-1" else row.dataset
    rig.emulator.shift_clock(86_400)
    platform = rig.connect(datasets=[rig.dataset, other])
    stack.callback(platform.close)
    assert "key-1" in replay(platform.pull(cursor))[0]


def test_a_renamed_class_keeps_its_answers(rig: LabelboxRig, platform: LabelboxPlatform) -> None:
    items = texts(1)
    rig.add_items(items)
    pushed(platform, items)
    rig.answer("key-0", ["ham"])
    rig.emulator.rename_class(rig.project, "ham", "bacon")
    (annotation,) = replay(platform.pull(None))[1].values()
    assert annotation.value == Classes(chosen=("bacon",))
    assert platform.schema().names == ("bacon", "spam", "eggs")


def test_a_removed_class_leaves_the_schema(rig: LabelboxRig, platform: LabelboxPlatform) -> None:
    rig.emulator.remove_class(rig.project, "spam")
    assert platform.schema().names == ("ham", "eggs")


# --------------------------------------------------------------------------------------------- push


def test_priorities_are_the_ranks(rig: LabelboxRig, platform: LabelboxPlatform) -> None:
    items = texts(4)
    rig.add_items(items)
    batch = pushed(platform, items[::-1])
    members = rig.emulator.world.projects[rig.project].members.values()
    keys = {row.id: row.global_key for row in rig.emulator.world.rows.values()}
    found = {keys[member.row]: member.priority for member in members}
    assert found == {key: -1_000_000 + rank for rank, key in enumerate(batch.keys)}


def test_rows_without_global_key_are_pushed_by_id(
    rig: LabelboxRig, platform: LabelboxPlatform
) -> None:
    keys = rig.emulator.add_items(rig.project, [(None, f"text {n}") for n in range(3)])
    rig.add_items([Item(key="named", text="a text")])
    found, _, _ = replay(platform.pull(None))
    assert set(found) == {*keys, "named"}
    wanted = [found[key] for key in [keys[2], "named", keys[0], keys[1]]]
    report = platform.push(batch_of(wanted, CLASSES), platform.schema())
    assert (report.accepted, report.pre_annotated, report.refused) == (4, 3, ())
    assert rig.queue() == [item.key for item in wanted]
    rig.answer(keys[0], ["ham"])
    _, annotations, _ = replay(platform.pull(None))
    assert [a.item_key for a in annotations.values()] == [keys[0]]


def test_a_large_batch(rig: LabelboxRig, platform: LabelboxPlatform) -> None:
    items = [Item(key=f"k{n}", text=f"text {n}") for n in range(1200)]
    rig.add_items(items)
    report = platform.push(batch_of(items[::-1], CLASSES), platform.schema())
    assert (report.accepted, report.pre_annotated, report.refused) == (1200, 800, ())
    assert rig.queue() == [item.key for item in items[::-1]]
    calls = platform.calls
    again = platform.push(batch_of(items[::-1], CLASSES), platform.schema())
    assert again == report
    assert platform.calls - calls < 15


def test_too_large_a_batch_is_refused(
    rig: LabelboxRig, platform: LabelboxPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_MOST_ROWS", 3)
    rig.add_items(texts(4))
    with pytest.raises(DataError, match="more than"):
        pushed(platform, texts(4))
    assert rig.queue() == []


@pytest.mark.parametrize("fault", ["lose", "reset"])
@pytest.mark.parametrize("synchronous", [2, 1000])
def test_every_write_may_fail(
    rig: LabelboxRig,
    platform: LabelboxPlatform,
    monkeypatch: pytest.MonkeyPatch,
    synchronous: int,
    fault: str,
) -> None:
    """Each write in turn gets no answer, executed or not; the next push completes the batch."""
    monkeypatch.setattr(batches, "_SYNCHRONOUS", synchronous)
    rig.add_items(texts(60))
    for nth in range(1, 7):
        items = texts(60)[(nth - 1) * 6 : nth * 6]
        batch = batch_of(items, CLASSES)
        rig.emulator.fail(Fault(fault, on="write", nth=nth, times=3))  # type: ignore[arg-type]
        try:
            platform.push(batch, platform.schema())
        except BridgeError:
            rig.emulator.faults.clear()
            platform.push(batch, platform.schema())
        rig.emulator.faults.clear()
        world = rig.emulator.world.projects[rig.project]
        named = [one for one in world.batches.values() if one.name == f"bridge-{batch.id}"]
        assert len(named) == 1
        shown = rig.pre_annotations()
        assert {e.item.key for e in batch.items if e.prediction} <= set(shown)
        assert set(batch.keys) <= set(rig.queue())
    assert len(rig.queue()) == 36


def test_rows_of_an_earlier_batch_are_in_the_queue_already(
    rig: LabelboxRig, platform: LabelboxPlatform
) -> None:
    items = texts(5)
    rig.add_items(items)
    pushed(platform, items[:3])
    report = platform.push(batch_of(items, CLASSES), platform.schema())
    assert (report.accepted, report.refused) == (5, ())
    assert rig.queue() == [item.key for item in items]


def test_a_batch_of_rows_that_are_all_there(rig: LabelboxRig, platform: LabelboxPlatform) -> None:
    items = texts(3)
    rig.add_items(items)
    pushed(platform, items)
    report = platform.push(batch_of(items[::-1], CLASSES), platform.schema())
    assert (report.accepted, report.refused) == (3, ())
    assert rig.queue() == ["key-2", "key-1", "key-0"]


def test_a_row_that_was_answered_is_refused(rig: LabelboxRig, platform: LabelboxPlatform) -> None:
    items = texts(4)
    rig.add_items(items)
    pushed(platform, items[:2])
    rig.answer("key-0", ["ham"])
    report = platform.push(batch_of(items, CLASSES), platform.schema())
    assert report.accepted == 3
    (refusal,) = report.refused
    assert (refusal.key, refusal.fatal) == ("key-0", True)
    assert rig.queue() == ["key-1", "key-2", "key-3"]


def test_rerank_leaves_out_rows_that_are_gone(rig: LabelboxRig, platform: LabelboxPlatform) -> None:
    items = texts(4)
    rig.add_items(items)
    pushed(platform, items)
    rig.remove_item("key-1")
    report = platform.rerank(batch_of(items[::-1], CLASSES).items, platform.schema())
    assert report.accepted == 3
    assert [refusal.key for refusal in report.refused] == ["key-1"]
    assert rig.queue() == ["key-3", "key-2", "key-0"]


def test_a_network_that_fails_while_looking_refuses_nothing(
    rig: LabelboxRig, platform: LabelboxPlatform
) -> None:
    items = texts(5)
    rig.add_items(items)
    pushed(platform, items[:3])
    batch = batch_of(items, CLASSES)
    schema = platform.schema()
    rig.emulator.fail(Fault("status", on="export", times=1000))
    with pytest.raises(Unreachable):
        platform.push(batch, schema)
    rig.emulator.faults.clear()
    assert platform.push(batch, schema).accepted == 5


def test_an_import_that_failed_is_tried_under_another_name(
    rig: LabelboxRig, platform: LabelboxPlatform
) -> None:
    items = texts(3)
    rig.add_items(items)
    batch = pushed(platform, items)
    project = rig.emulator.world.projects[rig.project]
    with rig.emulator.world.lock:
        (one,) = project.imports.values()
        one.state = "FAILED"
        project.predictions.clear()
    report = platform.push(batch, platform.schema())
    assert (report.accepted, report.pre_annotated, report.refused) == (3, 2, ())
    assert set(rig.pre_annotations()) == {"key-0", "key-1"}


def test_a_batch_of_rows_that_are_all_gone(rig: LabelboxRig, platform: LabelboxPlatform) -> None:
    rig.add_items(texts(1))
    report = platform.push(batch_of(texts(2, "gone"), CLASSES), platform.schema())
    assert report.accepted == 0
    assert {refusal.key for refusal in report.refused} == {"gone-0", "gone-1"}


def test_rows_that_are_still_processed_are_waited_for(
    rig: LabelboxRig, platform: LabelboxPlatform
) -> None:
    rig.emulator.faults.processing_s = 0.3
    items = texts(2)
    rig.add_items(items)
    report = platform.push(batch_of(items, CLASSES), platform.schema())
    assert (report.accepted, report.refused) == (2, ())


def test_rows_that_are_never_processed_are_an_error(rig: LabelboxRig, stack: ExitStack) -> None:
    rig.emulator.faults.processing_s = 3600
    rig.add_items(texts(2))
    platform = rig.connect(processing_timeout_s=0.1)
    stack.callback(platform.close)
    with pytest.raises(PlatformError, match="processed"):
        pushed(platform, texts(2))


def test_a_refused_pre_annotation_is_told_and_stops_nothing(
    rig: LabelboxRig, platform: LabelboxPlatform
) -> None:
    items = texts(6)
    rig.add_items(items)
    schema = platform.schema()
    with rig.emulator.world.lock:
        ontology = next(iter(rig.emulator.world.ontologies.values()))
        ontology.normalized["classifications"][0]["options"].pop()  # "eggs"
    report = platform.push(batch_of(items, ("eggs", "ham", "spam")), schema)
    assert report.accepted == 6
    assert report.pre_annotated == 2
    assert {(r.key, r.fatal) for r in report.refused} == {("key-0", False), ("key-3", False)}
    assert all("does not exist" in r.why for r in report.refused)


def test_a_prediction_of_a_class_that_the_schema_lacks(
    rig: LabelboxRig, platform: LabelboxPlatform
) -> None:
    items = texts(3)
    rig.add_items(items)
    report = platform.push(batch_of(items, ("ham", "martian", "spam")), platform.schema())
    assert report.accepted == 3
    (refusal,) = report.refused
    assert (refusal.key, refusal.fatal) == ("key-1", False)


def test_pre_annotations_can_be_off(rig: LabelboxRig, stack: ExitStack) -> None:
    items = texts(3)
    rig.add_items(items)
    platform = rig.connect(pre_annotate=False)
    stack.callback(platform.close)
    pushed(platform, items)
    assert rig.queue() == ["key-0", "key-1", "key-2"]
    assert not rig.emulator.world.projects[rig.project].imports


def test_status_files_that_expired_do_not_stop_a_repeat(
    rig: LabelboxRig, platform: LabelboxPlatform
) -> None:
    items = texts(3)
    rig.add_items(items)
    rig.emulator.faults.file_ttl_s = 60
    batch = pushed(platform, items)
    rig.emulator.shift_clock(3600)
    report = platform.push(batch, platform.schema())
    assert (report.accepted, report.pre_annotated, report.refused) == (3, 2, ())


def test_too_many_requests_are_waited_out(rig: LabelboxRig, stack: ExitStack) -> None:
    items = texts(3)
    rig.add_items(items)
    rig.emulator.faults.rate_limit = 4
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        rig.emulator.shift_clock(seconds)

    platform = LabelboxPlatform(rig.settings(retry_budget_s=90), sleep)
    stack.callback(platform.close)
    batch = pushed(platform, items)
    assert rig.queue() == list(batch.keys)
    assert max(slept) > 1


# -------------------------------------------------------------------------------------- other tasks


def test_multi_label(stack: ExitStack) -> None:
    rig = stack.enter_context(labelbox_rig("multi", CLASSES))
    items = texts(3)
    rig.add_items(items)
    platform = rig.connect()
    stack.callback(platform.close)
    report = platform.push(batch_of(items, CLASSES), platform.schema())
    assert (report.accepted, report.pre_annotated) == (3, 2)
    assert rig.pre_annotations() == {"key-0": ("ham",), "key-1": ("spam",)}
    rig.answer("key-0", ["ham", "eggs"])
    rig.answer("key-1", [])
    _, annotations, _ = replay(platform.pull(None))
    values = {a.item_key: a.value for a in annotations.values()}
    assert values == {
        "key-0": Classes(chosen=("ham", "eggs")),
        "key-1": Classes(chosen=()),
    }


def test_spans(stack: ExitStack) -> None:
    rig = stack.enter_context(labelbox_rig("spans", ("Person",)))
    rig.add_items([Item(key="k", text="Hello Bob")])
    platform = rig.connect()
    stack.callback(platform.close)
    found, _, _ = replay(platform.pull(None))
    report = platform.push(batch_of([found["k"]], ("Person",), model=None), platform.schema())
    assert report.accepted == 1
    place = {"start": 6, "end": 8, "token": "Bob"}
    rig.emulator.mark(rig.project, "k", [{"name": "Person", "location": place}])
    (annotation,) = replay(platform.pull(None))[1].values()
    assert isinstance(annotation.value, Spans)
    assert [(s.start, s.end) for s in annotation.value.spans] == [(6, 9)]


# -------------------------------------------------------------------------------------------- check


def test_check_names_what_is_wrong(rig: LabelboxRig, stack: ExitStack) -> None:
    platform = rig.connect(project="nope", datasets=[rig.dataset, "missing"])
    stack.callback(platform.close)
    rig.add_items(texts(1))
    findings = {finding.name: finding for finding in platform.check()}
    assert findings["key"].ok
    assert not findings["project"].ok
    assert not findings["schema"].ok
    assert findings[f"dataset {rig.dataset}"].ok
    assert not findings["dataset missing"].ok
    assert all(finding.fix for finding in findings.values() if not finding.ok)


def test_check_of_an_empty_pool(rig: LabelboxRig, platform: LabelboxPlatform) -> None:
    (bad,) = [finding for finding in platform.check() if not finding.ok]
    assert bad.name == f"dataset {rig.dataset}"
    assert bad.fix


def test_check_writes_nothing(rig: LabelboxRig, platform: LabelboxPlatform) -> None:
    rig.add_items(texts(1))
    rig.emulator.fail(Fault("status", on="write", status=400, times=100))
    assert all(finding.ok for finding in platform.check())
    assert rig.emulator.faults.fired == []


def test_check_of_a_server_that_is_gone(rig: LabelboxRig, stack: ExitStack) -> None:
    platform = rig.connect(endpoint="http://127.0.0.1:9/graphql", retry_budget_s=0)
    stack.callback(platform.close)
    findings = list(platform.check())
    assert findings
    assert not any(finding.ok for finding in findings)


def test_a_wrong_key_stops_a_push(rig: LabelboxRig, stack: ExitStack) -> None:
    schema = rig.connect().schema()
    platform = rig.connect(wrong_key=True)
    stack.callback(platform.close)
    with pytest.raises(AuthError):
        platform.push(batch_of(texts(1), CLASSES), schema)
