"""Records that are made without validation are like those that are made with it."""

import pickle
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from bridge.records import Annotation, Change, Classes, Item, Page

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
