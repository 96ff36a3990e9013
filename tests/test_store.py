"""The state store: refused when damaged or newer, never reset; errors that say what to do."""

import sqlite3
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import test_changes
from bridge.errors import ConfigError, StoreError
from bridge.records import Batch, Change, Item, Page, QueueItem
from bridge.store import tables
from bridge.store.batches import plan, planned
from bridge.store.changes import apply_page
from bridge.store.database import get_state, open_store, set_state
from bridge.store.items import answers, count


def test_opens_again_with_what_was_written(place):
    with place.open() as store, store.begin() as connection:
        set_state(connection, "cursor", "c-1")
    with place.open() as store, store.begin() as connection:
        assert get_state(connection, "cursor") == "c-1"


def test_a_failed_transaction_leaves_nothing(place):
    with place.open() as store:

        def fail():
            with store.begin() as connection:
                set_state(connection, "cursor", "c-1")
                raise KeyError

        with pytest.raises(KeyError):
            fail()
        with store.begin() as connection:
            assert get_state(connection, "cursor") is None


def test_no_item_is_in_two_open_batches(place):
    item = Item(key="k", text="t")
    with place.open() as store:
        with store.begin() as connection:
            apply_page(connection, Page(changes=(Change(key="k", item=item),)), hold_out=0)
            plan(connection, a_batch("a", item), {"k": 1})

        def again():
            with store.begin() as connection:
                plan(connection, a_batch("b", item), {"k": 1})

        with pytest.raises(StoreError, match=r"(?i)unique"):
            again()
        with store.begin() as connection:
            assert [batch.id for batch in planned(connection)] == ["a"]


ALIKE = [
    test_changes.test_applying_twice_counts_nothing,
    test_changes.test_the_same_answer_with_a_newer_time_is_nothing_new_to_learn,
    test_changes.test_seconds_that_are_told_later_are_kept_and_are_nothing_new_to_learn,
    test_changes.test_an_answer_before_its_item_is_kept,
]


@pytest.mark.parametrize("test", ALIKE, ids=lambda test: test.__name__)
def test_changes_are_applied_alike(place, tmp_path, monkeypatch, test):
    monkeypatch.setattr(
        test_changes, "open_store", lambda directory: open_store(directory, place.url)
    )
    test(tmp_path)


def test_order_and_repetition_do_not_matter_anywhere(place):
    """Random histories, each told twice in some order, in a store that is emptied in between."""
    with place.open() as store:

        @settings(max_examples=15)
        @given(test_changes.histories(), st.data())
        def told(history, data):
            shuffled = data.draw(st.permutations([*history, *history[:3]]))
            assert outcome(store, shuffled) == outcome(store, history)

        told()


def outcome(store, changes):
    """Return what a learner would see after changes in pages of three."""
    with store.begin() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(table.delete())
        for start in range(0, len(changes), 3):
            page = Page(changes=tuple(changes[start : start + 3]))
            apply_page(connection, page, hold_out=0.1)
        found = sorted((a.key, a.annotator, a.status, str(a.value)) for a in answers(connection))
        return found, count(connection)


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


def test_a_kind_of_database_that_was_never_tried(tmp_path):
    with pytest.raises(ConfigError, match="cannot lie on mysql") as caught:
        open_store(tmp_path, "mysql+pymysql://user:canary-1@127.0.0.1:9/x")
    assert "canary-1" not in str(caught.value)


def test_passwords_stay_out_of_errors(tmp_path):
    with pytest.raises(StoreError) as caught:
        open_store(tmp_path, "postgresql+psycopg://user:canary-1@127.0.0.1:9/x?connect_timeout=2")
    assert "canary-1" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
