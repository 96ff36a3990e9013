"""What people and platforms may write: kept, or refused with a clear word, on every database."""

import math
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from bridge.records import Annotation, Change, Classes, Item, Page
from bridge.store import tables
from bridge.store.changes import apply_page
from bridge.store.items import answers_of, items_by_id, row_of
from memory_platform import MemoryPlatform, loop, mail

HALF = "\ud83d"  # of a pair: no character by itself
STRANGE = {
    "nul": "a\x00b",
    "half a character": f"a{HALF}b",
    "long": "x" * 10_000,
    "controls": "a\x1b[2J\u202e\x7fb",
    "beyond the basic plane": "𝔘𝔫𝔦 🏴‍☠️",
    "sql": "'); DROP TABLE items; --",
}


def kept(text):
    return text.replace("\x00", "\ufffd").replace(HALF, "\ufffd")


@pytest.fixture
def store(place):
    with place.open() as opened:
        yield opened


def apply(store, *changes):
    with store.begin() as connection:
        return apply_page(connection, Page(changes=changes), hold_out=0)


@pytest.mark.parametrize("kind", STRANGE)
def test_texts_and_names_of_any_kind_are_kept(store, kind):
    said = STRANGE[kind]
    answer = Annotation(
        id="a", item_key="k", annotator=said, value=Classes(chosen=(said,)), seconds=1.5
    )
    item = Item(key="k", text=said, url=said, meta={"said": said, "deep": [{said: said}]})
    apply(store, Change(key="k", item=item, annotations=(answer,)))
    with store.begin() as connection:
        row = row_of(connection, "k")
        found = items_by_id(connection, [row.id])[row.id]
        (stored,) = answers_of(connection, row.id)
    assert (found.text, found.url) == (kept(said), kept(said))
    assert found.meta == {"said": said, "deep": [{said: said}]}
    assert (stored.annotator, stored.seconds) == (kept(said), 1.5)
    assert stored.value["chosen"] == [said]
    assert not apply(store, Change(key="k", item=item, annotations=(answer,))).any


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_does_not_know_are_null(store, number):
    meta = {"score": number, "more": [1.5, number, {"deep": number}], "word": "x"}
    apply(store, Change(key="k", item=Item(key="k", text="t", meta=meta)))
    with store.begin() as connection:
        row = row_of(connection, "k")
    assert row.meta == {"score": None, "more": [1.5, None, {"deep": None}], "word": "x"}


def test_what_json_has_no_type_for_is_text(store):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    apply(store, Change(key="k", item=Item(key="k", text="t", meta={"at": at, "big": 10**40})))
    with store.begin() as connection:
        assert row_of(connection, "k").meta == {"at": str(at), "big": 10**40}


def test_the_longest_keys(store):
    keys = ["🏴" * 512, "k" * 512, "é" * 511 + "'"]
    for key in keys:
        answer = Annotation(id=key, item_key=key, value=Classes(chosen=("ham",)))
        apply(store, Change(key=key, item=Item(key=key, text="t"), annotations=(answer,)))
    with store.begin() as connection:
        assert [row_of(connection, key).key for key in keys] == keys
        (row,) = answers_of(connection, row_of(connection, keys[0]).id)
    assert row.annotation_id == keys[0]


@pytest.mark.parametrize(
    "field",
    [
        {"id": "a\x00b"},
        {"id": f"a{HALF}"},
        {"id": "x" * 10_000},
        {"item_key": "a\x00b"},
        {"revision": 2**63},
        {"seconds": math.inf},
        {"updated_at": "0001-01-01T00:00:00+05:00"},
        {"updated_at": "9999-12-31T23:59:59-05:00"},
    ],
    ids=str,
)
def test_what_no_database_could_keep_is_refused_by_the_record(field):
    with pytest.raises(ValidationError) as caught:
        Annotation(**{"id": "a", "item_key": "k", "status": "skipped"} | field)
    assert caught.value.error_count() == 1


def test_the_largest_numbers_and_the_oldest_times(store):
    answer = Annotation(
        id="a",
        item_key="k",
        status="skipped",
        revision=2**63 - 1,
        seconds=1e300,
        updated_at=datetime(1, 1, 1, tzinfo=UTC),
    )
    apply(store, Change(key="k", item=Item(key="k", text="t"), annotations=(answer,)))
    with store.begin() as connection:
        (row,) = connection.execute(tables.annotations.select())
    assert (row.revision, row.seconds, row.updated_at) == (2**63 - 1, 1e300, answer.updated_at)


def test_a_loop_of_strange_people_and_texts(place, tmp_path):
    platform = MemoryPlatform(classes=("ham", "spam"))
    platform.add(*mail(20).values())
    platform.add(*(Item(key=f"s{n}", text=text) for n, text in enumerate(STRANGE.values())))
    bridge = loop(
        platform, tmp_path, store=place.section, model={"estimator": "story_learner:Remembering"}
    )
    bridge.sync()
    for annotator in STRANGE.values():
        for key in list(platform.queued)[:1]:
            platform.answer(key, "spam" if "spam" in key else "ham")
            (answer,) = platform.answers[key].values()
            platform.answers[key]["ann"] = answer.model_copy(update={"annotator": annotator})
    result = bridge.sync(full=True)
    assert result.labels == len(STRANGE)
    assert bridge.verify().counts == {}
    assert bridge.sync(full=True).status == "unchanged"
    assert all(bridge.explain(key).answers for key in platform.answers)
