"""Items that are asked again: which, how often, how their answers count; nothing doubles."""

from __future__ import annotations

import pytest

from bridge.platforms import Capabilities
from memory_platform import MemoryPlatform, loop, lost, mail, truth

SHARE = {"relabel_share": 0.3, "hold_out_share": 0.2}


@pytest.fixture
def platform() -> MemoryPlatform:
    made = MemoryPlatform()
    made.add(*mail(150).values())
    return made


def bridge_of(platform, directory, store=None, **acquisition):
    return loop(
        platform,
        directory,
        store=store or {},
        model={"estimator": "word_learner:Words"},
        acquisition={**SHARE, **acquisition},
        queue={"depth": 20, "batch": 5},
    )


def asked_again(bridge, platform) -> dict[str, str]:
    """Keys in the queue that are there for a second answer, and why."""
    found = {}
    for key in platform.queued:
        place = next(p for p in bridge.explain(key).places if p.state == "open")
        if place.source == "relabel":
            found[key] = place.reason
    return found


def answer_all(platform, *, wrong: frozenset[str] = frozenset()) -> None:
    for key in list(platform.queued):
        kind = truth(key)
        if key in wrong:
            kind = "ham" if kind == "spam" else "spam"
        platform.answer(key, kind, annotator=f"ann#{len(platform.answers.get(key, {}))}")


def with_one_wrong_label(platform, directory, **settings):
    """A loop with forty labels, of which one that is taught is wrong."""
    bridge = bridge_of(platform, directory, **settings)
    wrong = ""
    for turn in range(2):
        bridge.sync()
        if turn == 0:
            wrong = next(key for key in platform.queued if not bridge.explain(key).hold_out)
        answer_all(platform, wrong=frozenset({wrong}))
    return bridge, wrong


def test_a_label_that_the_model_does_not_believe_is_asked_again(platform, tmp_path) -> None:
    bridge, wrong = with_one_wrong_label(platform, tmp_path)
    result = bridge.sync()
    again = asked_again(bridge, platform)
    assert wrong in again
    kind = "ham" if truth(wrong) == "spam" else "spam"
    assert again[wrong].startswith(f"asked again: answered {kind}; models that do not know it say")
    assert bridge.explain(wrong).where == "queue"
    assert wrong not in platform.pre_annotated or result.pushed.items  # shown without a suggestion
    assert len(again) <= 0.3 * 20


def test_a_second_answer_is_combined_and_a_third_decides(platform, tmp_path, place) -> None:
    bridge, wrong = with_one_wrong_label(platform, tmp_path, store=place.section)
    bridge.sync()
    answer_all(platform)
    assert bridge.sync().left_out == {"disagreement": 1}
    again = asked_again(bridge, platform)
    assert again[wrong] == "asked again: answers differ (ham 1, spam 1)"
    answer_all(platform)
    assert bridge.sync().left_out == {}
    assert wrong not in platform.queued
    states = [(place.source, place.state) for place in bridge.explain(wrong).places]
    assert states[:2] == [("relabel", "answered"), ("relabel", "answered")]


def test_nothing_is_asked_again_more_than_twice(platform, tmp_path) -> None:
    bridge, wrong = with_one_wrong_label(platform, tmp_path)
    asked = 0
    for _ in range(5):
        bridge.sync()
        asked += wrong in platform.queued
        answer_all(platform, wrong=frozenset({wrong}) if asked == 2 else frozenset())
    assert asked == 2
    assert all(len(answers) <= 3 for answers in platform.answers.values())


def test_the_hold_out_is_asked_again_only_where_its_own_answers_differ(platform, tmp_path) -> None:
    bridge = bridge_of(platform, tmp_path)
    for _ in range(3):
        bridge.sync()
        held = {key for key in platform.queued if bridge.explain(key).hold_out}
        answer_all(platform, wrong=frozenset(held))  # every one of them wrong
    bridge.sync()
    again = asked_again(bridge, platform)
    assert not [key for key in again if bridge.explain(key).hold_out]
    measured = next(key for key in platform.answers if bridge.explain(key).hold_out)
    platform.answer(measured, truth(measured), annotator="bob")
    answer_all(platform)
    bridge.sync()
    assert asked_again(bridge, platform)[measured].startswith("asked again: answers differ")
    assert bridge.explain(measured).hold_out
    assert measured not in platform.pre_annotated


