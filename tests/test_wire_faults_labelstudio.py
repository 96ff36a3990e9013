"""The whole loop over Label Studio while the wire breaks: nothing lost, nothing doubled.

The sister of test_wire_faults.py: each trial lets people go on, orders a failure, and syncs until
it is over. Then the store and the platform say the same.
"""

import json
import random
import time
from dataclasses import replace

import pytest

from bridge.errors import PlatformError
from bridge.records import Item
from bridge_labelstudio import LabelStudioPlatform, LabelStudioSettings, import_items
from faulty_loop import failed, impatient, people, settled
from faulty_proxy import FaultyProxy, Twist, labelstudio_sorts
from labelstudio_loop import KEY, labelstudio_loop

pytestmark = pytest.mark.timeout(60)  # every trial ends in bounded time

PATIENCE = "read_timeout_s = 0.4\nimport_timeout_s = 0.4\npage_tasks = 10"
SELDOM = "[sync]\ntrain_after = 30"  # what is learned is looked at elsewhere
FOREVER = 10_000


@pytest.fixture
def loop(tmp_path):
    """A loop whose every byte passes the proxy, with labels to pull, to learn and to push after."""
    with (
        labelstudio_loop(tmp_path) as made,
        FaultyProxy(made.url.partition("://")[2], labelstudio_sorts) as proxy,
    ):
        made.proxy = proxy
        made.configure(platform=PATIENCE, url=proxy.url, rest=SELDOM)
        made.sync()
        people(made, 12)
        yield made


# ----------------------------------------------------------------------- what passes by itself


ONCE = {
    "errors": [
        Twist("status", nth=3, status=429, retry_after="0"),
        Twist("status", on="write", status=429, retry_after="0"),
        Twist("status", nth=2, status=429),
        Twist("status", nth=4, status=500),
        Twist("status", on="page", nth=2, status=502),
        Twist("status", nth=3, status=401),  # the access token ran out before its time
        Twist("status", on="write", status=401),
        Twist("status", on="token", status=503),
    ],
    "silence": [
        Twist("hang", nth=3, seconds=0.8),
        Twist("hang", on="token", seconds=0.8),
        Twist("reset", nth=5),
        Twist("reset", on="page", nth=2),
        Twist("lose", on="page"),
        Twist("lose", on="token"),
        Twist("stall", on="page", nth=2, seconds=0.8),
        Twist("cut", on="page", nth=2),
        Twist("slow head", on="page", seconds=0.05),
    ],
    "bytes": [
        Twist("long length", on="page"),
        Twist("drip", on="page", nth=2),
        Twist("babble", nth=4),
    ],
}


@pytest.mark.parametrize("kind", ONCE)
def test_one_failure_is_waited_out(loop, kind):
    for order in (replace(order) for order in ONCE[kind]):
        loop.proxy.twist(order)
        ran = loop.bridge("sync", "--json")
        assert order.done, order
        assert ran.exit_code == 0, (order, ran.output)
        result = json.loads(ran.stdout)
        assert result["labels"] == len(loop.said), order
        assert result["queue"] == 12
        people(loop, 4)
    settled(loop)


def test_a_list_that_is_cut_where_nobody_sees_it_is_no_short_list(loop):
    """Fewer bytes announced, and as many sent: it makes no sense, and the next run reads it."""
    order = loop.proxy.twist(Twist("short length", on="page", nth=2))
    failed(loop.bridge("sync"), 69, "not JSON")
    assert order.done
    assert loop.sync()["labels"] == len(loop.said)
    settled(loop)


# --------------------------------------------------------------------- what stops a run


STAYS = {
    "errors": [
        (Twist("status", status=429, retry_after="3600", times=FOREVER), 69),
        (Twist("status", status=500, nth=3, times=FOREVER), 69),
        (Twist("status", status=401, nth=4, times=FOREVER), 77),
        (Twist("status", on="token", status=401, times=FOREVER), 77),
        (Twist("status", status=403, on="write", times=FOREVER), 77),
    ],
    "silence": [
        (Twist("hang", nth=3, seconds=0.6, times=FOREVER), 69),
        (Twist("reset", nth=2, times=FOREVER), 69),
        (Twist("stall", on="page", seconds=0.6, times=FOREVER), 69),
        (Twist("drip", on="page", seconds=0.1, times=FOREVER), 69),
        (Twist("slow head", seconds=0.02, times=FOREVER), 69),
    ],
    "bytes": [
        (Twist("short length", nth=3, times=FOREVER), 69),
        (Twist("page", nth=2, times=FOREVER), 69),
        (Twist("babble", times=FOREVER), 69),
    ],
}


@pytest.mark.parametrize("kind", STAYS)
def test_a_failure_that_stays_stops_the_run(loop, kind):
    impatient(loop)
    for order, code in ((replace(order), code) for order, code in STAYS[kind]):
        loop.proxy.twist(order)
        ran = loop.bridge("sync")
        assert order.done, order
        failed(ran, code)
        loop.proxy.twists.clear()
        people(loop, 1)
    settled(loop)


@pytest.mark.parametrize("kind", ["lose", "cut", "stall", "page", "short length", "hang"])
@pytest.mark.parametrize("nth", [1, 2])  # the predictions; the switch to them
def test_a_write_whose_answer_is_lost_or_unusable_is_done_once(loop, kind, nth):
    order = Twist(kind, on="write", nth=nth, seconds=0.8)
    loop.proxy.twist(order)
    ran = loop.bridge("sync")
    assert order.done
    if ran.exit_code:
        failed(ran, 69)
    settled(loop)


