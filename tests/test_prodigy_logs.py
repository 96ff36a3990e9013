"""The places where answers are read: database, export, component."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.errors import (
    BridgeError,
    ConfigError,
    DataError,
    PlatformError,
    StoreError,
    Unreachable,
)
from bridge.records import Annotation, Page
from bridge.testing import replay
from bridge_prodigy import ProdigySettings, connect
from bridge_prodigy.database import Database
from bridge_prodigy.emulator import Emulator
from bridge_prodigy.spool import Spool


def task(n: int, choice: str = "yes", person: str = "ann") -> dict[str, Any]:
    answer = {"accept": [choice], "answer": "accept", "_session_id": f"demo-{person}"}
    return {"text": f"text {n}", "id": n, **answer}


def answers(pages: list[Page]) -> dict[str, Annotation]:
    return replay(pages)[1]


def cursor_of(pages: list[Page], before: str | None = None) -> str | None:
    return next((page.cursor for page in pages[::-1] if page.cursor is not None), before)


@pytest.fixture
def emulator(tmp_path: Path) -> Emulator:
    return Emulator(tmp_path, ("yes", "no"), dataset="demo")


def path_of(emulator: Emulator) -> Path:
    assert emulator.options.database is not None
    return emulator.options.database


def save(emulator: Emulator, *tasks: dict[str, Any], dataset: str = "demo") -> None:
    emulator.database.add_dataset(dataset)
    emulator.database.add_dataset(f"{dataset}-ann", session=True)
    emulator.database.add_examples(tasks, datasets=[dataset, f"{dataset}-ann"])


# ---------------------------------------------------------------------------------------- database


def test_tables_are_those_of_prodigy(emulator: Emulator) -> None:
    with sqlite3.connect(path_of(emulator)) as db:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        save(emulator, task(1))
        links = db.execute("SELECT count(*) FROM link").fetchone()
        (content,) = db.execute("SELECT content FROM example").fetchone()
        answer = db.execute("SELECT json_extract(content, '$.answer') FROM example").fetchone()
    db.close()
    assert {"dataset", "example", "link", "link_example_id", "dataset_name"} <= tables
    assert links == (2,)
    assert isinstance(content, bytes)
    assert answer == ("accept",)


def test_answers_of_other_datasets_are_not_told(emulator: Emulator) -> None:
    save(emulator, task(1), task(2))
    save(emulator, task(3), dataset="demo-2")
    told = answers(list(connect(emulator.options).pull(None)))
    assert {a.item_key for a in told.values()} == {"1", "2"}


def test_only_new_answers_are_read(emulator: Emulator) -> None:
    save(emulator, *map(task, range(1000)))
    platform = connect(emulator.options)
    cursor = cursor_of(list(platform.pull(None)))
    save(emulator, task(2000))
    told = answers(list(platform.pull(cursor)))
    assert "2000" in {a.item_key for a in told.values()}
    assert len(told) < 300


def test_reading_reads_on_from_every_page(emulator: Emulator) -> None:
    log = Database(emulator.options.url(), "demo", page_size=70)
    save(emulator, *map(task, range(500)))
    pages = list(log.pages(None))
    assert [row.task["id"] for page in pages for row in page.rows] == list(range(500))
    for at, page in enumerate(pages):
        after = [row.task["id"] for later in pages[at + 1 :] for row in later.rows]
        again = [row.task["id"] for later in log.pages(page.mark) for row in later.rows]
        assert again[len(again) - len(after) :] == after
        assert len(again) - len(after) <= 200


def test_examples_that_are_linked_later_are_read(emulator: Emulator) -> None:
    """As db-merge does: an old example gets a new link."""
    save(emulator, task(1), dataset="other")
    save(emulator, *map(task, range(10, 500)))
    platform = connect(emulator.options)
    cursor = cursor_of(list(platform.pull(None)))
    with emulator.database.engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO link (example_id, dataset_id) "
                "SELECT 1, id FROM dataset WHERE name = 'demo'"
            )
        )
    told = answers(list(platform.pull(cursor)))
    assert "1" in {a.item_key for a in told.values()}


def test_an_answer_that_becomes_visible_late_is_read(emulator: Emulator) -> None:
    """As on servers: of two transactions the one with the greater ids may end first."""
    save(emulator, *map(task, range(50)))
    with emulator.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE link SET id = 10000 + id WHERE example_id = 50"))
    platform = connect(emulator.options)
    cursor = cursor_of(list(platform.pull(None)))
    save(emulator, task(777))
    with emulator.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE link SET id = 9990 + dataset_id WHERE id > 10100"))
    told = answers(list(platform.pull(cursor)))
    assert "777" in {a.item_key for a in told.values()}


@pytest.mark.parametrize("after", [0, 3, 5, 9])
def test_a_dropped_dataset_is_told_and_read_again(emulator: Emulator, after: int) -> None:
    save(emulator, *map(task, range(5)))
    platform = connect(emulator.options)
    cursor = cursor_of(list(platform.pull(None)))
    emulator.database.drop_dataset("demo")
    emulator.database.drop_dataset("demo-ann")
    if after:
        save(emulator, *(task(100 + n) for n in range(after)))
    pages = list(platform.pull(cursor))
    expected = {str(100 + n) for n in range(after)}
    assert {a.item_key for a in answers(pages).values()} == expected
    assert [problem.where for page in pages for problem in page.problems] == ["answers"]
    again = list(platform.pull(cursor_of(pages)))
    assert [problem for page in again for problem in page.problems] == []
    assert {a.item_key for a in answers(list(platform.pull(None))).values()} == expected


def test_reused_ids_are_read_again(emulator: Emulator) -> None:
    save(emulator, *map(task, range(300)))
    platform = connect(emulator.options)
    cursor = cursor_of(list(platform.pull(None)))
    ids = [own for own, _ in emulator.database.example_ids("demo")]
    emulator.database.delete_examples(ids[-1:])
    save(emulator, task(999))
    told = answers(list(platform.pull(cursor)))
    assert len(told) == 300
    assert "999" in {a.item_key for a in told.values()}


def test_content_that_is_not_json_is_told_and_stops_nothing(emulator: Emulator) -> None:
    save(emulator, task(1), task(2), task(3))
    with emulator.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE example SET content = x'ff00' WHERE id = 2"))
        connection.execute(sa.text("UPDATE example SET content = CAST(content AS TEXT)"))
    pages = list(connect(emulator.options).pull(None))
    assert {a.item_key for a in answers(pages).values()} == {"1", "3"}
    assert len([problem for page in pages for problem in page.problems]) == 1
    save(emulator, {"text": "4", "id": 4, "answer": "perhaps"}, task(5))
    for expected in (1, 0, 0):
        pages = list(connect(emulator.options).pull(cursor_of(pages)))
        told = [problem.what for page in pages for problem in page.problems]
        assert len(told) == expected, "a problem is told when its answer is new, and once"


def test_reading_never_writes(emulator: Emulator) -> None:
    save(emulator, *map(task, range(20)))
    path = path_of(emulator)
    before = path.read_bytes()
    path.chmod(0o444)
    path.parent.joinpath("queue.jsonl").write_text("")
    platform = connect(emulator.options)
    list(platform.pull(cursor_of(list(platform.pull(None)))))
    assert all(finding.ok for finding in platform.check())
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "pool.jsonl",
        "prodigy.db",
        "queue.jsonl",
    ]


def test_a_locked_database_is_waited_for(emulator: Emulator) -> None:
    save(emulator, task(1))
    writer = sqlite3.connect(path_of(emulator), check_same_thread=False)
    writer.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(0.5, writer.rollback)
    release.start()
    assert len(answers(list(connect(emulator.options).pull(None)))) == 1
    release.join()
    writer.close()


def test_a_database_that_stays_locked_is_an_error_with_advice(emulator: Emulator) -> None:
    save(emulator, task(1))
    writer = sqlite3.connect(path_of(emulator))
    writer.execute("BEGIN EXCLUSIVE")
    log = Database(emulator.options.url(), "demo", patience=0.2)
    with pytest.raises(Unreachable, match="locked") as caught:
        list(log.pages(None))
    assert caught.value.fix
    writer.close()


def test_a_prodigy_that_died_while_writing_is_told(emulator: Emulator) -> None:
    save(emulator, *({"text": "x" * 3000, "id": n, "answer": "ignore"} for n in range(500)))
    path = str(path_of(emulator))
    code = f"""
