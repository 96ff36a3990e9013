"""The one thread that cuts off what takes too long."""

from __future__ import annotations

import multiprocessing
import threading
import time
from contextlib import suppress

import pytest

from bridge import _alarm
from bridge._alarm import Alarm


@pytest.fixture(autouse=True)
def watch(monkeypatch: pytest.MonkeyPatch) -> _alarm._Watch:
    """A watch of the test's own."""
    watch = _alarm._Watch()
    monkeypatch.setattr(_alarm, "_watch", watch)
    return watch


def test_what_takes_too_long_is_cut_off() -> None:
    cut = threading.Event()
    alarm = Alarm(cut.set)
    with alarm.within(0.01):
        assert cut.wait(5)
    assert alarm.rang


def test_what_ends_in_time_is_never_cut_off() -> None:
    cut = threading.Event()
    alarm = Alarm(cut.set)
    for _ in range(3):
        with alarm.within(0.05):
            pass
    time.sleep(0.15)
    assert not cut.is_set()
    assert not alarm.rang


def test_what_is_due_sooner_is_not_kept_waiting() -> None:
    """The thread sleeps for a minute when the second one comes."""
    cut = threading.Event()
    with Alarm(lambda: None).within(60):
        time.sleep(0.05)
        with Alarm(cut.set).within(0.01):
            assert cut.wait(5)


def test_many_are_watched_at_once() -> None:
    cut = [threading.Event() for _ in range(20)]
    alarms = [Alarm(event.set) for event in cut]

    def work(number: int) -> None:
        with alarms[number].within(0.05 if number % 2 else 60):
            if number % 2:
                cut[number].wait(5)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [alarm.rang for alarm in alarms] == [number % 2 == 1 for number in range(20)]


def test_an_error_inside_leaves_nothing_behind(watch: _alarm._Watch) -> None:
    with suppress(KeyboardInterrupt), Alarm(lambda: None).within(60):
        raise KeyboardInterrupt
    assert watch._due == {}


def test_a_cut_that_fails_stops_no_other() -> None:
    def fails() -> None:
        raise OSError

    cut = threading.Event()
    with Alarm(fails).within(0.01), Alarm(cut.set).within(0.03):
        assert cut.wait(5)


def test_a_thread_without_work_ends_and_another_takes_its_place(watch: _alarm._Watch) -> None:
    for _ in range(2):
        with Alarm(lambda: None).within(0.02):
            assert watch._awake
        until = time.monotonic() + 5
        while watch._awake and time.monotonic() < until:
            time.sleep(0.01)
        assert not watch._awake


def _cut_off_in_a_child() -> None:
    cut = threading.Event()
    with Alarm(cut.set).within(0.01):
        assert cut.wait(5)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # from Python 3.12 on
def test_a_fork_has_a_thread_of_its_own(watch: _alarm._Watch) -> None:
    with watch._lock:  # as another thread may hold it when this one forks
        child = multiprocessing.get_context("fork").Process(target=_cut_off_in_a_child)
        child.start()
    child.join(10)
    assert child.exitcode == 0


def test_a_cut_that_fails_leaves_the_others_their_time() -> None:
    def broken() -> None:
        raise AttributeError("a socket of another kind")

    cut = threading.Event()
    first, second = Alarm(broken), Alarm(cut.set)
    with first.within(0.01), second.within(0.1):
        assert cut.wait(5)
    assert first.rang
    assert second.rang


def test_a_lock_cannot_wait_for_ever_and_need_not() -> None:
    cut = threading.Event()
    with Alarm(threading.Event().set).within(threading.TIMEOUT_MAX * 2):
        time.sleep(0.05)
        with Alarm(cut.set).within(0.01):
            assert cut.wait(5)
