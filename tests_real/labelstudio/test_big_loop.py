"""Two thousand mails, three annotators who work at the same time, five syncs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from bridge.demo import demo_mail
from bridge_labelstudio import LabelStudioPlatform, import_items
from tests_real.labelstudio.loop import ANNOTATORS, Loop
from tests_real.labelstudio.rig import People, labelstudio_rig

MAILS, SYNCS, DEPTH, ANSWERS = 2000, 5, 60, 45
RAW = {"queue": {"depth": DEPTH, "batch": 15}, "sync": {"seed": 7}}


class Expenses:
    """What the server spends, by who makes it work."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.cpu: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        began, asked = self._cpu_s(), self.people.calls
        yield
        self.cpu[what] += self._cpu_s() - began
        self.calls[what] += self.people.calls - asked

    def _cpu_s(self) -> float:
        server = psutil.Process(self.people.server.pid)
        times = [process.cpu_times() for process in (server, *server.children(recursive=True))]
        return sum(time.user + time.system for time in times)

    def __str__(self) -> str:
        said = [
            f"{what}: {self.calls[what]} calls, {self.cpu[what]:.1f} CPU-s of the server"
            for what in self.cpu
        ]
        return "\n".join(said)


def turn(loop: Loop, on_screen: dict[str, Any]) -> list[str]:
    """Let three annotators work at once; return the keys in the order in which they were served.

    Each opens the next task before the others have answered theirs, and the last keeps one open.
    """
    served = []
    for _ in range(ANSWERS // len(ANNOTATORS)):
        for who in ANNOTATORS:
            if who not in on_screen:
                on_screen[who] = loop.served_to(who)
                served.append(on_screen[who]["data"]["bridge_key"])
        for who in ANNOTATORS:
            loop.answer(on_screen.pop(who), who)
    on_screen[ANNOTATORS[-1]] = task = loop.served_to(ANNOTATORS[-1])
    return [*served, task["data"]["bridge_key"]]


def test_two_thousand_mails(
    people: People, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mails = random.Random(7).sample(demo_mail(), MAILS)
    truth = {mail.item.key: mail.classes[0] for mail in mails}
    spent = Expenses(people)
    served: list[str] = []
    on_screen: dict[str, Any] = {}
    with labelstudio_rig(people, "single", ("ham", "spam")) as rig:
        loop = Loop(rig, tmp_path, RAW, truth.__getitem__)
        with spent.of("import"), closing(LabelStudioPlatform(rig.settings())) as platform:
            assert import_items(platform, [mail.item for mail in mails]) == MAILS
            spent.calls["import"] = platform.calls
        for number in range(SYNCS):
            with spent.of(f"sync {number + 1}"):
                result = loop.sync()
            spent.calls[f"sync {number + 1}"] = result.calls
            assert (result.warnings, result.problem_count) == ((), 0)
            assert (result.queue, result.labels) == (DEPTH, number * ANSWERS)
            assert result.queue + result.labels + result.pool == MAILS
            opened = {task["data"]["bridge_key"] for task in on_screen.values()}
            expected = [key for key in loop.expected() if key not in opened]
            with spent.of("annotators"):
                now = turn(loop, on_screen)
            assert now == expected[: len(now)]
            served += now
        with spent.of("annotators"):
            loop.answer(on_screen.pop(ANNOTATORS[-1]), ANNOTATORS[-1])
        assert len(served) == len(set(served)) == SYNCS * ANSWERS + 1  # nothing twice

        with loop.bridge() as bridge:
            assert bridge.pull().labels == len(served)
            found = bridge.verify()
        assert found.differences == ()  # and nothing lost
        assert (found.items, found.annotations) == (MAILS, len(served))
        assert loop.answers() == {key: [truth[key]] for key in served}
        assert loop.duplicates() == 0
        assert result.champion is not None
    with capsys.disabled():
        print(f"\n{MAILS} mails, {len(served)} answers, {SYNCS} syncs\n{spent}")
