"""The queue file: what is pushed, in which order, and what stays the same from round to round."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import PlatformError
from bridge.records import Batch, Item, Prediction, QueueItem
from bridge.testing import batch_of
from bridge_prodigy import connect
from bridge_prodigy.emulator import Emulator
from bridge_prodigy.hashes import IGNORED_KEYS, input_hash, question_hash
from bridge_prodigy.settings import View

CLASSES = ("yes", "no")


def items(n: int, start: int = 0) -> list[Item]:
    return [Item(key=f"k{i}", text=f"text {i} ä") for i in range(start, start + n)]


def emulator(folder: Path, view: View = "choice", **settings: Any) -> Emulator:
    emulator = Emulator(folder, settings.pop("classes", CLASSES), view=view, **settings)
    emulator.add_items(items(20))
    return emulator


def push(desk: Emulator, batch: Batch) -> None:
    platform = connect(desk.options)
    platform.push(batch, platform.schema())


def rerank(desk: Emulator, batch: Batch) -> None:
    platform = connect(desk.options)
    platform.rerank(batch.items, platform.schema())


def lines(desk: Emulator) -> list[dict[str, Any]]:
    return [json.loads(line) for line in desk.options.queue.read_text("utf-8").splitlines()]


def keys(desk: Emulator) -> list[str]:
    return [line["bridge_key"] for line in lines(desk)]


def test_a_choice_task(tmp_path: Path) -> None:
    desk = emulator(tmp_path)
    batch = batch_of(items(3), CLASSES)
    push(desk, batch)
    first, _, hold_out = lines(desk)
    assert first == {
        "text": "text 0 ä",
        "bridge_key": "k0",
        "bridge_batch": batch.id,
        "_input_hash": input_hash({"text": "text 0 ä"}),
        "_task_hash": question_hash(input_hash({"text": "text 0 ä"}), "k0", None),
        "meta": {"score": 0.6, "rank": 0, "model": "m-1"},
        "options": [{"id": "yes", "text": "yes"}, {"id": "no", "text": "no"}],
        "config": {"choice_style": "single"},
        "accept": ["yes"],
    }
    assert "accept" not in hold_out
    assert "model" not in hold_out["meta"]
    assert set(first["meta"]) <= IGNORED_KEYS


def test_a_hold_out_item_shows_no_prediction_even_if_it_has_one(tmp_path: Path) -> None:
    desk = emulator(tmp_path)
    entry = batch_of(items(1), CLASSES).items[0].model_copy(update={"hold_out": True})
    batch = batch_of(items(1), CLASSES).model_copy(update={"items": (entry,)})
    push(desk, batch)
    assert "accept" not in lines(desk)[0]
    assert "model" not in lines(desk)[0]["meta"]


def test_several_classes_may_be_ticked_beforehand(tmp_path: Path) -> None:
    desk = emulator(tmp_path, multi=True)
    prediction = Prediction(
        item_key="k0",
        model_version="m",
        probabilities={"yes": 0.9, "no": 0.6, "gone": 0.9},
        uncertainty=0.1,
    )
    entry = QueueItem(
        item=items(1)[0], rank=0, source="uncertain", reason="r", prediction=prediction
    )
    push(desk, batch_of(items(1), CLASSES).model_copy(update={"items": (entry,)}))
    (task,) = lines(desk)
    assert task["accept"] == ["yes", "no"]
    assert task["config"] == {"choice_style": "multiple"}


def test_a_prediction_of_a_class_that_is_gone_is_told(tmp_path: Path) -> None:
    desk = emulator(tmp_path)
    platform = connect(desk.options)
    report = platform.push(batch_of(items(2), ("gone", "away")), platform.schema())
    assert (report.accepted, report.pre_annotated) == (2, 0)
    assert [(r.key, r.fatal) for r in report.refused] == [("k0", False), ("k1", False)]


def test_a_binary_task(tmp_path: Path) -> None:
    desk = emulator(tmp_path, "classification", classes=("spam",), negative="ham")
    platform = connect(desk.options)
    report = platform.push(batch_of(items(1), ("spam", "ham")), platform.schema())
    (task,) = lines(desk)
    assert task["label"] == "spam"
    assert task["_task_hash"] == question_hash(input_hash(task), "k0", "spam")
    assert "options" not in task
    assert (report.accepted, report.pre_annotated, report.refused) == (1, 0, ())
    assert not platform.capabilities.pre_annotations


@pytest.mark.parametrize("view", ["ner_manual", "spans_manual"])
def test_a_manual_task_is_the_bare_content(tmp_path: Path, view: View) -> None:
    desk = emulator(tmp_path, view)
    push(desk, batch_of(items(1), CLASSES, model=None))
    own = {"text", "meta", "bridge_key", "bridge_batch", "_input_hash", "_task_hash"}
    assert set(lines(desk)[0]) == own


def test_fields_of_the_row_travel_and_come_back(tmp_path: Path) -> None:
    desk = Emulator(tmp_path, CLASSES)
    row = {"text": "t", "id": 5, "lang": "fi", "options": ["x"], "meta": {"source": "mail"}}
    desk.options.source.write_text(json.dumps(row) + "\n")
    (page, *_) = connect(desk.options).pull(None)
    (item,) = [change.item for change in page.changes if change.item]
    push(desk, batch_of([item], CLASSES))
    (task,) = lines(desk)
    assert (task["id"], task["lang"], task["bridge_key"]) == (5, "fi", "5")
    assert task["meta"] == {"source": "mail", "score": 0.6, "rank": 0, "model": "m-1"}
    assert task["options"][0] == {"id": "yes", "text": "yes"}
    desk.options.source.write_text("")
    desk.controller.receive_answers([{**task, "answer": "accept"}], "bridge-demo-ann")
    changes = [c for page in connect(desk.options).pull(None) for c in page.changes]
    assert changes[0].item == item


def test_a_new_ranking_never_changes_the_hashes(tmp_path: Path) -> None:
    desk = emulator(tmp_path)
    push(desk, batch_of(items(5), CLASSES, model=None))
    before = {t["bridge_key"]: (t["_input_hash"], t["_task_hash"]) for t in lines(desk)}
    rerank(desk, batch_of(items(5)[::-1], CLASSES, model="m-2"))
    after = {t["bridge_key"]: (t["_input_hash"], t["_task_hash"]) for t in lines(desk)}
    assert after == before


def test_rerank_keeps_the_batch_and_drops_what_is_not_named(tmp_path: Path) -> None:
    desk = emulator(tmp_path)
    batch = batch_of(items(4), CLASSES)
    push(desk, batch)
    rerank(desk, batch_of(items(2)[::-1], CLASSES))
    assert keys(desk) == ["k1", "k0"]
    assert {task["bridge_batch"] for task in lines(desk)} == {batch.id}


def test_a_repeated_push_keeps_a_later_ranking(tmp_path: Path) -> None:
    desk = emulator(tmp_path)
    batch = batch_of(items(4), CLASSES)
    push(desk, batch)
    rerank(desk, batch_of(items(4)[::-1], CLASSES, model="m-2"))
    before = desk.options.queue.read_bytes()
    push(desk, batch)
    assert desk.options.queue.read_bytes() == before


def test_batches_interleave_by_rank(tmp_path: Path) -> None:
    desk = emulator(tmp_path)
    push(desk, batch_of(items(3), CLASSES))
    push(desk, batch_of(items(2, start=10), CLASSES))
    assert keys(desk) == ["k0", "k10", "k1", "k11", "k2"]


@settings(max_examples=12)
@given(st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 9), min_size=1, unique=True))))
def test_no_item_is_ever_in_the_file_twice(steps: list[tuple[bool, list[int]]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        desk = emulator(Path(folder))
        pool = items(20)
        expected: set[str] = set()
        for pushed, chosen in steps:
            batch = batch_of([pool[i] for i in chosen], CLASSES)
            (push if pushed else rerank)(desk, batch)
            expected = expected | set(batch.keys) if pushed else set(batch.keys)
            assert sorted(keys(desk)) == sorted(expected)


def test_the_file_is_replaced_not_edited(tmp_path: Path) -> None:
    desk = emulator(tmp_path)
    push(desk, batch_of(items(3), CLASSES))
    with desk.options.queue.open("rb") as reader:
        push(desk, batch_of(items(3, start=5), CLASSES))
        assert len(reader.read().splitlines()) == 3
    assert len(lines(desk)) == 6
    assert not list(tmp_path.glob(".*"))


def test_a_writer_that_is_killed_leaves_a_whole_file(tmp_path: Path) -> None:
    desk = emulator(tmp_path)
    push(desk, batch_of(items(20), CLASSES))
    code = f"""
