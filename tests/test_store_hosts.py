"""Several hosts of one loop: models are shared, checked, and found by whoever comes next."""

import hashlib
import json
import shutil

import pytest

from bridge.config import load
from bridge.effects import watch
from bridge.errors import ConfigError, ModelError, StoreError
from bridge.records import Item
from bridge.store.shared import SharedModels
from memory_platform import MemoryPlatform, loop, mail, truth
from postgres_server import driven, needs_postgres, new_database

ROWS = {"sync": {"train_after": 5}, "model": {"estimator": "story_learner:Remembering"}}


def answer_all(platform):
    for key in list(platform.queued):
        platform.answer(key, truth(key))


@pytest.fixture
def platform():
    made = MemoryPlatform()
    made.add(*mail(120).values())
    return made


@pytest.fixture(params=["directory", "memory"])
def shared(request, tmp_path):
    if request.param == "directory":
        return str(tmp_path / "shared")
    return f"memory://{tmp_path.name}/loop"


@pytest.fixture
def hosts(platform, postgres, tmp_path):
    """Return what makes a host of the loop: a directory, and a store that all hosts share."""

    with new_database("hosts") as url:
        (tmp_path / "url").write_text(driven(url))

        def host(name, files=None, **sections):
            (tmp_path / name).mkdir(exist_ok=True)
            store = {"url": f"file:{tmp_path / 'url'}"} | ({"files": files} if files else {})
            return loop(platform, tmp_path / name, store=store, **ROWS | sections)

        yield host


def on_disk(bridge):
    return sorted(p.name for p in (bridge.settings.store_directory / "models").glob("*"))


@pytest.mark.slow
@needs_postgres
def test_the_next_host_goes_on_with_the_champion(hosts, platform, tmp_path):
    shared = str(tmp_path / "shared")
    one, two = hosts("one", shared), hosts("two", shared)
    one.sync()
    answer_all(platform)
    one.pull()
    trained = one.train().trained
    assert trained.status == "champion"
    result = two.sync()
    assert (result.trained, result.why_not_trained) == (None, "nothing new to learn")
    assert (result.champion, result.warnings) == (trained.version, ())
    assert on_disk(two) == [trained.version]
    assert two.status().champion.version == trained.version
    queued = {key for key in platform.queued if key in platform.pre_annotated}
    assert queued  # pre-annotated by the champion of the other host
    assert len(platform.queued) == len(set(platform.queued)) == 10
    assert len(platform.pushes) == len(set(platform.pushes)) == 2
    item = Item(key="new", text="win money prize")
    assert one.predict([item]) == two.predict([item])
    assert one.sync().status == "unchanged"


@pytest.mark.slow
@needs_postgres
def test_a_rollback_on_any_host_holds_for_all(hosts, platform, tmp_path):
    shared = f"memory://{tmp_path.name}/loop"
    one, two = hosts("one", shared), hosts("two", shared)
    versions = []
    for _ in range(3):
        one.sync()
        answer_all(platform)
        if result := one.sync().trained:
            versions.append(result.version)
    first, last = two.rollback()[::-1]
    assert (first, last) == (versions[-2], versions[-1])
    result = one.sync()
    assert (result.trained, result.champion) == (None, first)
    assert "rank" in {step.name for step in result.steps}
    assert two.sync().status == "unchanged"
    assert len(platform.queued) == len(set(platform.queued)) == 10


@pytest.mark.slow
@needs_postgres
def test_a_host_that_died_with_its_model_saved_takes_that_of_the_next(hosts, platform, tmp_path):
    shared = str(tmp_path / "shared")
    one, two = hosts("one", shared), hosts("two", shared)
    one.sync()
    answer_all(platform)

    def die(when, name):
        if (when, name) == ("after", "model saved"):
            raise KeyboardInterrupt

    watch(die)
    try:
        with pytest.raises(KeyboardInterrupt):
            one.sync()
    finally:
        watch(None)
    (left,) = on_disk(one)
    assert two.status().champion is None
    # Another machine may come to other bits from the same answers.
    own = tmp_path / "one" / ".bridge" / "models" / left / "manifest.json"
    own.write_text(json.dumps(json.loads(own.read_text()) | {"made by": "one"}))
    assert two.sync().champion == left
    item = Item(key="new", text="win money prize")
    assert one.predict([item]) == two.predict([item])
    others = tmp_path / "two" / ".bridge" / "models" / left / "manifest.json"
    assert own.read_bytes() == others.read_bytes()


@pytest.mark.slow
@needs_postgres
def test_hosts_that_share_no_files_train_for_themselves(hosts, platform):
    one, two = hosts("one"), hosts("two")
    one.sync()
    answer_all(platform)
    one.pull()
    first = one.train().trained.version
    result = two.sync()
    assert any(f"{first} could not be read" in line for line in result.warnings)
    assert result.champion not in (None, first)
    assert len(platform.queued) == len(set(platform.queued)) == 10


# ------------------------------------------------------------------------------- the files alone


@pytest.fixture
def trained(platform, tmp_path, shared):
    """Return a loop that shares its models and has a champion."""
    bridge = loop(platform, tmp_path / "one", store={"files": shared}, **ROWS)
    bridge.sync()
    answer_all(platform)
    bridge.sync()
    return bridge


def lost_here(bridge):
    """Delete the models of this host."""
    shutil.rmtree(bridge.settings.store_directory / "models")


