"""Bridge embedded in a process that lives long: nothing piles up; see benchmarks/no_ops.py, too."""

import gc
import threading
import types
import weakref
from collections import Counter
from pathlib import Path

from sqlalchemy import func, select

from bridge.store import journal, tables
from bridge.sync import store_of
from memory_platform import MemoryPlatform, loop, mail

SYNCS = 60
KEPT = 20


def left(bridge):
    """Return how much there is of everything that could pile up."""
    gc.collect()
    directory = bridge.settings.store_directory
    with store_of(bridge.settings) as store, store.begin() as connection:
        rows = {
            table.name: connection.scalar(select(func.count()).select_from(table))
            for table in tables.metadata.sorted_tables
        }
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {
        "files": sorted(path.relative_to(directory).as_posix() for path in files),
        "bytes": sum(path.stat().st_size for path in files),
        "rows": rows,
    }


def opened():
    """Return how many descriptors the process holds."""
    return len(list(Path("/proc/self/fd").iterdir()))


def alive():
    """Count objects by type, but for those of the caches of ``isinstance``."""
    gc.collect()
    counted = Counter(map(type, gc.get_objects()))
    for cached in (weakref.ReferenceType, types.BuiltinFunctionType):
        del counted[cached]
    return counted


def test_syncs_with_nothing_new_leave_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "RUNS_KEPT", KEPT)
    platform = MemoryPlatform()
    platform.add(*mail(30).values())
    bridge = loop(platform, tmp_path, model={"estimator": "story_learner:Remembering"})
    bridge.sync()
    for key in platform.queued[:8]:
        platform.answer(key, "ham")
    for _ in range(KEPT + 10):  # until the journal is full, and everything is imported
        bridge.sync()
    before, objects = left(bridge), alive()
    # What tests before this one left may yet end; nothing may begin and stay.
    threads, descriptors = set(threading.enumerate()), opened()
    for _ in range(SYNCS):
        assert bridge.sync().status == "unchanged"
    after, grown = left(bridge), alive() - objects
    assert after == before
    assert set(threading.enumerate()) <= threads
    assert opened() <= descriptors
    assert before["rows"]["runs"] == KEPT
    assert grown.total() < SYNCS / 2, grown.most_common(5)