def test_every_write_is_lost_until_somebody_gives_up(loop):
    """Executed every time, and never answered: each run gets further, and none doubles."""
    impatient(loop)
    for _ in range(6):
        loop.proxy.twist(Twist("lose", on="write", times=FOREVER))
        ran = loop.bridge("sync")
        loop.proxy.twists.clear()
        if ran.exit_code == 0:
            break
        failed(ran, 69)
    settled(loop)


@pytest.mark.parametrize("kind", ["lose", "reset", "hang", "cut"])
def test_a_deletion_of_a_former_version_may_fail(loop, kind):
    """It is the third write of a push, and is left for the next one."""
    loop.sync()
    people(loop, 6)
    with loop.server.lock:
        loop.server.made_at = dict.fromkeys(loop.server.made_at, "2026-01-02T03:00:00.0Z")
    order = loop.proxy.twist(Twist(kind, on="write", nth=3, seconds=0.8))
    loop.sync()
    assert order.done
    settled(loop)


@pytest.mark.parametrize("kind", ["lose", "cut", "hang", "page", "reset"])
def test_items_whose_import_is_not_answered_are_imported_once(loop, kind):
    items = [Item(key=f"new-{n}", text=f"a new mail {n}") for n in range(5)]
    values = {"url": loop.proxy.url, "api_key": KEY, "project": 7, "import_timeout_s": 0.4}
    platform = LabelStudioPlatform(
        LabelStudioSettings.model_validate({**values, "settle_s": 0}), sleep=lambda seconds: None
    )
    loop.proxy.twist(Twist(kind, on="write", seconds=0.8))
    try:
        import_items(platform, items)
    except PlatformError:
        assert kind in ("reset", "page", "hang")
        time.sleep(1)  # until what hangs has been done after all
        import_items(platform, items)
    platform.close()
    keys = [task["data"]["bridge_key"] for task in loop.server.tasks.values()]
    assert sorted(key for key in keys if key.startswith("new-")) == [i.key for i in items]
    settled(loop)


def test_a_key_that_is_revoked_in_the_middle(loop):
    key = loop.server.key
    for after in (1, 3, 6, 9):
        left = [after]

        def revoke(sorts, left=left):
            left[0] -= 1
            if not left[0]:
                loop.server.tokens.clear()
                loop.server.key = None

        loop.proxy.before = revoke
        failed(loop.bridge("sync"), 77, "refused")
        loop.proxy.before = lambda sorts: None
        loop.server.key = key
    settled(loop)


@pytest.mark.parametrize("after", [3, 5, 8])
def test_access_tokens_that_run_out_all_the_time(loop, after):
    """None lives for more than so many calls, and the key itself is good."""
    left = [after]

    def forget(sorts):
        left[0] -= 1
        if not left[0]:
            left[0] = after
            loop.server.tokens.clear()

    loop.proxy.before = forget
    assert loop.sync()["labels"] == len(loop.said)
    loop.proxy.before = lambda sorts: None
    settled(loop)


# --------------------------------------------------------------------- what is told wrongly


def test_rows_in_another_order(loop):
    shuffle = random.Random(7)
    loop.server.listed = lambda rows: shuffle.sample(rows, len(rows))
    assert loop.sync()["labels"] == 12
    assert loop.sync("--full")["labels"] == 12
    settled(loop)


def test_rows_that_come_twice(loop):
    loop.server.listed = lambda rows: [*rows, *rows[::-1]]
    assert loop.sync()["labels"] == 12
    assert loop.sync("--full")["labels"] == 12
    settled(loop)


def test_rows_that_come_twice_as_they_were_and_as_they_are(loop):
    """A row that changes while it is read comes in both versions."""
    seen = {}

    def with_former(rows):
        now = {row["id"]: json.dumps(row) for row in rows}
        former = [json.loads(seen[row]) for row in now if seen.get(row, now[row]) != now[row]]
        seen.update(now)
        return [*former, *rows] if len(seen) % 2 else [*rows, *former]

    loop.server.listed = with_former
    for words in ((), ("--full",), ()):
        loop.sync(*words)
        people(loop, 2)
    settled(loop)


@pytest.mark.parametrize("full", [[], ["--full"]])
def test_people_answer_while_rows_are_read(loop, full):
    def work(sorts):
        if "page" in sorts:
            people(loop, 1)

    loop.proxy.before = work
    loop.sync(*full)
    loop.proxy.before = lambda sorts: None
    loop.sync()
    settled(loop)


def test_rows_come_and_go_while_they_are_read(loop):
    pool = [f"late-{n}" for n in range(6)]

    def work(sorts):
        if "page" in sorts and pool:
            key = pool.pop()
            loop.server.put(key, f"a late report {key}")
            if len(pool) % 2:
                with loop.server.lock:
                    del loop.server.tasks[len(loop.server.tasks)]

    loop.proxy.before = work
    for _ in range(3):
        loop.sync("--full")
    loop.proxy.before = lambda sorts: None
    loop.sync("--full")
    settled(loop)


@pytest.mark.parametrize("full", [[], ["--full"]])
def test_an_answer_that_is_listed_seconds_late(loop, full):
    """Its time lies before that of what was read meanwhile: a long transaction, or a replica."""
    loop.server.late_s = 20
    people(loop, 3)
    loop.sync(*full)
    loop.server.ahead += loop.server.ahead.resolution * 10_000_000  # ten seconds
    people(loop, 3)
    loop.sync()
    loop.server.late_s = 0
    loop.server.ahead += loop.server.ahead.resolution * 30_000_000
    settled(loop)
