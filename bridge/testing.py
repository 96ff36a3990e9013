"""The conformance suite that every adapter must pass, ours and yours; needs pytest.

An adapter's tests are one line, given a :class:`Rig` that sets up a project on the platform (an
emulator, a sandbox account) and plays the people at it::

    class TestMine(PlatformSuite, rig=MyRig):
        '''My platform keeps Bridge's promises.'''

A test that does not apply is opted out with its reason::

    class TestMine(PlatformSuite, rig=MyRig, without={"test_deleted_answer": "answers are final"}):
        '''My platform keeps Bridge's promises, but for deletions.'''
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import ClassVar, Protocol

import pytest

from bridge.errors import AuthError, BridgeError
from bridge.platforms import Platform
from bridge.records import (
    Annotation,
    Batch,
    Change,
    Classes,
    Item,
    Page,
    Prediction,
    QueueItem,
    TaskType,
    digest,
)

__all__ = ["PlatformSuite", "Rig", "RigFactory", "batch_of", "replay"]


class Rig(Protocol):
    """One project on a platform, and the people who work at it.

    Attributes:
        keyed: the platform asks for credentials.
        writes_can_be_lost: :meth:`lose_write` works (platforms reached over a network).
    """

    keyed: bool
    writes_can_be_lost: bool

    def connect(self, *, wrong_key: bool = False) -> Platform:
        """Return a fresh connection, with credentials that do not work if asked."""
        ...

    def add_items(self, items: Sequence[Item]) -> None:
        """Put items where the adapter finds its pool."""
        ...

    def remove_item(self, key: str) -> None:
        """Delete an item from the platform."""
        ...

    def answer(self, key: str, classes: Sequence[str], annotator: str = "ann") -> None:
        """Answer an item as a person does; a person's second answer replaces the first."""
        ...

    def skip(self, key: str, annotator: str = "ann") -> None:
        """Skip an item as a person does."""
        ...

    def delete_answer(self, key: str, annotator: str = "ann") -> None:
        """Delete a person's answer."""
        ...

    def queue(self) -> list[str]:
        """Keys of the unanswered queue, in the order in which the platform would ask."""
        ...

    def pre_annotations(self) -> Mapping[str, tuple[str, ...]]:
        """Classes that are shown pre-selected, by key; fails if an item shows two predictions."""
        ...

    def lose_write(self, nth: int) -> None:
        """Let the nth next write (from 1) be executed and its answer be lost, once; 0 disarms."""
        ...


RigFactory = Callable[[TaskType, tuple[str, ...]], AbstractContextManager[Rig]]
"""Called with the task and the class names of the project; the rig is closed at exit."""

CLASSES = ("ham", "no", "späm")  # "no" must stay text in every format; one is not ASCII
AWKWARD_KEYS = ("plain", 'quo"te', "sla/sh", "smile-😀", "back\\slash", "per%20cent")


def replay(
    pages: Iterable[Page],
) -> tuple[dict[str, Item], dict[str, Annotation], dict[str, Change]]:
    """Apply pages in order, as a store would: items, annotations by id, last change by key."""
    items: dict[str, Item] = {}
    annotations: dict[str, Annotation] = {}
    last: dict[str, Change] = {}
    for change in (change for page in pages for change in page.changes):
        last[change.key] = change
        if change.item is not None:
            items[change.key] = change.item
        if change.complete:
            gone = [a.id for a in annotations.values() if a.item_key == change.key]
            for annotation_id in gone:
                del annotations[annotation_id]
        for annotation in change.annotations or ():
            known = annotations.get(annotation.id)
            if known is None or known.order <= annotation.order:
                annotations[annotation.id] = annotation
    return items, annotations, last


