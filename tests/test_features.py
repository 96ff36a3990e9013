"""The feature store: what goes in comes out, in bounded pieces, whatever dies when."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import DataError, StoreError
from bridge.learners.encoding import HashedText
from bridge.records import Item
from bridge.store import features as module
from bridge.store.features import FeatureStore

WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]


def item(number: int, version: int = 0) -> Item:
    words = [WORDS[number % 10], WORDS[(number // 10) % 10], WORDS[version % 10]]
    return Item(key=f"k{number}", text=" ".join(words) + f" w{number} v{version}")


class Lengths:
    """A dense encoder: length of the text, number of words, 0 where the text has no 'a'."""

    id = "lengths"

    def encode(self, items: Sequence[Item]) -> np.ndarray:
        texts = [i.text or "" for i in items]
        return np.array([[len(t), len(t.split()), t.count("a")] for t in texts], np.float32)


ENCODERS = [HashedText(columns=2**10), Lengths()]


def dense(features: object) -> np.ndarray:
    return features if isinstance(features, np.ndarray) else features.toarray()  # type: ignore[attr-defined]


def add(store: FeatureStore, numbers: Sequence[int], upto: int, version: int = 0) -> int:
    return store.add(((n, item(n, version)) for n in numbers), upto)


def read_all(store: FeatureStore) -> None:
    reader = store.reader()
    list(reader.chunks())
    reader.document_frequency()


def nothing_left_over(directory: Path) -> bool:
    listed = json.loads((directory / "manifest.json").read_text())["segments"]
    return {p.name for p in directory.glob("segment-*")} == {entry["name"] for entry in listed}


def expect(store: FeatureStore, encoder: object, truth: dict[int, int]) -> None:
    """Every view of the store agrees with encoding the newest versions afresh."""
    ids = np.array(sorted(truth), np.int64)
    reader = store.reader()
    wanted = dense(encoder.encode([item(int(n), truth[int(n)]) for n in ids]))  # type: ignore[attr-defined]
    assert reader.ids.tolist() == ids.tolist()
    assert reader.count == len(truth)
    if not truth:
        return
    np.testing.assert_array_equal(dense(reader.rows(ids)), wanted)
    seen = {}
    for some, features in reader.chunks(size=7):
        assert len(some) <= 7
        assert dense(features).dtype == np.float32
        seen.update(zip(some.tolist(), dense(features), strict=True))
    assert sorted(seen) == ids.tolist()
    np.testing.assert_array_equal(np.stack([seen[int(n)] for n in ids]), wanted)
    np.testing.assert_array_equal(reader.document_frequency(), (wanted != 0).sum(axis=0))


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda e: e.id)
def test_rows_come_back_in_the_order_asked(tmp_path: Path, encoder: object) -> None:
    store = FeatureStore(tmp_path, encoder)  # type: ignore[arg-type]
    assert add(store, range(30), upto=4) == 30
    asked = [17, 3, 29, 3]
    got = dense(store.reader().rows(asked))
    np.testing.assert_array_equal(got, dense(encoder.encode([item(n) for n in asked])))  # type: ignore[attr-defined]
    assert store.upto == 4
    assert FeatureStore(tmp_path, encoder).upto == 4  # type: ignore[arg-type]


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda e: e.id)
@settings(max_examples=25)
@given(
    turns=st.lists(st.lists(st.integers(0, 40), max_size=25), max_size=12), chunk=st.integers(2, 9)
)
def test_any_order_of_additions_gives_the_newest_rows(
    tmp_path_factory: pytest.TempPathFactory, encoder: object, turns: list[list[int]], chunk: int
) -> None:
    directory = tmp_path_factory.mktemp("features")
    truth: dict[int, int] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", chunk)
        patch.setattr(module, "FAN", 3)
        patch.setattr(module, "MERGE_STEP", 5)
        for version, numbers in enumerate(turns):
            store = FeatureStore(directory, encoder)  # type: ignore[arg-type]
            assert add(store, numbers, upto=version, version=version) == len(numbers)
            truth.update(dict.fromkeys(numbers, version))
            expect(store, encoder, truth)


def test_chunks_of_some_ids_only(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, HashedText(columns=2**10))
    add(store, range(50), upto=1)
    for wanted in ([1], [4, 49, 7], list(range(1, 50)), []):
        found = [n for ids, _ in store.reader().chunks(np.array(wanted, np.int64), 8) for n in ids]
        assert sorted(found) == sorted(wanted)


def test_a_missing_id_is_named(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, HashedText(columns=2**10))
    add(store, range(5), upto=1)
    with pytest.raises(DataError, match="number 99"):
        store.reader().rows([1, 99])
    with pytest.raises(DataError, match="number 77"):
        list(store.reader().chunks(np.array([77])))


def test_many_small_additions_leave_few_segments(tmp_path: Path) -> None:
    encoder = HashedText(columns=2**10)
    for turn in range(100):
        add(FeatureStore(tmp_path, encoder), [2 * turn, 2 * turn + 1], upto=turn)
    store = FeatureStore(tmp_path, encoder)
    expect(store, encoder, dict.fromkeys(range(200), 0))
    assert len(list((tmp_path / encoder.id).glob("segment-*"))) <= 3 * module.FAN


def test_a_reader_keeps_working_while_the_store_merges(tmp_path: Path) -> None:
    encoder = HashedText(columns=2**10)
    store = FeatureStore(tmp_path, encoder)
    add(store, range(10), upto=1)
    reader = store.reader()
    before = dense(reader.rows(range(10)))
    for turn in range(20):
        add(store, range(10), upto=2, version=turn)
    np.testing.assert_array_equal(dense(reader.rows(range(10))), before)


def test_an_interrupted_addition_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 4)
    encoder = HashedText(columns=2**10)
    store = FeatureStore(tmp_path, encoder)
    add(store, range(10), upto=1)

    def dying() -> Iterator[tuple[int, Item]]:
        yield from ((n, item(n, 5)) for n in range(9))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.add(dying(), upto=2)
    again = FeatureStore(tmp_path, encoder)
    assert again.upto == 1
    expect(again, encoder, dict.fromkeys(range(10), 0))
    add(again, range(9), upto=2, version=5)
    expect(again, encoder, {n: 5 if n < 9 else 0 for n in range(10)})
    assert nothing_left_over(tmp_path / encoder.id)


KILLED = """
import sys
from pathlib import Path
from test_features import Lengths, add
from bridge.store import features as module
module.CHUNK, module.FAN = 3, 3
store = module.FeatureStore(Path(sys.argv[1]), Lengths())
while True:
    print(store.upto, flush=True)
    add(store, range(store.upto, store.upto + 7), upto=store.upto + 7)