import os, sqlite3
db = sqlite3.connect({path!r}, isolation_level=None)
db.execute("PRAGMA cache_size = 5")
db.execute("BEGIN")
db.execute("UPDATE example SET content = zeroblob(4000)")
os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    platform = connect(emulator.options)
    with pytest.raises(PlatformError, match="unfinished write") as caught:
        list(platform.pull(None))
    assert "Start Prodigy" in caught.value.fix
    emulator.database.add_dataset("started again")
    assert len(answers(list(platform.pull(None)))) == 500


def test_no_space_for_scratch_files_is_told(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    save(emulator, task(1))
    monkeypatch.setattr(Spool, "put", full)
    with pytest.raises(StoreError, match="disk is full") as caught:
        list(connect(emulator.options).pull(None))
    assert "TMPDIR" in caught.value.fix


def _no_file(path: Path) -> None:
    path.unlink()


def _no_tables(path: Path) -> None:
    path.unlink()
    sqlite3.connect(path).close()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE other (id INTEGER)")
    db.close()


def _no_database(path: Path) -> None:
    path.write_bytes(b"this is not a database, not at all\n" * 100)


@pytest.mark.parametrize("damage", [_no_file, _no_tables, _no_database])
def test_a_database_that_is_not_prodigys(
    emulator: Emulator, damage: Callable[[Path], None]
) -> None:
    path = path_of(emulator)
    damage(path)
    platform = connect(emulator.options)
    with pytest.raises(PlatformError, match=r"prodigy\.db") as caught:
        list(platform.pull(None))
    assert caught.value.fix
    bad = [finding for finding in platform.check() if not finding.ok]
    assert [finding.name for finding in bad] == ["database"], "told once"
    assert bad[0].fix


def test_an_answer_with_an_unknown_class_is_a_finding(emulator: Emulator) -> None:
    save(emulator, task(1, "martian"))
    bad = [finding for finding in connect(emulator.options).check() if not finding.ok]
    assert [finding.name for finding in bad] == ["classes"]
    assert "martian" in bad[0].detail


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    given_answers=st.lists(
        st.tuples(
            st.integers(0, 4), st.sampled_from(["yes", "no"]), st.sampled_from(["ann", "bob"])
        ),
        max_size=12,
    ),
    pulls=st.sets(st.integers(0, 12)),
)
def test_pulling_often_tells_what_one_full_pull_tells(
    tmp_path_factory: pytest.TempPathFactory,
    given_answers: list[tuple[int, str, str]],
    pulls: set[int],
) -> None:
    emulator = Emulator(tmp_path_factory.mktemp("often"), ("yes", "no"), dataset="demo")
    platform = connect(emulator.options)
    pages = list(platform.pull(None))
    cursor = cursor_of(pages)
    for at, one in enumerate(given_answers):
        save(emulator, task(*one))
        if at in pulls:
            news = list(platform.pull(cursor))
            pages, cursor = pages + news, cursor_of(news, cursor)
    pages += platform.pull(cursor)
    assert answers(pages) == answers(list(platform.pull(None)))


