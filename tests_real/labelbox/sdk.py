"""Labelbox's own SDK and its test suite, and our emulator to run them against.

    python tests_real/labelbox/sdk.py install   # once: about 400 MB in .cache/labelbox
    python tests_real/labelbox/sdk.py serve     # an emulator; prints how to reach it

Everything comes from the package index: the SDK into a virtual environment of its own, so that
nothing of it stands beside Bridge, and its source distribution, which holds the tests.
``BRIDGE_LABELBOX_SDK`` names another place for all of it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

VERSION = "7.17.0"
REQUIREMENTS = (
    f"labelbox[data]=={VERSION}",
    *("pytest<9", "pytest-cases", "pytest-order", "pytest-snapshot", "pytest-timeout"),
    *("faker", "psutil"),
)

# The suite labels 112 to 128 of a text on the internet, and wants " sollicitudin nis" back, which
# tells that the end is inclusive. Neither the emulator nor the suite fetches it in our runs.
SAMPLE_TEXT_URL = "https://storage.googleapis.com/lb-test-data/cataflow/media/sample-text.txt"
SAMPLE_TEXT = f"{'.' * 112} sollicitudin nisl"

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HOME = Path(os.environ.get("BRIDGE_LABELBOX_SDK") or ROOT / ".cache" / "labelbox").resolve()
VENV = HOME / f"venv-{VERSION}"
PYTHON = VENV / "bin" / "python"
SOURCE = HOME / f"labelbox-{VERSION}"


@dataclass(frozen=True)
class Served:
    """A running emulator: address of its GraphQL service, and the key that it takes."""

    endpoint: str
    api_key: str

    @property
    def base(self) -> str:
        """Address of the server, without a slash at the end."""
        return self.endpoint.removesuffix("/graphql")


def install() -> None:
    """Fetch what is not there yet; an install that broke off is begun anew."""
    HOME.mkdir(parents=True, exist_ok=True)
    done = VENV / "installed.json"
    if not done.exists() or json.loads(done.read_text()) != list(REQUIREMENTS):
        _run([sys.executable, "-m", "venv", "--clear", str(VENV)])
        _run([str(PYTHON), "-m", "pip", "install", "--quiet", *REQUIREMENTS])
        done.write_text(json.dumps(REQUIREMENTS))
    if not SOURCE.exists():
        wanted = ["--quiet", "--no-deps", "--no-binary", ":all:", f"labelbox=={VERSION}"]
        _run([str(PYTHON), "-m", "pip", "download", *wanted, "--dest", str(HOME)])
        _unpack(HOME / f"labelbox-{VERSION}.tar.gz")


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, cwd=HOME)


def _unpack(archive: Path) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(HOME / "unpacking", filter="data")
    inner = HOME / "unpacking" / SOURCE.name
    # The distribution lacks these, and the suite imports its own modules as packages.
    for folder in [inner / "tests", *(p for p in (inner / "tests").rglob("*") if p.is_dir())]:
        (folder / "__init__.py").touch()
    inner.rename(SOURCE)


def environment(served: Served, **more: str) -> dict[str, str]:
    """Return the environment in which the suite meets the emulator; no other secret gets in."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "LABELBOX_TEST_ENVIRON": "custom",
        "LABELBOX_TEST_API_KEY": served.api_key,
        "LABELBOX_TEST_GRAPHQL_API_ENDPOINT": served.endpoint,
        "LABELBOX_TEST_REST_API_ENDPOINT": f"{served.base}/api/v1",
        **more,
    }


@contextmanager
def serving(**conditions: float) -> Iterator[Served]:
    """Run an emulator in a process of its own for the time of a block.

    Args:
        conditions: fields of :class:`bridge_labelbox.emulator.faults.Faults`.
    """
    command = [sys.executable, str(HERE / "sdk.py"), "serve", json.dumps(conditions)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # it is a pipe
            yield Served(**json.loads(process.stdout.readline()))
        finally:
            process.terminate()


def serve(conditions: Mapping[str, float]) -> None:
    """Serve in the foreground, until terminated."""
    from bridge_labelbox.emulator import Emulator

    emulator = Emulator()
    emulator.world.contents = {SAMPLE_TEXT_URL: SAMPLE_TEXT}
    for name, value in conditions.items():
        setattr(emulator.faults, name, value)
    emulator.bind()
    print(json.dumps({"endpoint": emulator.url, "api_key": emulator.api_key}), flush=True)
    emulator.serve()


def main() -> None:
    parser = argparse.ArgumentParser(description="Labelbox's SDK beside our emulator.")
    parser.add_argument("do", choices=["install", "serve"])
    parser.add_argument("conditions", nargs="?", default="{}", help="of the emulator, as JSON")
    given = parser.parse_args()
    if given.do == "install":
        install()
    else:
        serve(json.loads(given.conditions))


if __name__ == "__main__":
    main()
