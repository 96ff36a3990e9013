"""Records that are made without validation are like those that are made with it."""

import pickle
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bridge.records import Annotation, Change, Classes, Item, Page, maker

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CHOSEN = {"chosen": ("spam",)}
ITEM = {"key": "k", "text": "a text", "meta": {"row": 1}}


@pytest.mark.parametrize(
    ("record", "values"),
    [
        (Item, ITEM),
        (Classes, CHOSEN),
        (Annotation, {"id": "a", "item_key": "k", "value": Classes(**CHOSEN), "updated_at": NOW}),
        (Change, {"key": "k", "item": Item(**ITEM), "complete": True, "as_of": NOW}),
        (Page, {"changes": (Change(key="k", item=Item(**ITEM)),), "cursor": "c"}),
    ],
)
def test_unchecked_records_are_like_others(record, values):
    checked, unchecked = record(**values), record.unchecked(**values)
    assert unchecked == checked
    assert repr(unchecked) == repr(checked)
    assert unchecked.model_dump_json() == checked.model_dump_json()
    assert unchecked.model_fields_set == checked.model_fields_set
    assert pickle.loads(pickle.dumps(unchecked)) == checked  # noqa: S301  # our own
    assert unchecked.model_copy(update=dict(values)) == checked
    with pytest.raises(ValidationError):
        unchecked.key = "other"


def test_digests_of_unchecked_records_are_the_same():
    assert Item.unchecked(**ITEM).fingerprint == Item(**ITEM).fingerprint
    values = {"id": "a", "item_key": "k", "value": Classes(**CHOSEN)}
    assert Annotation.unchecked(**values).digest == Annotation(**values).digest


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
TIMES = st.none() | st.datetimes(timezones=st.just(UTC))
ITEMS = st.builds(
    lambda key, text, meta: Item(key=key, text="." + text, meta=meta),
    TEXT,
    TEXT,
    st.dictionaries(TEXT, st.integers() | TEXT),
)
ANSWERS = st.builds(
    lambda **given: Annotation(status="answered", value=Classes(**CHOSEN), **given),
    id=TEXT,
    item_key=st.just("k"),
    annotator=st.none() | TEXT,
    created_at=TIMES,
    updated_at=TIMES,
    seconds=st.none() | st.floats(0, 1e9),
    ground_truth=st.booleans(),
)
CHANGES = st.builds(
    Change,
    key=st.just("k"),
    queued=st.none() | st.booleans(),
    annotations=st.none() | st.lists(ANSWERS, max_size=3).map(tuple),
    complete=st.booleans(),
    as_of=TIMES,
)


@given(ITEMS | ANSWERS | CHANGES)
def test_a_maker_makes_what_validation_makes(checked):
    fields = {name: getattr(checked, name) for name in type(checked).model_fields}
    made = maker(type(checked))(fields)
    assert made == checked == type(checked)(**fields)
    assert repr(made) == repr(checked)
    assert made.model_dump_json() == checked.model_dump_json()
    assert made.model_fields_set == set(fields)
    assert pickle.loads(pickle.dumps(made)) == checked  # noqa: S301  # our own


def test_what_is_made_of_a_made_record_changes_no_other():
    """Makers share the set of names between their records."""
    make = maker(Item)
    one, other = (make({"kind": "text", "url": None, **ITEM}) for _ in range(2))
    copied = one.model_copy(update={"text": "another"})
    copied.model_fields_set.discard("text")
    assert "text" in other.model_fields_set
    with pytest.raises(ValidationError):
        one.text = "another"
