"""Comparing store and platform; returning to the former champion."""

import json

import pytest

from bridge.errors import DataError
from labelbox_loop import labelbox_loop
from memory_platform import MemoryPlatform, loop, mail, truth


@pytest.fixture
def platform():
    made = MemoryPlatform()
    made.add(*mail(60).values())
    return made


def rounds(bridge, platform, number):
    for _ in range(number):
        bridge.sync()
        for key in list(platform.queued):
            platform.answer(key, truth(key))
    return bridge.sync()


def test_store_and_platform_agree_after_a_sync(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    rounds(bridge, platform, 2)
    found = bridge.verify()
    assert found.same
    assert (found.items, found.annotations) == (60, 20)


def test_every_kind_of_difference_is_named_and_repaired(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    rounds(bridge, platform, 2)
    first, second, third, *_ = platform.answers
    platform.delete_answer(first, silently=True)
    platform.answer(second, "spam" if truth(second) == "ham" else "ham")
    platform.answer(platform.queued[0], "ham")
    platform.remove(third)
    new = mail(61)
    platform.add(*[item for key, item in new.items() if key not in platform.items and key != third])
    before = bridge.status()
    found = bridge.verify()
    assert found.counts == {
        "answer missing there": 2,  # one deleted, one gone with its item
        "answer differs": 1,
        "answer missing here": 1,
        "item missing there": 1,
        "item missing here": 1,
    }
    assert bridge.status() == before
    bridge.sync(full=True)
    assert bridge.verify().same


def test_what_somebody_took_out_of_the_queue(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    taken = platform.queued.pop()
    found = bridge.verify()
    assert [(d.item, d.what) for d in found.differences] == [(taken, "not queued there")]
    bridge.sync(full=True)
    assert bridge.verify().same


def test_verify_on_the_command_line(tmp_path):
    with labelbox_loop(tmp_path) as made:
        made.sync()
        assert made.bridge("verify").exit_code == 0
        made.answer_all()
        ran = made.bridge("verify")
        assert ran.exit_code == 65
        assert "answer missing here: 12" in ran.output
        assert json.loads(made.bridge("verify", "--json").stdout)["counts"]


def test_rollback(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    before = rounds(bridge, platform, 2)
    after = rounds(bridge, platform, 1)
    assert before.champion != after.champion
    assert bridge.rollback() == (after.champion, before.champion)
    result = bridge.sync()
    assert result.champion == before.champion
    assert result.trained is None
    shown = {q.prediction.model_version for q in queue_of(bridge) if q.prediction is not None}
    assert shown == {before.champion}
    assert bridge.sync().status == "unchanged"


def test_rollback_without_a_former_champion(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    with pytest.raises(DataError, match="no model yet"):
        bridge.rollback()
    rounds(bridge, platform, 1)
    with pytest.raises(DataError, match="no former champion"):
        bridge.rollback()


def queue_of(bridge):
    from bridge.store.batches import queue
    from bridge.sync import store_of

    with store_of(bridge.settings) as store, store.begin() as connection:
        return [queued.entry for queued in queue(connection)]
