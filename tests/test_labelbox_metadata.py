"""Uncertainty and model version as custom metadata of the queued rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from responses import RequestsMock

import labelbox_wire as lb
from bridge.errors import DataError
from bridge.records import Item
from bridge.testing import batch_of
from bridge_labelbox import LabelboxPlatform, metadata
from bridge_labelbox.client import Client
from bridge_labelbox.emulator.faults import Fault
from labelbox_loop import labelbox_loop
from labelbox_rig import LabelboxRig, labelbox_rig

CLASSES = ("ham", "spam")
FIELDS = {"bridge_uncertainty", "bridge_model"}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def rig(stack: ExitStack) -> LabelboxRig:
    return stack.enter_context(labelbox_rig("single", CLASSES))


def connected(rig: LabelboxRig, stack: ExitStack, **more: object) -> LabelboxPlatform:
    platform = rig.connect(metadata=True, **more)
    stack.callback(platform.close)
    return platform


def texts(count: int) -> list[Item]:
    return [Item(key=f"key-{n}", text=f"text {n}") for n in range(count)]


def test_rows_carry_what_the_model_said_and_the_hold_out_carries_nothing(
    rig: LabelboxRig, stack: ExitStack
) -> None:
    items = texts(120)  # three calls
    rig.add_items(items)
    platform = connected(rig, stack)
    batch = batch_of(items, CLASSES, model="m-7")
    report = platform.push(batch, platform.schema())
    assert not report.refused
    for entry in batch.items:
        expected = {"bridge_uncertainty": 0.6, "bridge_model": "m-7"} if entry.prediction else {}
        assert rig.emulator.metadata(entry.item.key) == expected
    platform.push(batch, platform.schema())
    own = [s for s in rig.emulator.world.metadata_schemas.values() if not s["reserved"]]
    assert sorted(schema["name"] for schema in own) == sorted(FIELDS)


def test_rows_without_global_key_are_addressed_by_id(rig: LabelboxRig, stack: ExitStack) -> None:
    keys = rig.emulator.add_items(rig.project, [(None, f"text {n}") for n in range(2)])
    platform = connected(rig, stack)
    items = [Item(key=key, text="t") for key in keys]
    assert not platform.push(batch_of(items, CLASSES), platform.schema()).refused
    assert rig.emulator.metadata(keys[0])["bridge_uncertainty"] == 0.6


def test_off_by_default(rig: LabelboxRig, stack: ExitStack) -> None:
    items = texts(3)
    rig.add_items(items)
    platform = rig.connect()
    stack.callback(platform.close)
    platform.push(batch_of(items, CLASSES), platform.schema())
    assert rig.emulator.metadata("key-0") == {}


@pytest.mark.parametrize("room", [0, 1])
def test_an_account_without_room_is_a_clear_error_before_anything_is_pushed(
    rig: LabelboxRig, stack: ExitStack, room: int
) -> None:
    items = texts(3)
    rig.add_items(items)
    rig.emulator.faults.metadata_fields = room
    platform = connected(rig, stack)
    with pytest.raises(DataError, match=f"the account has {room} custom fields") as caught:
        platform.push(batch_of(items, CLASSES), platform.schema())
    assert "'metadata' to false" in caught.value.fix
    assert rig.queue() == []


def test_a_field_of_another_kind_is_told(rig: LabelboxRig, stack: ExitStack) -> None:
    rig.add_items(texts(1))
    platform = connected(rig, stack, metadata_uncertainty="tag")
    (finding,) = [f for f in platform.check() if f.name == "metadata"]
    assert not finding.ok
    assert "CustomMetadataString" in finding.detail
    assert "metadata_uncertainty" in finding.fix
    with pytest.raises(DataError):
        platform.push(batch_of(texts(1), CLASSES), platform.schema())


def test_check_counts_fields_and_makes_none(rig: LabelboxRig, stack: ExitStack) -> None:
    rig.add_items(texts(1))
    platform = connected(rig, stack)
    (before,) = [f for f in platform.check() if f.name == "metadata"]
    assert before.ok
    assert "'bridge_uncertainty' and 'bridge_model' will be made" in before.detail
    assert "has 0 custom fields" in before.detail
    platform.push(batch_of(texts(1), CLASSES), platform.schema())
    (after,) = [f for f in platform.check() if f.name == "metadata"]
    assert after.detail == "both fields are there"


@pytest.mark.parametrize("nth", range(1, 6))
def test_answers_may_be_lost(rig: LabelboxRig, stack: ExitStack, nth: int) -> None:
    items = texts(3)
    rig.add_items(items)
    rig.emulator.fail(Fault("lose", on="write", nth=nth))
    platform = connected(rig, stack)
    assert not platform.push(batch_of(items, CLASSES), platform.schema()).refused
    assert rig.emulator.faults.fired
    assert rig.emulator.metadata("key-0") == {"bridge_uncertainty": 0.6, "bridge_model": "m-1"}
    names = [s["name"] for s in rig.emulator.world.metadata_schemas.values()]
    assert len(names) == len(set(names))


def test_a_row_whose_metadata_are_refused_is_told_and_stays_queued() -> None:
    settings = lb.settings(metadata=True)
    with RequestsMock() as web:
        script = lb.Script(web)
        failure = {"globalKey": "key-0", "dataRowId": None, "error": "locked", "fields": []}
        script.on("UpsertDataRowMetadataBeta", {"upsertDataRowCustomMetadata": [failure]})
        web.assert_all_requests_are_fired = False
        batch = batch_of(texts(2), CLASSES)
        fields = metadata.Fields("u", "m")
        (refusal,) = metadata.write(Client(settings), settings, fields, batch.items)
    assert (refusal.key, refusal.fatal) == ("key-0", False)
    assert "locked" in refusal.why


def test_its_own_writes_come_back_as_nothing_new(tmp_path: Path) -> None:
    with labelbox_loop(tmp_path) as loop:
        loop.configure(platform="metadata = true")
        for _ in range(3):
            loop.sync()
            loop.answer_all()
        pushed = loop.sync()
        assert pushed["champion"]
        carried = [loop.emulator.metadata(key) for key in loop.queue()]
        assert any(one.get("bridge_model") == pushed["champion"] for one in carried)
        again = loop.sync()
        assert again["status"] == "unchanged", json.dumps(again, indent=1)
        assert not any(again["pulled"][name] for name in again["pulled"] if "annotations" in name)
        assert [loop.emulator.metadata(key) for key in loop.queue()] == carried
