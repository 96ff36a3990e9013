"""Prodigy's process dies while people answer over HTTP: what it acknowledged is never lost."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge.errors import PlatformError
from bridge.records import Classes, Item, Page
from bridge.testing import batch_of, replay
from bridge_prodigy import connect
from bridge_prodigy.emulator import Emulator

CLASSES = ("yes", "no")
ITEMS = [Item(key=f"k{n:03}", text=f"text {n}") for n in range(150)]
SERVE = """
import pathlib, sys
from bridge_prodigy.emulator import Emulator
desk = Emulator(pathlib.Path(sys.argv[1]), ("yes", "no"))
print(desk.start(), flush=True)
desk.wait()
"""


class Prodigy:
    """The stand-in with the shipped recipe in a process of its own, which can be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-c", SERVE, str(self.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()


@dataclass
class Person:
    """Answers what the page shows; sends answers again until the server acknowledges them.

    Attributes:
        seen: keys of the tasks shown, once per answer given.
        acknowledged: keys of the answers that the server said it has.
    """

    name: str
    prodigy: Prodigy
    seen: list[str] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    sent_again: int = 0

    def post(self, path: str, **body: Any) -> Any:
        """Send until there is an answer, to wherever Prodigy is now."""
        session = f"bridge-demo-{self.name}"
        while True:
            try:
                url = f"{self.prodigy.url}{path}"
                response = requests.post(url, json={"session_id": session, **body}, timeout=20)
                response.raise_for_status()
                return response.json()
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                self.sent_again += 1
                time.sleep(0.02)

    def work(self) -> None:
        while tasks := self.post("/get_session_questions")["tasks"]:
            keys = [task["bridge_key"] for task in tasks]
            self.seen += keys
            answers = [{**t, "accept": [truth(t["bridge_key"])], "answer": "accept"} for t in tasks]
            self.post("/give_answers", answers=answers)
            self.acknowledged.update(keys)


def truth(key: str) -> str:
    return CLASSES[int(key[1:]) % 2]


@pytest.fixture
def desk(tmp_path: Path) -> Emulator:
    desk = Emulator(tmp_path, CLASSES)
    desk.add_items(ITEMS)
    return desk


@pytest.fixture
def prodigy(tmp_path: Path, desk: Emulator) -> Iterator[Prodigy]:
    running = Prodigy(tmp_path)
    yield running
    running.kill()


def rank(desk: Emulator, items: list[Item]) -> None:
    platform = connect(desk.options)
    platform.push(batch_of(items, CLASSES), platform.schema())
    platform.rerank(batch_of(items, CLASSES).items, platform.schema())


def in_threads(*jobs: Callable[[], None]) -> list[threading.Thread]:
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    return threads


def untimed(annotations):
    """Leave the seconds out: answers of one second share them, and a pull may fall between."""
    return {
        name: annotation.model_copy(update={"seconds": None})
        for name, annotation in annotations.items()
    }


def test_what_was_acknowledged_is_pulled_and_nobody_is_asked_twice(
    desk: Emulator, prodigy: Prodigy
) -> None:
    rank(desk, ITEMS)
    people = [Person(name, prodigy) for name in ("ann", "bob-lee")]
    threads = in_threads(*(person.work for person in people))
    luck = random.Random(7)
    platform, cursor = connect(desk.options), None
    pages: list[Page] = []
    for enough in range(20, 140, 20):
        while sum(len(person.acknowledged) for person in people) < enough:
            time.sleep(0.002)
        time.sleep(luck.uniform(0, 0.01))
        acknowledged = set().union(*(set(person.acknowledged) for person in people))
        prodigy.kill()
        rank(desk, luck.sample(ITEMS, len(ITEMS)))
        try:
            pages += platform.pull(cursor)
            prodigy.start()
        except PlatformError as error:
            if "unfinished write" not in error.what:
                raise
            prodigy.start()  # as the error says; a reader cannot undo the write
            pages += platform.pull(cursor)
        cursor = next((page.cursor for page in pages[::-1] if page.cursor), cursor)
        assert acknowledged <= {a.item_key for a in replay(pages)[1].values()}
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert any(person.sent_again for person in people), "they were at work when it died"
    for person in people:
        assert [key for key, n in Counter(person.seen).items() if n > 1] == []
        assert person.acknowledged == set(person.seen)
    annotations = replay(platform.pull(None))[1]
    assert untimed(replay([*pages, *platform.pull(cursor)])[1]) == untimed(annotations)
    told: dict[str | None, set[str]] = {a.annotator: set() for a in annotations.values()}
    for annotation in annotations.values():
        told[annotation.annotator].add(annotation.item_key)
        assert annotation.value == Classes(chosen=(truth(annotation.item_key),))
    assert told == {person.name: person.acknowledged for person in people}
    assert set().union(*told.values()) == {item.key for item in ITEMS}


def test_a_killed_server_asks_again_only_what_was_not_answered(
    desk: Emulator, prodigy: Prodigy
) -> None:
    rank(desk, ITEMS[:12])
    ann = Person("ann", prodigy)
    shown = ann.post("/get_session_questions")["tasks"]
    given = [{**task, "accept": ["yes"], "answer": "accept"} for task in shown[:3]]
    ann.post("/give_answers", answers=given)
    prodigy.kill()
    rank(desk, ITEMS[:12][::-1])
    prodigy.start()
    asked = []
    while tasks := ann.post("/get_session_questions")["tasks"]:
        asked += [task["bridge_key"] for task in tasks]
        ann.post("/give_answers", answers=[{**task, "answer": "ignore"} for task in tasks])
    assert asked == [item.key for item in ITEMS[3:12][::-1]]


def test_a_page_that_was_open_when_prodigy_died_can_still_send_its_answers(
    desk: Emulator, prodigy: Prodigy
) -> None:
    """The restarted server may have shown its tasks to someone else: then there are two answers."""
    rank(desk, ITEMS[:5])
    ann, bob = (Person(name, prodigy) for name in ("ann", "bob"))
    shown = ann.post("/get_session_questions")["tasks"]
    prodigy.kill()
    prodigy.start()
    assert bob.post("/get_session_questions")["tasks"][0]["bridge_key"] == "k000"
    given = [{**task, "accept": ["yes"], "answer": "accept"} for task in shown]
    ann.post("/give_answers", answers=given)
    bob.work()
    told = [(a.item_key, a.annotator) for a in replay(connect(desk.options).pull(None))[1].values()]
    assert sorted(told) == [(item.key, who) for item in ITEMS[:5] for who in ("ann", "bob")]
    assert ann.post("/get_session_questions")["tasks"] == []