def batch_of(items: Sequence[Item], classes: Sequence[str], *, model: str | None = "m-1") -> Batch:
    """Make a batch of items in this order; every third is of the hold-out, without prediction."""
    entries = []
    for rank, item in enumerate(items):
        hold_out = rank % 3 == 2
        prediction = None
        if model is not None and not hold_out:
            top = classes[rank % len(classes)]
            rest = 0.3 / max(1, len(classes) - 1)
            probabilities = {name: 0.7 if name == top else rest for name in classes}
            prediction = Prediction(
                item_key=item.key, model_version=model, probabilities=probabilities, uncertainty=0.6
            )
        entries.append(
            QueueItem(
                item=item,
                rank=rank,
                score=0.6,
                source="random" if hold_out else "uncertain",
                reason="a reason",
                hold_out=hold_out,
                prediction=prediction,
            )
        )
    return Batch(
        id=digest([item.key for item in items])[:12],
        created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        model_version=model,
        items=tuple(entries),
    )


def _texts(n: int) -> list[Item]:
    return [Item(key=f"key-{i}", text=f"Text number {i}, with ünïcode 😀") for i in range(n)]


def _classes(annotation: Annotation) -> tuple[str, ...]:
    assert isinstance(annotation.value, Classes)
    return annotation.value.chosen


def _queued(platform: Platform, items: Sequence[Item], *, model: str | None = "m-1") -> Batch:
    batch = batch_of(items, CLASSES, model=model)
    platform.push(batch, platform.schema())
    return batch


