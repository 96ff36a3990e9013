"""Work in other processes: the same results to the last bit, whoever dies meanwhile."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import execution_work as work
from bridge.errors import ConfigError, ExecutionError
from bridge.execution import ExecutionSettings, each
from bridge.progress import Silent
from bridge.steps import encode, score
from bridge.store import features
from memory_platform import MemoryPlatform, loop, mail, truth

SERIAL = ExecutionSettings()
PROCESSES = ExecutionSettings(backend="processes", workers=2)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A Dask cluster of two processes; one that dies is started anew."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    ) as made:
        yield made


@pytest.fixture
def dask(cluster: Any) -> ExecutionSettings:
    return ExecutionSettings(backend="dask", address=cluster.scheduler_address)


def test_results_come_in_order() -> None:
    for settings in (SERIAL, PROCESSES):
        assert list(each(settings, work.double, range(30))) == list(range(0, 60, 2))
        assert list(each(settings, work.double, [])) == []


def test_work_is_done_in_other_processes() -> None:
    assert set(each(SERIAL, work.where, range(4))) == {os.getpid()}
    assert os.getpid() not in set(each(PROCESSES, work.where, range(4)))


@pytest.mark.parametrize("settings", [SERIAL, PROCESSES], ids=lambda s: s.backend)
def test_tasks_are_taken_as_they_are_needed(settings: ExecutionSettings) -> None:
    taken = 0

    def tasks() -> Iterator[int]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield number

    results = each(settings, work.double, tasks())
    assert next(results) == 0
    assert taken <= 8
    results.close()  # type: ignore[attr-defined]  # a generator


@pytest.mark.parametrize("settings", [SERIAL, PROCESSES], ids=lambda s: s.backend)
def test_a_fault_of_the_work_is_told_as_it_is(settings: ExecutionSettings) -> None:
    with pytest.raises(ValueError, match=r"number \d"):
        list(each(settings, work.fails, range(3)))


def test_a_process_that_is_killed_costs_nothing_but_time(tmp_path: Path) -> None:
    mark = tmp_path / "killed"
    tasks = [(mark, number) for number in range(20)]
    assert list(each(PROCESSES, work.killed_once, tasks)) == list(range(0, 40, 2))
    assert mark.exists()


def test_processes_that_die_again_and_again_are_told() -> None:
    with pytest.raises(ExecutionError, match="died 3 times") as caught:
        list(each(PROCESSES, work.killed_always, range(8)))
    assert caught.value.exit_code == 71


def test_a_cluster_gives_the_same_though_a_worker_is_killed_at_work(
    dask: ExecutionSettings, tmp_path: Path
) -> None:
    killed: list[int] = []

    def kill() -> None:
        for _ in range(1000):
            if len(list(tmp_path.iterdir())) >= 6:
                newest = max(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime_ns)
                killed.append(int(newest.name.split("-")[1]))
                os.kill(killed[0], signal.SIGKILL)
                return
            time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    tasks = [(tmp_path, number) for number in range(24)]
    assert list(each(dask, work.announced, tasks)) == list(range(0, 48, 2))
    killer.join()
    assert killed


def test_work_that_kills_every_worker_of_a_cluster_is_told(dask: ExecutionSettings) -> None:
    with pytest.raises(ExecutionError, match="died while running it"):
        list(each(dask, work.killed_always, range(10)))
    assert list(each(dask, work.double, [1, 2])) == [2, 4], "the cluster goes on"


def test_a_cluster_that_is_lost_in_the_middle_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("bridge.execution.CONNECT", 3)  # seconds that a lost one is waited for
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    ) as doomed:
        lost = ExecutionSettings(backend="dask", address=doomed.scheduler_address)
        found = each(lost, work.double, range(100))
        assert next(found) == 0
        doomed.close()
        with pytest.raises(ExecutionError, match="Dask cluster"):
            list(found)


def test_a_cluster_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("bridge.execution.CONNECT", 0.5)
    nowhere = ExecutionSettings(backend="dask", address="tcp://127.0.0.1:9")
    with pytest.raises(ExecutionError, match=r"127\.0\.0\.1:9") as caught:
        list(each(nowhere, work.double, range(3)))
    assert "execution.address" in caught.value.fix


def test_without_dask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    there = ExecutionSettings(backend="dask", address="tcp://127.0.0.1:9")
    with pytest.raises(ConfigError, match="not installed") as caught:
        list(each(there, work.double, range(3)))
    assert "label-bridge[dask]" in caught.value.fix


# ------------------------------------------------------------------------------------- whole syncs


class Killer(Silent):
    """Kills a worker while the pool is ranked."""

    def __init__(self, pids: list[int]) -> None:
        self.pids = pids
        self.killed = 0

    def track(self, values: Any, what: str, total: int | None = None) -> Iterator[Any]:
        for number, value in enumerate(values):
            if what == "chunks ranked" and number == 9:
                os.kill(self.pids[self.killed % len(self.pids)], signal.SIGKILL)
                self.killed += 1
            yield value


def synced(directory: Path, progress: Any = None, **raw: Any) -> dict[str, Any]:
    """Run a loop until a model has ranked the pool; return what was planned, and the features."""
    directory.mkdir()
    platform = MemoryPlatform()
    platform.add(*mail(450).values())
    ahead = {"acquisition": {"novel_share": 0.0}}  # encode none, so that workers encode all
    with pytest.MonkeyPatch.context() as small, loop(platform, directory, **ahead, **raw) as bridge:
        small.setattr(score, "SMALL", 0)
        small.setattr(encode, "FEW", 0)
        small.setattr(features, "CHUNK", 100)
        small.setattr(features, "SPAN", 32)
        bridge._progress = progress
        bridge.sync()
        for key in platform.queued[:8]:
            platform.answer(key, truth(key))
        bridge.sync()
    with closing(sqlite3.connect(directory / ".bridge" / "state.db")) as connection:
        planned = connection.execute(
            "SELECT batch_id, item_id, rank, score, reason, prediction FROM batch_items"
            " ORDER BY batch_id, rank"
        ).fetchall()
    assert any(json.loads(row[5]) for row in planned if row[5])
    stored = sorted((directory / ".bridge" / "features").glob("*/segment-*/*.npy"))
    assert len(stored) > 8
    return {"planned": planned, "features": [np.load(file).tobytes() for file in stored]}


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return synced(tmp_path_factory.mktemp("here") / "serial")


def test_a_sync_is_the_same_in_processes(tmp_path: Path, serial: dict[str, Any]) -> None:
    execution = {"backend": "processes", "workers": 3}
    assert synced(tmp_path / "processes", execution=execution) == serial


def test_a_sync_is_the_same_on_a_cluster_that_loses_a_worker(
    tmp_path: Path, cluster: Any, dask: ExecutionSettings, serial: dict[str, Any]
) -> None:
    killer = Killer([worker.pid for worker in cluster.workers.values()])
    execution = {"backend": "dask", "address": dask.address}
    assert synced(tmp_path / "dask", killer, execution=execution) == serial
    assert killer.killed


@pytest.mark.parametrize(
    ("raw", "said"),
    [({"backend": "dask"}, "address"), ({"backend": "threads"}, "execution.backend")],
)
def test_settings_that_cannot_be_are_refused(
    tmp_path: Path, raw: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        loop(MemoryPlatform(), tmp_path, execution=raw)
