"""What would a hundred million items cost? Run: python benchmarks/scale.py [--items N N]

A loop of each of two sizes, each in a process of its own, on a platform in that process that costs
nothing: a first sync, then 100 answers and a sync that trains, then one with nothing new and one
that pulls everything. Measured: bytes that an item takes in the store and in the feature cache, CPU
seconds of each step, and CPU milliseconds of each query that reads the pool. Told with each: what a
million items more cost, by the difference of the two sizes, and the exponent between them: 0 does
not grow, 1 grows in proportion. Then the arithmetic to 1, 10 and 100 million, and money at the
prices given. It is arithmetic, not a measurement; docs/scale.md says what it leaves out.

Texts are those of benchmarks/turnaround.py: 50 to 100 words. Seconds are of this machine.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from turnaround import Meter, Platform, loop

from bridge.api import Bridge
from bridge.store import items
from bridge.store.batches import queue
from bridge.store.database import open_store
from bridge.store.sweep import begin_sweep, missing_from_sweep

CLASSES = 10
ANSWERS = 100
SIZES = (1_000_000, 10_000_000, 100_000_000)

QUERIES: dict[str, Callable[[Connection], Any]] = {
    "count (sync, status)": items.count,
    "pool_ids (rank of a small rest)": items.pool_ids,
    "in_line (rank)": lambda connection: items.in_line(connection, 100),
    "hold_out_in_line (rank)": lambda connection: items.hold_out_in_line(connection, 100),
    "hold_out_answered (report)": items.hold_out_answered,
    "content_mark (encode)": items.content_mark,
    "items_since (encode, nothing new)": lambda c: list(
        items.items_since(c, items.content_mark(c))
    ),
    "changed_since (train)": lambda connection: items.changed_since(connection, 0),
    "answers (train)": lambda connection: list(items.answers(connection)),
    "queue (rank, push)": queue,
    "missing_from_sweep (full pull)": lambda c: missing_from_sweep(c, begin_sweep(c)),
    "quick_check (full pull)": lambda c: c.exec_driver_sql("PRAGMA quick_check(1)").scalar(),
}


# ------------------------------------------------------------------------------------- measuring


def measure(number: int) -> dict[str, Any]:
    """Run the loop with so many items; return seconds by sync and step, bytes and queries."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        platform = Platform(directory, number, CLASSES)
        found: dict[str, Any] = {"items": number, "queries": {}, "bytes": {}}
        bridge, meter = measured(directory, platform)
        first = measured_steps(meter, bridge.sync)
        platform.answer(ANSWERS)
        taught = measured_steps(meter, bridge.sync)
        idle = measured_steps(meter, bridge.sync)
        again = measured_steps(meter, lambda: bridge.sync(full=True))
        steps = {"pull, first": first["pull"]} | {n: taught[n] for n in ("encode", "train", "rank")}
        steps["nothing new"] = (sum(s for s, _ in idle.values()), max(m for _, m in idle.values()))
        steps["pull, all again"] = again["pull"]
        found["steps"] = {name: cpu for name, (cpu, _) in steps.items()}
        found["peaks"] = {name: peak for name, (_, peak) in steps.items()}
        store = bridge.settings.store_directory
        found["queries"] = {name: milliseconds(store, query) for name, query in QUERIES.items()}
        found["bytes"] = {
            "store": size(store, "state.db*"),
            "features": size(store, "features/**/*"),
            "models": size(store, "models/**/*"),
        }
    return found


def measured(directory: Path, platform: Platform) -> tuple[Bridge, Meter]:
    meter = Meter()
    return loop(directory, platform, meter), meter


def measured_steps(meter: Meter, act: Callable[[], object]) -> dict[str, tuple[float, float]]:
    """Return CPU seconds and peak MiB of each step of what is done."""
    before = len(meter.rows)
    act()
    meter.end()
    return {name: (cpu, peak) for name, cpu, _, peak in meter.rows[before:]}


def milliseconds(directory: Path, query: Callable[[Connection], Any]) -> float:
    """Return the CPU milliseconds of a query, the better of two."""
    best = math.inf
    for _ in range(2):
        store = open_store(directory)
        with store.begin() as connection:
            began = time.process_time()
            query(connection)
            best = min(best, time.process_time() - began)
        store.close()
    return best * 1000


def size(directory: Path, pattern: str) -> int:
    return sum(p.stat().st_size for p in directory.glob(pattern) if p.is_file())


# ------------------------------------------------------------------------------------- telling


