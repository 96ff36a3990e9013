"""What is encoded to choose the first batches among is not encoded again for the first model."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.api import Bridge
from bridge.errors import StoreError
from bridge.learners import LearnerSpec, make_learner
from bridge.records import Item
from bridge.steps import unseen
from bridge.store import items
from bridge.store.features import FeatureStore
from bridge.sync import store_of
from memory_platform import MemoryPlatform, loop, mail

FILE = """
import zlib
import numpy as np

def make():
    def encode(texts):
        with open(__file__ + ".log", "a") as log:
            log.writelines(text + chr(10) for text in texts)
        return [np.random.default_rng(zlib.crc32(text.encode())).normal(size=8) for text in texts]
    return encode
"""


def numbered(count: int, first: int = 0) -> list[Item]:
    """Items of which no two have one text."""
    return [
        Item(key=f"k{number:03}", text=f"{item.text} of {number}")
        for number, item in enumerate(mail(first + count).values())
    ][first:]


def ready(directory: Path, platform: MemoryPlatform, **raw: Any) -> Bridge:
    file = directory / "counting.py"
    file.write_text(FILE)
    return loop(platform, directory, model={"encoder": f"{file}:make"}, **raw)


def encoded(directory: Path) -> list[str]:
    """The texts that were encoded so far, of which none ends alike."""
    log = directory / "counting.py.log"
    return log.read_text().splitlines() if log.exists() else []


def answer(platform: MemoryPlatform) -> None:
    for key in list(platform.queued):
        platform.answer(key, "spam" if "win" in (platform.items[key].text or "") else "ham")


def test_no_text_is_encoded_twice_for_the_first_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unseen, "FIRST_LOOK", 20)
    platform = MemoryPlatform()
    platform.add(*numbered(60))
    bridge = ready(tmp_path, platform)
    first = bridge.sync()
    assert first.encoded == len(encoded(tmp_path)) == 20
    platform.add(*numbered(1, 60))
    again = bridge.sync()
    assert again.encoded == 0, "the queue is full"
    answer(platform)
    trained = bridge.sync()
    assert trained.trained is not None
    assert trained.encoded == 41
    assert sorted(encoded(tmp_path)) == sorted(f"{item.text}" for item in platform.items.values())


def test_a_text_that_changed_in_between_is_encoded_again(tmp_path: Path) -> None:
    platform = MemoryPlatform()
    platform.add(*numbered(30))
    bridge = ready(tmp_path, platform)
    bridge.sync()
    seen = encoded(tmp_path)
    key = next(key for key, item in platform.items.items() if item.text in seen)
    platform.add(Item(key=key, text="quite another text"))
    answer(platform)
    result = bridge.sync()
    assert result.trained is not None
    assert encoded(tmp_path).count("quite another text") == 1
    assert_as_today(bridge, tmp_path)


def test_what_was_encoded_ahead_does_not_outlive_a_restored_state(tmp_path: Path) -> None:
    platform = MemoryPlatform()
    platform.add(*numbered(20))
    bridge = ready(tmp_path, platform, queue={"depth": 4, "batch": 4})
    bridge.sync()
    state = tmp_path / ".bridge" / "state.db"
    backup = state.read_bytes()
    platform.add(*numbered(10, 20))
    for key in list(platform.queued):
        platform.skip(key)  # so that there is no model yet
    bridge.sync()
    features = tmp_path / ".bridge" / "features"
    shutil.copytree(features, tmp_path / "another host")
    for item in numbered(10, 20):
        platform.remove(item.key)
    state.write_bytes(backup)
    platform.add(*numbered(20, 30))  # they are given the row ids of those
    answer(platform)
    assert bridge.sync().trained is not None
    assert_as_today(bridge, tmp_path)
    shutil.rmtree(features)
    shutil.move(tmp_path / "another host", features)
    answer(platform)
    assert bridge.sync().encoded == 40
    assert_as_today(bridge, tmp_path)


@pytest.mark.parametrize("another", ["host", "encoder"])
def test_features_that_wait_do_not_outlive_a_restored_state(tmp_path: Path, another: str) -> None:
    """Those of a host, or an encoder, that is not the first to run after the state was restored."""
    platform = MemoryPlatform()
    platform.add(*numbered(20))
    bridge = ready(tmp_path, platform, queue={"depth": 4, "batch": 4})
    home, state = tmp_path / ".bridge" / "features", tmp_path / ".bridge" / "state.db"
    aside = tmp_path / "aside"

    def elsewhere() -> None:
        """Sync once as the other host, or with the other encoder."""
        if another == "host":
            home.rename(tmp_path / "mine")
            if aside.exists():
                aside.rename(home)
            bridge.sync()
            home.rename(aside)
            (tmp_path / "mine").rename(home)
        else:
            other = tmp_path / "other.py"
            other.write_text(FILE)
            model = {"encoder": f"{other}:make"}
            loop(platform, tmp_path, model=model, queue={"depth": 4, "batch": 4}).sync()

    def skip() -> None:
        for key in list(platform.queued):
            platform.skip(key)  # so that there is no model yet

    bridge.sync()
    skip()
    elsewhere()
    backup = state.read_bytes()
    skip()
    platform.add(*numbered(10, 20))
    bridge.sync()
    for item in numbered(10, 20):
        platform.remove(item.key)
    state.write_bytes(backup)
    platform.add(*numbered(15, 30))  # they are given the row ids of those
    skip()
    elsewhere()
    answer(platform)
    assert bridge.sync().trained is not None
    assert_as_today(bridge, tmp_path)


def test_features_do_not_outlive_a_state_that_was_deleted(tmp_path: Path) -> None:
    platform = MemoryPlatform()
    platform.add(*numbered(20))
    bridge = ready(tmp_path, platform)
    for _ in range(2):
        bridge.sync()
        answer(platform)
    for file in (tmp_path / ".bridge").glob("state.db*"):
        file.unlink()
    platform.items = dict(reversed(platform.items.items()))  # row ids come in another order
    bridge.sync()
    assert_as_today(bridge, tmp_path)


def test_a_full_disk_is_no_fault_of_the_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    platform = MemoryPlatform()
    platform.add(*numbered(20))
    bridge = ready(tmp_path, platform)
    with monkeypatch.context() as patch:
        patch.setattr("bridge.store.segments._Writer.write", full)
        with pytest.raises(StoreError, match="No space left"):
            bridge.sync()
    assert bridge.sync().encoded > 0


def assert_as_today(bridge: Bridge, directory: Path) -> None:
    """Every item that can be used has the features of the text that it has today."""
    learner = make_learner(LearnerSpec(encoder=f"{directory / 'counting.py'}:make"))
    encoder = learner.encoder
    assert encoder is not None
    reader = FeatureStore(directory / ".bridge" / "features", encoder).reader()
    with store_of(bridge.settings) as store, store.begin() as connection:
        today = dict(items.items_since(connection, 0, items.content_mark(connection)))
    log = (directory / "counting.py.log").read_text()
    rows = reader.rows(list(today))
    np.testing.assert_array_equal(rows, encoder.encode(list(today.values())))
    (directory / "counting.py.log").write_text(log)


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 3)),
        st.tuples(st.just("change"), st.integers(0, 99)),
        st.tuples(st.just("remove"), st.integers(0, 99)),
        st.tuples(st.just("return"), st.integers(0, 99)),
        st.tuples(st.just("skip"), st.just(0)),
        st.tuples(st.just("sync"), st.just(0)),
    ),
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(ACTS)
def test_whatever_happens_before_the_first_model(acts: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(unseen, "FIRST_LOOK", 6)
        directory, platform = Path(name), MemoryPlatform()
        platform.add(*numbered(12))
        bridge = ready(directory, platform, queue={"depth": 2, "batch": 2})
        gone: list[Item] = []
        returned: Counter[str | None] = Counter()
        for turn, (act, number) in enumerate(acts):
            keys = sorted(platform.items)
            key = keys[number % len(keys)]
            if act == "add":
                known = len(platform.items) + len(gone)
                platform.add(*numbered(number, known))
            elif act == "change":
                platform.add(Item(key=key, text=f"text of turn {turn}"))
            elif act == "remove" and len(keys) > 6:
                gone.append(platform.items[key])
                platform.remove(key)
            elif act == "return" and gone:
                back = gone.pop(number % len(gone))
                platform.add(back)
                returned[back.text] += 1
            elif act == "skip":
                for queued in list(platform.queued):
                    platform.skip(queued)
            elif act == "sync":
                bridge.sync(full=True)
        platform.add(*numbered(6, 500))  # also where all others were skipped
        for _ in range(12):
            answer(platform)
            if bridge.sync(full=True).champion is not None:
                break
        assert_as_today(bridge, directory)
        again = Counter(encoded(directory)) - returned
        assert set(again.values()) <= {1}, "none twice, but what was gone and came back"
