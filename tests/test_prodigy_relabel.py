"""Prodigy asks again for what has an answer: as another question, whose answer stands beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.api import Bridge
from bridge_prodigy.emulator import Emulator
from prodigy_desk import CLASSES, loop_over, staged_desk, truth


@pytest.fixture
def desk() -> Iterator[Emulator]:
    with staged_desk(100) as desk:
        yield desk


@pytest.fixture
def bridge(desk: Emulator, tmp_path: Path) -> Iterator[Bridge]:
    with loop_over(
        desk, tmp_path, queue={"depth": 30, "batch": 5}, acquisition={"relabel_share": 0.2}
    ) as bridge:
        yield bridge


def work(desk: Emulator, person: str, wrong: str | None = None) -> list[dict[str, Any]]:
    """Take and answer all that is queued, one item of it wrongly; return the tasks."""
    session = f"{desk.options.dataset}-{person}"
    done: list[dict[str, Any]] = []
    while tasks := desk.controller.get_questions(session):
        for task in tasks:
            kind = truth(task["bridge_key"])
            kind = CLASSES[1 - CLASSES.index(kind)] if task["bridge_key"] == wrong else kind
            desk.controller.receive_answers(
                [{**task, "accept": [kind], "answer": "accept"}], session
            )
            done.append(task)
    return done


def with_a_wrong_label(desk: Emulator, bridge: Bridge, person: str = "ann") -> str:
    bridge.sync()
    wrong = next(key for key in desk.queue() if not bridge.explain(key).hold_out)
    work(desk, person, wrong)
    bridge.sync()
    return wrong


@pytest.mark.parametrize("restarted", [False, True])
def test_it_is_served_again_blind_and_both_answers_stand(desk, bridge, restarted) -> None:
    wrong = with_a_wrong_label(desk, bridge)
    if restarted:
        desk.restart()
    tasks = work(desk, "bob")
    (again,) = [task for task in tasks if task["bridge_key"] == wrong]
    assert "accept" not in again
    assert "model" not in again["meta"]
    result = bridge.sync()
    assert result.left_out == {"disagreement": 1}
    explained = bridge.explain(wrong)
    assert [line.split(" at ")[0] for line in explained.answers] == [
        f"ann: {CLASSES[1 - CLASSES.index(truth(wrong))]}",
        f"bob: {truth(wrong)}",
    ]
    assert explained.places[0].source == "relabel"  # the dispute is asked once more
    assert [task["bridge_key"] for task in work(desk, "cid")].count(wrong) == 1
    assert bridge.sync().left_out == {}


def test_one_who_works_alone_is_asked_again_too(desk, bridge) -> None:
    wrong = with_a_wrong_label(desk, bridge)
    assert [task["bridge_key"] for task in work(desk, "ann")].count(wrong) == 1
    bridge.sync()
    assert len(bridge.explain(wrong).answers) == 2


def test_reading_everything_again_changes_nothing(desk, bridge) -> None:
    wrong = with_a_wrong_label(desk, bridge)
    before = desk.options.queue.read_bytes()
    result = bridge.sync(full=True)
    assert not any(result.pulled.model_dump().values())
    assert desk.options.queue.read_bytes() == before
    assert wrong in desk.queue()
    assert bridge.verify().same
    work(desk, "bob")
    bridge.sync(full=True)
    assert bridge.verify().same


def test_a_lost_queue_file_asks_again_what_was_asked_again(desk, bridge) -> None:
    wrong = with_a_wrong_label(desk, bridge)
    desk.options.queue.unlink()
    bridge.sync(full=True)
    assert desk.queue().count(wrong) == 1
    assert len(desk.queue()) == 30
