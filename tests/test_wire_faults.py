"""The whole loop while the wire breaks: nothing lost, nothing doubled, one clear message.

Each trial lets the loop learn, lets people go on, orders a failure, and syncs until it is over.
Then the store and the platform say the same.
"""

import json
from dataclasses import replace
from itertools import cycle

import pytest

from bridge_labelbox.emulator.faults import Fault
from faulty_loop import failed, impatient, people, settled
from faulty_proxy import Twist, before_labelbox
from labelbox_exports import exported
from labelbox_loop import labelbox_loop

pytestmark = pytest.mark.timeout(60)  # every trial ends in bounded time

PATIENCE = "read_timeout_s = 0.4\nbatch_timeout_s = 0.4\ntask_timeout_s = 2\npage_rows = 10"
FOREVER = 10_000


@pytest.fixture
def loop(tmp_path):
    """A loop whose every byte passes the proxy, with labels to pull, to learn and to push after."""
    with labelbox_loop(tmp_path) as made, before_labelbox(made.emulator) as proxy:
        made.proxy = proxy
        made.emulator.faults.chunk_bytes = 3000  # several files an export
        made.configure(platform=PATIENCE, endpoint=f"{proxy.url}/graphql")
        made.sync()
        made.said = {}
        people(made, 12)
        yield made


def give(loop, order):
    return loop.proxy.twist(order) if isinstance(order, Twist) else loop.emulator.fail(order)


def met(loop, order):
    """Whether the failure happened; forgets that others did."""
    fired, loop.emulator.faults.fired = loop.emulator.faults.fired, []
    return order.done if isinstance(order, Twist) else order.kind in fired


# ----------------------------------------------------------------------- what passes by itself


ONCE = {
    "errors": [
        Fault("status", nth=3, status=429, retry_after="0"),
        Fault("status", on="write", status=429, retry_after="0"),
        Fault("status", nth=2, status=429),
        Fault("status", nth=4, status=500),
        Fault("status", on="file", status=502),
        Fault("status", on="file", nth=2, status=403),  # the signed address has expired
    ],
    "silence": [
        Fault("hang", nth=3, seconds=1),
        Fault("reset", nth=5),
        Fault("lose", on="export"),
        Twist("stall", on="file", nth=2, seconds=1),
        Twist("cut", on="file", nth=2),
        Twist("slow head", on="file", seconds=0.05),
        Twist("drip", on="file", seconds=0.1),  # fewer than 1,000 bytes a second
    ],
    "bytes": [
        Fault("truncate", nth=3),
        Twist("long length", on="file"),
        Twist("short length", on="file", nth=2),
        Twist("drip", on="file", nth=2),
        Twist("babble", nth=4),
    ],
}


@pytest.mark.parametrize("kind", ONCE)
def test_one_failure_is_waited_out(loop, kind):
    for order in (replace(order) for order in ONCE[kind]):
        give(loop, order)
        ran = loop.bridge("sync", "--json")
        assert met(loop, order), order
        assert ran.exit_code == 0, (order, ran.output)
        result = json.loads(ran.stdout)
        assert result["labels"] == len(loop.said), order
        assert result["trained"]["examples"] > 0
        assert result["queue"] == 12
        loop.emulator.faults.clear()
        people(loop, 4)
    settled(loop)


# --------------------------------------------------------------------- what stops a run


