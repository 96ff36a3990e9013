"""The state store: refused when damaged or newer, never reset; errors that say what to do."""

import sqlite3
from datetime import UTC, datetime

import pytest

from bridge.errors import ConfigError, StoreError
from bridge.records import Batch, Change, Item, Page, QueueItem
from bridge.store.batches import plan, planned
from bridge.store.changes import apply_page
from bridge.store.database import get_state, open_store, set_state


def test_opens_again_with_what_was_written(tmp_path):
    store = open_store(tmp_path)
    with store.begin() as connection:
        set_state(connection, "cursor", "c-1")
    store.close()
    store = open_store(tmp_path)
    with store.begin() as connection:
        assert get_state(connection, "cursor") == "c-1"
    store.close()


def test_a_failed_transaction_leaves_nothing(tmp_path):
    store = open_store(tmp_path)

    def fail():
        with store.begin() as connection:
            set_state(connection, "cursor", "c-1")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with store.begin() as connection:
        assert get_state(connection, "cursor") is None
    store.close()


def test_no_item_is_in_two_open_batches(tmp_path):
    store = open_store(tmp_path)
    item = Item(key="k", text="t")
    with store.begin() as connection:
        apply_page(connection, Page(changes=(Change(key="k", item=item),)), hold_out=0)
        plan(connection, a_batch("a", item), {"k": 1})

    def again():
        with store.begin() as connection:
            plan(connection, a_batch("b", item), {"k": 1})

    with pytest.raises(StoreError, match="UNIQUE"):
        again()
    with store.begin() as connection:
        assert [batch.id for batch in planned(connection)] == ["a"]
    store.close()


def a_batch(name, item):
    entry = QueueItem(item=item, rank=0, source="random", reason="by lot")
    return Batch(id=name, created_at=datetime.now(UTC), model_version=None, items=(entry,))


DAMAGED = [b"not a database at all" * 100, b"SQLite format 3\0" + b"x" * 900]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_named_and_kept(tmp_path, content):
    path = tmp_path / "state.db"
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        open_store(tmp_path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


def test_a_newer_store_is_refused_and_kept(tmp_path):
    open_store(tmp_path).close()
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.execute("UPDATE state SET value = '99' WHERE name = 'schema_version'")
    connection.close()
    with pytest.raises(StoreError, match="newer version"):
        open_store(tmp_path)
    with sqlite3.connect(tmp_path / "state.db") as connection:
        ((version,),) = connection.execute("SELECT value FROM state WHERE name = 'schema_version'")
    connection.close()
    assert version == "99"


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be made"):
        open_store(tmp_path / "file" / "store")


def test_unusable_urls(tmp_path):
    with pytest.raises(ConfigError, match="not a database URL"):
        open_store(tmp_path, "nonsense")
    with pytest.raises(ConfigError, match="cannot be used"):
        open_store(tmp_path, "nosuchdialect://user:canary-1@localhost/x")


def test_passwords_stay_out_of_errors(tmp_path):
    with pytest.raises(StoreError) as caught:
        open_store(tmp_path, "postgresql+psycopg://user:canary-1@127.0.0.1:9/x?connect_timeout=2")
    assert "canary-1" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
