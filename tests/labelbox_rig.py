"""A rig for the conformance suite, over the emulator on a real socket."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from bridge.records import Item, TaskType
from bridge_labelbox import LabelboxPlatform, LabelboxSettings
from bridge_labelbox.emulator import Emulator
from bridge_labelbox.emulator.faults import Fault


def _nap(seconds: float) -> None:
    time.sleep(min(seconds, 0.02))


class LabelboxRig:
    keyed = True
    writes_can_be_lost = True

    def __init__(self, emulator: Emulator, project: str, dataset: str) -> None:
        self.emulator = emulator
        self.project = project
        self.dataset = dataset

    def settings(self, **more: object) -> LabelboxSettings:
        given = {
            "api_key": self.emulator.api_key,
            "project": self.project,
            "datasets": [self.dataset],
            "endpoint": self.emulator.url,
            "retry_budget_s": 5,
            "poll_interval_s": 0.05,
        }
        return LabelboxSettings.model_validate(given | more)

    def connect(self, *, wrong_key: bool = False, **more: object) -> LabelboxPlatform:
        if wrong_key:
            more["api_key"] = "wrong-key"
        return LabelboxPlatform(self.settings(**more), sleep=_nap)

    def add_items(self, items: Sequence[Item]) -> None:
        self.emulator.add_items(self.project, [(item.key, item.text or "") for item in items])

    def remove_item(self, key: str) -> None:
        self.emulator.remove_item(key)

    def answer(self, key: str, classes: Sequence[str], annotator: str = "ann") -> None:
        self.emulator.answer(self.project, key, classes, annotator)

    def skip(self, key: str, annotator: str = "ann") -> None:
        self.emulator.skip(self.project, key, annotator)

    def delete_answer(self, key: str, annotator: str = "ann") -> None:
        self.emulator.delete_label(self.project, key, annotator)

    def queue(self) -> list[str]:
        return self.emulator.queue(self.project)

    def pre_annotations(self) -> Mapping[str, tuple[str, ...]]:
        shown = self.emulator.pre_annotations(self.project)
        assert all(len(predictions) == 1 for predictions in shown.values())
        return {key: predictions[0] for key, predictions in shown.items()}

    def called(self, annotator: str) -> str:
        return annotator

    def lose_write(self, nth: int) -> None:
        self.emulator.faults.clear()
        if nth:
            self.emulator.fail(Fault("lose", on="write", nth=nth))


@contextmanager
def labelbox_rig(task: TaskType, classes: tuple[str, ...]) -> Iterator[LabelboxRig]:
    with Emulator() as emulator:
        project, dataset = emulator.add_project(classes, task=task)
        yield LabelboxRig(emulator, project, dataset)
