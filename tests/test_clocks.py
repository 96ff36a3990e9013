"""Clocks that are wrong, set, equal, of the future or without a zone: no answer is lost."""

import re
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bridge.steps.turn import Turn
from bridge.store import tables
from bridge.sync import store_of
from labelbox_exports import exported
from labelbox_loop import labelbox_loop
from memory_platform import START, mail, truth
from memory_platform import loop as memory_loop
from story_platform import StoryPlatform

HOUR = 3600


# ------------------------------------------------------------------------------- the engine


@pytest.fixture
def platform():
    made = StoryPlatform(("ham", "spam"))
    made.add(*mail(30).values())
    return made


def told(bridge):
    """Return what the store says: item -> class id of the platform in memory."""
    query = tables.annotations.select().where(tables.annotations.c.deleted.is_(False))
    with store_of(bridge.settings) as store, store.begin() as connection:
        rows = connection.execute(query).mappings().all()
        keys = dict(connection.execute(tables.items.select()).columns("id", "key").all())
    return {keys[row["item_id"]]: row["value"]["chosen"][0] for row in rows}


def answered(platform, bridge, number=6):
    bridge.sync()
    for key in platform.queued[:number]:
        platform.give(key, "ann", "id-ham")
    bridge.sync()
    return sorted(platform.answers)


def agrees(bridge, platform):
    """Check that a full pull brings the store to what the platform has, and keeps it there."""
    bridge.sync(full=True)
    assert bridge.verify().same
    assert told(bridge) == {
        key: platform.name(given["ann"].value.chosen[0])
        for key, given in platform.answers.items()
        if given
    }
    assert bridge.sync().status == "unchanged"


def test_a_clock_that_is_set_back(platform, tmp_path):
    """What came before is of the future then; a full pull goes by what is, not by when."""
    bridge = memory_loop(platform, tmp_path)
    edited, deleted, *_ = answered(platform, bridge)
    platform.offset -= timedelta(hours=1)
    new = platform.queued[0]
    platform.give(new, "ann", "id-spam")
    platform.give(edited, "ann", "id-spam")
    platform.delete_answer(deleted)
    bridge.sync()
    agrees(bridge, platform)
    assert told(bridge)[new] == told(bridge)[edited] == "spam"
    assert deleted not in told(bridge)
    platform.give(new, "ann", "id-ham")  # from here on its times are believed again
    assert bridge.sync().pulled.changed_annotations == 1


def test_a_clock_that_is_set_forward_and_corrected(platform, tmp_path):
    bridge = memory_loop(platform, tmp_path)
    first, *_ = answered(platform, bridge)
    for offset in (1, 0, 1, -1, 0):
        platform.offset = timedelta(hours=offset)
        platform.give(first, "ann", "id-spam" if offset else "id-ham")
        platform.give(platform.queued[0], "ann", "id-spam")
        bridge.sync()
    agrees(bridge, platform)


def retimed(platform, key, moment):
    """Let what was just said of an item have been said at another time."""
    given = platform.answers[key]["ann"]
    platform.answers[key]["ann"] = given.model_validate(given.model_dump() | {"updated_at": moment})
    platform.times[key] = moment


@pytest.mark.parametrize(("before", "after"), [("ham", "spam"), ("spam", "ham")])
def test_two_versions_of_one_time(platform, tmp_path, before, after):
    bridge = memory_loop(platform, tmp_path)
    bridge.sync()
    key = platform.queued[0]
    for name in (before, after):
        platform.give(key, "ann", f"id-{name}")
        retimed(platform, key, START + timedelta(hours=1))
        bridge.sync()
    agrees(bridge, platform)
    assert told(bridge) == {key: after}


def test_everything_at_the_same_time(platform, tmp_path):
    bridge = memory_loop(platform, tmp_path)
    bridge.sync()
    queued = platform.queued
    for key in queued:
        platform.give(key, "ann", "id-ham")
        retimed(platform, key, START + timedelta(hours=1))
    assert bridge.sync().labels == len(queued)
    agrees(bridge, platform)


def test_an_answer_of_the_future(platform, tmp_path):
    bridge = memory_loop(platform, tmp_path)
    bridge.sync()
    first, second, *_ = platform.queued
    platform.offset = timedelta(days=36_500)
    platform.give(first, "ann", "id-ham")
    assert bridge.sync().labels == 1
    platform.offset = timedelta(0)
    platform.give(second, "ann", "id-ham")
    assert bridge.sync().labels == 2
    platform.give(first, "ann", "id-spam")
    bridge.sync()
    agrees(bridge, platform)
    assert told(bridge)[first] == "spam"


def test_a_night_with_one_hour_twice(platform, tmp_path):
    """Local times run 02:50, 02:10 when summer time ends; with their offsets they are in order."""
    bridge = memory_loop(platform, tmp_path)
    bridge.sync()
    key = platform.queued[0]
    summer, winter = (timezone(timedelta(hours=hours)) for hours in (2, 1))
    for moment, name in (
        (datetime(2026, 10, 25, 2, 50, tzinfo=summer), "ham"),
        (datetime(2026, 10, 25, 2, 10, tzinfo=winter), "spam"),
    ):
        platform.give(key, "ann", f"id-{name}")
        retimed(platform, key, moment)
        bridge.sync()
        assert told(bridge) == {key: name}
    agrees(bridge, platform)


