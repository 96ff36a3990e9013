"""What every adapter must keep; there is no opting out of these."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.errors import BridgeError
from bridge.platforms import Platform
from bridge.records import Annotation, Item
from bridge.testing.playing import (
    CLASSES,
    batch_of,
    chosen,
    cursor_of,
    queue_up,
    replay,
    texts,
)
from bridge.testing.rig import Rig

__all__ = ["BasicTests"]

AWKWARD_KEYS = ("plain", 'quo"te', "sla/sh", "smile-😀", "back\\slash", "per%20cent")


def in_order(platform: Platform, queue: Sequence[str], keys: Sequence[str]) -> bool:
    """Whether the queue is as asked for: in this order, where the platform has one."""
    if platform.capabilities.ranking == "exact":
        return list(queue) == list(keys)
    return sorted(queue) == sorted(keys)


class BasicTests:
    """Pull tells everything and nothing wrong; push queues once, whatever is repeated or lost."""

    def test_is_a_platform(self, platform: Platform) -> None:
        """The adapter fulfils the protocol."""
        assert isinstance(platform, Platform)
        assert platform.project

    def test_project_is_stable(self, rig: Rig, platform: Platform) -> None:
        """Two connections agree on which project they are at."""
        again = rig.connect()
        assert again.project == platform.project
        again.close()

    def test_schema(self, platform: Platform) -> None:
        """The schema tells the task and the classes, in order."""
        schema = platform.schema()
        assert schema.task == "single"
        assert schema.names == CLASSES

    def test_check_passes(self, rig: Rig, platform: Platform) -> None:
        """A healthy project has no finding that needs action."""
        rig.add_items(texts(2))
        findings = list(platform.check())
        assert findings
        assert [f for f in findings if not f.ok] == []

    def test_empty_project(self, platform: Platform) -> None:
        """A project without items is no error."""
        items, annotations, _ = replay(platform.pull(None))
        assert items == {}
        assert annotations == {}

    def test_items(self, rig: Rig, platform: Platform) -> None:
        """Every item is found once, with its text to the letter."""
        given = [
            Item(key=key, text=f"{key}: first\u2028second\nthird 😀 é") for key in AWKWARD_KEYS
        ]
        rig.add_items(given)
        items, annotations, last = replay(platform.pull(None))
        assert {key: item.text for key, item in items.items()} == {i.key: i.text for i in given}
        assert annotations == {}
        assert not any(change.queued for change in last.values())

    def test_new_items(self, rig: Rig, platform: Platform) -> None:
        """Items that are added later are told from the cursor on."""
        rig.add_items(texts(2))
        cursor = cursor_of(platform.pull(None))
        rig.add_items([Item(key="late", text="a late item")])
        items, _, _ = replay(platform.pull(cursor))
        assert "late" in items

    def test_answers(self, rig: Rig, platform: Platform) -> None:
        """Answers of queued items come back with who gave them."""
        items = texts(4)
        rig.add_items(items)
        cursor = cursor_of(platform.pull(None))
        queue_up(platform, items)
        rig.answer("key-0", ["späm"], "ann")
        rig.answer("key-1", ["no"], "bob")
        _, annotations, _ = replay(platform.pull(cursor))
        told = {a.item_key: chosen(a) for a in annotations.values()}
        assert told == {"key-0": ("späm",), "key-1": ("no",)}
        if platform.capabilities.annotators:
            people = {a.item_key: a.annotator for a in annotations.values()}
            assert people == {"key-0": rig.called("ann"), "key-1": rig.called("bob")}

    def test_every_answer_is_told_from_everycursor_of(self, rig: Rig, platform: Platform) -> None:
        """No page's cursor passes an answer that was not yielded."""
        items = texts(6)
        rig.add_items(items)
        cursor = cursor_of(platform.pull(None))
        queue_up(platform, items)
        seen: dict[str, Annotation] = {}
        for index in range(6):
            rig.answer(f"key-{index}", [CLASSES[index % 3]])
            pages = list(platform.pull(cursor))
            seen |= replay(pages)[1]
            cursor = cursor_of(pages, cursor)
        assert {a.item_key for a in seen.values()} == {item.key for item in items}

    def test_same_cursor_twice(self, rig: Rig, platform: Platform) -> None:
        """Pulling again from the same cursor, by a new connection, tells the same."""
        items = texts(3)
        rig.add_items(items)
        cursor = cursor_of(platform.pull(None))
        queue_up(platform, items)
        rig.answer("key-0", ["ham"])
        _, first, _ = replay(platform.pull(cursor))
        other = rig.connect()
        _, second, _ = replay(other.pull(cursor))
        other.close()
        assert {a.id: a.digest for a in first.values()} == {a.id: a.digest for a in second.values()}

    def test_changed_answer(self, rig: Rig, platform: Platform) -> None:
        """An edited answer replaces, under the same id, and sorts later."""
        items = texts(1)
        rig.add_items(items)
        cursor = cursor_of(platform.pull(None))
        queue_up(platform, items)
        rig.answer("key-0", ["ham"])
        pages = list(platform.pull(cursor))
        (before,) = replay(pages)[1].values()
        rig.answer("key-0", ["späm"])
        (after,) = replay(platform.pull(cursor_of(pages, cursor)))[1].values()
        assert after.id == before.id
        assert chosen(after) == ("späm",)
        assert after.order > before.order

    def test_skipped(self, rig: Rig, platform: Platform) -> None:
        """A skip is told as such, and the item leaves the queue."""
        items = texts(2)
        rig.add_items(items)
        queue_up(platform, items)
        rig.skip("key-0")
        _, annotations, _ = replay(platform.pull(None))
        (annotation,) = annotations.values()
        assert (annotation.item_key, annotation.status) == ("key-0", "skipped")
        assert rig.queue() == ["key-1"]

    def test_unknown_class(self, rig: Rig, platform: Platform) -> None:
        """An answer with a class that the schema does not know is told, not dropped."""
        items = texts(1)
        rig.add_items(items)
        queue_up(platform, items)
        rig.answer("key-0", ["martian"])
        _, annotations, _ = replay(platform.pull(None))
        (annotation,) = annotations.values()
        assert chosen(annotation) == ("martian",)

    def test_push_in_rank_order(self, rig: Rig, platform: Platform) -> None:
        """The platform asks in rank order, whatever order the items have there."""
        items = [Item(key=key, text=f"text of {key}") for key in AWKWARD_KEYS]
        rig.add_items(items)
        batch = batch_of(items[::-1], CLASSES)
        report = platform.push(batch, platform.schema())
        assert report.accepted == len(items)
        assert report.refused == ()
        assert in_order(platform, rig.queue(), batch.keys)

    def test_pushed_items_are_told_as_queued_or_silent(self, rig: Rig, platform: Platform) -> None:
        """A full pull never says of a queued item that it is not queued."""
        items = texts(3)
        rig.add_items(items)
        queue_up(platform, items)
        _, _, last = replay(platform.pull(None))
        assert not any(last[item.key].queued is False for item in items)

    def test_cold_start_batch(self, rig: Rig, platform: Platform) -> None:
        """A batch without a model is queued, without pre-annotations."""
        items = texts(3)
        rig.add_items(items)
        queue_up(platform, items, model=None)
        assert in_order(platform, rig.queue(), [item.key for item in items])
        assert dict(rig.pre_annotations()) == {}

    def test_push_twice(self, rig: Rig, platform: Platform) -> None:
        """Pushing the same batch again, by a new connection, changes nothing."""
        items = texts(5)
        rig.add_items(items)
        batch = queue_up(platform, items)
        before = dict(rig.pre_annotations())
        again = rig.connect()
        report = again.push(batch, again.schema())
        again.close()
        assert report.refused == ()
        assert in_order(platform, rig.queue(), batch.keys)
        assert dict(rig.pre_annotations()) == before

    def test_second_batch(self, rig: Rig, platform: Platform) -> None:
        """A later batch adds to the queue."""
        items = texts(6)
        rig.add_items(items)
        queue_up(platform, items[:3])
        queue_up(platform, items[3:])
        assert sorted(rig.queue()) == sorted(item.key for item in items)

    def test_lost_answers_to_writes(self, rig: Rig, platform: Platform) -> None:
        """Each write in turn is executed and its answer lost: a repeat completes, never doubles."""
        if not rig.writes_can_be_lost:  # they are local, and one step each
            return
        items = texts(40)
        rig.add_items(items)
        queued: list[str] = []
        for nth in range(1, 8):
            batch = batch_of(items[(nth - 1) * 5 : nth * 5], CLASSES)
            rig.lose_write(nth)
            try:
                platform.push(batch, platform.schema())
            except BridgeError:
                again = rig.connect()
                again.push(batch, again.schema())
                again.close()
            rig.lose_write(0)
            queued += batch.keys
            assert sorted(rig.queue()) == sorted(queued)
            expected = {e.item.key for e in batch.items if e.prediction is not None}
            assert expected <= set(rig.pre_annotations())

    def test_equal_texts(self, rig: Rig, platform: Platform) -> None:
        """Two items with the same text are two items: each is asked, each has its answer."""
        items = [Item(key=key, text="the same words") for key in ("one", "two")]
        rig.add_items(items)
        batch = queue_up(platform, items)
        assert sorted(rig.queue()) == sorted(batch.keys)
        rig.answer("one", ["ham"])
        assert rig.queue() == ["two"]
        _, annotations, _ = replay(platform.pull(None))
        assert [a.item_key for a in annotations.values()] == ["one"]

    def test_push_of_a_batch_that_is_half_answered(self, rig: Rig, platform: Platform) -> None:
        """A batch that was pushed, half answered and is pushed again asks nothing twice."""
        items = texts(4)
        rig.add_items(items)
        batch = queue_up(platform, items)
        rig.answer("key-1", ["ham"])
        report = platform.push(batch, platform.schema())
        assert not [refusal for refusal in report.refused if refusal.fatal]
        assert "key-1" not in rig.queue()
        assert sorted(rig.queue()) == ["key-0", "key-2", "key-3"]

    def test_calls_are_counted(self, rig: Rig, platform: Platform) -> None:
        """The platform says what it costs."""
        rig.add_items(texts(1))
        before = platform.calls
        replay(platform.pull(None))
        assert platform.calls > before
