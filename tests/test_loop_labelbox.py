"""The loop end to end, over a real socket, against the emulated Labelbox."""

import pytest
import requests

from bridge_labelbox.emulator.faults import Fault
from labelbox_loop import labelbox_loop
from memory_platform import truth


@pytest.fixture
def loop(tmp_path):
    with labelbox_loop(tmp_path) as made:
        yield made


def test_the_loop_learns(loop):
    for _ in range(4):
        loop.sync()
        loop.answer_all()
    result = loop.sync()
    assert result["labels"] == 48
    assert result["champion"] == result["trained"]["version"]
    shown = loop.emulator.pre_annotations(loop.project)
    queued = [key for key in loop.queue() if key in shown]
    assert queued
    assert sum(shown[key][-1] == (truth(key),) for key in queued) / len(queued) > 0.7


def test_nothing_new_costs_few_calls_and_changes_nothing(loop):
    loop.sync()
    loop.answer_all()
    loop.sync()
    before = loop.queue(), loop.emulator.pre_annotations(loop.project)
    again = loop.sync()
    assert again["status"] == "unchanged"
    assert again["calls"] < 20
    assert (loop.queue(), loop.emulator.pre_annotations(loop.project)) == before


def test_late_changed_and_deleted_answers(loop):
    loop.sync()
    first, second, *late = loop.queue()
    for key in (first, second):
        loop.emulator.answer(loop.project, key, [truth(key)])
    assert loop.sync()["labels"] == 2
    loop.emulator.answer(loop.project, first, ["spam" if truth(first) == "ham" else "ham"])
    for key in late:
        loop.emulator.answer(loop.project, key, [truth(key)])
    result = loop.sync()
    assert result["pulled"]["changed_annotations"] == 1
    assert result["labels"] == 12
    loop.emulator.delete_label(loop.project, second)
    assert loop.sync("--full")["labels"] == 11


def test_an_answer_that_the_platform_indexes_late_is_not_lost(loop):
    loop.sync()
    loop.emulator.faults.index_delay_s = 60
    loop.answer_all()
    assert loop.sync()["labels"] == 0
    loop.emulator.shift_clock(120)
    assert loop.sync()["labels"] == 12


@pytest.mark.parametrize("nth", range(1, 7))
def test_a_write_whose_answer_is_lost_doubles_nothing(loop, nth):
    loop.sync()
    loop.answer_all()
    loop.emulator.fail(Fault("lose", on="write", nth=nth))
    loop.bridge("sync")
    loop.emulator.faults.clear()
    result = loop.sync()
    assert result["queue"] == 12
    assert len(loop.queue()) == len(set(loop.queue())) == 12
    shown = loop.emulator.pre_annotations(loop.project)
    assert all(len(predictions) == 1 for predictions in shown.values())
    assert loop.sync()["status"] == "unchanged"


def test_class_renamed_on_the_platform(loop):
    loop.sync()
    loop.answer_all()
    before = loop.sync()
    loop.emulator.rename_class(loop.project, "spam", "junk")
    after = loop.sync()
    assert any("'spam' is now called 'junk'" in line for line in after["warnings"])
    assert after["trained"]["examples"] == before["trained"]["examples"]
    assert after["left_out"] == {}


def test_class_removed_on_the_platform(tmp_path):
    with labelbox_loop(tmp_path, classes=("ham", "spam", "other")) as loop:
        loop.sync()
        strange, *rest = loop.queue()
        loop.emulator.answer(loop.project, strange, ["other"])
        for key in rest:
            loop.emulator.answer(loop.project, key, [truth(key)])
        loop.sync()
        loop.emulator.remove_class(loop.project, "other")
        result = loop.sync()
        assert any("'other' was removed" in line for line in result["warnings"])
        assert result["left_out"] == {"unknown class": 1}
        assert result["labels"] == 12


def test_multi_label(tmp_path):
    with labelbox_loop(tmp_path, classes=("ham", "spam", "urgent"), task="multi") as loop:
        for _ in range(2):
            loop.sync()
            for key in loop.queue():
                loop.emulator.answer(loop.project, key, [truth(key), "urgent"])
        loop.sync()
        shown = loop.emulator.pre_annotations(loop.project)
        assert any("urgent" in shown[key][-1] for key in loop.queue() if key in shown)


def test_a_batch_that_somebody_deleted_does_not_block_the_queue(loop):
    loop.sync()
    with loop.emulator.world.lock:
        project = loop.emulator.world.projects[loop.project]
        (batch,) = list(project.batches)
    remove_batch(loop, batch)
    assert loop.queue() == []
    loop.sync("--full")
    assert len(loop.queue()) == 12


def remove_batch(loop, batch):
    """Delete a batch as a person does in the web app: by the API's own operation."""
    query = (
        "mutation DeleteBatchPyApi($projectId: ID!, $batchId: ID!) { project(where: "
        "{id: $projectId}) { deleteBatch(batchId: $batchId) { deletedBatchId } } }"
    )
    answer = requests.post(
        loop.emulator.url.replace("/graphql", "/_gql"),
        json={"query": query, "variables": {"projectId": loop.project, "batchId": batch}},
        headers={"Authorization": f"Bearer {loop.emulator.api_key}"},
        timeout=20,
    )
    assert answer.json()["data"], answer.text
