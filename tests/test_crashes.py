"""Kill a run with SIGKILL before and after every effect: the next runs lose and double nothing.

The harness is in crash_trial.py; ``tests_real/labelstudio/test_killed.py`` runs it against a real
Label Studio.
"""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bridge.effects import EFFECTS
from bridge_labelbox.emulator import Emulator as Labelbox
from bridge_prodigy.emulator import Emulator as Prodigy
from crash_child import ACTS
from crash_trial import Ready, Trial, crash_at, each_once, effects_of, moments
from memory_platform import mail

PARTS = 4  # of the long test, so that one can be run alone
ROOT = Path(__file__).resolve().parents[1]


class LabelboxSite:
    """A project on the emulated Labelbox."""

    def __init__(self, folder: Path, emulator: Labelbox) -> None:
        self.folder = folder
        self.emulator = emulator
        self.environment = {"LABELBOX_API_KEY": emulator.api_key}
        self.project, dataset = emulator.add_project(("ham", "spam"))
        emulator.add_items(self.project, [(i.key, i.text) for i in mail(40).values()])
        self.toml = (
            f'[platform]\ntype = "labelbox"\napi_key = "${{LABELBOX_API_KEY}}"\n'
            f'project = "{self.project}"\ndatasets = ["{dataset}"]\n'
            f'endpoint = "{emulator.url}"\npoll_interval_s = 0.02\n'
        )

    def add(self, items):
        self.emulator.add_items(self.project, [(item.key, item.text) for item in items])

    def queue(self):
        return self.emulator.queue(self.project)

    def answer(self, key, name):
        self.emulator.answer(self.project, key, [name])

    def delete(self, key):
        self.emulator.delete_label(self.project, key)

    def asked(self):
        shown = self.emulator.pre_annotations(self.project)
        assert all(len(predictions) == 1 for predictions in shown.values()), "shown twice"
        return self.queue(), {key: predictions[0] for key, predictions in shown.items()}


class ProdigySite:
    """A folder with the Prodigy stand-in."""

    def __init__(self, folder: Path, emulator: Prodigy) -> None:
        self.folder = folder
        self.emulator = emulator
        self.environment: dict[str, str] = {}
        emulator.add_items(mail(40).values())
        self.toml = (
            '[platform]\ntype = "prodigy"\ndataset = "bridge-demo"\nsource = "pool.jsonl"\n'
            'queue = "queue.jsonl"\ndatabase = "prodigy.db"\nclasses = ["ham", "spam"]\n'
        )

    def add(self, items):
        self.emulator.add_items(items)

    def queue(self):
        return self.emulator.queue()

    def answer(self, key, name):
        self.emulator.answer(key, [name])

    def delete(self, key):
        self.emulator.delete_answer(key)

    def asked(self):
        tasks = self.emulator.queued_tasks()
        return self.queue(), {t["bridge_key"]: tuple(t["accept"]) for t in tasks if "accept" in t}


@contextmanager
def labelbox(folder: Path) -> Iterator[LabelboxSite]:
    with Labelbox() as emulator:
        yield LabelboxSite(folder, emulator)


@contextmanager
def prodigy(folder: Path) -> Iterator[ProdigySite]:
    emulator = Prodigy(folder, ("ham", "spam"))
    try:
        yield ProdigySite(folder, emulator)
    finally:
        emulator.stop()


SITES = {"labelbox": labelbox, "prodigy": prodigy}


def ready(site: str, act: str) -> Ready:
    """Return a function that makes a fresh loop at a site, where the act has everything to do."""

    @contextmanager
    def fresh() -> Iterator[Trial]:
        with TemporaryDirectory(prefix="crash-") as folder, SITES[site](Path(folder)) as made:
            trial = Trial(made)
            trial.prepare(act)
            yield trial

    return fresh


@cache
def passed(site: str, act: str) -> tuple[str, ...]:
    """Return the moments of an act at a site, found once."""
    return tuple(moments(ready(site, act), act))


@pytest.mark.crashes
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("site", SITES)
def test_killed_at_every_moment(site, part):
    found = list(enumerate(passed(site, "sync")))
    assert len(found) >= 30
    crash_at(ready(site, "sync"), "sync", found[part::PARTS])


@pytest.mark.crashes
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("act", sorted(set(ACTS) - {"sync"}))
@pytest.mark.parametrize("site", SITES)
def test_rarer_acts_are_killed_where_they_differ_from_a_common_sync(site, act):
    common = effects_of(passed(site, "sync")) - {"page stored"}  # which begins a sweep here
    chosen = [one for one in each_once(passed(site, act)) if not effects_of([one[1]]) & common]
    assert len(chosen) >= 2
    crash_at(ready(site, act), act, chosen)


@pytest.mark.crashes
@pytest.mark.timeout(600)
def test_every_effect_is_killed_somewhere():
    """An effect of the registry that no act passes would never be tested."""
    found = set().union(*(effects_of(passed(site, act)) for site in SITES for act in ACTS))
    assert found == set(EFFECTS)


def test_the_registry_names_the_effects_of_the_code():
    """Each effect that is marked is in the registry, and the other way round."""
    marked = set()
    for path in [*(ROOT / "bridge").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "effect":
                (name,) = node.args
                assert isinstance(name, ast.Constant), f"{path}: an effect whose name is not said"
                marked.add(name.value)
    assert marked == set(EFFECTS)
