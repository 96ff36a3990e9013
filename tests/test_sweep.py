"""Full pulls: what they see is not written, and what they do not see is found."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from bridge.records import Annotation, Change, Classes, Item, Page
from bridge.store.changes import apply_page
from bridge.store.database import open_store
from bridge.store.items import count, count_pool, count_queued, row_of
from bridge.store.sweep import Seen, begin_sweep, missing_from_sweep
from memory_platform import MemoryPlatform, loop, mail, truth

START = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def statements():
    """Collect what is sent to databases."""
    found = []

    def note(connection, cursor, statement, parameters, context, executemany):
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def answer(key, name, seconds):
    return Annotation(
        id=name,
        item_key=key,
        value=Classes(chosen=("ham",)),
        updated_at=START + timedelta(seconds=seconds),
    )


def change(key, *annotations, **more):
    return Change(key=key, item=Item(key=key, text="t"), annotations=annotations, **more)


@given(st.integers(0, 70), st.sets(st.integers(1, 80)), st.sets(st.integers(1, 80)))
def test_what_was_marked_or_made_since_is_seen(last, marked, asked):
    seen = Seen(last)
    seen.add(marked)
    expected = {n for n in asked if n <= last and n not in marked}
    assert set(seen.lacks(sorted(asked))) == expected
    assert {n for n in asked if n not in seen} == expected


def test_a_full_pull_of_what_is_known_writes_no_item_and_no_answer(tmp_path):
    platform = MemoryPlatform()
    platform.add(*mail(40).values())
    bridge = loop(platform, tmp_path)
    bridge.sync()
    for key in list(platform.queued):
        platform.answer(key, truth(key))
    bridge.sync()
    bridge.pull(full=True)  # tells what is queued now
    with statements() as sent:
        assert bridge.pull(full=True).status == "unchanged"
    words = ("UPDATE items", "UPDATE annotations", "INSERT INTO items", "INSERT INTO annotations")
    assert sent
    assert [line for line in sent if line.startswith(words)] == []


def test_what_a_full_pull_lacks_is_counted_of_what_is_there(tmp_path):
    store = open_store(tmp_path)
    old = [change(key, answer(key, f"of {key}", 0)) for key in ("a", "b", "c")]
    with store.begin() as connection:
        apply_page(connection, Page(changes=tuple(old)), hold_out=0)
        sweep = begin_sweep(connection)
        told = Page(changes=(old[0], change("b"), change("d", answer("d", "of d", 0))))
        apply_page(connection, told, hold_out=0, sweep=sweep)
        found = missing_from_sweep(connection, sweep)
        gone = row_of(connection, "c").id
    store.close()
    # "b" came without its answers, not all of which it told: they are not known to be gone.
    assert (list(found["items"].ids), found["items"].live) == ([gone], 4)
    assert (len(found["answers"].ids), found["answers"].live) == (1, 4)


@pytest.mark.parametrize("seconds", [0, 20])
def test_a_new_item_is_answered_only_where_the_answer_is_its_own(tmp_path, seconds):
    """The answer of another item moves to it with a newer version, and not with an older one."""
    store = open_store(tmp_path)
    with store.begin() as connection:
        apply_page(connection, Page(changes=(change("a", answer("a", "x", 10)),)), hold_out=0)
        apply_page(connection, Page(changes=(change("b", answer("b", "x", seconds)),)), hold_out=0)
        answered = {key: row_of(connection, key).answered for key in ("a", "b")}
        counts = count(connection)
        assert (counts.answered, counts.pool) == (1, 1)
        assert count_pool(connection, 5) == 1
        assert count_pool(connection, 0) == 0
        assert count_queued(connection) == counts.queued == 0
    store.close()
    assert answered == {"a": seconds == 0, "b": seconds == 20}
