"""Whatever people do, in whatever order, and whatever breaks: no answer is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.errors import BridgeError
from bridge.records import Annotation, Classes, Item
from bridge.testing import batch_of
from bridge_labelbox import LabelboxPlatform
from bridge_labelbox.emulator import Emulator
from bridge_labelbox.emulator.faults import Fault
from labelbox_rig import LabelboxRig

CLASSES = ("ham", "spam")
KEYS = tuple(f"key-{n}" for n in range(6))

FAULTS = st.builds(
    Fault,
    kind=st.sampled_from(["lose", "reset", "status"]),
    on=st.sampled_from(["call", "write", "export"]),
    nth=st.integers(1, 9),
    times=st.sampled_from([1, 1, 40]),
)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), st.sampled_from(KEYS), st.sampled_from(CLASSES)),
        st.tuples(st.just("answer"), st.sampled_from(KEYS), st.sampled_from(CLASSES)),
        st.tuples(st.just("skip"), st.sampled_from(KEYS)),
        st.tuples(st.just("review"), st.sampled_from(KEYS), st.sampled_from(["DONE", "IN_REWORK"])),
        st.tuples(st.just("benchmark"), st.sampled_from(KEYS), st.booleans()),
        st.tuples(st.just("pull")),
        st.tuples(st.just("push"), st.integers(0, 5), st.integers(1, 4)),
        st.tuples(st.just("wait"), st.sampled_from([1, 700, 9000])),
        st.tuples(st.just("fault"), FAULTS),
        st.tuples(st.just("late"), st.sampled_from(KEYS), st.sampled_from(KEYS)),
    ),
    max_size=14,
)


@dataclass
class Story:
    """A store that applies what it is told, beside what people did."""

    rig: LabelboxRig
    platform: LabelboxPlatform
    cursor: str | None = None
    told: dict[str, Annotation] = field(default_factory=dict)
    given: dict[str, str | None] = field(default_factory=dict)
    rejected: set[str] = field(default_factory=set)
    golden: set[str] = field(default_factory=set)
    items: list[Item] = field(default_factory=list)

    def answer(self, key: str, name: str) -> None:
        self.rig.answer(key, [name])
        self.given[key] = name
        self.rejected.discard(key)

    def skip(self, key: str) -> None:
        self.rig.skip(key)
        self.given[key] = None
        self.rejected.discard(key)

    def review(self, key: str, state: str) -> None:
        if key in self.given:
            self.rig.emulator.review(self.rig.project, key, state)
            (self.rejected.add if state == "IN_REWORK" else self.rejected.discard)(key)

    def benchmark(self, key: str, on: bool) -> None:
        if key in self.given:
            self.rig.emulator.benchmark(self.rig.project, key, on=on)
            (self.golden.add if on else self.golden.discard)(key)

    def expected(self) -> dict[str, str | None]:
        """What must be known in the end: what was said last, unless a reviewer sent it back."""
        sent_back = self.rejected - self.golden
        return {key: None if key in sent_back else said for key, said in self.given.items()}

    def pull(self) -> None:
        pages = list(self.platform.pull(self.cursor))
        for change in (change for page in pages for change in page.changes):
            for annotation in change.annotations or ():
                known = self.told.get(annotation.id)
                if known is None or known.order <= annotation.order:
                    self.told[annotation.id] = annotation
        self.cursor = pages[-1].cursor or self.cursor

    def push(self, first: int, count: int) -> None:
        wanted = self.items[first : first + count]
        self.platform.push(batch_of(wanted, CLASSES), self.platform.schema())

    def wait(self, seconds: float) -> None:
        self.rig.emulator.shift_clock(seconds)

    def fault(self, fault: Fault) -> None:
        self.rig.emulator.fail(fault)

    def late(self, key: str, other: str) -> None:
        """Exports show one answer minutes after another that was given later."""
        self.rig.emulator.faults.index_delay_s = 300
        self.answer(key, "ham")
        self.rig.emulator.faults.index_delay_s = 0
        self.wait(60)
        self.answer(other, "spam")
        self.act("pull")

    def act(self, name: str, *arguments: Any) -> None:
        try:
            getattr(self, name)(*arguments)
        except BridgeError:
            assert self.rig.emulator.faults.fired  # nothing fails that was not made to
            self.rig.emulator.faults.clear()


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS)
def test_no_story_loses_or_doubles_anything(
    emulator: Emulator, actions: list[tuple[Any, ...]]
) -> None:
    emulator.faults.clear()
    emulator.faults.index_delay_s = 0
    project, dataset = emulator.add_project(CLASSES)
    rig = LabelboxRig(emulator, project, dataset)
    ids = emulator.add_items(project, [(None, f"text of {key}") for key in KEYS])
    names = dict(zip(KEYS, ids, strict=True))
    platform = rig.connect(retry_budget_s=2)
    story = Story(rig, platform)
    story.items = [Item(key=key, text="text") for key in ids]
    everything = batch_of(story.items, CLASSES)
    platform.push(everything, platform.schema())
    for name, *arguments in actions:
        story.act(name, *(names.get(a, a) if isinstance(a, str) else a for a in arguments))
    emulator.faults.clear()
    story.wait(400)  # the index catches up, within the overlap of a pull
    story.pull()
    platform.push(everything, platform.schema())

    told = {
        a.item_key: a.value.chosen[0] if isinstance(a.value, Classes) else None
        for a in story.told.values()
    }
    assert told == story.expected()
    assert {a.item_key for a in story.told.values() if a.ground_truth} == story.golden
    assert len(story.told) == len(story.given)
    assert sorted(rig.queue()) == sorted(set(ids) - set(story.given))
    assert all(len(shown) == 1 for shown in emulator.pre_annotations(project).values())
    platform.close()
