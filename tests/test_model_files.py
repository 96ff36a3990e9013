"""Model files: whole or absent, and never what somebody else put there."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridge.errors import ModelError, StoreError
from bridge.learners.encoding import HashedText
from bridge.learners.text import TextLearner, TextModel
from bridge.store.models import delete_model, load_model, read_manifest, save_model
from learning_data import examples, one_hot, single

LEARNER = TextLearner(HashedText(columns=2**10))


@pytest.fixture
def model() -> TextModel:
    items, numbers = single(30, 0)
    return LEARNER.fit(examples(LEARNER.encoder, items, one_hot(numbers)), None, seed=0)


def test_what_was_saved_comes_back(tmp_path: Path, model: TextModel) -> None:
    root = tmp_path / "models"
    directory = save_model(root, "v1", model, {"labels": 30})
    assert directory == root / "v1"
    features = LEARNER.encoder.encode(single(5, 1)[0])
    again = load_model(root, "v1", LEARNER)
    np.testing.assert_array_equal(again.predict(features), model.predict(features))
    manifest = read_manifest(root, "v1")
    assert manifest["labels"] == 30
    assert sorted(manifest["files"]) == ["head.npz", "model.json"]
    assert [p.name for p in root.iterdir()] == ["v1"]


def test_a_version_that_is_there_stays_as_it_is(tmp_path: Path, model: TextModel) -> None:
    save_model(tmp_path, "v1", model, {"labels": 1})
    save_model(tmp_path, "v1", model, {"labels": 2})
    assert read_manifest(tmp_path, "v1")["labels"] == 1


def test_a_damaged_version_is_written_again(tmp_path: Path, model: TextModel) -> None:
    (save_model(tmp_path, "v1", model, {}) / "head.npz").write_bytes(b"")
    save_model(tmp_path, "v1", model, {})
    load_model(tmp_path, "v1", LEARNER)


@pytest.mark.parametrize("damage", ["changed", "missing", "added", "manifest", "no manifest"])
def test_damage_is_found_before_anything_is_read(
    tmp_path: Path, model: TextModel, damage: str
) -> None:
    directory = save_model(tmp_path, "v1", model, {})
    if damage == "changed":
        content = bytearray((directory / "head.npz").read_bytes())
        content[len(content) // 2] ^= 1
        (directory / "head.npz").write_bytes(content)
    elif damage == "missing":
        (directory / "model.json").unlink()
    elif damage == "added":
        (directory / "extra.py").write_text("")
    elif damage == "manifest":
        (directory / "manifest.json").write_text('{"files": 3}')
    else:
        (directory / "manifest.json").unlink()
    with pytest.raises(ModelError, match="cannot be used") as caught:
        load_model(tmp_path, "v1", LEARNER)
    assert "--force-train" in caught.value.fix


@pytest.mark.parametrize("version", ["../up", "", ".hidden", "a/b", "a" * 101])
def test_a_version_is_one_plain_name(tmp_path: Path, model: TextModel, version: str) -> None:
    for act in (
        lambda: save_model(tmp_path, version, model, {}),
        lambda: load_model(tmp_path, version, LEARNER),
        lambda: delete_model(tmp_path, version),
    ):
        with pytest.raises(ModelError, match="name of a model version"):
            act()


@pytest.mark.parametrize("when", range(1, 6))
def test_a_full_disk_leaves_no_half_model(
    tmp_path: Path, model: TextModel, monkeypatch: pytest.MonkeyPatch, when: int
) -> None:
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
            save_model(tmp_path, "v1", model, {})
    left = [p.name for p in tmp_path.iterdir()]
    # The last sync comes after the move: then the model is whole, only perhaps not durable yet.
    assert left == ([] if when < 5 else ["v1"])
    save_model(tmp_path, "v1", model, {})
    load_model(tmp_path, "v1", LEARNER)


def test_deleting(tmp_path: Path, model: TextModel) -> None:
    save_model(tmp_path, "v1", model, {})
    delete_model(tmp_path, "v1")
    delete_model(tmp_path, "v1")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ModelError, match="not there"):
        load_model(tmp_path, "v1", LEARNER)


def test_a_learner_that_fails_to_load_is_a_model_error(tmp_path: Path, model: TextModel) -> None:
    class Broken:
        id = "broken"
        encoder = None

        def fit(self, *args: Any, **kwargs: Any) -> Any:
            raise AssertionError

        def load(self, directory: Path) -> Any:
            return json.loads("{")

    save_model(tmp_path, "v1", model, {})
    with pytest.raises(ModelError, match="JSONDecodeError"):
        load_model(tmp_path, "v1", Broken())