"""


def test_killed_at_any_moment_the_store_is_as_of_its_last_addition(tmp_path: Path) -> None:
    encoder = Lengths()
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    for kill in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        ) as process:
            assert process.stdout is not None
            for _ in range(8):
                told = int(process.stdout.readline())
            time.sleep(0.003 * kill)
            process.kill()
        store = FeatureStore(tmp_path, encoder)
        assert store.upto >= told
        expect(store, encoder, dict.fromkeys(range(store.upto), 0))


@pytest.mark.parametrize("when", range(1, 9))
def test_a_full_disk_is_told_and_leaves_one_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: int
) -> None:
    encoder = HashedText(columns=2**10)
    add(FeatureStore(tmp_path, encoder), range(10), upto=1)
    calls = 0
    really = os.fsync

    def full(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == when:
            raise OSError(errno.ENOSPC, "No space left on device")
        really(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="No space left"):
            add(FeatureStore(tmp_path, encoder), range(20), upto=2, version=1)
    assert nothing_left_over(tmp_path / encoder.id)
    store = FeatureStore(tmp_path, encoder)
    # The eighth is after the manifest took its place: the new state holds.
    assert store.upto == (2 if when == 8 else 1)
    truth = dict.fromkeys(range(20), 1) if when == 8 else dict.fromkeys(range(10), 0)
    expect(store, encoder, truth)


@pytest.mark.parametrize("file", ["ids", "data", "indices", "indptr", "frequency"])
@pytest.mark.parametrize("damage", ["cut", "gone", "noise"])
def test_damage_is_named_with_its_cure(tmp_path: Path, file: str, damage: str) -> None:
    encoder = HashedText(columns=2**10)
    add(FeatureStore(tmp_path, encoder), range(200), upto=1)
    path = next((tmp_path / encoder.id).glob(f"segment-*/{file}.npy"))
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:5] + b"\xff" * (len(content) - 5))
    with pytest.raises(StoreError, match=f"{file}.npy") as caught:
        read_all(FeatureStore(tmp_path, encoder))
    assert "Delete the directory" in caught.value.fix


def test_columns_out_of_range_never_reach_the_arithmetic(tmp_path: Path) -> None:
    encoder = HashedText(columns=2**10)
    add(FeatureStore(tmp_path, encoder), range(5), upto=1)
    path = next((tmp_path / encoder.id).glob("segment-*/indices.npy"))
    content = bytearray(path.read_bytes())
    content[-4:] = (2**30).to_bytes(4, "little")
    path.write_bytes(content)
    reader = FeatureStore(tmp_path, encoder).reader()
    with pytest.raises(StoreError, match="columns that do not exist"):
        list(reader.chunks())
    with pytest.raises(StoreError, match="columns that do not exist"):
        reader.rows([4])


def test_a_damaged_or_foreign_manifest_is_refused(tmp_path: Path) -> None:
    encoder = HashedText(columns=2**10)
    add(FeatureStore(tmp_path, encoder), range(5), upto=1)
    path = tmp_path / encoder.id / "manifest.json"
    good = json.loads(path.read_text())
    path.write_text(json.dumps(good | {"encoder": "another"}))
    with pytest.raises(StoreError, match="another"):
        FeatureStore(tmp_path, encoder)
    path.write_text("{")
    with pytest.raises(StoreError, match="cannot be read"):
        FeatureStore(tmp_path, encoder)


def test_another_encoder_has_its_own_features(tmp_path: Path) -> None:
    add(FeatureStore(tmp_path, HashedText(columns=2**10)), range(5), upto=1)
    other = FeatureStore(tmp_path, HashedText(columns=2**11))
    assert other.upto == 0
    assert other.reader().count == 0
    assert other.reader().rows([]).shape == (0, 0)


def test_an_encoder_that_changes_its_width_is_refused(tmp_path: Path) -> None:
    class Wider(Lengths):
        def encode(self, items: Sequence[Item]) -> np.ndarray:
            return np.ones((len(items), 4), np.float32)

    add(FeatureStore(tmp_path, Lengths()), range(5), upto=1)
    with pytest.raises(DataError, match="expected"):
        add(FeatureStore(tmp_path, Wider()), range(5), upto=2)
