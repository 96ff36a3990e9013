"""The shipped recipe, served by the stand-in as Prodigy serves it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import bridge_prodigy.recipe
from bridge.records import Batch, Item, Span, Spans
from bridge.testing import batch_of, replay
from bridge_prodigy import connect
from bridge_prodigy.emulator import Controller, Emulator
from bridge_prodigy.recipe import FileStream, queue
from bridge_prodigy.settings import View

CLASSES = ("yes", "no")
ITEMS = [Item(key=f"k{i:02}", text=f"text {i}") for i in range(40)]


@pytest.fixture
def desk(tmp_path: Path) -> Emulator:
    desk = Emulator(tmp_path, CLASSES)
    desk.add_items(ITEMS)
    return desk


def push(desk: Emulator, items: list[Item]) -> Batch:
    platform = connect(desk.options)
    batch = batch_of(items, CLASSES)
    platform.push(batch, platform.schema())
    return batch


def rerank(desk: Emulator, items: list[Item]) -> None:
    platform = connect(desk.options)
    platform.rerank(batch_of(items, CLASSES, model="m-2").items, platform.schema())


def ask(desk: Emulator, person: str = "ann") -> list[dict[str, Any]]:
    return desk.controller.get_questions(f"bridge-demo-{person}")


def keys(tasks: list[dict[str, Any]]) -> list[str]:
    return [task["bridge_key"] for task in tasks]


def give(desk: Emulator, tasks: list[dict[str, Any]], person: str = "ann") -> None:
    answered = [{**task, "accept": ["yes"], "answer": "accept"} for task in tasks]
    desk.controller.receive_answers(answered, f"bridge-demo-{person}")


def answered_keys(desk: Emulator) -> list[str]:
    annotations = replay(connect(desk.options).pull(None))[1]
    return sorted(a.item_key for a in annotations.values())


# -------------------------------------------------------------------------------------- the stream


def test_a_new_ranking_is_followed_within_one_batch(desk: Emulator) -> None:
    push(desk, ITEMS)
    first = ask(desk)
    assert keys(first) == [item.key for item in ITEMS[:5]]
    rerank(desk, ITEMS[::-1])
    give(desk, first)
    second = ask(desk)
    assert keys(second) == [item.key for item in ITEMS[:-6:-1]]
    assert {task["meta"]["model"] for task in second if "model" in task["meta"]} == {"m-2"}


def test_a_file_that_appears_later_is_served(desk: Emulator) -> None:
    assert ask(desk) == []
    push(desk, ITEMS[:3])
    assert keys(ask(desk)) == ["k00", "k01", "k02"]
    desk.options.queue.unlink()
    assert keys(ask(desk, "bob")) == []
    push(desk, ITEMS[3:5])
    assert keys(ask(desk, "bob")) == ["k03", "k04"]


def test_an_exhausted_queue_goes_on_when_it_is_filled_up(desk: Emulator) -> None:
    push(desk, ITEMS[:2])
    give(desk, ask(desk))
    assert ask(desk) == []
    push(desk, ITEMS[2:4])
    assert keys(ask(desk)) == ["k02", "k03"]


def test_nobody_is_asked_twice_whatever_is_replaced(desk: Emulator) -> None:
    push(desk, ITEMS)
    asked: list[str] = []
    for turn in range(8):
        tasks = ask(desk, f"person-{turn % 3}")
        asked += keys(tasks)
        give(desk, tasks, f"person-{turn % 3}")
        rerank(desk, ITEMS[turn:] + ITEMS[:turn])
    assert sorted(asked) == [item.key for item in ITEMS]
    assert [ask(desk, f"person-{n}") for n in range(3)] == [[], [], []]


def test_a_changed_prediction_does_not_ask_again_after_a_restart(desk: Emulator) -> None:
    push(desk, ITEMS[:6])
    give(desk, ask(desk))
    rerank(desk, ITEMS[:6][::-1])
    desk.restart()
    assert keys(ask(desk)) == ["k05"]


def test_with_overlap_everybody_is_asked_once(tmp_path: Path) -> None:
    desk = Emulator(tmp_path, CLASSES, feed_overlap=True)
    desk.add_items(ITEMS[:12])
    push(desk, ITEMS[:12])
    for person in ("ann", "bob"):
        asked = []
        for _ in range(4):
            tasks = ask(desk, person)
            asked += keys(tasks)
            give(desk, tasks, person)
            desk.restart()
        assert asked == [item.key for item in ITEMS[:12]]
    assert answered_keys(desk) == sorted([item.key for item in ITEMS[:12]] * 2)


@pytest.mark.parametrize("overlap", [False, True])
def test_two_people_with_reloads_and_replaced_batches(tmp_path: Path, overlap: bool) -> None:
    """A page that is loaded again shows its open tasks again, and never an answered one."""
    desk = Emulator(tmp_path, CLASSES, feed_overlap=overlap)
    desk.add_items(ITEMS)
    push(desk, ITEMS)
    given: dict[str, list[str]] = {"ann": [], "bob": []}
    for turn in range(12):
        for person, done in given.items():
            shown = ask(desk, person)
            assert not set(keys(shown)) & set(done)
            if turn % 3 == 0:
                assert ask(desk, person)[: len(shown)] == shown, "the page is loaded again"
            answered = shown[: 1 + turn % 5]
            give(desk, answered, person)
            done += keys(answered)
        if turn % 2:
            rerank(desk, ITEMS[turn:] + ITEMS[:turn])
        if turn == 7:
            desk.restart()
    asked = given["ann"] + given["bob"]
    assert len(set(given["ann"])) == len(given["ann"]) >= 20
    if not overlap:
        assert len(set(asked)) == len(asked)
    assert answered_keys(desk) == sorted(asked)


@pytest.mark.parametrize("view", ["ner_manual", "spans_manual"])
def test_the_manual_views_get_tokens_and_keep_their_own(tmp_path: Path, view: View) -> None:
    desk = Emulator(tmp_path, ("Dish",), view=view)
    own = [{"text": "whole text", "start": 0, "end": 10, "id": 0, "ws": False}]
    items = [Item(key="a", text="🌮 tacos"), Item(key="b", text="whole text", meta={"tokens": own})]
    desk.add_items(items)
    push(desk, items)
    first, second = ask(desk)
    assert [(t["text"], t["start"], t["end"]) for t in first["tokens"]] == [
        ("🌮", 0, 1),
        ("tacos", 2, 7),
    ]
    assert second["tokens"] == own
    span = {"start": 2, "end": 7, "token_start": 1, "token_end": 1, "label": "Dish"}
    desk.controller.receive_answers([{**first, "spans": [span], "answer": "accept"}], "x")
    desk.options.source.write_text("")
    told, annotations, _ = replay(connect(desk.options).pull(None))
    assert [a.value for a in annotations.values()] == [
        Spans(spans=(Span(start=2, end=7, class_name="Dish"),))
    ]
    assert told == {"a": items[0]}, "the recipe's tokens are no part of the item"


def test_single_characters_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "queue.jsonl"
    path.write_text('{"text": "ab c", "bridge_key": "k"}\n{"image": "i", "bridge_key": "j"}\n')
    text, image = queue("d", str(path), view="ner_manual", chars=True)["stream"]
    assert [token["text"] for token in text["tokens"]] == ["a", "b", "c"]
    assert "tokens" not in image
    assert "tokens" not in next(queue("d", str(path))["stream"])


def test_items_with_the_same_text_are_asked_each(tmp_path: Path) -> None:
    desk = Emulator(tmp_path, CLASSES)
    twins = [Item(key=key, text="OK") for key in ("a", "b")]
    desk.add_items(twins)
    push(desk, twins)
    desk.answer("a", ["yes"])
    assert keys(ask(desk)) == ["b"]


def test_a_killed_recipe_loses_nothing(desk: Emulator) -> None:
    push(desk, ITEMS[:10])
    given = ask(desk)[:2]
    give(desk, given)
    desk.restart()  # three tasks were in the browser
    assert keys(ask(desk)) == ["k02", "k03", "k04", "k05", "k06"]
    assert answered_keys(desk) == ["k00", "k01"]


def test_binary_tasks_are_excluded_by_task(tmp_path: Path) -> None:
    desk = Emulator(tmp_path, ("spam",), view="classification", negative="ham")
    desk.add_items(ITEMS[:3])
    push(desk, ITEMS[:3])
    other = {**ask(desk)[0], "label": "fraud"}
    del other["_task_hash"]
    desk.controller.receive_answers([{**other, "answer": "accept"}], "bridge-demo-ann")
    desk.restart()
    assert keys(ask(desk)) == ["k00", "k01", "k02"]
    desk.answer("k00", ["spam"])
    desk.restart()
    assert keys(ask(desk)) == ["k01", "k02"]


def test_damaged_lines_are_left_out(desk: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    push(desk, ITEMS[:3])
    good = desk.options.queue.read_bytes().splitlines()
    bad = [b'{"text": "caf\xe9"}', b"[]", b'"text"', b"{}", b'{"bridge_key": "a"}', good[2][:50]]
    desk.options.queue.write_bytes(b"\n".join([good[0], *bad, b"", good[1]]))
    assert keys(ask(desk)) == ["k00", "k01"]
    assert caplog.text.count("is damaged and left out") == len(bad)


def test_a_folder_in_the_files_place_never_raises(tmp_path: Path) -> None:
    assert list(FileStream(tmp_path)) == []


def test_waiting_for_the_next_sync(desk: Emulator) -> None:
    stream = FileStream(desk.options.queue, wait=20)
    timer = threading.Timer(0.2, push, (desk, ITEMS[:1]))
    started = time.monotonic()
    timer.start()
    assert next(stream)["bridge_key"] == "k00"
    assert time.monotonic() - started < 20
    timer.join()


def test_the_stream_looks_at_one_task_at_a_time(desk: Emulator) -> None:
    push(desk, ITEMS[:4])
    stream = FileStream(desk.options.queue)
    assert next(stream)["bridge_key"] == "k00"
    rerank(desk, ITEMS[:4][::-1])
    assert keys(list(stream)) == ["k03", "k02", "k01"], "k00 was served already"


# -------------------------------------------------------------------------------- inside Prodigy


@pytest.mark.parametrize("view", ["choice", "classification", "ner_manual"])
def test_components(desk: Emulator, view: str) -> None:
    components = queue("d", str(desk.options.queue), view=view, label="a, b", instant=True)
    assert (components["dataset"], components["view_id"]) == ("d", view)
    config = components["config"]
    assert config["exclude_by"] == "task"
    assert config["labels"] == ["a", "b"]
    assert (config["instant_submit"], config["batch_size"]) == (True, 1)
    assert ("choice_style" in config) == (view == "choice")


class FakeStream:
    """Like Prodigy's: once its source has ended, it has ended for good."""

    def __init__(self, source: Iterator[Any]) -> None:
        self._tasks = (task for task in source)

    def __iter__(self) -> Iterator[Any]:
        return self._tasks

    @classmethod
    def from_iterable(cls, source: Iterator[Any]) -> FakeStream:
        return cls(source)