import pathlib
from bridge_prodigy.queue import write_queue
tasks = [{{"bridge_key": str(n), "text": "x" * 1000}} for n in range(2000)]
print("ready", flush=True)
while True:
    write_queue(pathlib.Path({str(desk.options.queue)!r}), tasks)
"""
    for wait in (0.0, 0.01, 0.05):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(wait)
            writer.kill()
        assert len(lines(desk)) in (20, 2000)
    push(desk, batch_of(items(20), CLASSES))
    assert not list(tmp_path.glob(".*"))


def test_a_damaged_file_is_told_and_mended(tmp_path: Path) -> None:
    desk = emulator(tmp_path)
    batch = batch_of(items(3), CLASSES)
    push(desk, batch)
    whole = desk.options.queue.read_bytes()
    desk.options.queue.write_bytes(whole[: len(whole) - 30])
    platform = connect(desk.options)
    assert [f.name for f in platform.check() if not f.ok] == ["queue"]
    pages = list(platform.pull(None))
    assert [p.where for page in pages for p in page.problems] == ["queue.jsonl"]
    queued = {c.key: c.queued for page in pages for c in page.changes}
    assert (queued["k0"], queued["k2"], queued["k9"]) == (True, False, False)
    push(desk, batch)
    assert desk.options.queue.read_bytes() == whole


def test_a_folder_that_cannot_be_written_is_an_error_with_advice(tmp_path: Path) -> None:
    desk = emulator(tmp_path)
    nowhere = desk.options.model_copy(update={"queue": tmp_path / "no" / "queue.jsonl"})
    platform = connect(nowhere)
    with pytest.raises(PlatformError, match=r"queue\.jsonl") as caught:
        platform.push(batch_of(items(1), CLASSES), platform.schema())
    assert caught.value.fix
    assert [f.name for f in platform.check() if not f.ok] == ["queue"]


def test_the_file_can_be_read_by_prodigys_user(tmp_path: Path) -> None:
    desk = emulator(tmp_path)
    before = os.umask(0o022)
    try:
        push(desk, batch_of(items(1), CLASSES))
    finally:
        os.umask(before)
    assert desk.options.queue.stat().st_mode & 0o777 == 0o644
