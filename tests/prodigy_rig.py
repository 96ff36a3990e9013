"""A rig for the conformance suite: the adapter and its stand-in in a temporary folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from bridge.platforms import Platform
from bridge.records import Item, TaskType
from bridge_prodigy import connect
from bridge_prodigy.emulator import Emulator, staged


class ProdigyRig:
    keyed = False
    writes_can_be_lost = False

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def connect(self, *, wrong_key: bool = False) -> Platform:
        assert not wrong_key, "a database file has no key"
        return connect(self.emulator.options)

    def add_items(self, items: Sequence[Item]) -> None:
        self.emulator.add_items(items)

    def remove_item(self, key: str) -> None:
        self.emulator.remove_item(key)

    def answer(self, key: str, classes: Sequence[str], annotator: str = "ann") -> None:
        self.emulator.answer(key, classes, annotator)

    def skip(self, key: str, annotator: str = "ann") -> None:
        self.emulator.skip(key, annotator)

    def delete_answer(self, key: str, annotator: str = "ann") -> None:
        self.emulator.delete_answer(key, annotator)

    def queue(self) -> list[str]:
        return self.emulator.queue()

    def pre_annotations(self) -> Mapping[str, tuple[str, ...]]:
        tasks = self.emulator.queued_tasks()
        keys = [task["bridge_key"] for task in tasks]
        assert len(set(keys)) == len(keys), "an item is queued twice"
        return {t["bridge_key"]: tuple(t["accept"]) for t in tasks if "accept" in t}

    def called(self, annotator: str) -> str:
        return annotator

    def lose_write(self, nth: int) -> None:
        raise AssertionError("files are replaced in one step: no write can be lost")


@contextmanager
def prodigy_rig(task: TaskType, classes: tuple[str, ...]) -> Iterator[ProdigyRig]:
    with staged(task, classes) as emulator:
        yield ProdigyRig(emulator)
