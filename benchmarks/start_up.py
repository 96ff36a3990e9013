"""What does a start cost? Run: python benchmarks/start_up.py [--rounds 9]

CPU seconds of whole processes, and times that of a bare click program, which each round measures
again, so that what else the machine does falls on both. Bytecode is compiled before, as an
installer does it. ``sync`` is one with nothing new, against the emulated Labelbox, with a champion.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import requests

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.sync_costs import TOML, answer, compile_sources, start_emulator, texts  # noqa: E402

CLICK = "import click\n@click.command()\ndef main(): pass\nmain(['--help'], prog_name='x')"
SCIENCE = ("numpy", "scipy", "sklearn")
LOADED = "import sys\n{}\nprint(*(n for n in {} if n in sys.modules))"
PROGRAM = (
    "from bridge.cli import main\ntry: main({!r}, prog_name='bridge')\nexcept SystemExit: pass"
)


def cpu(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cases(config: Path) -> dict[str, list[str]]:
    found = {
        "bare click --help": ["-c", CLICK],
        "bridge --help": ["-m", "bridge", "--help"],
        "bridge status": ["-m", "bridge", "status", "-c", str(config)],
        "bridge sync, nothing new": ["-m", "bridge", "sync", "-q", "-c", str(config)],
        "import bridge": ["-c", "import bridge"],
        "import sqlalchemy": ["-c", "import sqlalchemy"],
        "import requests": ["-c", "import requests"],
        "import pydantic": ["-c", "from pydantic import BaseModel"],
    }
    for package, name in (
        ("bridge_labelbox", "LabelboxPlatform"),
        ("bridge_labelstudio", "LabelStudioPlatform"),
        ("bridge_prodigy", "Prodigy"),
    ):
        found[f"{name} alone"] = ["-c", f"from {package} import {name}"]
    return found


def measure(config: Path, rounds: int) -> None:
    commands = {name: [sys.executable, *words] for name, words in cases(config).items()}
    took: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            took[name].append(cpu(command))
    bare = took["bare click --help"]
    print(f"CPU seconds, median of {rounds} (least to most), and times bare click's")
    for name, seconds in took.items():
        ratio = statistics.median(a / b for a, b in zip(seconds, bare, strict=True))
        middle = statistics.median(seconds)
        print(
            f"  {name:26} {middle:.3f} ({min(seconds):.3f} to {max(seconds):.3f})  {ratio:5.1f}"
            f"  loads of NumPy, SciPy, scikit-learn: {science(commands[name])}"
        )


def science(command: list[str]) -> str:
    """Name what a command loads of them."""
    _, flag, *words = command
    code = words[0] if flag == "-c" else PROGRAM.format(words[1:])
    code = code.replace("main(['--help'], prog_name='x')", "")
    ran = subprocess.run(
        [sys.executable, "-c", LOADED.format(code, SCIENCE)],
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.splitlines()[-1] or "none"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    compile_sources()
    with tempfile.TemporaryDirectory(prefix="bridge-start-") as scratch:
        directory = Path(scratch)
        data = directory / "data.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in texts(500)), encoding="utf-8")
        server, said = start_emulator(data)
        try:
            os.environ["BRIDGE_COSTS_KEY"] = json.loads(said.pop("api_key"))
            reach = "\n".join(f"{name} = {value}" for name, value in said.items())
            config = directory / "bridge.toml"
            config.write_text(TOML.format(reach=reach + '\napi_key = "${BRIDGE_COSTS_KEY}"'))
            control = json.loads(said["endpoint"]).replace("/graphql", "/emulator")
            for answers in (0, 100):
                answer(control, json.loads(said["project"]), answers)
                cpu([sys.executable, "-m", "bridge", "sync", "-c", str(config)])
                # Else each sync would read the upload again, as too fresh.
                hour = {"seconds": 3600}
                requests.post(f"{control}/clock", json=hour, timeout=60).raise_for_status()
            measure(config, given.rounds)
        finally:
            server.terminate()
            server.wait(20)


if __name__ == "__main__":
    main()
