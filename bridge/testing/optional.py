"""What adapters keep where their platform can: by its capabilities, or opted out with a reason."""

from __future__ import annotations

import pytest

from bridge.errors import AuthError, BridgeError
from bridge.platforms import Platform
from bridge.testing.basic import in_order
from bridge.testing.playing import (
    CLASSES,
    batch_of,
    chosen,
    cursor_of,
    queue_up,
    relabel_of,
    replay,
    texts,
)
from bridge.testing.rig import Rig

__all__ = ["OptionalTests"]


def needs(condition: bool, what: str) -> None:
    """Skip a test of what the platform says that it cannot do."""
    if not condition:
        pytest.skip(f"the platform has no {what}")


class OptionalTests:
    """Keys, several annotators, deletions, pre-annotations, a new order of the queue."""

    def test_wrong_key(self, rig: Rig) -> None:
        """Wrong credentials are an AuthError, and a finding with advice, never a traceback."""
        needs(rig.keyed, "credentials")
        platform = rig.connect(wrong_key=True)
        with pytest.raises(AuthError) as caught:
            platform.schema()
        assert caught.value.fix
        bad = [f for f in platform.check() if not f.ok]
        assert bad
        assert bad[0].fix
        platform.close()

    def test_two_annotators(self, rig: Rig, platform: Platform) -> None:
        """Two people's answers on one item are two annotations."""
        needs(platform.capabilities.annotators, "annotators")
        items = texts(1)
        rig.add_items(items)
        queue_up(platform, items)
        rig.answer("key-0", ["ham"], "ann")
        rig.answer("key-0", ["späm"], "bob")
        _, annotations, _ = replay(platform.pull(None))
        assert sorted(chosen(a) for a in annotations.values()) == [("ham",), ("späm",)]

    def test_deleted_answer(self, rig: Rig, platform: Platform) -> None:
        """A deleted answer is gone: at once if the feed tells, at the latest in a full pull."""
        items = texts(2)
        rig.add_items(items)
        queue_up(platform, items)
        rig.answer("key-0", ["ham"])
        rig.answer("key-1", ["ham"])
        cursor = cursor_of(platform.pull(None))
        rig.delete_answer("key-0")
        _, annotations, _ = replay(platform.pull(None))
        assert {a.item_key for a in annotations.values()} == {"key-1"}
        if platform.capabilities.deletions == "in feed":
            changes = replay(platform.pull(cursor))[2]
            assert changes["key-0"].complete
            assert not changes["key-0"].annotations

    def test_removed_item(self, rig: Rig, platform: Platform) -> None:
        """An item that was deleted is absent from a full pull, or told as removed."""
        rig.add_items(texts(3))
        rig.remove_item("key-1")
        _, _, last = replay(platform.pull(None))
        assert {key for key, change in last.items() if not change.removed} == {"key-0", "key-2"}

    def test_pre_annotations(self, rig: Rig, platform: Platform) -> None:
        """Predictions are shown as pre-annotations; items without one (hold-out) show none."""
        needs(platform.capabilities.pre_annotations, "pre-annotations")
        items = texts(6)
        rig.add_items(items)
        batch = queue_up(platform, items)
        expected = {
            entry.item.key: entry.prediction.chosen("single")
            for entry in batch.items
            if entry.prediction is not None
        }
        assert len(expected) == 4
        assert dict(rig.pre_annotations()) == expected

    def test_push_of_removed_item(self, rig: Rig, platform: Platform) -> None:
        """An item that is gone is refused by name; the rest of the batch is queued."""
        items = texts(3)
        rig.add_items(items)
        rig.remove_item("key-1")
        report = platform.push(batch_of(items, CLASSES), platform.schema())
        assert [refusal.key for refusal in report.refused if refusal.fatal] == ["key-1"]
        assert report.accepted == 2
        assert in_order(platform, rig.queue(), ["key-0", "key-2"])

    def test_rerank(self, rig: Rig, platform: Platform) -> None:
        """What is queued takes a new order."""
        needs(platform.capabilities.ranking == "exact", "order of its own")
        items = texts(5)
        rig.add_items(items)
        queue_up(platform, items)
        reverse = batch_of(items[::-1], CLASSES)
        platform.rerank(reverse.items, platform.schema())
        assert rig.queue() == list(reverse.keys)

    def test_rerank_leaves_answered_items(self, rig: Rig, platform: Platform) -> None:
        """A new order never asks again what was answered meanwhile."""
        needs(platform.capabilities.ranking == "exact", "order of its own")
        items = texts(4)
        rig.add_items(items)
        queue_up(platform, items)
        rig.answer("key-3", ["ham"])
        reverse = batch_of(items[::-1], CLASSES)
        platform.rerank(reverse.items, platform.schema())
        assert rig.queue() == ["key-2", "key-1", "key-0"]

    def test_lost_answers_to_reranking(self, rig: Rig, platform: Platform) -> None:
        """A new order whose answer is lost is given again, and holds."""
        needs(rig.writes_can_be_lost, "writes over a network")
        needs(platform.capabilities.ranking == "exact", "order of its own")
        items = texts(5)
        rig.add_items(items)
        queue_up(platform, items)
        reverse = batch_of(items[::-1], CLASSES)
        for nth in (1, 2):
            rig.lose_write(nth)
            try:
                platform.rerank(reverse.items, platform.schema())
            except BridgeError:
                platform.rerank(reverse.items, platform.schema())
            rig.lose_write(0)
            assert rig.queue() == list(reverse.keys)

    def test_relabel(self, rig: Rig, platform: Platform) -> None:
        """What has an answer is asked again, once and blind, and both answers stand."""
        needs(platform.capabilities.relabels, "way to ask again")
        items = texts(3)
        rig.add_items(items)
        queue_up(platform, items)
        rig.answer("key-0", ["ham"])
        again = relabel_of(items[0])
        for _ in range(2):
            platform.push(again, platform.schema())
        assert rig.queue().count("key-0") == 1
        assert "key-0" not in rig.pre_annotations()
        last = replay(platform.pull(None))[2]
        assert last["key-0"].queued is not False
        rig.answer("key-0", ["späm"])
        assert "key-0" not in rig.queue()
        _, annotations, _ = replay(platform.pull(None))
        told = [chosen(a) for a in annotations.values() if a.item_key == "key-0"]
        assert sorted(told) == [("ham",), ("späm",)]

    def test_several_classes(self, rig_of_several: Rig) -> None:
        """In a project where several classes may apply, none, one or several are told."""
        platform = rig_of_several.connect()
        needs("multi" in platform.capabilities.tasks, "several classes on an item")
        assert platform.schema().task == "multi"
        items = texts(3)
        rig_of_several.add_items(items)
        queue_up(platform, items)
        rig_of_several.answer("key-0", ["ham", "späm"])
        rig_of_several.answer("key-1", [])
        _, annotations, _ = replay(platform.pull(None))
        told = {a.item_key: set(chosen(a)) for a in annotations.values() if a.value is not None}
        assert told.get("key-0") == {"ham", "späm"}
        assert told.get("key-1", set()) == set()
        platform.close()
