"""Disks that are full, read-only or damaged: one clear message, and the next run goes on."""

import random
import shutil
import sqlite3
import subprocess
from contextlib import closing

import pytest

from bridge.errors import StoreError
from labelbox_loop import labelbox_loop
from memory_platform import MemoryPlatform, loop, mail, truth

MODEL = {"columns": 4096}


class Disk:
    """A file system of eight megabytes in memory."""

    def __init__(self, path):
        self.path = path
        self.filler = path / "filler"

    def fill(self, left):
        """Leave ``left`` kilobytes free."""
        free = shutil.disk_usage(self.path).free
        with self.filler.open("wb") as file:
            file.write(b"x" * max(0, free - left * 1024))

    def free(self):
        self.filler.unlink()

    def remount(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", self.path], check=True)


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", path]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("needs the right to mount a file system")
    yield Disk(path)
    subprocess.run(["umount", "-l", path], check=True)


@pytest.fixture
def platform():
    made = MemoryPlatform()
    made.add(*mail(150).values())
    return made


def answer_all(platform):
    for key in list(platform.queued):
        platform.answer(key, truth(key))


def settled(bridge, platform):
    """Check that nothing is lost or doubled, and that nothing is left to do."""
    assert bridge.verify().counts == {}
    assert len(platform.queued) == len(set(platform.queued)) == 10
    assert bridge.sync().status == "unchanged"


def test_a_disk_that_is_always_a_little_too_small(disk, platform):
    """Each run finds a little more room than the one before, and fails a little later."""
    bridge = loop(platform, disk.path, model=MODEL)
    bridge.sync()
    answer_all(platform)
    disk.fill(60)
    with pytest.raises(StoreError, match="disk is full"):
        bridge.sync()
    disk.free()
    bridge.pull()
    failed = set()
    for left in range(20, 4000, 30):
        disk.fill(left)
        said = fix_of(bridge.sync)
        disk.free()
        if said is None:
            break
        assert "run again" in said
        failed.add(last_step(disk.path / ".bridge" / "state.db"))
    assert failed >= {"encode", "train"}
    assert bridge.status().labels == 10
    settled(bridge, platform)


def fix_of(act):
    """Return what to do about it if an act fails for the store's sake."""
    try:
        act()
    except StoreError as error:
        return error.fix
    return None


def last_step(path):
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT name FROM steps ORDER BY run_id DESC, started_at DESC"
        return connection.execute(query).fetchone()[0]


def test_a_full_disk_at_the_first_sync(disk, platform):
    bridge = loop(platform, disk.path, model=MODEL)
    disk.fill(20)
    with pytest.raises(StoreError):
        bridge.sync()
    disk.free()
    bridge.sync()
    settled(bridge, platform)


def test_a_disk_that_can_only_be_read(disk):
    with labelbox_loop(disk.path) as made:
        made.sync()
        disk.remount("ro")
        ran = made.bridge("sync")
        assert ran.exit_code == 74
        assert sum(line.startswith("Error: ") for line in ran.output.splitlines()) == 1
        assert "Read-only" in ran.output or "read-only" in ran.output
        assert "Traceback" not in made.bridge("status").output
        disk.remount("rw")
        assert made.sync()["queue"] == 12


# ---------------------------------------------------------------------------------------- damage


def pages_of(path, table):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        ((page,),) = connection.execute(query, [table])
    return page


@pytest.mark.parametrize("table", ["items", "annotations", "state", "batch_items", "runs"])
def test_a_page_that_was_overwritten_is_found(platform, tmp_path, table):
    """By the next sync that reads the page, or by the next full pull."""
    bridge = loop(platform, tmp_path, model=MODEL)
    bridge.sync()
    answer_all(platform)
    bridge.sync()
    path = tmp_path / ".bridge" / "state.db"
    page = pages_of(path, table)
    content = bytearray(path.read_bytes())
    noise = random.Random(0).randbytes(4096)
    content[(page - 1) * 4096 : page * 4096] = noise
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged|malformed") as caught:
        bridge.sync(full=True)
    assert "Restore a backup" in caught.value.fix
    assert str(path) in str(caught.value)
    (finding,) = (found for found in bridge.check() if found.name == "store")
    assert not finding.ok


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE annotations SET updated_at = '2026-13-01' WHERE id = 1", "time"),
        ("UPDATE annotations SET value = '{\"kind\": ' WHERE id = 1", "JSON"),
    ],
)
def test_a_value_that_cannot_be_read_is_no_bug(platform, tmp_path, statement, said):
    bridge = loop(platform, tmp_path, model=MODEL)
    bridge.sync()
    answer_all(platform)
    bridge.sync()
    with closing(sqlite3.connect(tmp_path / ".bridge" / "state.db")) as connection, connection:
        connection.execute(statement)
    with pytest.raises(StoreError, match=said) as caught:
        bridge.explain(next(iter(platform.answers)))
    assert "Restore a backup" in caught.value.fix
