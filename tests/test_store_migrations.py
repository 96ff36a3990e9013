"""Stores of older schemas: brought up to date with a backup, wholly or not at all."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from bridge.errors import StoreError
from bridge.store import migrations, tables
from bridge.store.database import open_store
from bridge.store.engines import make_engine
from bridge.store.items import answers
from bridge.store.locks import held
from memory_platform import MemoryPlatform, loop, mail

STORES = Path(__file__).parent / "stores"
MODEL = {"estimator": "story_learner:Remembering"}
OLDER = range(1, migrations.SCHEMA_VERSION)


def restore(place, schema):
    """Put a store of an older schema where a loop finds it."""
    place.directory.mkdir()
    if place.url is None:
        shutil.copyfile(STORES / f"schema-{schema}.db", place.directory / "state.db")
        return
    with psycopg.connect(place.url.replace("+psycopg", "")) as connection:
        connection.execute((STORES / f"schema-{schema}.postgresql.sql").read_text())


def expected(schema):
    return json.loads((STORES / f"schema-{schema}.json").read_text())


def platform_of(found):
    """Return a platform on which stand the items and the answers that a store knows."""
    platform = MemoryPlatform()
    platform.add(*(item for key, item in mail(60).items() if key in found["items"]))
    for key, annotator, status, chosen in found["answers"]:
        if status == "skipped":
            platform.skip(key, annotator=annotator)
        else:
            platform.answer(key, *chosen, annotator=annotator, truth=annotator == "Zoë ☃")
    return platform


def content(place):
    """Return everything that a store says, and how its tables are made."""
    if place.url is None:
        with closing(sqlite3.connect(place.directory / "state.db")) as connection:
            return list(connection.iterdump())
    engine = sa.create_engine(place.url)
    found = sa.MetaData()
    with engine.connect() as connection:
        found.reflect(connection)
        rows = [
            (table.name, sorted(map(str, connection.execute(table.select()))))
            for table in found.sorted_tables
        ]
    engine.dispose()
    return [*rows, *shape(place)]


def index_of(index):
    where = {key: str(value) for key, value in index.get("dialect_options", {}).items()}
    return f"{index['name']} {index['column_names']} {bool(index['unique'])} {where}"


def shape(place):
    """Return the columns, indexes and keys of all tables."""
    engine, _ = make_engine(place.directory, place.url)
    seen = sa.inspect(engine)
    made = [
        (
            name,
            sorted(
                (
                    c["name"],
                    str(c["type"]),
                    c["nullable"],
                    c.get("primary_key", 0),
                )
                for c in seen.get_columns(name)
            ),
            sorted(map(index_of, seen.get_indexes(name))),
            sorted(str(key["constrained_columns"]) for key in seen.get_foreign_keys(name)),
        )
        for name in sorted(seen.get_table_names())
    ]
    engine.dispose()
    return made


def test_there_is_a_store_of_every_older_schema():
    for schema in OLDER:
        assert (STORES / f"schema-{schema}.db").exists()
        assert (STORES / f"schema-{schema}.postgresql.sql").exists()


@pytest.mark.parametrize("schema", OLDER)
def test_every_answer_of_an_older_store_is_there(place, tmp_path, schema):
    restore(place, schema)
    found = expected(schema)
    platform = platform_of(found)
    bridge = loop(platform, tmp_path, store=place.section, model=MODEL)
    result = bridge.sync()
    assert any(f"from schema {schema} to" in line for line in result.warnings)
    assert result.recovered
    assert len(platform.pushes) == len(set(platform.pushes)) > 0
    assert len(platform.queued) == len(set(platform.queued)) > 0
    assert result.queue == 10
    assert not set(platform.queued) & set(platform.answers)
    assert result.labels == found["labels"]
    assert bridge.status().models >= found["models"]
    with place.open() as store, store.begin() as connection:
        stored = [
            [a.key, a.annotator, a.status, a.value and a.value["chosen"]]
            for a in answers(connection)
        ]
    assert sorted(stored, key=str) == sorted(found["answers"], key=str)
    bridge.sync(full=True)  # the story ended with an item that vanished unnoticed
    assert bridge.verify().counts == {}
    again = bridge.sync()
    assert (again.status, again.warnings) == ("unchanged", ())


@pytest.mark.parametrize("schema", OLDER)
def test_what_was_brought_up_to_date_is_as_a_new_one(place, tmp_path, schema):
    restore(place, schema)
    with held(place.directory, place.url) as guard:
        open_store(place.directory, place.url, guard).close()
    migrated = shape(place)
    if place.url is None:
        (place.directory / "state.db").unlink()
    else:
        engine = sa.create_engine(place.url)
        with engine.begin() as connection:
            tables.metadata.drop_all(connection)
        engine.dispose()
    with place.open():
        assert migrated == shape(place)


def test_an_sqlite_store_is_backed_up_before(tmp_path):
    directory = tmp_path / ".bridge"
    directory.mkdir()
    shutil.copyfile(STORES / "schema-1.db", directory / "state.db")
    (directory / "state.db").chmod(0o640)
    result = loop(platform_of(expected(1)), tmp_path, model=MODEL).sync()
    backup = directory / "state-schema-1.db"
    assert any(str(backup) in line for line in result.warnings)
    assert backup.stat().st_mode & 0o777 == 0o640
    with (
        closing(sqlite3.connect(backup)) as kept,
        closing(sqlite3.connect(STORES / "schema-1.db")) as before,
    ):
        assert list(kept.iterdump()) == list(before.iterdump())
    assert sorted(p.name for p in directory.glob("state*")) == ["state-schema-1.db", "state.db"]
    backup.replace(directory / "state.db")  # going back is one move
    with pytest.raises(StoreError, match="older version"):
        open_store(directory)


def test_what_only_reads_leaves_an_older_store_as_it_is(place, tmp_path):
    restore(place, 1)
    before = content(place)
    with pytest.raises(StoreError, match="older version of Bridge") as caught:
        loop(MemoryPlatform(), tmp_path, store=place.section).status()
    assert "bridge sync" in caught.value.fix
    assert content(place) == before


def test_a_step_that_fails_changes_nothing(place, tmp_path, monkeypatch):
    restore(place, 1)
    before = content(place)
    bridge = loop(platform_of(expected(1)), tmp_path, store=place.section, model=MODEL)
    with monkeypatch.context() as patch:
        steps = (("ALTER TABLE models ADD COLUMN half TEXT", "ALTER TABLE nothing DROP COLUMN x"),)
        patch.setattr(migrations, "STEPS", steps)
        with pytest.raises(StoreError, match="nothing"):
            bridge.sync()
    assert content(place) == before
    assert bridge.sync().labels == expected(1)["labels"]


KILLED = """
import os, signal, sys
from pathlib import Path
import sqlalchemy
from bridge.store.database import open_store
from bridge.store.locks import held

