"""The loop end to end: a few hundred mails on a real Label Studio, and three annotators."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bridge.errors import BridgeError
from bridge_labelstudio import LabelStudioPlatform, import_items
from memory_platform import mail, truth
from tests_real.labelstudio.loop import Loop
from tests_real.labelstudio.rig import People, labelstudio_rig

DEPTH = 18
RAW = {"queue": {"depth": DEPTH, "batch": 6}}


@pytest.fixture
def loop(people: People, tmp_path: Path) -> Iterator[Loop]:
    with labelstudio_rig(people, "single", ("ham", "spam")) as rig:
        yield Loop(rig, tmp_path, RAW, truth)


def test_several_turns(loop: Loop) -> None:
    mails = list(mail(240).values())
    with closing(LabelStudioPlatform(loop.rig.settings())) as platform:
        assert import_items(platform, mails) == 240
        assert import_items(platform, mails) == 0
    first = loop.sync()
    assert (first.queue, first.pool, first.champion) == (DEPTH, 240 - DEPTH, None)
    answered: list[str] = []
    for _ in range(3):
        expected = loop.expected()
        assert len(expected) == DEPTH
        served = loop.annotate(12)
        assert served == expected[:12]
        answered += served
        result = loop.sync()
        assert result.warnings == ()
        assert result.problem_count == 0
        assert result.queue == DEPTH
    assert len(set(answered)) == 36
    assert result.labels == 36
    assert result.champion is not None
    assert loop.duplicates() == 0

    served_now = loop.rig.serve()
    assert [key for key, _ in served_now] == loop.expected()
    guesses = {key: p[0]["result"] for key, p in served_now if p[0]["result"]}
    right = sum(r[0]["value"]["choices"] == [truth(key)] for key, r in guesses.items())
    assert len(guesses) >= DEPTH // 2
    assert right / len(guesses) > 0.7

    versions = loop.versions()
    loop.rig.network.asked.clear()
    again = loop.sync()
    assert again.status == "unchanged"
    assert [call for call in loop.rig.network.asked if not call.startswith("GET")] == []
    assert len(loop.rig.network.asked) < 10
    full = loop.sync(full=True)
    assert (full.status, full.queue, full.labels) == ("unchanged", DEPTH, 36)
    assert loop.versions() == versions


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_a_lost_answer_to_any_write_doubles_nothing(loop: Loop, nth: int) -> None:
    loop.rig.add_items(list(mail(40).values()))
    loop.sync()
    loop.annotate(12)
    loop.rig.lose_write(nth)
    try:
        loop.sync()
    except BridgeError:
        loop.rig.lose_write(0)
        loop.sync()
    loop.rig.lose_write(0)
    assert loop.duplicates() == 0
    assert loop.rig.queue() == loop.expected()
    assert len(loop.expected()) == DEPTH
    assert loop.sync().status == "unchanged"


SYNC = """
import json, sys
from pathlib import Path
from bridge.api import Bridge
from bridge.config import Settings, sections
from bridge_labelstudio import ADAPTER, LabelStudioSettings

given, raw, directory = json.load(sys.stdin)
directory = Path(directory)
settings = Settings.model_construct(
    adapter=ADAPTER,
    platform=LabelStudioSettings.model_validate(given),
    directory=directory,
    **sections(raw, directory=directory),
)
with Bridge(settings) as bridge:
    bridge.sync()
"""


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_run_that_is_killed_after_any_write_is_finished_by_the_next(loop: Loop, nth: int) -> None:
    loop.rig.add_items(list(mail(40).values()))
    loop.sync()
    loop.annotate(12)
    given = loop.rig.settings().model_dump(mode="json")
    given["api_key"] = loop.rig.people.server.token
    child = subprocess.Popen([sys.executable, "-c", SYNC], stdin=subprocess.PIPE, text=True)
    loop.rig.network.on_loss = child.kill
    loop.rig.lose_write(nth)
    child.communicate(json.dumps([given, RAW, str(loop.directory)]))
    assert child.returncode == -signal.SIGKILL
    loop.sync()
    assert loop.duplicates() == 0
    assert loop.rig.queue() == loop.expected()
    assert len(loop.expected()) == DEPTH
    assert loop.sync().status == "unchanged"


def test_deleted_answers_and_tasks(loop: Loop) -> None:
    loop.rig.add_items(list(mail(40).values()))
    loop.sync()
    first, second, third = loop.expected()[:3]
    for key in (first, second):
        loop.rig.answer(key, [truth(key)])
    assert loop.sync().labels == 2
    loop.rig.delete_answer(first)
    assert loop.sync().labels == 1  # at once, with the feed
    loop.rig.remove_item(third)
    full = loop.sync(full=True)
    assert full.pulled.removed_items == 1
    assert third not in loop.expected()
    assert sorted(loop.rig.queue()) == sorted(loop.expected())