@pytest.mark.parametrize("hours", [-24 * 400, -2, 2, 24 * 400])
def test_our_own_clock_is_set(platform, tmp_path, monkeypatch, hours):
    """Full pulls stay due, whatever our clock said when the last one was."""
    bridge = memory_loop(platform, tmp_path, sync={"full_every_hours": 1})
    keys = answered(platform, bridge)
    shifted = datetime.now(UTC) + timedelta(hours=hours)
    monkeypatch.setattr(Turn, "now", lambda self: shifted)
    platform.delete_answer(keys[0], silently=True)
    assert bridge.sync().labels == len(keys) - 1
    assert bridge.sync().status == "unchanged"


# ------------------------------------------------------------------------------- the adapter


@pytest.fixture
def loop(tmp_path):
    with labelbox_loop(tmp_path) as made:
        yield made


def work(loop, number=4):
    for key in loop.queue()[:number]:
        loop.emulator.answer(loop.project, key, [truth(key)])


def settled(loop, labels):
    assert loop.sync("--full")["labels"] == labels
    verified = loop.bridge("verify")
    assert verified.exit_code == 0, verified.output
    assert loop.sync()["status"] == "unchanged"


@pytest.mark.parametrize(
    ("skew", "zone"), [(-HOUR, "Asia/Kathmandu"), (HOUR, "America/New_York"), (0, "Europe/Dublin")]
)
def test_a_platform_whose_clock_is_an_hour_off(tmp_path, zone, skew):
    with here(zone), labelbox_loop(tmp_path, count=0) as loop:
        loop.emulator.shift_clock(skew)
        items = [(item.key, item.text) for item in mail(30).values()]
        loop.emulator.add_items(loop.project, items)
        for turn in range(3):
            assert loop.sync()["labels"] == 4 * turn
            work(loop)
        assert loop.sync()["labels"] == 12
        settled(loop, 12)


@contextmanager
def here(zone):
    """Live in a time zone."""
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TZ", zone)
            time.tzset()
            yield
    finally:
        time.tzset()


@pytest.mark.parametrize("jumps", [(HOUR, -HOUR), (HOUR, 23 * HOUR)])
def test_a_platform_whose_clock_is_set_in_between(loop, jumps):
    loop.sync()
    work(loop)
    for jump in jumps:
        loop.sync()
        loop.emulator.shift_clock(jump)
        everything_is_indexed(loop)
        work(loop)
    loop.sync()
    settled(loop, 12)


def everything_is_indexed(loop):
    """The emulator shows a label from a time on; one of the future is to be shown all the same."""
    with loop.emulator.world.lock:
        for label in loop.emulator.world.projects[loop.project].labels.values():
            label.visible_at = min(label.visible_at, loop.emulator.world.now())


def test_labels_of_one_second(loop):
    """All times are cut to the second, as one that answers quickly sees them."""

    def cut(lines):
        return [re.sub(rb"(:\d\d)\.\d+", rb"\1", line) for line in lines]

    with exported(loop.emulator, cut):
        loop.sync()
        work(loop)
        assert loop.sync()["labels"] == 4
        settled(loop, 4)


@pytest.mark.parametrize("zone", [b"", b"Z", b"+00:00", b".000000"])
def test_times_without_a_zone_are_in_utc(loop, zone):
    seen = []

    def without(lines):
        seen.extend(re.findall(rb"\d\d:\d\d:\d\d[^\"]*", b"".join(lines)))
        return [re.sub(rb"(T\d\d:\d\d:\d\d)[^\"]*", rb"\1" + zone, line) for line in lines]

    with exported(loop.emulator, without):
        for turn in range(3):
            assert loop.sync()["labels"] == 4 * turn
            work(loop)
        settled(loop, 12)
    assert seen


def test_times_with_an_offset_that_changes_in_between(loop):
    """The same moments as local times of summer, then of winter."""
    offset = timezone(timedelta(hours=2))

    def local(match):
        moment = datetime.fromisoformat(match[0].decode())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(offset).isoformat().encode()

    def shifted(lines):
        return [re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^\"]*", local, line) for line in lines]

    with exported(loop.emulator, shifted):
        loop.sync()
        work(loop)
        assert loop.sync()["labels"] == 4
        offset = timezone(timedelta(hours=1))
        work(loop)
        assert loop.sync()["labels"] == 8
        settled(loop, 8)


def test_a_row_of_the_future_holds_nothing_back(loop):
    """One row says that it changed in a hundred years; what people do now is still told."""
    loop.sync()
    strange = next(key for key in mail(60) if key not in loop.queue())

    def future(lines):
        return [
            re.sub(rb'"20\d\d-', b'"2126-', line) if f'"{strange}"'.encode() in line else line
            for line in lines
        ]

    with exported(loop.emulator, future):
        for turn in range(3):
            assert loop.sync()["labels"] == 4 * turn
            work(loop)
        settled(loop, 12)
