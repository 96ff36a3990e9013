"""Several processes on one store: one works, the others leave; a dead one is in nobody's way."""

import json
import os
import signal
import sqlite3
from contextlib import closing
from itertools import pairwise

import pytest

from labelbox_loop import labelbox_loop
from processes import CONTEXT, Processes


@pytest.fixture
def loop(tmp_path):
    with labelbox_loop(tmp_path) as made:
        yield made


@pytest.fixture
def processes(loop):
    made = Processes(loop)
    yield made
    made.end()


def stored(loop, query):
    with closing(sqlite3.connect(loop.directory / ".bridge" / "state.db")) as connection:
        return connection.execute(query).fetchall()


def one_after_the_other(loop):
    """Check that no run began before the one before it had ended; return how they ended."""
    runs = sorted(stored(loop, "SELECT started_at, finished_at, state FROM runs"))
    assert all(before[1] <= after[0] for before, after in pairwise(runs))
    return [run[2] for run in runs]


def settled(loop):
    """Check that nothing was lost or doubled, and that nothing is left to do."""
    assert len(loop.queue()) == len(set(loop.queue())) == 12
    assert json.loads(loop.bridge("verify", "--json").stdout)["counts"] == {}
    assert loop.sync()["status"] == "unchanged"


@pytest.mark.parametrize("others", [1, 5])
def test_all_but_one_leave(loop, processes, others):
    holder = processes.holder()
    for run in [processes.start() for _ in range(others)]:
        code, said = run.ended()
        assert code == 75
        assert said.count("Error:") == 1
        assert "Another run is at work" in said
        assert "Traceback" not in said
    assert loop.queue() == []
    holder.signal(signal.SIGCONT)
    assert holder.ended()[0] == 0
    assert one_after_the_other(loop) == ["done"]
    settled(loop)


@pytest.mark.parametrize("number", [2, 6])
def test_started_at_the_same_moment(loop, processes, number):
    loop.sync()
    loop.answer_all()
    gate = CONTEXT.Barrier(number)
    codes = sorted(run.ended()[0] for run in [processes.start(gate=gate) for _ in range(number)])
    assert codes[0] == 0
    assert set(codes) <= {0, 75}
    # A run that had nothing left to do may have come after the one that worked.
    assert one_after_the_other(loop) == ["done"] * (1 + codes.count(0))
    assert stored(loop, "SELECT count(*) FROM batches") == [(2,)]
    settled(loop)


def test_waiting_until_the_other_has_ended(loop, processes):
    holder = processes.holder()
    waiting = [processes.start("--wait", "60") for _ in range(2)]
    code, said = processes.start("--wait", "0.3").ended()
    assert (code, said.count("Error:")) == (75, 1)
    holder.signal(signal.SIGCONT)
    assert [run.ended()[0] for run in (holder, *waiting)] == [0, 0, 0]
    assert one_after_the_other(loop) == ["done"] * 3
    settled(loop)


@pytest.mark.parametrize("times", [1, 3])
def test_a_killed_holder_blocks_nobody(loop, processes, times):
    for _ in range(times):
        holder = processes.holder()
        holder.signal(signal.SIGKILL)
        assert holder.ended()[0] == -signal.SIGKILL
    code, said = processes.start("--json").ended()
    assert (code, json.loads(said)["recovered"]) == (0, True)
    assert one_after_the_other(loop) == ["died"] * times + ["done"]
    settled(loop)


def test_a_killed_holder_lets_the_waiting_in(loop, processes):
    holder = processes.holder()
    waiting = processes.start("--wait", "60")
    holder.signal(signal.SIGKILL)
    assert waiting.ended()[0] == 0
    settled(loop)


def test_what_only_reads_does_not_wait(loop, processes):
    loop.sync()
    processes.holder()
    assert loop.bridge("status").exit_code == 0
    assert loop.bridge("explain", loop.queue()[0]).exit_code == 0


def test_what_writes_leaves(loop, processes):
    loop.sync()
    processes.holder()
    for words in (["sync", "--dry-run"], ["rollback"], ["verify"]):
        ran = loop.bridge(*words)
        assert ran.exit_code == 75
        assert "Another run is at work" in ran.stderr


def test_the_lock_is_no_file_with_an_age(loop):
    """A lock file of a process that is gone, of any content, is no lock."""
    lock = loop.directory / ".bridge" / "lock"
    lock.parent.mkdir()
    lock.write_text("12345")
    os.utime(lock, (0, 0))
    loop.sync()