def watch(connection, cursor, statement, *_):
    if statement.startswith("UPDATE state"):  # all is done but for the version and the commit
        os.kill(os.getpid(), signal.SIGKILL)

sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", watch)
directory, url = Path(sys.argv[1]), sys.argv[2] or None
with held(directory, url) as guard:
    open_store(directory, url, guard)
"""


def test_killed_in_the_middle(place, tmp_path):
    restore(place, 1)
    before = content(place)
    command = [sys.executable, "-c", KILLED, str(place.directory), place.url or ""]
    ended = subprocess.run(command, check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert content(place) == before
    result = loop(platform_of(expected(1)), tmp_path, store=place.section, model=MODEL).sync()
    assert result.labels == expected(1)["labels"]


SMALL = """
import resource, sys
from pathlib import Path
from bridge.store.database import open_store
from bridge.store.locks import held

resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))  # as a disk that is full
with held(Path(sys.argv[1])) as guard:
    open_store(Path(sys.argv[1]), None, guard)
"""


def test_without_room_for_the_backup_nothing_changes(tmp_path):
    shutil.copyfile(STORES / "schema-1.db", tmp_path / "state.db")
    before = (tmp_path / "state.db").read_bytes()
    ended = subprocess.run(
        [sys.executable, "-c", SMALL, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert "StoreError: The store" in ended.stderr
    assert "no backup of it can be made" in ended.stderr
    assert (tmp_path / "state.db").read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["lock", "state.db"]  # noqa: PTH208  # names alone


def test_a_damaged_store_is_not_brought_up_to_date(tmp_path):
    path = tmp_path / "state.db"
    shutil.copyfile(STORES / "schema-1.db", path)
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'annotations'"
        ((page,),) = connection.execute(query)
    damaged = bytearray(path.read_bytes())
    damaged[(page - 1) * 4096 + 8 : page * 4096] = b"\xff" * 4088
    path.write_bytes(damaged)
    with held(tmp_path) as guard, pytest.raises(StoreError, match="damaged") as caught:
        open_store(tmp_path, None, guard)
    assert "Restore a backup" in caught.value.fix
    assert path.read_bytes() == damaged
    assert not list(tmp_path.glob("*.new*"))