def exponent(small: float, large: float, times: float) -> float:
    """Return e where large = small * times**e; 0 where both are too small to say."""
    if min(small, large) <= 0:
        return 0.0
    return math.log(large / small) / math.log(times)


def tell(small: dict[str, Any], large: dict[str, Any], cpu_hour: float, gb_month: float) -> None:
    number = large["items"]
    times = number / small["items"]
    print(f"| step, CPU s | {small['items']:,} | {number:,} | a million | exponent | peak, MiB |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, after in large["steps"].items():
        before = small["steps"][name]
        grows = exponent(before, after, times)
        million = max(0.0, after - before) * 1e6 / (number - small["items"])
        peaks = f"{small['peaks'][name]:.0f}, {large['peaks'][name]:.0f}"
        print(f"| {name} | {before:.1f} | {after:.1f} | {million:,.0f} | {grows:.1f} | {peaks} |")
    print("\n| query, CPU ms | small | large | a million | exponent |")
    print("|---|---:|---:|---:|---:|")
    for name, after in large["queries"].items():
        before = small["queries"][name]
        grows = exponent(max(before, 0.1), max(after, 0.1), times)
        million = max(0.0, after - before) * 1e6 / (number - small["items"])
        print(f"| {name} | {before:.1f} | {after:.1f} | {million:,.0f} | {grows:.1f} |")
    print("\n| bytes an item | small | large |")
    print("|---|---:|---:|")
    for name in ("store", "features"):
        each = [found["bytes"][name] / found["items"] for found in (small, large)]
        print(f"| {name} | {each[0]:,.0f} | {each[1]:,.0f} |")
    print(f"\nOne model takes {large['bytes']['models'] / 1024:,.0f} KiB.\n")
    for line in projection(small, large, cpu_hour, gb_month):
        print(line)


def projection(
    small: dict[str, Any], large: dict[str, Any], cpu_hour: float, gb_month: float
) -> Iterator[str]:
    """Yield the table of what the sizes would cost, in proportion to what was measured."""
    more = large["items"] - small["items"]
    each = {
        name: max(0.0, after - small["steps"][name]) / more
        for name, after in large["steps"].items()
    }
    store, features = (large["bytes"][name] / large["items"] for name in ("store", "features"))
    once = each["pull, first"] + each["encode"]
    turn = each["rank"] + each["nothing new"]
    rows = {
        "store, GB": lambda n: f"{store * n / 1e9:,.1f}",
        "features, GB": lambda n: f"{features * n / 1e9:,.1f}",
        "disk, $ a month": lambda n: f"{(store + features) * n / 1e9 * gb_month:,.2f}",
        "pulled and encoded once, CPU hours": lambda n: f"{once * n / 3600:,.1f}",
        "that, $": lambda n: f"{once * n / 3600 * cpu_hour:,.2f}",
        "a turn that ranks, CPU minutes": lambda n: f"{turn * n / 60:,.1f}",
        "that turn, $": lambda n: f"{turn * n / 3600 * cpu_hour:,.2f}",
        "a sync with nothing new, CPU seconds": lambda n: f"{each['nothing new'] * n:,.0f}",
        "a full pull, CPU hours": lambda n: f"{each['pull, all again'] * n / 3600:,.1f}",
    }
    yield "| | " + " | ".join(f"{number:,}" for number in SIZES) + " |"
    yield "|---|" + "---:|" * len(SIZES)
    for name, value in rows.items():
        yield f"| {name} | " + " | ".join(value(number) for number in SIZES) + " |"
    yield f"\nAt ${cpu_hour} a CPU hour and ${gb_month} a GB-month."


def main() -> None:
    parser = argparse.ArgumentParser(description="What would a hundred million items cost?")
    parser.add_argument("--items", type=int, nargs=2, default=[50_000, 200_000])
    parser.add_argument("--cpu-hour", type=float, default=0.045, help="$ an hour of one core")
    parser.add_argument("--gb-month", type=float, default=0.08, help="$ a GB of disk a month")
    parser.add_argument("--results", type=Path, help="keep or read what was measured, as JSON")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one)))
        return
    if options.results and options.results.exists():
        found = json.loads(options.results.read_text())
    else:
        found = [of_its_own(number) for number in sorted(options.items)]
        if options.results:
            options.results.write_text(json.dumps(found, indent=1))
    tell(*found, options.cpu_hour, options.gb_month)


def of_its_own(number: int) -> dict[str, Any]:
    """Measure in a process of its own, so that peaks do not add up."""
    command = [sys.executable, __file__, "--one", str(number)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(json.loads(said.splitlines()[-1]))


if __name__ == "__main__":
    main()
