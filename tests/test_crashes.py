"""Kill a run with SIGKILL before and after every effect: the next runs lose and double nothing.

For each moment of a sync that pulls, trains, plans, pushes and re-ranks: the run dies there, people
go on answering and change their minds, and syncs run until one goes through. Then the store and the
platform must agree, whatever died when.
"""

import json
import multiprocessing
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bridge.config import load
from bridge.effects import EFFECTS
from bridge.records import Item
from bridge.store.batches import queue
from bridge.store.items import answers
from bridge.sync import store_of
from bridge_labelbox.emulator import Emulator as Labelbox
from bridge_prodigy.emulator import Emulator as Prodigy
from crash_child import sync as sync_in_child
from memory_platform import mail, truth

QUEUE = "[queue]\ndepth = 8\nbatch = 2\n"


class LabelboxSite:
    """A project on the emulated Labelbox."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.emulator = Labelbox()
        self.emulator.start()
        self.environment = {"LABELBOX_API_KEY": self.emulator.api_key}
        self.project, dataset = self.emulator.add_project(("ham", "spam"))
        self.emulator.add_items(self.project, [(i.key, i.text) for i in mail(40).values()])
        self.toml = (
            f'[platform]\ntype = "labelbox"\napi_key = "${{LABELBOX_API_KEY}}"\n'
            f'project = "{self.project}"\ndatasets = ["{dataset}"]\n'
            f'endpoint = "{self.emulator.url}"\npoll_interval_s = 0.02\n'
        )

    def add(self, items):
        self.emulator.add_items(self.project, [(item.key, item.text) for item in items])

    def queue(self):
        return self.emulator.queue(self.project)

    def answer(self, key, name):
        self.emulator.answer(self.project, key, [name])

    def shown(self):
        shown = self.emulator.pre_annotations(self.project)
        assert all(len(predictions) == 1 for predictions in shown.values()), "shown twice"
        return {key: predictions[0] for key, predictions in shown.items()}

    def stop(self):
        self.emulator.stop()


class ProdigySite:
    """A folder with the Prodigy stand-in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.emulator = Prodigy(folder, ("ham", "spam"))
        self.environment = {}
        self.emulator.add_items(mail(40).values())
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

    def shown(self):
        tasks = self.emulator.queued_tasks()
        return {t["bridge_key"]: tuple(t["accept"]) for t in tasks if "accept" in t}

    def stop(self):
        self.emulator.stop()


@dataclass
class Trial:
    """One site, one store, and what people have answered so far."""

    site: LabelboxSite | ProdigySite
    said: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.site.folder / "bridge.toml"

    def begin(self) -> None:
        self.config.write_text(self.site.toml + QUEUE)

    def answer(self, number: int, *, flip: bool = False) -> None:
        """Answer the end of the queue, and let somebody change an earlier answer."""
        if flip and self.said:
            key = sorted(self.said)[0]
            self.give(key, "spam" if self.said[key] == "ham" else "ham")
        for key in self.site.queue()[-number:]:
            self.give(key, truth(key))

    def give(self, key: str, name: str) -> None:
        self.site.answer(key, name)
        self.said[key] = name

    def sync(self, *, kill_at: int | None = None, record: Path | None = None) -> int | None:
        """Sync in a process of its own; return its exit code, -9 if it was killed."""
        child = CONTEXT.Process(
            target=sync_in_child,
            args=(
                str(self.config),
                self.site.environment,
                None if record is None else str(record),
                kill_at,
            ),
        )
        child.start()
        child.join(60)
        return child.exitcode

    def prepare(self) -> None:
        """Bring the loop to where a sync has everything to do."""
        self.begin()
        for _ in range(2):
            assert self.sync() == 0
            self.answer(6)
        self.site.add([Item(key=f"ham-late-{n}", text=f"a late report {n}") for n in range(3)])

    def settled(self) -> None:
        """Check that store and platform agree, and that a further sync changes nothing."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.site.environment.items():
                patch.setenv(name, value)
            settings = load(self.config)
        with store_of(settings) as store, store.begin() as connection:
            stored = {a.key: a.value["chosen"][0] for a in answers(connection)}
            queued = [entry.entry.item.key for entry in queue(connection)]
            schema_names = json.loads(
                connection.exec_driver_sql(
                    "SELECT value FROM state WHERE name = 'label_schema'"
                ).scalar()
            )
            assert schema_names["classes"]
            open_items = connection.exec_driver_sql(
                "SELECT item_id, count(*) FROM batch_items WHERE state IN ('open', 'answered') "
                "GROUP BY item_id HAVING count(*) > 1"
            ).all()
            dead = connection.exec_driver_sql(
                "SELECT count(*) FROM runs WHERE state = 'running'"
            ).scalar()
        assert stored == self.said, "an answer was lost or made up"
        assert open_items == [], "an item is in two batches"
        assert sorted(queued) == sorted(self.site.queue()), "store and platform queue differ"
        assert len(set(self.site.queue())) == len(self.site.queue())
        assert queued == self.site.queue(), "the platform asks in another order"
        assert set(self.site.shown()) <= set(queued) | set(self.said)
        assert dead == 0
        before = self.site.queue(), self.site.shown()
        assert self.sync() == 0
        assert (self.site.queue(), self.site.shown()) == before, "a sync with nothing new did work"


CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["crash_child", "bridge.steps.train", "bridge.steps.rank", "sklearn.linear_model", "skops"]
)
SITES = {"labelbox": LabelboxSite, "prodigy": ProdigySite}


def moments(site: str, folder: Path) -> list[str]:
    """Return the moments of a sync that has everything to do."""
    folder.mkdir(parents=True, exist_ok=True)
    trial = Trial(SITES[site](folder))
    trial.prepare()
    record = folder / "moments"
    assert trial.sync(record=record) == 0
    trial.site.stop()
    return record.read_text().splitlines()


def crash(site: str, folder: Path, kill_at: int) -> None:
    """Kill a sync at a moment, let people go on, and see that all ends well."""
    trial = Trial(SITES[site](folder))
    try:
        trial.prepare()
        assert trial.sync(kill_at=kill_at) == -9
        trial.answer(3, flip=True)
        assert trial.sync() == 0
        trial.answer(2)
        assert trial.sync() == 0
        trial.settled()
    finally:
        trial.site.stop()


@pytest.mark.crashes
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("site", SITES)
def test_killed_at_every_moment(site, tmp_path):
    passed = moments(site, tmp_path / "record")
    assert not any(moment.startswith("failed") for moment in passed), passed
    for index, moment in enumerate(passed):
        folder = tmp_path / f"{index}"
        folder.mkdir()
        try:
            crash(site, folder, index)
        except AssertionError as error:
            raise AssertionError(f"killed {moment} (moment {index}): {error}") from error
        shutil.rmtree(folder)


@pytest.mark.crashes
def test_every_effect_is_killed_somewhere(tmp_path):
    """An effect of the registry that no sync passes would never be tested."""
    passed: set[str] = set()
    for site in SITES:
        passed |= {moment.split(" ", 1)[1] for moment in moments(site, tmp_path / site)}
    rare = {"sweep finished", "old model deleted", "rolled back"}  # not in a common sync
    assert passed | rare == set(EFFECTS)
