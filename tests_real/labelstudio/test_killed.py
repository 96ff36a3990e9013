"""Kill a run before and after every effect, over a real Label Studio, while people relabel.

The harness is that of tests/test_crashes.py. A loop is prepared once; before each death the
server's database and the loop's folder are put back to that. Calls to the server come by the
dozen: of these only some are taken, of all other moments every one.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path

import pytest

from bridge.effects import EFFECTS
from bridge.records import Item
from crash_child import ACTS
from crash_trial import Trial, crash_at, effects_of, moments
from memory_platform import mail
from tests_real.labelstudio.rig import LabelStudioRig, People, labelstudio_rig

CALLS = 10  # kills before or after a call to the server, spread over the run
PARTS = 4  # of the long test, so that one can be run alone
NOT_HERE = {"file replaced"}  # only Prodigy's queue is a file


class Site:
    """A project on the real server; see :class:`crash_trial.Site`."""

    def __init__(self, folder: Path, rig: LabelStudioRig) -> None:
        self.folder = folder
        self.rig = rig
        self.environment = {"LABELSTUDIO_API_KEY": rig.people.server.token}
        self.add(mail(40).values())
        self.toml = (
            f'[platform]\ntype = "labelstudio"\napi_key = "${{LABELSTUDIO_API_KEY}}"\n'
            f'url = "{rig.people.server.url}"\nproject = {rig.project}\n'
        )

    def add(self, items: Iterable[Item]) -> None:
        self.rig.add_items(list(items))

    def queue(self) -> list[str]:
        return self.rig.queue()

    def answer(self, key: str, name: str) -> None:
        self.rig.answer(key, [name])

    def delete(self, key: str) -> None:
        self.rig.delete_answer(key)

    def asked(self) -> tuple[list[str], dict[str, tuple[str, ...]]]:
        served = self.rig.serve()
        shown = {}
        for key, predictions in served:
            assert len(predictions) == 1, (key, predictions)
            for region in predictions[0]["result"]:
                shown[key] = tuple(region["value"]["choices"])
        return [key for key, _ in served], shown


class Prepared:
    """A loop that was prepared for an act once, and can be had again and again."""

    def __init__(self, rig: LabelStudioRig, folder: Path, act: str) -> None:
        self.act = act
        self.rig = rig
        self.live = folder / "live"
        self.live.mkdir(parents=True)
        self.kept = folder / "kept"
        self.trial = Trial(Site(self.live, rig))
        self.trial.prepare(act)
        self.said = dict(self.trial.said)
        self.noted = rig.noted()
        shutil.copytree(self.live, self.kept)
        _copy_database(rig.people.database, folder / "kept.sqlite3")
        self.database = folder / "kept.sqlite3"

    @contextmanager
    def ready(self) -> Iterator[Trial]:
        """Put everything back."""
        _copy_database(self.database, self.rig.people.database)
        self.rig.note(self.noted)
        shutil.rmtree(self.live)
        shutil.copytree(self.kept, self.live)
        yield Trial(self.trial.site, dict(self.said))


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database as one transaction, under a server that runs."""
    with (
        closing(sqlite3.connect(source, timeout=60)) as before,
        closing(sqlite3.connect(target, timeout=60)) as after,
    ):
        before.backup(after)


def spread(passed: Sequence[str]) -> list[tuple[int, str]]:
    """Choose all moments but for calls, and of these ``CALLS``, from the first to the last."""
    calls = [place for place, moment in enumerate(passed) if moment.endswith("request sent")]
    taken = {calls[round(n * (len(calls) - 1) / (CALLS - 1))] for n in range(CALLS) if calls}
    taken |= set(range(len(passed))) - set(calls)
    return [(place, passed[place]) for place in sorted(taken)]


@pytest.fixture(scope="module")
def passed() -> dict[str, list[str]]:
    """Moments by act, as the tests found them."""
    return {}


@pytest.fixture(scope="module")
def prepared(
    people: People, passed: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Prepared]]:
    """Return a function: what is prepared for an act, once."""
    with ExitStack() as stack:

        @cache
        def for_act(act: str) -> Prepared:
            rig = stack.enter_context(labelstudio_rig(people, "single", ("ham", "spam")))
            made = Prepared(rig, tmp_path_factory.mktemp(act), act)
            passed[act] = moments(made.ready, act)
            return made

        yield for_act


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_before_and_after_every_effect(
    part: int, prepared: Callable[[str], Prepared], passed: dict[str, list[str]]
) -> None:
    loop = prepared("sync")
    chosen = spread(passed["sync"])
    assert len(chosen) > 30
    crash_at(loop.ready, "sync", chosen[part::PARTS])


@pytest.mark.parametrize("act", sorted(set(ACTS) - {"sync"}))
def test_rarer_acts_are_killed_where_they_differ_from_a_common_sync(
    act: str, prepared: Callable[[str], Prepared], passed: dict[str, list[str]]
) -> None:
    loop = prepared(act)
    prepared("sync")
    common = effects_of(passed["sync"])
    chosen = [one for one in enumerate(passed[act]) if not effects_of([one[1]]) & common]
    assert len(chosen) >= 2
    crash_at(loop.ready, act, chosen)


def test_every_effect_was_killed_somewhere(passed: dict[str, list[str]]) -> None:
    if not set(ACTS) <= set(passed):
        pytest.skip("the tests above did not run")
    found = effects_of(moment for moments in passed.values() for moment in moments)
    assert found == set(EFFECTS) - NOT_HERE
