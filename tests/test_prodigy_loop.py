"""The whole loop: the engine, the adapter, the queue file, the recipe, and people at it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.api import Bridge
from bridge_prodigy.emulator import Emulator
from prodigy_desk import loop_over, staged_desk, truth


@pytest.fixture
def desk() -> Iterator[Emulator]:
    with staged_desk(300) as desk:
        yield desk


@pytest.fixture
def bridge(desk: Emulator, tmp_path: Path) -> Iterator[Bridge]:
    with loop_over(desk, tmp_path, queue={"depth": 30, "batch": 10}) as bridge:
        yield bridge


def work(desk: Emulator, person: str, batches: int) -> list[dict[str, Any]]:
    """Take tasks and answer them as the truth is; return the tasks."""
    session = f"{desk.options.dataset}-{person}"
    done: list[dict[str, Any]] = []
    for _ in range(batches):
        tasks = desk.controller.get_questions(session)
        answers = [
            {**task, "accept": [truth(task["bridge_key"])], "answer": "accept"} for task in tasks
        ]
        desk.controller.receive_answers(answers, session)
        done += tasks
    return done


def test_the_loop(desk: Emulator, bridge: Bridge) -> None:
    assert [finding.detail for finding in bridge.check() if not finding.ok] == []
    asked: list[dict[str, Any]] = []
    for turn in range(4):
        result = bridge.sync()
        assert result.pulled.new_annotations == (25 if turn else 0)
        assert len(desk.queue()) == 30
        asked += work(desk, "ann", 3) + work(desk, "bob", 2)
        if turn == 1:
            desk.restart()
    bridge.sync()
    keys = [task["bridge_key"] for task in asked]
    assert len(set(keys)) == len(keys) == 100
    hold_out = {key for key in keys if bridge.explain(key).hold_out}
    assert hold_out
    assert not [t for t in asked if t["bridge_key"] in hold_out and "accept" in t]
    assert [task for task in asked if "accept" in task], "the champion pre-annotates"
    assert bridge.status().annotations == 100


def test_nothing_new_changes_nothing(desk: Emulator, bridge: Bridge) -> None:
    bridge.sync()
    work(desk, "ann", 4)
    bridge.sync()
    before = desk.options.queue.read_bytes()
    for full in (False, True):
        result = bridge.sync(full=full)
        assert not any(result.pulled.model_dump().values())
        assert result.pushed.items == 0
    assert desk.options.queue.read_bytes() == before


def test_a_lost_queue_file_is_written_again(desk: Emulator, bridge: Bridge) -> None:
    bridge.sync()
    work(desk, "ann", 2)
    desk.options.queue.unlink()
    bridge.sync(full=True)
    assert len(desk.queue()) == 30


def test_a_removed_row_leaves_the_queue(desk: Emulator, bridge: Bridge) -> None:
    bridge.sync()
    gone = desk.queue()[0]
    desk.remove_item(gone)
    bridge.sync(full=True)
    work(desk, "ann", 4)
    bridge.sync()
    assert gone not in desk.queue()
    lines = desk.options.queue.read_text().splitlines()
    assert gone not in {json.loads(line)["bridge_key"] for line in lines}