def test_none_is_asked_again_by_default(platform, tmp_path) -> None:
    bridge, wrong = with_one_wrong_label(platform, tmp_path, relabel_share=0.0)
    bridge.sync()
    assert not asked_again(bridge, platform)
    assert wrong not in platform.queued


def test_a_platform_that_cannot_is_told_once_and_left_alone(platform, tmp_path) -> None:
    able = Capabilities(**MemoryPlatform.capabilities.model_dump() | {"relabels": False})
    platform.capabilities = able
    bridge, wrong = with_one_wrong_label(platform, tmp_path)
    result = bridge.sync()
    assert not asked_again(bridge, platform)
    assert [line for line in result.warnings if "relabel_share" in line]
    assert wrong not in platform.queued


def test_an_answer_that_is_told_again_is_no_second_one_but_an_edit_is(platform, tmp_path) -> None:
    bridge, wrong = with_one_wrong_label(platform, tmp_path)
    bridge.sync()
    platform.tick(wrong)  # the platform tells it anew, unchanged
    bridge.sync()
    assert wrong in asked_again(bridge, platform)
    platform.answer(wrong, truth(wrong), annotator="ann#0")
    bridge.sync()
    assert bridge.explain(wrong).where == "answered"


def test_twice_with_nothing_new_asks_nothing_more(platform, tmp_path) -> None:
    bridge, _ = with_one_wrong_label(platform, tmp_path)
    first = bridge.sync()
    pushes, waiting = list(platform.pushes), list(platform.queued)
    assert bridge.sync().status == "unchanged"
    assert bridge.sync(full=True).queue == first.queue
    assert (platform.pushes, platform.queued) == (pushes, waiting)


def test_a_push_whose_answer_was_lost_asks_nothing_twice(platform, tmp_path) -> None:
    bridge, wrong = with_one_wrong_label(platform, tmp_path)
    platform.after["push"] = lost()
    with pytest.raises(type(lost())):
        bridge.sync()
    waiting = list(platform.queued)
    bridge.sync()
    assert sorted(platform.queued) == sorted(waiting)
    assert platform.queued.count(wrong) == 1


def test_one_that_the_platform_lost_may_be_asked_again(platform, tmp_path) -> None:
    bridge, wrong = with_one_wrong_label(platform, tmp_path)
    bridge.sync()
    platform.queued.remove(wrong)
    for key in platform.queued[:8]:
        platform.answer(key, truth(key), annotator=f"ann#{len(platform.answers.get(key, {}))}")
    bridge.sync(full=True)
    assert wrong in asked_again(bridge, platform)
    states = [place.state for place in bridge.explain(wrong).places]
    assert states[:2] == ["open", "withdrawn"]


def test_where_the_first_answer_is_deleted_the_item_waits_once(platform, tmp_path, place) -> None:
    bridge, wrong = with_one_wrong_label(platform, tmp_path, store=place.section)
    bridge.sync()
    platform.delete_answer(wrong, "ann#0")
    bridge.sync()
    assert platform.queued.count(wrong) == 1
    assert [p.state for p in bridge.explain(wrong).places].count("open") == 1
    answer_all(platform)
    bridge.sync()
    assert bridge.explain(wrong).where == "answered"
    platform.delete_answer(wrong, "ann#0")
    bridge.sync()
    assert [p.state for p in bridge.explain(wrong).places].count("open") == 1


@pytest.mark.parametrize("confirmed", [False, True])
def test_the_more_second_answers_confirm_the_first_the_less_is_asked(tmp_path, confirmed) -> None:
    platform = MemoryPlatform()
    mails, wrong = mail(80), {3, 21, 36, 54}
    platform.add(*mails.values())
    for place, key in enumerate(list(mails)[:60]):
        platform.answer(key, "ham" if place in wrong else truth(key))
        if confirmed and place not in wrong:
            platform.answer(key, truth(key), annotator="bob")
    bridge = bridge_of(platform, tmp_path)
    bridge.sync()
    assert bool(asked_again(bridge, platform)) is not confirmed
