"""Whatever people do to a project and whatever breaks, in any order: the loop keeps its promises.

A state machine plays people, failures, deaths and syncs, and compares what the store says with a
plain dictionary of what people said. ``HYPOTHESIS_PROFILE=soak`` plays far more stories.
"""

import os
import shutil
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import func, select

import story_learner
from bridge.effects import watch
from bridge.errors import BridgeError, DataError
from bridge.records import Item, LabelClass
from bridge.store import tables
from bridge.store.batches import queue
from bridge.store.changes import DRAW_RANGE, draw_of
from bridge.sync import store_of
from memory_platform import loop
from story_platform import StoryPlatform

HOLD_OUT = 0.3
PEOPLE = st.sampled_from(["ann", "bob", "cho"])
NUMBER = st.integers(0, 1000)
CALLS = st.sampled_from(
    [
        *(("schema", "before"), ("schema", "after"), ("pull", "before"), ("pull", "after")),
        *(("page", "before"), ("push", "before"), ("push", "after")),
        *(("rerank", "before"), ("rerank", "after")),
    ]
)


class Died(BaseException):
    """The process ends here."""


class Story(RuleBasedStateMachine):
    """One project and its loop; ``said`` is what people said: item -> person -> class id."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="story-"))
        self.platform = StoryPlatform(("c0", "c1"))
        self.said: dict[str, dict[str, str | None]] = {}
        self.named = {known.name: known.id for known in self.platform.classes}
        self.removed: dict[str, Item] = {}
        self.depth = 6
        self.silent = False  # something happened that only a full pull can find
        self.made = 0

    def teardown(self) -> None:
        watch(None)
        shutil.rmtree(self.folder)

    # ------------------------------------------------------------------------------ people

    @initialize(count=st.integers(4, 16))
    def begin(self, count: int) -> None:
        self.add(count)

    @rule(count=st.integers(1, 5))
    def add(self, count: int) -> None:
        for _ in range(count):
            self.made += 1
            item = Item(key=f"i{self.made}", text="x" * (1 + self.made % 7))
            self.platform.add(item)
            self.said[item.key] = {}

    def some(self, number: int, *, answered: bool = False) -> str:
        keys = [key for key in self.said if self.said[key] or not answered]
        assume(keys)
        return keys[number % len(keys)]

    def give(self, key: str, person: str, class_id: str | None) -> None:
        self.platform.give(key, person, class_id)
        self.said[key][person] = class_id

    @rule(number=NUMBER, person=PEOPLE, which=NUMBER)
    def answer(self, number: int, person: str, which: int) -> None:
        class_id = self.platform.classes[which % len(self.platform.classes)].id
        self.give(self.some(number), person, class_id)

    @rule(count=st.integers(1, 6), which=NUMBER)
    def work(self, count: int, which: int) -> None:
        """Somebody answers what is asked first."""
        for place, key in enumerate(self.platform.queued[:count]):
            known = self.platform.classes
            self.give(key, "ann", known[(which + place) % len(known)].id)

    @rule(number=NUMBER, person=PEOPLE)
    def skip(self, number: int, person: str) -> None:
        self.give(self.some(number), person, None)

    @rule(number=NUMBER, person=PEOPLE)
    def answer_with_a_class_that_the_schema_lacks(self, number: int, person: str) -> None:
        self.named["martian"] = "martian"
        self.give(self.some(number), person, "martian")

    @rule(number=NUMBER, silently=st.booleans())
    def delete(self, number: int, silently: bool) -> None:
        key = self.some(number, answered=True)
        person = next(iter(self.said[key]))
        self.platform.delete_answer(key, person, silently=silently)
        del self.said[key][person]
        self.silent |= silently

    @rule(number=NUMBER, silently=st.booleans())
    def remove_item(self, number: int, silently: bool) -> None:
        key = self.some(number)
        self.removed[key] = self.platform.items[key]
        self.platform.remove(key, silently=silently)
        del self.said[key]
        self.silent |= silently

    @precondition(lambda self: self.removed)
    @rule(number=NUMBER)
    def bring_back(self, number: int) -> None:
        key = sorted(self.removed)[number % len(self.removed)]
        self.platform.add(self.removed.pop(key))
        self.said[key] = {}
        self.silent = True  # that it is no longer asked for

    @rule(number=NUMBER)
    def change_content(self, number: int) -> None:
        key = self.some(number)
        self.platform.add(Item(key=key, text=f"{self.platform.items[key].text}y"))

    @rule(number=NUMBER)
    def take_out_of_the_queue(self, number: int) -> None:
        assume(self.platform.queued)
        del self.platform.asked[self.platform.queued[number % len(self.platform.queued)]]
        self.silent = True

    # ------------------------------------------------------------------------------ the schema

    @rule(which=NUMBER)
    def rename_class(self, which: int) -> None:
        known = self.platform.classes[which % len(self.platform.classes)]
        self.made += 1
        name = f"n{self.made}"
        self.named[name] = known.id
        self.platform.rename(known.id, name)

    @precondition(lambda self: len(self.platform.classes) > 2)
    @rule(which=NUMBER)
    def remove_class(self, which: int) -> None:
        gone = self.platform.classes.pop(which % len(self.platform.classes))
        self.named[gone.id] = gone.id

    @rule()
    def add_class(self) -> None:
        self.made += 1
        self.platform.classes.append(LabelClass(id=f"id-c{self.made}", name=f"c{self.made}"))
        self.named[f"c{self.made}"] = f"id-c{self.made}"

    # ------------------------------------------------------------------------------ what breaks

    @rule(call=CALLS, nth=st.integers(1, 3))
    def fail(self, call: tuple[str, str], nth: int) -> None:
        self.platform.arm(*call, nth)

    @rule(hours=st.sampled_from([-1, 1, 24]))
    def jump(self, hours: int) -> None:
        """The platform's clock is set; what happens later may be told with an earlier time."""
        self.platform.offset += timedelta(hours=hours)

    @rule(depth=st.integers(1, 12))
    def set_depth(self, depth: int) -> None:
        self.depth = depth

    # ------------------------------------------------------------------------------ the loop

    def bridge(self):
        return loop(
            self.platform,
            self.folder,
            queue={"depth": self.depth, "batch": 2},
            model={"estimator": "story_learner:Remembering"},
            acquisition={"hold_out_share": HOLD_OUT},
            sync={"max_deleted_share": 1.0},
            store=self.store(),
        )

    def mend(self) -> None:
        """Let nothing be broken any more."""
        self.platform.armed.clear()

    def store(self) -> dict[str, str]:
        """Return the section ``[store]``."""
        return {}

    @rule(moment=st.integers(0, 40))
    def die(self, moment: int) -> None:
        """A sync dies at some moment, without a word."""
        passed = 0

        def watcher(when: str, name: str) -> None:
            nonlocal passed
            passed += 1
            if passed > moment:
                raise Died

        watch(watcher)
        try:
            self.bridge().sync()
        except (Died, BridgeError):
            pass
        finally:
            watch(None)

    @rule()
    def roll_back(self) -> None:
        try:
            former, present = self.bridge().rollback()
        except DataError:
            return
        assert former != present

    @rule(times=st.sampled_from([1, 1, 1, 2]))
    def sync(self, times: int) -> None:
        for _ in range(times):
            self.turn(full=False)

    @rule(count=st.integers(0, 6), which=NUMBER)
    def sync_and_work(self, count: int, which: int) -> None:
        self.turn(full=False)
        self.work(count, which)

    @rule()
    def full_sync(self) -> None:
        self.turn(full=True)

    def turn(self, *, full: bool) -> None:
        before = len(story_learner.TAUGHT)
        self.silent |= self.platform.late
        self.platform.late = False
        try:
            result = self.bridge().sync(full=full)
        except BridgeError:
            self.mend()
            result = self.bridge().sync(full=full)  # nothing is broken now
        self.mend()
        self.silent &= not full
        if result.trained is not None and not self.silent:
            assert story_learner.TAUGHT[-1] == self.taught()
        for taught in story_learner.TAUGHT[before:]:
            assert not [key for key in taught if held_out(key)]
        self.check(full=full)
        self.check_quiet()

    # ------------------------------------------------------------------------------ promises

    def taught(self) -> dict[str, str]:
        """Return what the learner should be taught: what most people say who name a class."""
        names = {known.id: known.name for known in self.platform.classes}
        found = {}
        for key, given in self.said.items():
            counted = Counter(names[c] for c in given.values() if c in names).most_common(2)
            decided = len(counted) == 1 or (counted and counted[0][1] > counted[1][1])
            if decided and not held_out(key):
                found[key] = counted[0][0]
        return found

    def check(self, *, full: bool) -> None:
        bridge = self.bridge()
        with store_of(bridge.settings) as store, store.begin() as connection:
            waiting = [queued.entry for queued in queue(connection)]
            twice = connection.execute(
                select(tables.batch_items.c.item_id)
                .where(tables.batch_items.c.state == "open")
                .group_by(tables.batch_items.c.item_id)
                .having(func.count() > 1)
            ).all()
            champions = connection.scalar(
                select(func.count()).where(tables.models.c.status == "champion")
            )
            stored = self.stored(connection)
        assert not twice
        assert champions <= 1
        if self.silent:
            return
        assert stored == {key: given for key, given in self.said.items() if given}
        assert [e.item.key for e in waiting if self.said[e.item.key]] == []
        assert {entry.item.key for entry in waiting} == set(self.platform.queued)
        ranks = {entry.item.key: entry.rank for entry in waiting}
        asked = [ranks[key] for key in self.platform.queued]
        assert asked == sorted(asked)
        assert {e.item.key for e in waiting if e.hold_out} <= set(filter(held_out, self.said))
        assert not [e for e in waiting if e.hold_out and e.prediction is not None]
        assert not set(filter(held_out, self.platform.shown))
        if full:
            assert bridge.verify().same

    def stored(self, connection) -> dict[str, dict[str, str | None]]:
        found: dict[str, dict[str, str | None]] = {}
        query = select(tables.items.c.key, tables.annotations).where(
            tables.annotations.c.item_id == tables.items.c.id,
            tables.annotations.c.deleted.is_(False),
            tables.items.c.removed.is_(False),
        )
        for row in connection.execute(query):
            chosen = row.value["chosen"][0] if row.value else None
            found.setdefault(row.key, {})[row.annotator] = (
                None if chosen is None else self.named[chosen]
            )
        return found

    def check_quiet(self) -> None:
        before = self.platform.writes, self.platform.queued, dict(self.platform.shown)
        assert self.bridge().sync().status == "unchanged"
        assert (self.platform.writes, self.platform.queued, self.platform.shown) == before


def held_out(key: str) -> bool:
    return draw_of(key) < HOLD_OUT * DRAW_RANGE


# Explaining a failure traces every line, which takes minutes.
PHASES = tuple(phase for phase in Phase if phase is not Phase.explain)
SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"

TestStory = Story.TestCase
TestStory.settings = settings(
    max_examples=2000 if SOAK else 20,
    stateful_step_count=80 if SOAK else 30,
    phases=PHASES,
    suppress_health_check=list(HealthCheck),
)