class PlatformSuite:
    """What Bridge expects of every platform; subclass it with a rig."""

    make_rig: ClassVar[RigFactory]
    without: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(
        cls, *, rig: RigFactory, without: Mapping[str, str] | None = None
    ) -> None:
        super().__init_subclass__()
        cls.make_rig = staticmethod(rig)
        cls.without = dict(without or {})
        for name in cls.without:
            if not hasattr(cls, name):
                raise TypeError(f"there is no test '{name}' to opt out of")

    @pytest.fixture
    def rig(self, request: pytest.FixtureRequest) -> Iterator[Rig]:
        """A single-label project with three classes."""
        reason = self.without.get(request.function.__name__)
        if reason:
            pytest.skip(reason)
        with type(self).make_rig("single", CLASSES) as rig:
            yield rig

    @pytest.fixture
    def platform(self, rig: Rig) -> Iterator[Platform]:
        """A connection to the rig's project."""
        platform = rig.connect()
        yield platform
        platform.close()

    # ------------------------------------------------------------------------- looking

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
        rig.add_items(_texts(2))
        findings = list(platform.check())
        assert findings
        assert [f for f in findings if not f.ok] == []

    def test_wrong_key(self, rig: Rig) -> None:
        """Wrong credentials are an AuthError, and a finding with advice, never a traceback."""
        if not rig.keyed:
            pytest.skip("the platform has no credentials")
        platform = rig.connect(wrong_key=True)
        with pytest.raises(AuthError) as caught:
            platform.schema()
        assert caught.value.fix
        bad = [f for f in platform.check() if not f.ok]
        assert bad
        assert bad[0].fix
        platform.close()

    # ------------------------------------------------------------------------- pulling

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
        rig.add_items(_texts(2))
        cursor = _cursor(platform.pull(None))
        rig.add_items([Item(key="late", text="a late item")])
        items, _, _ = replay(platform.pull(cursor))
        assert "late" in items

    def test_answers(self, rig: Rig, platform: Platform) -> None:
        """Answers of queued items come back with who gave them."""
        items = _texts(4)
        rig.add_items(items)
        cursor = _cursor(platform.pull(None))
        _queued(platform, items)
        rig.answer("key-0", ["späm"], "ann")
        rig.answer("key-1", ["no"], "bob")
        _, annotations, _ = replay(platform.pull(cursor))
        told = {a.item_key: (_classes(a), a.annotator) for a in annotations.values()}
        if platform.capabilities.annotators:
            assert told == {"key-0": (("späm",), "ann"), "key-1": (("no",), "bob")}
        else:
            assert {key: c for key, (c, _) in told.items()} == {
                "key-0": ("späm",),
                "key-1": ("no",),
            }

    def test_every_answer_is_told_from_every_cursor(self, rig: Rig, platform: Platform) -> None:
        """No page's cursor passes an answer that was not yielded."""
        items = _texts(6)
        rig.add_items(items)
        cursor = _cursor(platform.pull(None))
        _queued(platform, items)
        seen: dict[str, Annotation] = {}
        for index in range(6):
            rig.answer(f"key-{index}", [CLASSES[index % 3]])
            pages = list(platform.pull(cursor))
            seen |= replay(pages)[1]
            cursor = _cursor(pages, cursor)
        assert {a.item_key for a in seen.values()} == {item.key for item in items}

    def test_same_cursor_twice(self, rig: Rig, platform: Platform) -> None:
        """Pulling again from the same cursor, by a new connection, tells the same."""
        items = _texts(3)
        rig.add_items(items)
        cursor = _cursor(platform.pull(None))
        _queued(platform, items)
        rig.answer("key-0", ["ham"])
        _, first, _ = replay(platform.pull(cursor))
        other = rig.connect()
        _, second, _ = replay(other.pull(cursor))
        other.close()
        assert {a.id: a.digest for a in first.values()} == {a.id: a.digest for a in second.values()}

    def test_changed_answer(self, rig: Rig, platform: Platform) -> None:
        """An edited answer replaces, under the same id, and sorts later."""
        items = _texts(1)
        rig.add_items(items)
        cursor = _cursor(platform.pull(None))
        _queued(platform, items)
        rig.answer("key-0", ["ham"])
        pages = list(platform.pull(cursor))
        (before,) = replay(pages)[1].values()
        rig.answer("key-0", ["späm"])
        (after,) = replay(platform.pull(_cursor(pages, cursor)))[1].values()
        assert after.id == before.id
        assert _classes(after) == ("späm",)
        assert after.order > before.order

    def test_two_annotators(self, rig: Rig, platform: Platform) -> None:
        """Two people's answers on one item are two annotations."""
        items = _texts(1)
        rig.add_items(items)
        _queued(platform, items)
        rig.answer("key-0", ["ham"], "ann")
        rig.answer("key-0", ["späm"], "bob")
        _, annotations, _ = replay(platform.pull(None))
        assert sorted(_classes(a) for a in annotations.values()) == [("ham",), ("späm",)]

    def test_skipped(self, rig: Rig, platform: Platform) -> None:
        """A skip is told as such, and the item leaves the queue."""
        items = _texts(2)
        rig.add_items(items)
        _queued(platform, items)
        rig.skip("key-0")
        _, annotations, _ = replay(platform.pull(None))
        (annotation,) = annotations.values()
        assert (annotation.item_key, annotation.status) == ("key-0", "skipped")
        assert rig.queue() == ["key-1"]

    def test_unknown_class(self, rig: Rig, platform: Platform) -> None:
        """An answer with a class that the schema does not know is told, not dropped."""
        items = _texts(1)
        rig.add_items(items)
        _queued(platform, items)
        rig.answer("key-0", ["martian"])
        _, annotations, _ = replay(platform.pull(None))
        (annotation,) = annotations.values()
        assert _classes(annotation) == ("martian",)

    def test_deleted_answer(self, rig: Rig, platform: Platform) -> None:
        """A deleted answer is gone: at once if the feed tells, at the latest in a full pull."""
        items = _texts(2)
        rig.add_items(items)
        _queued(platform, items)
        rig.answer("key-0", ["ham"])
        rig.answer("key-1", ["ham"])
        cursor = _cursor(platform.pull(None))
        rig.delete_answer("key-0")
        _, annotations, _ = replay(platform.pull(None))
        assert {a.item_key for a in annotations.values()} == {"key-1"}
        if platform.capabilities.deletions == "in feed":
            changes = replay(platform.pull(cursor))[2]
            assert changes["key-0"].complete
            assert not changes["key-0"].annotations

    def test_removed_item(self, rig: Rig, platform: Platform) -> None:
        """An item that was deleted is absent from a full pull, or told as removed."""
        rig.add_items(_texts(3))
        rig.remove_item("key-1")
        _, _, last = replay(platform.pull(None))
        assert {key for key, change in last.items() if not change.removed} == {"key-0", "key-2"}

    # ------------------------------------------------------------------------- pushing

    def test_push_in_rank_order(self, rig: Rig, platform: Platform) -> None:
        """The platform asks in rank order, whatever order the items have there."""
        items = [Item(key=key, text=f"text of {key}") for key in AWKWARD_KEYS]
        rig.add_items(items)
        batch = batch_of(items[::-1], CLASSES)
        report = platform.push(batch, platform.schema())
        assert report.accepted == len(items)
        assert report.refused == ()
        assert rig.queue() == list(batch.keys)

    def test_pushed_items_are_told_as_queued_or_silent(self, rig: Rig, platform: Platform) -> None:
        """A full pull never says of a queued item that it is not queued."""
        items = _texts(3)
        rig.add_items(items)
        _queued(platform, items)
        _, _, last = replay(platform.pull(None))
        assert not any(last[item.key].queued is False for item in items)

    def test_pre_annotations(self, rig: Rig, platform: Platform) -> None:
        """Predictions are shown as pre-annotations; items without one (hold-out) show none."""
        items = _texts(6)
        rig.add_items(items)
        batch = _queued(platform, items)
        expected = {
            entry.item.key: entry.prediction.chosen("single")
            for entry in batch.items
            if entry.prediction is not None
        }
        assert len(expected) == 4
        assert dict(rig.pre_annotations()) == expected

    def test_cold_start_batch(self, rig: Rig, platform: Platform) -> None:
        """A batch without a model is queued, without pre-annotations."""
        items = _texts(3)
        rig.add_items(items)
        _queued(platform, items, model=None)
        assert rig.queue() == [item.key for item in items]
        assert dict(rig.pre_annotations()) == {}

    def test_push_twice(self, rig: Rig, platform: Platform) -> None:
        """Pushing the same batch again, by a new connection, changes nothing."""
        items = _texts(5)
        rig.add_items(items)
        batch = _queued(platform, items)
        before = dict(rig.pre_annotations())
        again = rig.connect()
        report = again.push(batch, again.schema())
        again.close()
        assert report.refused == ()
        assert rig.queue() == list(batch.keys)
        assert dict(rig.pre_annotations()) == before

    def test_second_batch(self, rig: Rig, platform: Platform) -> None:
        """A later batch adds to the queue."""
        items = _texts(6)
        rig.add_items(items)
        _queued(platform, items[:3])
        _queued(platform, items[3:])
        assert sorted(rig.queue()) == sorted(item.key for item in items)

    def test_push_of_removed_item(self, rig: Rig, platform: Platform) -> None:
        """An item that is gone is refused by name; the rest of the batch is queued."""
        items = _texts(3)
        rig.add_items(items)
        rig.remove_item("key-1")
        report = platform.push(batch_of(items, CLASSES), platform.schema())
        assert [refusal.key for refusal in report.refused if refusal.fatal] == ["key-1"]
        assert report.accepted == 2
        assert rig.queue() == ["key-0", "key-2"]

    def test_rerank(self, rig: Rig, platform: Platform) -> None:
        """What is queued takes a new order."""
        items = _texts(5)
        rig.add_items(items)
        _queued(platform, items)
        reverse = batch_of(items[::-1], CLASSES)
        platform.rerank(reverse.items, platform.schema())
        assert rig.queue() == list(reverse.keys)

    def test_rerank_leaves_answered_items(self, rig: Rig, platform: Platform) -> None:
        """A new order never asks again what was answered meanwhile."""
        items = _texts(4)
        rig.add_items(items)
        _queued(platform, items)
        rig.answer("key-3", ["ham"])
        reverse = batch_of(items[::-1], CLASSES)
        platform.rerank(reverse.items, platform.schema())
        assert rig.queue() == ["key-2", "key-1", "key-0"]

    def test_lost_answers_to_writes(self, rig: Rig, platform: Platform) -> None:
        """Each write in turn is executed and its answer lost: a repeat completes, never doubles."""
        if not rig.writes_can_be_lost:
            pytest.skip("writes are local and atomic")
        items = _texts(40)
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


def _cursor(pages: Iterable[Page], before: str | None = None) -> str | None:
    cursor = before
    for page in pages:
        cursor = page.cursor if page.cursor is not None else cursor
    return cursor
