"""The order and the repetition of changes do not matter."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.records import Annotation, Change, Classes, Item, Page
from bridge.store import tables
from bridge.store.changes import apply_page, draw_of
from bridge.store.database import open_store
from bridge.store.items import answers, count

START = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def histories(draw):
    """What happens to a few items, told after each event as the platform would tell it."""
    events = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["k1", "k2", "k3"]),
                st.sampled_from(["ann", "bob"]),
                st.sampled_from(["ham", "spam", "skip", "delete", "edit"]),
            ),
            min_size=1,
            max_size=14,
        )
    )
    texts: dict[str, str] = {}
    given_: dict[str, dict[str, Annotation]] = {}
    told = []
    for clock, (key, annotator, what) in enumerate(events):
        now = START + timedelta(seconds=clock)
        texts.setdefault(key, f"text of {key}")
        mine = given_.setdefault(key, {})
        if what == "delete":
            mine.pop(annotator, None)
        elif what == "edit":
            texts[key] = f"text of {key} since {clock}"
        else:
            mine[annotator] = Annotation(
                id=f"{key}/{annotator}",
                item_key=key,
                annotator=annotator,
                status="skipped" if what == "skip" else "answered",
                value=None if what == "skip" else Classes(chosen=(what,)),
                updated_at=now,
            )
        told.append(
            Change(
                key=key,
                item=Item(key=key, text=texts[key]),
                annotations=tuple(mine.values()),
                complete=True,
                as_of=now,
            )
        )
    return told


def outcome(changes, pages):
    """Apply changes in pages of the given sizes; return what a learner would see."""
    with tempfile.TemporaryDirectory() as directory:
        store = open_store(Path(directory))
        rest = list(changes)
        for size in pages:
            part, rest = rest[:size], rest[size:]
            with store.begin() as connection:
                apply_page(connection, Page(changes=tuple(part)), hold_out=0.1)
        with store.begin() as connection:
            apply_page(connection, Page(changes=tuple(rest)), hold_out=0.1)
            found = sorted(
                (a.key, a.annotator, a.status, str(a.value)) for a in answers(connection)
            )
            texts = sorted(
                connection.execute(tables.items.select()).mappings(), key=lambda r: r.key
            )
            content = [(row["key"], row["text"], row["hold_out"]) for row in texts]
            counted = count(connection)
        store.close()
    return found, content, counted


@settings(max_examples=60)
@given(histories(), st.data())
def test_order_and_repetition_do_not_matter(told, data):
    straight = outcome(told, [])
    repeats = data.draw(st.lists(st.sampled_from(told), max_size=6))
    shuffled = data.draw(st.permutations([*told, *repeats]))
    pages = data.draw(st.lists(st.integers(1, 5), max_size=5))
    assert outcome(shuffled, pages) == straight


@settings(max_examples=40)
@given(histories())
def test_the_last_state_of_the_platform_is_what_holds(told):
    last = {change.key: change for change in told}
    expected = sorted(
        (a.item_key, a.annotator, a.status) for change in last.values() for a in change.annotations
    )
    found, content, _ = outcome(told, [3, 3])
    assert [entry[:3] for entry in found] == expected
    assert [(key, text) for key, text, _ in content] == [
        (key, change.item.text) for key, change in sorted(last.items())
    ]


def test_applying_twice_counts_nothing(tmp_path):
    store = open_store(tmp_path)
    annotation = Annotation(id="a", item_key="k", value=Classes(chosen=("ham",)), updated_at=START)
    page = Page(changes=(Change(key="k", item=Item(key="k", text="t"), annotations=(annotation,)),))
    with store.begin() as connection:
        assert apply_page(connection, page, hold_out=0.1).any
        assert not apply_page(connection, page, hold_out=0.1).any
    store.close()


def test_the_same_answer_with_a_newer_time_is_nothing_new_to_learn(tmp_path):
    store = open_store(tmp_path)

    def told(seconds):
        at = START + timedelta(seconds=seconds)
        given = Annotation(id="a", item_key="k", value=Classes(chosen=("ham",)), updated_at=at)
        return Page(changes=(Change(key="k", item=Item(key="k", text="t"), annotations=(given,)),))

    with store.begin() as connection:
        assert apply_page(connection, told(0), hold_out=0.1).any
        assert not apply_page(connection, told(9), hold_out=0.1).any
        (row,) = connection.execute(tables.annotations.select())
    store.close()
    assert row.updated_at == START + timedelta(seconds=9)


def test_seconds_that_are_told_later_are_kept_and_are_nothing_new_to_learn(tmp_path):
    store = open_store(tmp_path)

    def told(at, seconds):
        given = Annotation(
            id="a",
            item_key="k",
            value=Classes(chosen=("ham",)),
            updated_at=START + timedelta(seconds=at),
            seconds=seconds,
        )
        return Page(changes=(Change(key="k", item=Item(key="k", text="t"), annotations=(given,)),))

    with store.begin() as connection:
        apply_page(connection, told(0, None), hold_out=0.1)
        (before,) = connection.execute(tables.annotations.select())
        for at, seconds, kept in [(0, 4.5, 4.5), (0, None, 4.5), (9, None, 4.5), (12, 8.0, 8.0)]:
            assert not apply_page(connection, told(at, seconds), hold_out=0.1).any
            (row,) = connection.execute(tables.annotations.select())
            assert (row.seconds, row.seq) == (kept, before.seq)
    store.close()


def test_an_answer_before_its_item_is_kept(tmp_path):
    store = open_store(tmp_path)
    annotation = Annotation(id="a", item_key="k", value=Classes(chosen=("ham",)))
    with store.begin() as connection:
        apply_page(
            connection, Page(changes=(Change(key="k", annotations=(annotation,)),)), hold_out=0.1
        )
        assert list(answers(connection)) == []
        apply_page(
            connection, Page(changes=(Change(key="k", item=Item(key="k", text="t")),)), hold_out=0.1
        )
        (found,) = answers(connection)
    store.close()
    assert found.value["chosen"] == ["ham"]


@given(st.text(min_size=1, max_size=40))
def test_lots_are_in_range_and_fixed(key):
    assert 0 <= draw_of(key) < 2**62
    assert draw_of(key) == draw_of(key)


def test_lots_are_uniform():
    lots = [draw_of(f"key-{i}") / 2**62 for i in range(20_000)]
    for tenth in range(10):
        share = sum(tenth / 10 <= lot < (tenth + 1) / 10 for lot in lots) / len(lots)
        assert abs(share - 0.1) < 0.01