# ------------------------------------------------------------------------------------------ export


@pytest.fixture
def exported(emulator: Emulator) -> ProdigySettings:
    export = emulator.options.source.with_name("out.jsonl")
    return emulator.options.model_copy(update={"database": None, "export": export})


def db_out(path: Path | None, *tasks: dict[str, Any]) -> None:
    assert path is not None
    path.write_text("".join(json.dumps(one) + "\n" for one in tasks))


def test_export(exported: ProdigySettings) -> None:
    db_out(exported.export, *map(task, range(3)))
    platform = connect(exported)
    pages = list(platform.pull(None))
    assert {a.item_key for a in answers(pages).values()} == {"0", "1", "2"}
    assert list(platform.pull(cursor_of(pages))) == []
    db_out(exported.export, *map(task, range(5)))
    news = list(platform.pull(cursor_of(pages)))
    assert {a.item_key for a in answers(news).values()} == {"3", "4"}
    assert all(finding.ok for finding in platform.check())


def test_an_export_of_something_else_is_told_and_read_whole(exported: ProdigySettings) -> None:
    db_out(exported.export, *map(task, range(3)))
    platform = connect(exported)
    cursor = cursor_of(list(platform.pull(None)))
    db_out(exported.export, task(0), task(2))
    pages = list(platform.pull(cursor))
    assert {a.item_key for a in answers(pages).values()} == {"0", "2"}
    assert [problem.where for page in pages for problem in page.problems] == ["answers"]


