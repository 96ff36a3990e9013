"""Does anything leak? Run: python benchmarks/no_ops.py [--syncs N] [--wire N] [--processes N]

Syncs with nothing new: thousands in one process over a platform in memory, many in one process over
the emulated Labelbox on a socket, and some as processes of their own. Told at ten points of each:
anonymous memory, objects that Python tracks, open descriptors and threads of the syncing process;
rows of the journal and of everything else, files and MiB of the store's folder, and files in the
folder for temporary ones. The exit code is 1 if any of these grew in the last half, where the
journal is full (it keeps the newest 1,000 runs) and what is loaded once is loaded. Descriptors,
threads, files and rows may not grow at all; memory by 2 MiB, as the allocator's pages come and go,
and the store by 0.1 MiB.
"""

from __future__ import annotations

import argparse
import gc
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import sync_costs

from bridge.api import Bridge
from bridge.labeled import Labeled
from bridge.oracle import OraclePlatform
from bridge.records import Item, LabelClass, LabelSchema

POINTS = 10
MEMORY_MIB = 2.0
STORE_MIB = 0.1  # a run's number and its times may take a digit more
JOURNAL = ("runs", "steps")


@dataclass(frozen=True)
class Look:
    """What there is of everything that could leak."""

    syncs: int
    seconds: float
    memory_mib: float
    objects: int
    descriptors: int
    threads: int
    journal_rows: int
    other_rows: int
    files: int
    store_mib: float
    temporary: int


def look(directory: Path, syncs: int, began: float) -> Look:
    store = directory / ".bridge"
    files = [path for path in store.rglob("*") if path.is_file()]
    rows = {}
    with closing(sqlite3.connect(store / "state.db")) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            (rows[table],) = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return Look(
        syncs=syncs,
        seconds=round(time.perf_counter() - began, 1),
        memory_mib=round(int(status.partition("RssAnon:")[2].split()[0]) / 1024, 1),
        objects=len(gc.get_objects()),
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        threads=threading.active_count(),
        journal_rows=sum(rows[name] for name in JOURNAL),
        other_rows=sum(number for name, number in rows.items() if name not in JOURNAL),
        files=len(files),
        store_mib=round(sum(path.stat().st_size for path in files) / 2**20, 2),
        temporary=len(list(Path(tempfile.gettempdir()).iterdir())),
    )


def watch(what: str, number: int, directory: Path, sync: Callable[[], None]) -> list[str]:
    """Sync so many times; print what there is on the way; return what grew in the last half."""
    print(f"\n{what}\n| {' | '.join(Look.__dataclass_fields__)} |", flush=True)
    began, looks = time.perf_counter(), []
    for done in range(1, number + 1):
        sync()
        if done % max(1, number // POINTS) == 0:
            looks.append(look(directory, done, began))
            print(f"| {' | '.join(map(str, asdict(looks[-1]).values()))} |", flush=True)
    middle, last = asdict(looks[len(looks) // 2]), asdict(looks[-1])
    full = middle["syncs"] > 1000  # only then must the journal have stopped growing
    exact = ["descriptors", "threads", "other_rows", "files", "temporary"]
    exact += ["journal_rows"] if full else []
    grew = [name for name in exact if last[name] > middle[name]]
    grew += ["store_mib"] if full and last["store_mib"] > middle["store_mib"] + STORE_MIB else []
    grew += ["memory_mib"] if last["memory_mib"] > middle["memory_mib"] + MEMORY_MIB else []
    return [f"{what}: {name} grew from {middle[name]} to {last[name]}" for name in grew]


def texts(number: int) -> list[Labeled]:
    kinds = {"ham": "meeting report lunch", "spam": "money prize offer"}
    return [
        Labeled(
            item=Item(key=f"{kind}-{place}", text=f"{words} number {place}"),
            classes=(kind,),
        )
        for place in range(number)
        for kind, words in kinds.items()
    ]


def in_memory(directory: Path, number: int) -> list[str]:
    schema = LabelSchema(
        task="single",
        question="kind",
        classes=(LabelClass(id="ham", name="ham"), LabelClass(id="spam", name="spam")),
    )
    platform = OraclePlatform(texts(500), schema)
    settings = {
        # The platform is given; of these only the sections below count.
        "platform": {"type": "labelbox", "api_key": "none", "project": "p", "datasets": ["d"]},
        "queue": {"depth": 40, "batch": 10},
        "sync": {"full_every_hours": 0},
    }
    os.environ["BRIDGE_NO_OPS_KEY"] = "none"
    settings["platform"]["api_key"] = "${BRIDGE_NO_OPS_KEY}"
    with Bridge.from_settings(settings, directory=directory, platform=platform) as bridge:
        bridge.sync()
        platform.answer(30)
        bridge.sync()

        def sync() -> None:
            assert bridge.sync().status == "unchanged"

        return watch(f"{number} syncs in one process, platform in memory", number, directory, sync)


def over_the_wire(directory: Path, number: int, processes: int) -> list[str]:
    data = directory / "data.jsonl"
    data.write_text(
        "".join(
            f'{{"key": "{one.item.key}", "text": "{one.item.text}", "label": "{one.classes[0]}"}}\n'
            for one in texts(250)
        )
    )
    server, said = sync_costs.start_emulator(data)
    try:
        os.environ["BRIDGE_COSTS_KEY"] = said.pop("api_key").strip('"')
        reach = "\n".join(f"{name} = {value}" for name, value in said.items())
        config = directory / "bridge.toml"
        config.write_text(sync_costs.TOML.format(reach=reach + '\napi_key = "${BRIDGE_COSTS_KEY}"'))
        with Bridge.from_config(config) as bridge:
            bridge.sync()

            def sync() -> None:
                assert bridge.sync().status == "unchanged"

            what = f"{number} syncs in one process, emulated Labelbox"
            grew = watch(what, number, directory, sync)

        def run() -> None:
            command = [sys.executable, "-m", "bridge", "sync", "--quiet", "-c", str(config)]
            subprocess.run(command, check=True)

        what = f"{processes} syncs, each a process; descriptors and memory are the parent's"
        return grew + watch(what, processes, directory, run)
    finally:
        server.terminate()
        server.wait(20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--syncs", type=int, default=10_000)
    parser.add_argument("--wire", type=int, default=3000)
    parser.add_argument("--processes", type=int, default=200)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bridge-no-ops-") as scratch:
        scratch_files = Path(scratch) / "tmp"  # of its own, so that others' files do not count
        scratch_files.mkdir()
        os.environ["TMPDIR"] = tempfile.tempdir = str(scratch_files)
        for name in ("memory", "wire"):
            (Path(scratch) / name).mkdir()
        grew = in_memory(Path(scratch) / "memory", given.syncs)
        grew += over_the_wire(Path(scratch) / "wire", given.wire, given.processes)
    for line in grew:
        print(line)
    if grew:
        raise SystemExit("something leaks")
    print("\nnothing grew")


if __name__ == "__main__":
    main()
