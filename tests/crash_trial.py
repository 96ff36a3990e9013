"""Kill a run before and after every effect, let people go on, and see that all ends well.

A :class:`Site` is a project on one platform and the people at it. For each moment of an act (a
sync, a full one, a rollback): the run dies there by SIGKILL, people go on answering and change
their minds, and syncs run until one goes through. Then the store and the platform must agree.
"""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from bridge.config import load
from bridge.records import Item
from bridge.store.batches import queue
from bridge.store.items import answers
from bridge.sync import store_of
from crash_child import act as act_in_child
from memory_platform import truth

QUEUE = "[queue]\ndepth = 8\nbatch = 2\n"
PATIENCE_S = 120  # longer than any run takes
RUNS = 3  # that the loop may need to recover: one that fails clearly, one that works, one more

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["crash_child", "bridge.steps.train", "bridge.steps.rank", "sklearn.linear_model", "skops"]
)


class Site(Protocol):
    """A project with forty mails.

    Attributes:
        folder: where ``bridge.toml`` and the store lie.
        environment: what the run needs.
        toml: the section ``[platform]``.
    """

    folder: Path
    environment: dict[str, str]
    toml: str

    def add(self, items: Iterable[Item]) -> None:
        """Put more items into the pool."""

    def queue(self) -> list[str]:
        """Return what is asked, in order."""

    def answer(self, key: str, name: str) -> None:
        """Answer an item, or change the answer."""

    def delete(self, key: str) -> None:
        """Delete the answer on an item."""

    def asked(self) -> tuple[list[str], dict[str, tuple[str, ...]]]:
        """Return the queue and what is pre-annotated; fail if something is twice on one item."""


@dataclass
class Trial:
    """One site, one store, and what people have answered so far."""

    site: Site
    said: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.site.folder / "bridge.toml"

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

    def delete(self) -> None:
        """Delete an answer; many platforms tell of that only in a full pull."""
        key = sorted(self.said)[-1]
        self.site.delete(key)
        del self.said[key]

    def run(
        self, act: str = "sync", *, kill_at: int | None = None, record: Path | None = None
    ) -> int:
        """Run in a process of its own; return its exit code, -9 if it was killed."""
        told = None if record is None else str(record)
        child = CONTEXT.Process(
            target=act_in_child,
            args=(act, str(self.config), self.site.environment, told, kill_at),
        )
        child.start()
        child.join(PATIENCE_S)
        if child.exitcode is None:
            child.kill()
            child.join()
            raise AssertionError(f"a run did not end within {PATIENCE_S} s")
        return child.exitcode

    def recovered(self) -> None:
        """Sync until one goes through; nothing that people said meanwhile is missing then."""
        codes = []
        for _ in range(RUNS):
            codes.append(self.run())
            if codes[-1] == 0:
                return
        raise AssertionError(f"no sync went through: exit codes {codes}")

    def prepare(self, act: str) -> None:
        """Bring the loop to where the act has everything to do."""
        self.config.write_text(self.site.toml + QUEUE)
        for _ in range(2 if act == "sync" else 3):  # so that there are two models to choose from
            assert self.run() == 0
            self.answer(6)
        self.site.add([Item(key=f"ham-late-{n}", text=f"a late report {n}") for n in range(3)])

    def settled(self) -> None:
        """Check that store and platform agree, and that a further sync changes nothing."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.site.environment.items():
                patch.setenv(name, value)
            settings = load(self.config)
        with store_of(settings) as store, store.begin() as connection:
            stored = {a.key: a.value["chosen"][0] for a in answers(connection) if a.value}
            queued = [entry.entry.item.key for entry in queue(connection)]

            def rows(query: str) -> list[object]:
                return [row[0] for row in connection.exec_driver_sql(query)]

            open_twice = rows(
                "SELECT item_id FROM batch_items WHERE state IN ('open', 'answered') "
                "GROUP BY item_id HAVING count(*) > 1"
            )
            running = rows("SELECT id FROM runs WHERE state = 'running'")
            unfinished = rows("SELECT id FROM batches WHERE state = 'planned'")
            champions = rows("SELECT version FROM models WHERE status = 'champion'")
        asked, shown = self.site.asked()
        assert stored == self.said, "an answer was lost or made up"
        assert open_twice == [], "an item is in two batches"
        assert unfinished == [], "a batch was not pushed"
        assert sorted(queued) == sorted(asked), "store and platform queue differ"
        assert len(set(asked)) == len(asked)
        assert queued == asked, "the platform asks in another order"
        assert set(shown) <= set(queued) | set(self.said)
        assert running == []
        assert len(champions) == 1
        assert (settings.store_directory / "models" / str(champions[0])).is_dir()
        assert self.run() == 0
        assert self.site.asked() == (asked, shown), "a sync with nothing new did work"


Ready = Callable[[], AbstractContextManager[Trial]]  # makes a trial that is prepared for an act


def moments(ready: Ready, act: str) -> list[str]:
    """Return the moments of an act that has everything to do, such as ``before page stored``."""
    with ready() as trial:
        record = trial.site.folder / "moments"
        assert trial.run(act, record=record) == 0, record.read_text()
        return record.read_text().splitlines()


def crash(ready: Ready, act: str, kill_at: int) -> None:
    """Kill an act at a moment, let people go on, and see that all ends well."""
    with ready() as trial:
        assert trial.run(act, kill_at=kill_at) == -9
        trial.answer(3, flip=True)
        trial.recovered()
        trial.delete()
        trial.answer(2)
        assert trial.run("full") == 0
        trial.settled()


def crash_at(ready: Ready, act: str, chosen: Iterable[tuple[int, str]]) -> None:
    """Crash at each of these (place, moment) pairs."""
    for place, moment in chosen:
        try:
            crash(ready, act, place)
        except AssertionError as error:
            raise AssertionError(f"{act} killed {moment} (moment {place}): {error}") from error


def effects_of(passed: Iterable[str]) -> set[str]:
    """Return the effects of moments."""
    return {moment.split(" ", 1)[1] for moment in passed}


def each_once(passed: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Choose of every moment that repeats one in the middle of its repetitions."""
    for moment in dict.fromkeys(passed):
        places = [place for place, other in enumerate(passed) if other == moment]
        yield places[len(places) // 2], moment
