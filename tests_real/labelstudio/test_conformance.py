"""The adapter keeps the promises of every adapter, on a real Label Studio."""

from __future__ import annotations

import pytest

from bridge.records import Classes, Item
from bridge.testing import PlatformSuite, batch_of, replay
from bridge_labelstudio import LabelStudioPlatform
from tests_real.labelstudio.rig import LabelStudioRig, People, labelstudio_rig


class TestLabelStudio(PlatformSuite, rig=labelstudio_rig):
    """Every promise, on a real server."""

    @pytest.fixture(autouse=True)
    def _on_this_server(self, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
        def make(task, classes):
            return labelstudio_rig(people, task, classes)

        monkeypatch.setattr(type(self), "make_rig", staticmethod(make))

    def test_answers_by_address(self, rig: LabelStudioRig, platform: LabelStudioPlatform) -> None:
        items = [Item(key=f"key-{i}", text=f"Text {i} 😀") for i in range(3)]
        rig.add_items(items)
        *_, last = platform.pull(None)
        platform.push(batch_of(items, ("ham", "no", "späm")), platform.schema())
        rig.answer("key-0", ["späm"], "ann")
        rig.answer("key-1", ["no"], "bob")
        _, annotations, _ = replay(platform.pull(last.cursor))
        told = {a.item_key: (a.annotator, a.value, a.seconds) for a in annotations.values()}
        assert told == {
            "key-0": ("ann@example.com", Classes(chosen=("späm",)), 1.5),
            "key-1": ("bob@example.com", Classes(chosen=("no",)), 1.5),
        }