def test_a_damaged_export_is_told(exported: ProdigySettings) -> None:
    assert exported.export is not None
    line = json.dumps(task(1)).encode()
    exported.export.write_bytes(b'{"text": "caf\xe9"}\n' + line + b"\n" + line[:20])
    pages = list(connect(exported).pull(None))
    assert {a.item_key for a in answers(pages).values()} == {"1"}
    where = [problem.where for page in pages for problem in page.problems]
    assert where == ["out.jsonl, line 1", "out.jsonl, line 3"]


def test_no_export(exported: ProdigySettings) -> None:
    platform = connect(exported)
    with pytest.raises(DataError, match=r"out\.jsonl"):
        list(platform.pull(None))
    assert [f.name for f in platform.check() if not f.ok] == ["export"]


def test_changing_from_export_to_database_loses_nothing(
    emulator: Emulator, exported: ProdigySettings
) -> None:
    db_out(exported.export, task(1))
    cursor = cursor_of(list(connect(exported).pull(None)))
    save(emulator, task(1), task(2))
    told = answers(list(connect(emulator.options).pull(cursor)))
    assert {a.item_key for a in told.values()} == {"1", "2"}


# --------------------------------------------------------------------------------------- component


def fake_prodigy(monkeypatch: pytest.MonkeyPatch, database: object) -> None:
    for name in ("prodigy", "prodigy.components"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    module = ModuleType("prodigy.components.db")
    module.connect = lambda: database  # type: ignore[attr-defined]  # a module made by hand
    monkeypatch.setitem(sys.modules, "prodigy.components.db", module)


@pytest.fixture
def component(emulator: Emulator) -> ProdigySettings:
    return emulator.options.model_copy(update={"database": None, "component": True})


@pytest.mark.parametrize("method", ["get_dataset_examples", "get_dataset"])
def test_component(
    emulator: Emulator,
    component: ProdigySettings,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    database = SimpleNamespace(
        datasets=["demo"], **{method: emulator.database.get_dataset_examples}
    )
    fake_prodigy(monkeypatch, database)
    save(emulator, *map(task, range(300)))
    platform = connect(component)
    pages = list(platform.pull(None))
    assert len(answers(pages)) == 300
    save(emulator, task(300))
    news = answers(list(platform.pull(cursor_of(pages))))
    assert "300" in {a.item_key for a in news.values()}
    assert len(news) <= 101
    emulator.database.drop_dataset("demo")
    save(emulator, task(7))
    told = answers(list(platform.pull(cursor_of(pages))))
    assert {a.item_key for a in told.values()} == {"7"}
    assert all(finding.ok for finding in platform.check())


def test_component_with_a_new_dataset(
    component: ProdigySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_prodigy(monkeypatch, SimpleNamespace(datasets=[]))
    assert answers(list(connect(component).pull(None))) == {}


def test_component_that_fails_tells_no_secret(
    component: ProdigySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str) -> None:
        raise RuntimeError(f"postgresql://me:hunter2@db/{name}")

    fake_prodigy(monkeypatch, SimpleNamespace(datasets=["demo"], get_dataset=fail))
    with pytest.raises(BridgeError, match="RuntimeError") as caught:
        list(connect(component).pull(None))
    assert "hunter2" not in str(caught.value)


def test_component_without_prodigy(
    component: ProdigySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "prodigy", None)
    with pytest.raises(ConfigError, match="prodigy"):
        list(connect(component).pull(None))
