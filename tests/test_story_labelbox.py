"""The stories of test_story.py over the emulated Labelbox: sockets, exports, imports, keys.

Few are played by default; ``HYPOTHESIS_PROFILE=soak`` plays many.
"""

import shutil
from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, assume, event, settings
from hypothesis.stateful import precondition, rule

from bridge.effects import watch
from bridge.errors import AuthError, BridgeError, Locked
from bridge.steps.turn import Turn
from bridge_labelbox.emulator.faults import Fault
from memory_platform import loop
from story_labelbox import LabelboxPeople
from test_story import HOLD_OUT, NUMBER, PHASES, SOAK, Story

FAULTS = st.builds(
    Fault,
    kind=st.sampled_from(["lose", "reset", "status", "truncate", "internal"]),
    on=st.sampled_from(["call", "write", "export", "file"]),
    nth=st.integers(1, 9),
    times=st.sampled_from([1, 1, 2, 40]),
    status=st.sampled_from([429, 500, 502, 503]),
)


class LabelboxStory(Story):
    """One project over the wire; rules that Labelbox has no way for are left out."""

    bring_back = change_content = take_out_of_the_queue = add_class = None

    def __init__(self) -> None:
        super().__init__()
        self.platform = LabelboxPeople(("c0", "c1", "c2"))
        self.named = {known.name: known.id for known in self.platform.classes}
        self.ahead = timedelta(0)
        self.real_now = Turn.now
        Turn.now = lambda _: datetime.now(UTC) + self.ahead

    def teardown(self) -> None:
        Turn.now = self.real_now
        watch(None)
        self.platform.close()
        shutil.rmtree(self.folder)

    def bridge(self, connection=None):
        return loop(
            connection or self.platform.connection,
            self.folder,
            queue={"depth": self.depth, "batch": 2},
            model={"estimator": "story_learner:Remembering"},
            acquisition={"hold_out_share": HOLD_OUT},
            sync={"max_deleted_share": 1.0},
            store=self.store(),
        )

    def mend(self) -> None:
        self.platform.mend()

    # ------------------------------------------------------------------------------ people

    def some(self, number: int, *, answered: bool = False) -> str:
        """Choose an item that people can open: one that was put into the project."""
        placed = self.platform.placed
        keys = [k for k in self.said if k in placed and (self.said[k] or not answered)]
        assume(keys)
        return keys[number % len(keys)]

    @rule(number=NUMBER)
    def delete(self, number: int) -> None:
        key = self.some(number, answered=True)
        person = next(iter(self.said[key]))
        self.platform.delete_answer(key, person)
        del self.said[key][person]
        self.silent = True

    @rule(number=NUMBER)
    def remove_item(self, number: int) -> None:
        assume(self.said)
        key = list(self.said)[number % len(self.said)]
        self.platform.remove(key)
        del self.said[key]
        self.silent = True

    @precondition(lambda self: len(self.platform.classes) > 2)
    @rule(which=NUMBER)
    def remove_class(self, which: int) -> None:
        gone = self.platform.classes[which % len(self.platform.classes)]
        self.platform.archive(gone.id)

    # ------------------------------------------------------------------------------ what breaks

    @rule(fault=FAULTS)
    def fail(self, fault: Fault) -> None:
        self.platform.fail(fault)

    @rule(minutes=st.sampled_from([-3, 0, 3, 240]))
    def jump(self, minutes: int) -> None:
        self.platform.set_clock(timedelta(minutes=minutes))

    @rule(hours=st.sampled_from([-30, -1, 0, 1, 30]))
    def jump_here(self, hours: int) -> None:
        """The clock of the machine that Bridge runs on is set."""
        self.ahead = timedelta(hours=hours)

    @rule()
    def rotate_the_key(self) -> None:
        """A run with the former key fails, and does no harm."""
        self.mend()
        former = self.platform.rotate()
        with pytest.raises(AuthError):
            self.bridge(former).sync()
        former.close()

    @rule(moment=st.integers(0, 60))
    def run_together(self, moment: int) -> None:
        """Another run begins in the middle of one, and leaves."""
        left = False

        def watcher(when: str, name: str) -> None:
            nonlocal moment, left
            moment -= 1
            if moment == 0:  # not in the other run's moments, which come next
                with pytest.raises(Locked):
                    self.bridge().sync()
                left = True

        watch(watcher)
        try:
            self.bridge().sync()
        except BridgeError:
            assert self.platform.emulator.faults.fired  # nothing fails that was not made to
        finally:
            watch(None)
        event("two at once" if left else "the first had ended")


TestLabelboxStory = LabelboxStory.TestCase
TestLabelboxStory.settings = settings(
    max_examples=300 if SOAK else 3,
    stateful_step_count=50 if SOAK else 12,
    phases=PHASES,
    suppress_health_check=list(HealthCheck),
)
