"""What does a sync cost? Run: python benchmarks/sync_costs.py [--pools 10000 100000]

Against the emulated Labelbox in a process of its own, for each pool size: the first sync (which
pulls and queues), a sync with 100 answers (which encodes the pool once), a sync with 100 new
answers after that, and one with nothing new; an hour passes on the platform between them.
Reported: wall and CPU seconds of the sync's process, seconds by step, calls to the platform, and
the greatest resident memory. Texts are made of a Zipf-like vocabulary, about 60 words each; seconds
are of this machine, their ratios carry over. Bytecode is compiled before, as an installer does it.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

TOML = """
[platform]
type = "labelbox"
{reach}
poll_interval_s = 0.05

[queue]
depth = 100
batch = 20
"""

WORDS = [f"word{n}" for n in range(20_000)]
MARKS = {"ham": ["meeting", "report", "lunch"], "spam": ["money", "prize", "offer"]}


def texts(count: int, seed: int = 0) -> list[dict[str, str]]:
    rng = random.Random(seed)
    weights = [1 / (rank + 10) for rank in range(len(WORDS))]
    drawn = rng.choices(WORDS, weights=weights, k=count * 59)
    rows = []
    for n in range(count):
        label = "spam" if rng.random() < 0.1 else "ham"
        words = [*drawn[n * 59 : n * 59 + 59], rng.choice(MARKS[label])]
        rows.append({"key": f"{label}-{n}", "text": " ".join(words), "label": label})
    return rows


def compile_sources() -> None:
    """Have bytecode, as an installed Bridge has it, whatever the environment says of writing it."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for name in ("bridge", "adapters"):
        compileall.compile_dir(Path(__file__).parents[1] / name, quiet=1)


def start_emulator(data: Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
    server = subprocess.Popen(
        [sys.executable, "-m", "bridge", "emulate", "labelbox", "--data", str(data)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    said: dict[str, str] = {}
    while len(said) < 4:
        line = server.stdout.readline()
        if not line:
            raise SystemExit("the emulator ended")
        if match := re.match(r"(endpoint|api_key|project|datasets) = (.*)", line):
            said[match[1]] = match[2]
    return server, said


def sync(config: Path, *options: str) -> dict[str, object]:
    """Run one sync in a process of its own, and measure it from outside."""
    before = os.times()
    began = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-m", "bridge", "sync", "--json", "-c", str(config), *options],
        capture_output=True,
        text=True,
        check=False,
    )
    wall = time.perf_counter() - began
    after = os.times()
    if ran.returncode:
        raise SystemExit(ran.stdout + ran.stderr)
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return json.loads(ran.stdout) | {"process_wall": wall, "process_cpu": cpu}


def answer(control: str, project: str, number: int) -> int:
    """Let people answer the first of the queue."""
    queue = requests.get(f"{control}/projects/{project}/queue", timeout=60).json()["keys"]
    for key in queue[:number]:
        body = {"key": key, "classes": [key.split("-")[0]], "annotator": "ann@example.com"}
        requests.post(
            f"{control}/projects/{project}/answer", json=body, timeout=60
        ).raise_for_status()
    return min(number, len(queue))


def measure(pool: int) -> None:
    with tempfile.TemporaryDirectory(prefix="bridge-costs-") as scratch:
        directory = Path(scratch)
        data = directory / "data.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in texts(pool)), encoding="utf-8")
        server, said = start_emulator(data)
        try:
            os.environ["BRIDGE_COSTS_KEY"] = json.loads(said.pop("api_key"))
            reach = "\n".join(f"{name} = {value}" for name, value in said.items())
            config = directory / "bridge.toml"
            config.write_text(TOML.format(reach=reach + '\napi_key = "${BRIDGE_COSTS_KEY}"'))
            control = json.loads(said["endpoint"]).replace("/graphql", "/emulator")
            project = json.loads(said["project"])
            print(f"\npool of {pool:,}")
            for name, answers in (
                ("first sync", 0),
                ("100 answers, first model", 100),
                ("100 new answers", 100),
                ("nothing new", 0),
            ):
                answer(control, project, answers)
                # An hour between the syncs: else each would read the upload again, as too fresh.
                hour = {"seconds": 3600}
                requests.post(f"{control}/clock", json=hour, timeout=60).raise_for_status()
                report(name, sync(config))
        finally:
            server.terminate()
            server.wait(20)


def report(name: str, result: dict[str, object]) -> None:
    steps = ", ".join(f"{s['name']} {s['seconds']:.2f}" for s in result["steps"])  # type: ignore[attr-defined]
    print(
        f"  {name:25} wall {result['process_wall']:6.2f} s, CPU {result['process_cpu']:6.2f} s, "
        f"{result['calls']:3} calls, {result['peak_memory_mib']:6.1f} MiB  [{steps}]"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pools", type=int, nargs="*", default=[10_000, 100_000])
    given = parser.parse_args()
    compile_sources()
    for pool in given.pools:
        measure(pool)


if __name__ == "__main__":
    main()
