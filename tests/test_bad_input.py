"""Bad input ends in one clear message and its exit code, and nothing is lost."""

import json
import sqlite3
import threading

import pytest

from bridge.config import load
from bridge.sync import locked
from bridge_labelbox.emulator.faults import Fault
from labelbox_loop import labelbox_loop
from memory_platform import truth


@pytest.fixture
def loop(tmp_path):
    with labelbox_loop(tmp_path) as made:
        yield made


def fails(loop, code, *said, words=("sync",), **more):
    """Run a command that must fail: one message, this exit code, no traceback, no key."""
    ran = loop.bridge(*words, **more)
    assert ran.exit_code == code, ran.output
    assert sum(line.startswith("Error: ") for line in ran.output.splitlines()) == 1
    assert "Traceback" not in ran.output
    assert loop.emulator.api_key not in ran.output
    for words in said:
        assert words in ran.output, ran.output
    return ran


def works_again(loop, labels=0):
    loop.configure()
    assert loop.sync()["labels"] == labels


def test_wrong_key(loop):
    ran = fails(loop, 77, "API key", key="canary-3f9a7c")
    assert "canary-3f9a7c" not in ran.output
    works_again(loop)


def test_unknown_project(loop):
    loop.configure(project="clxxxxxxxxxxxxxxxxxxxxxxx")
    fails(loop, 69, "clxxxxxxxxxxxxxxxxxxxxxxx")
    works_again(loop)


def test_unreachable_platform(loop):
    loop.configure(endpoint="http://127.0.0.1:9/graphql")
    fails(loop, 69, "127.0.0.1:9")
    works_again(loop)


def test_ontology_without_a_usable_classification(tmp_path):
    with labelbox_loop(tmp_path, classes=()) as loop:
        fails(loop, 65, "classification")


def test_key_not_in_the_environment(loop, monkeypatch):
    monkeypatch.delenv("LABELBOX_API_KEY", raising=False)
    loop.config.write_text(loop.config.read_text().replace("${LABELBOX_API_KEY}", "${NOT_SET_X}"))
    fails(loop, 78, "NOT_SET_X", "platform.api_key")


def test_key_in_clear(loop):
    loop.config.write_text(loop.config.read_text().replace("${LABELBOX_API_KEY}", "canary-3f9a7c"))
    ran = fails(loop, 78, "in clear", "platform.api_key")
    assert "canary-3f9a7c" not in ran.output


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[queue]\ndepht = 3", "Did you mean 'depth'?"),
        ('[queue]\ndepth = "many"', "queue.depth"),
        ("[queue]\ndepth = 0", "queue.depth"),
        ("[quue]\ndepth = 3", "Did you mean 'queue'?"),
        ("[queue\ndepth = 3", "not valid TOML"),
        ('[acquisition]\nstrategy = "guess"', "acquisition.strategy"),
        ('[model]\nestimator = "nonsense"', "model.estimator"),
    ],
)
def test_config_typo(loop, line, said):
    loop.config.write_text(loop.config.read_text().split("[queue]")[0] + line)
    fails(loop, 78, said)


def test_no_config(loop):
    loop.config.unlink()
    fails(loop, 78, "bridge init")


def test_two_syncs_at_once(loop):
    held, done = threading.Event(), threading.Event()

    def hold():
        with locked(settings):
            held.set()
            done.wait(20)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABELBOX_API_KEY", loop.emulator.api_key)
        settings = load(loop.config)
    other = threading.Thread(target=hold)
    other.start()
    held.wait()
    fails(loop, 75, "Another run")
    done.set()
    other.join()
    works_again(loop)


def test_full_disk(loop, monkeypatch):
    loop.sync()
    for key in loop.queue()[:5]:
        loop.emulator.answer(loop.project, key, [truth(key)])
    connect = sqlite3.connect

    def small(*args, **options):
        connection = connect(*args, **options)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    with monkeypatch.context() as patch:
        patch.setattr("sqlite3.dbapi2.connect", small)
        filler = "x" * 200_000
        loop.emulator.add_items(loop.project, [("big", filler)])
        fails(loop, 74, "disk is full", "nothing was lost")
    result = loop.sync()
    assert result["labels"] == 5
    assert result["queue"] == 12


def test_damaged_store(loop):
    loop.sync()
    database = loop.directory / ".bridge" / "state.db"
    (loop.directory / ".bridge" / "state.db-wal").unlink(missing_ok=True)
    whole = database.read_bytes()
    database.write_bytes(b"garbage" * 1000)
    fails(loop, 74, str(database), "damaged")
    assert database.read_bytes() == b"garbage" * 1000
    database.write_bytes(whole)
    assert loop.sync()["queue"] == 12


def test_newer_store(loop):
    loop.sync()
    database = loop.directory / ".bridge" / "state.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE state SET value = '999' WHERE name = 'schema_version'")
    connection.close()
    fails(loop, 74, "newer version")


def test_store_of_another_project(loop):
    loop.sync()
    project, dataset = loop.emulator.add_project(("ham", "spam"), name="Another")
    loop.configure(project=project, dataset=dataset)
    fails(loop, 78, "belongs to")
    works_again(loop)


def test_truncated_export(loop):
    loop.sync()
    for key in loop.queue()[:5]:
        loop.emulator.answer(loop.project, key, [truth(key)])
    loop.emulator.fail(Fault("truncate", on="file", times=1000))
    fails(loop, 69)
    loop.emulator.faults.clear()
    assert loop.sync()["labels"] == 5


def test_export_that_breaks_once_is_retried(loop):
    loop.emulator.fail(Fault("truncate", on="file"))
    assert loop.sync()["queue"] == 12


def test_item_without_text_is_reported_and_stops_nothing(loop):
    loop.emulator.add_items(loop.project, [("blank", "   ")])
    result = loop.sync()
    assert result["problem_count"] >= 1
    assert any("no text" in problem["what"] for problem in result["problems"])
    assert result["queue"] == 12


def test_item_deleted_on_the_platform(loop):
    loop.sync()
    gone = loop.queue()[0]
    loop.emulator.remove_item(gone)
    result = loop.sync("--full")
    assert result["pulled"]["removed_items"] == 1
    explained = loop.bridge("explain", gone, "--json")
    assert json.loads(explained.stdout)["where"] == "removed"


def test_unknown_item_explained(loop):
    loop.sync()
    fails(loop, 65, "no item 'nobody'", words=("explain", "nobody"))


def test_estimator_that_cannot_be_found(loop):
    loop.configure(rest='[model]\nestimator = "no_such_module:factory"')
    (warning,) = loop.sync()["warnings"]  # people can begin
    assert "no_such_module" in warning
    loop.answer_all()
    fails(loop, 78, "no_such_module")
    works_again(loop, labels=12)


def test_json_errors_are_json(loop):
    loop.config.unlink()
    ran = loop.bridge("sync", "--json")
    assert ran.exit_code == 78
    assert json.loads(ran.stdout)["status"] == "failed"
