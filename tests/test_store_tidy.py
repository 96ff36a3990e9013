"""Files that nothing needs are deleted, and nothing else is."""

import json
import shutil
from datetime import UTC, datetime

import pytest

from bridge.store.database import open_store
from bridge.store.registry import model_row, record_model
from memory_platform import MemoryPlatform, loop, mail, truth

ROWS = {"model": {"estimator": "story_learner:Remembering"}}


@pytest.fixture
def platform():
    made = MemoryPlatform()
    made.add(*mail(200).values())
    return made


def next_model(bridge, platform):
    """Answer what is queued; return the version that is trained on it."""
    bridge.sync()
    for key in list(platform.queued):
        platform.answer(key, truth(key))
    result = bridge.sync()
    assert result.trained is not None
    return result.trained.version


def test_what_a_dead_run_left_is_deleted(platform, tmp_path):
    bridge = loop(platform, tmp_path, **ROWS)
    first = next_model(bridge, platform)
    models = tmp_path / ".bridge" / "models"
    for name in ("m0001-0badf00d", "m0002-0badf00d", ".new-x81ja", ".old-91lsa"):
        shutil.copytree(models / first, models / name)
    for name in ("m0999-0badf00d", "notes"):  # of another store, and somebody's own
        shutil.copytree(models / first, models / name)
    second = next_model(bridge, platform)
    assert sorted(p.name for p in models.iterdir()) == sorted(
        [first, second, "m0999-0badf00d", "notes"]
    )


def refused(directory, number, like):
    """Write a model that was not promoted, as a run does."""
    version = f"m{number:04d}-aaaaaaaa"
    shutil.copytree(directory / "models" / like, directory / "models" / version)
    store = open_store(directory)
    with store.begin() as connection:
        row = dict(model_row(connection, like))
        for name in ("status", "reason", "created_at"):
            del row[name]
        row |= {"version": version, "number": number, "digest": None}
        record_model(connection, row, promoted=False, reason="worse", now=datetime.now(UTC))
    store.close()
    return version


def test_champion_and_former_champion_outlast_refused_ones(platform, tmp_path):
    bridge = loop(platform, tmp_path, **ROWS)
    first, second = next_model(bridge, platform), next_model(bridge, platform)
    directory = tmp_path / ".bridge"
    others = [refused(directory, number, second) for number in range(3, 12)]
    last = bridge.train().trained
    left = {p.name for p in (directory / "models").iterdir()}
    assert left == {
        first if last.status == "refused" else second,
        second,
        last.version,
        *others[-4:],
    }
    assert bridge.rollback()[1] == (first if last.status == "refused" else second)


def encoders(directory):
    return sorted(p.name for p in (directory / "features").iterdir())


def test_features_of_former_encoders_are_deleted_when_no_model_takes_them(platform, tmp_path):
    directory = tmp_path / ".bridge"
    next_model(loop(platform, tmp_path, model={"columns": 1024}), platform)
    bridge = loop(platform, tmp_path, model={"columns": 2048})
    assert bridge.sync().trained.status == "champion"
    foreign = directory / "features" / "notes"
    foreign.mkdir()
    (foreign / "manifest.json").write_text(json.dumps({"encoder": "somebody's"}))
    both = ["hashed-text-1-1-1024-v2", "hashed-text-1-1-2048-v2", "notes"]
    assert encoders(directory) == both  # the champion's, and those that a rollback needs
    next_model(bridge, platform)
    assert encoders(directory) == both[1:]
    assert bridge.sync().status == "unchanged"


def test_features_are_kept_while_it_is_not_known_who_takes_them(platform, tmp_path):
    directory = tmp_path / ".bridge"
    next_model(loop(platform, tmp_path, model={"columns": 1024}), platform)
    store = open_store(directory)
    with store.begin() as connection:  # as a store of schema 1 has it
        connection.exec_driver_sql("UPDATE models SET encoder = NULL, digest = NULL")
    store.close()
    bridge = loop(platform, tmp_path, model={"columns": 2048})
    assert bridge.sync().trained.status == "champion"
    assert len(encoders(directory)) == 2
    next_model(bridge, platform)
    assert len(encoders(directory)) == 1