@pytest.fixture
def prodigy(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A module named prodigy, with what the recipe uses of it; returns what was registered."""
    registered: dict[str, Any] = {}

    def recipe(name: str, **arguments: Any) -> Callable[[Any], Any]:
        def decorate(function: Any) -> Any:
            registered.update(name=name, arguments=arguments, function=function)
            return function

        return decorate

    fakes = {name: ModuleType(name) for name in ("prodigy", "prodigy.components")}
    fakes["prodigy.components.stream"] = ModuleType("prodigy.components.stream")
    vars(fakes["prodigy"])["recipe"] = recipe
    vars(fakes["prodigy.components.stream"])["Stream"] = FakeStream
    for name, fake in fakes.items():
        monkeypatch.setitem(sys.modules, name, fake)
    return registered


def test_the_recipe_registers_itself_where_prodigy_is(prodigy: dict[str, Any]) -> None:
    path = bridge_prodigy.recipe.__file__
    spec = importlib.util.spec_from_file_location("given_to_F", path)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert prodigy["name"] == "bridge.queue"
    names = prodigy["function"].__code__.co_varnames[: prodigy["function"].__code__.co_argcount]
    assert list(prodigy["arguments"]) == list(names)


def test_a_stream_that_prodigy_ended_is_replaced_when_answers_come(
    desk: Emulator, prodigy: dict[str, Any]
) -> None:
    components = queue("bridge-demo", str(desk.options.queue))
    components["stream"] = FakeStream(components["stream"])
    desk.controller = Controller(components, desk.database, feed_overlap=False)
    push(desk, ITEMS[:2])
    tasks = ask(desk)
    assert len(tasks) == 2
    push(desk, ITEMS[2:5])
    assert len(ask(desk)) == 2, "the open tasks again: the stream has ended"
    give(desk, tasks)
    assert keys(ask(desk)) == ["k02", "k03", "k04"]


def test_a_failing_callback_never_keeps_answers_from_being_saved(
    desk: Emulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    push(desk, ITEMS[:1])
    tasks = ask(desk)

    def fail(stream: FileStream) -> bool:
        raise RuntimeError("a full moon")

    monkeypatch.setattr(FileStream, "has_next", fail)
    give(desk, tasks)
    assert len(desk.database.get_dataset_examples("bridge-demo")) == 1
    assert "a full moon" in caplog.text


def test_the_entry_point_names_the_recipe() -> None:
    points = importlib.metadata.entry_points(group="prodigy_recipes")
    (point,) = [point for point in points if point.name == "bridge.queue"]
    assert point.load() is bridge_prodigy.recipe.queue


def test_a_queue_file_stays_as_bridge_wrote_it(desk: Emulator) -> None:
    push(desk, ITEMS[:10])
    before = desk.options.queue.read_bytes()
    give(desk, ask(desk))
    assert desk.options.queue.read_bytes() == before
    assert json.loads(before.splitlines()[0])["bridge_key"] == "k00"