STAYS = {
    "errors": [
        (Fault("status", status=429, retry_after="3600", times=FOREVER), 69),
        (Fault("status", status=500, nth=3, times=FOREVER), 69),
        (Fault("status", status=401, nth=4, times=FOREVER), 77),
        (Fault("status", status=403, on="write", times=FOREVER), 77),
    ],
    "silence": [
        (Fault("hang", nth=3, seconds=0.6, times=FOREVER), 69),
        (Fault("reset", nth=2, times=FOREVER), 69),
        (Twist("stall", on="file", seconds=0.6, times=FOREVER), 69),
        (Twist("slow head", seconds=0.02, times=FOREVER), 69),
        (Twist("drip", on="file", seconds=0.1, times=FOREVER), 69),
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
        give(loop, order)
        ran = loop.bridge("sync")
        assert met(loop, order), order
        failed(ran, code)
        loop.emulator.faults.clear()
        loop.proxy.twists.clear()
        people(loop, 1)
    settled(loop)


@pytest.mark.parametrize(
    ("kind", "nth"),
    [("cut", 1), ("cut", 2), ("cut", 3), ("stall", 2), ("page", 2), ("short length", 2)],
)
def test_a_write_whose_answer_is_unusable_is_done_once(loop, kind, nth):
    order = Twist(kind, on="write", nth=nth, seconds=1)
    give(loop, order)
    ran = loop.bridge("sync")
    assert met(loop, order)
    if ran.exit_code:
        failed(ran, 69)
    settled(loop)


def test_every_write_is_lost_until_somebody_gives_up(loop):
    """Executed every time, and never answered: each run gets further, and none doubles."""
    impatient(loop)
    for _ in range(12):
        loop.emulator.fail(Fault("lose", on="write", times=FOREVER))
        ran = loop.bridge("sync")
        loop.emulator.faults.clear()
        if ran.exit_code == 0:
            break
        failed(ran, 69)
    settled(loop)


def test_a_key_that_is_revoked_in_the_middle(loop):
    key = loop.emulator.api_key
    for after in (1, 4, 8, 12):
        left = [after]

        def revoke(sorts, left=left):
            left[0] -= 1
            if not left[0]:
                loop.emulator.world.api_key = "another-key"

        loop.proxy.before = revoke
        failed(loop.bridge("sync", key=key), 77, "refused the key", "new key")
        loop.proxy.before = lambda sorts: None
        loop.emulator.world.api_key = key
    settled(loop)


def test_signed_addresses_that_expire_at_once(loop):
    loop.emulator.faults.file_ttl_s = 0.0
    failed(loop.bridge("sync"), 69, "signed address")
    loop.emulator.faults.file_ttl_s = None
    settled(loop)


def test_an_answer_that_drips_for_longer_than_the_budget(loop):
    """Every byte is in time, and the whole takes 4 s where a call may take 0.2."""
    impatient(loop)
    order = Twist("drip", nth=3, seconds=0.1)
    give(loop, order)
    ran = loop.bridge("sync")
    assert met(loop, order)
    failed(ran, 69)


# --------------------------------------------------------------------- what is told wrongly


def test_rows_in_another_order(loop):
    with exported(loop.emulator, lambda lines: lines[::-1]):
        assert loop.sync()["labels"] == 12
    with exported(loop.emulator, lambda lines: lines[1::2] + lines[::2]):
        settled(loop)


def test_rows_that_come_twice(loop):
    with exported(loop.emulator, lambda lines: [*lines, *lines[::-1]]):
        assert loop.sync()["labels"] == 12
        assert loop.sync("--full")["labels"] == 12
    settled(loop)


def test_rows_that_come_twice_as_they_were_and_as_they_are(loop):
    """A row that changes while it is read comes in both versions, in any order."""
    seen = {}
    orders = cycle([True, False])

    def with_former(lines):
        now = {json.loads(line)["data_row"]["id"]: line for line in lines}
        former = [seen[row] for row in now if row in seen and seen[row] != now[row]]
        seen.update(now)
        return [*lines, *former] if next(orders) else [*former, *lines]

    with exported(loop.emulator, with_former):
        for words in ((), ("--full",), ()):
            loop.sync(*words)
            people(loop, 2)
    settled(loop)


@pytest.mark.parametrize("full", [[], ["--full"]])
def test_people_answer_while_rows_are_read(loop, full):
    def work(sorts):
        if "file" in sorts:
            people(loop, 1)

    loop.proxy.before = work
    loop.sync(*full)
    loop.proxy.before = lambda sorts: None
    loop.sync()
    settled(loop)


def test_rows_come_and_go_while_they_are_read(loop):
    gone = []
    pool = [f"late-{n}" for n in range(6)]

    def work(sorts):
        if "file" in sorts and pool:
            key = pool.pop()
            loop.emulator.add_items(loop.project, [(key, f"a late report {key}")])
            gone.append(key)
            if len(gone) % 2:
                loop.emulator.remove_item(gone[-1])

    loop.proxy.before = work
    for _ in range(3):
        loop.sync("--full")
    loop.proxy.before = lambda sorts: None
    loop.sync("--full")
    settled(loop)


@pytest.mark.parametrize("full", [[], ["--full"]])
def test_an_index_that_is_seconds_late(loop, full):
    loop.emulator.faults.index_delay_s = 20
    people(loop, 3)
    loop.sync(*full)
    loop.emulator.shift_clock(10)
    people(loop, 3)
    loop.sync()
    loop.emulator.faults.index_delay_s = 0
    loop.emulator.shift_clock(30)
    settled(loop)