def test_a_model_that_is_lost_here_is_fetched(trained, platform):
    before = trained.status().champion.version
    lost_here(trained)
    item = Item(key="new", text="win money prize")
    assert trained.predict([item])[0].model_version == before
    assert on_disk(trained) == [before]


@pytest.mark.parametrize("damage", ["changed", "missing", "consistent", "elsewhere", "nothing"])
def test_what_somebody_else_put_there_is_refused(platform, tmp_path, damage):
    shared = tmp_path / "shared"
    bridge = loop(platform, tmp_path / "one", store={"files": str(shared)}, **ROWS)
    bridge.sync()
    answer_all(platform)
    version = bridge.sync().champion
    lost_here(bridge)
    there = shared / "models" / version
    head, manifest = there / "model.json", there / "manifest.json"
    if damage == "missing":
        head.unlink()
    elif damage == "elsewhere":
        (tmp_path / "one" / "bait").write_text("bait")
        content = json.loads(manifest.read_text())
        content["files"]["../../../bait"] = hashlib.sha256(b"bait").hexdigest()
        manifest.write_text(json.dumps(content))
    elif damage != "nothing":
        head.write_bytes(head.read_bytes()[:-1] + b"?")
    if damage == "consistent":
        content = json.loads(manifest.read_text())
        content["files"]["model.json"] = hashlib.sha256(head.read_bytes()).hexdigest()
        manifest.write_text(json.dumps(content))
    item = Item(key="new", text="win money prize")
    if damage == "nothing":
        assert bridge.predict([item])[0].model_version == version
        return
    with pytest.raises((ModelError, StoreError)) as caught:
        bridge.predict([item])
    assert version in str(caught.value) or "model.json" in str(caught.value)
    assert on_disk(bridge) == []


def test_a_manifest_that_points_elsewhere_fetches_nothing(tmp_path):
    there = tmp_path / "shared" / "models" / "m0001-00000000"
    there.mkdir(parents=True)
    (tmp_path / "bait").write_text("bait")
    for name in ("../../../bait", "/etc/passwd", "a\\..\\b", ""):
        manifest = json.dumps({"files": {name: "0"}}).encode()
        (there / "manifest.json").write_bytes(manifest)
        into = tmp_path / "into"
        into.mkdir(exist_ok=True)
        with pytest.raises(ModelError, match="names a file elsewhere"):
            SharedModels(str(tmp_path / "shared")).get("m0001-00000000", into, None)
        assert list(into.iterdir()) == []


def test_a_place_that_cannot_be_written_loses_nothing(platform, tmp_path):
    (tmp_path / "file").write_text("in the way")
    bad = loop(platform, tmp_path, store={"files": str(tmp_path / "file" / "shared")}, **ROWS)
    bad.sync()
    answer_all(platform)
    with pytest.raises(StoreError, match=r"store\.files") as caught:
        bad.sync()
    assert "nothing was lost" in caught.value.fix
    good = loop(platform, tmp_path, store={"files": str(tmp_path / "shared")}, **ROWS)
    result = good.sync()
    assert (result.trained.status, result.labels) == ("champion", 10)
    assert (tmp_path / "shared" / "models" / result.champion / "manifest.json").exists()


def test_an_upload_that_breaks_off_is_begun_anew(platform, tmp_path, monkeypatch):
    bridge = loop(platform, tmp_path, store={"files": str(tmp_path / "shared")}, **ROWS)
    bridge.sync()
    answer_all(platform)
    put = SharedModels.put

    def broken(self, directory, version):
        part = tmp_path / "shared" / "models" / version
        part.mkdir(parents=True)
        (part / "model.json").write_bytes(b"half")
        raise StoreError("the network is down")

    with monkeypatch.context() as patch:
        patch.setattr(SharedModels, "put", broken)
        with pytest.raises(StoreError):
            bridge.sync()
    assert bridge.status().champion is None
    assert SharedModels.put is put
    version = bridge.sync().champion
    lost_here(bridge)
    assert bridge.predict([Item(key="n", text="win money")])[0].model_version == version


def test_a_champion_that_is_older_than_the_setting_is_shared(platform, tmp_path):
    alone = loop(platform, tmp_path, **ROWS)
    alone.sync()
    answer_all(platform)
    alone.pull()
    version = alone.train().trained.version
    together = loop(platform, tmp_path, store={"files": str(tmp_path / "shared")}, **ROWS)
    assert together.sync().champion == version
    lost_here(together)
    assert together.predict([Item(key="n", text="win money")])[0].model_version == version


def test_no_passwords_in_the_address(tmp_path, monkeypatch):
    config = tmp_path / "bridge.toml"
    config.write_text(
        '[platform]\ntype = "prodigy"\ndataset = "d"\nsource = "p.jsonl"\nqueue = "q.jsonl"\n'
        'classes = ["a", "b"]\n[store]\nfiles = "sftp://user:canary-4@host/loop"\n'
    )
    with pytest.raises(ConfigError, match=r"store\.files") as caught:
        load(config)
    assert "canary-4" not in str(caught.value)


def test_a_kind_of_address_that_nothing_serves(platform, tmp_path):
    bridge = loop(platform, tmp_path, store={"files": "nosuchkind://bucket/loop"})
    (finding,) = (found for found in bridge.check() if found.name == "files")
    assert not finding.ok
    assert "nosuchkind" in finding.detail
