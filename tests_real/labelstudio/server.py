"""A real Label Studio for tests: its own virtual environment, SQLite, loopback only.

    python tests_real/labelstudio/server.py install   # once: about 1 GB in .cache/label-studio
    python tests_real/labelstudio/server.py start     # prints address and key
    python tests_real/labelstudio/server.py stop

The first start migrates a database, which takes a minute of CPU time; it is kept as a template and
copied for every later start. ``BRIDGE_LABELSTUDIO_VENV`` names another place for all of it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import requests

VERSION = "1.23.2"
USER = "owner@example.com"
PASSWORD = "a-password-for-loopback"  # opens nothing but this throw-away server
START_S = 600

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("BRIDGE_LABELSTUDIO_VENV") or ROOT / ".cache" / "label-studio").resolve()
VENV = HOME / "venv"
TEMPLATE = HOME / f"template-{VERSION}"
RUNNING = HOME / "running.json"

# Label Studio reads every setting under its bare name too, so whatever CI sets must not reach it.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
_started: dict[int, subprocess.Popen[bytes]] = {}  # by this process; others only have the id
_SETTINGS = {
    "DJANGO_DB": "sqlite",
    "COLLECT_ANALYTICS": "0",
    "LATEST_VERSION_CHECK": "0",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "LOG_LEVEL": "WARNING",
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
}


@dataclass(frozen=True)
class Server:
    """A running server, and how to get in.

    Attributes:
        url: such as ``http://127.0.0.1:41234``.
        token: the owner's legacy key.
    """

    url: str
    token: str
    pid: int
    data: str


def install() -> None:
    """Install Label Studio into its own virtual environment, unless it is there."""
    if (VENV / "bin" / "label-studio").exists():
        return
    HOME.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    subprocess.run([str(VENV / "bin" / "pip"), "install", "--quiet", "uv"], check=True)
    wanted = ["--quiet", "--compile-bytecode", "--python", str(VENV / "bin" / "python")]
    command = [str(VENV / "bin" / "uv"), "pip", "install", *wanted, f"label-studio=={VERSION}"]
    subprocess.run(command, check=True)


def start() -> Server:
    """Start a server on a fresh copy of the template; make the template first if there is none."""
    install()
    if not TEMPLATE.exists():
        _make_template()
    data = Path(tempfile.mkdtemp(prefix="bridge-label-studio-"))
    shutil.copytree(TEMPLATE, data, dirs_exist_ok=True)
    return _run(data)


def stop(server: Server) -> None:
    """End the server and delete its data."""
    _end(server.pid)
    shutil.rmtree(server.data, ignore_errors=True)


@contextmanager
def running() -> Iterator[Server]:
    """Run a server for the time of a block."""
    server = start()
    try:
        yield server
    finally:
        stop(server)


def _make_template() -> None:
    fresh = Path(tempfile.mkdtemp(prefix="template-", dir=HOME))
    _end(_run(fresh).pid)
    (fresh / "server.log").unlink()
    fresh.rename(TEMPLATE)


def _run(data: Path) -> Server:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]  # Label Studio would silently take another one if it is busy
    token = "0123456789abcdef" * 2 + "01234567"  # the template's database keeps this key
    command = [
        *(str(VENV / "bin" / "label-studio"), "start", "--no-browser"),
        *("--internal-host", "127.0.0.1", "--port", str(port), "--data-dir", str(data)),
        *("--username", USER, "--password", PASSWORD, "--user-token", token),
        "--enable-legacy-api-token",
    ]
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= _SETTINGS | {"LABEL_STUDIO_BASE_DATA_DIR": str(data)}
    with (data / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _started[process.pid] = process
    server = Server(f"http://127.0.0.1:{port}", token, process.pid, str(data))
    try:
        _await(server, process, data / "server.log")
    except BaseException:
        _end(server.pid)
        raise
    return server


def _await(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise RuntimeError(f"Label Studio did not start:\n{_tail(log)}")
            try:
                if session.get(f"{server.url}/health", timeout=5).status_code == 200:
                    return
            except requests.RequestException:
                pass  # not up yet; the deadline decides
            time.sleep(0.3)
    raise RuntimeError(f"Label Studio was not up after {START_S} s:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-20:])


def _end(pid: int) -> None:
    """End a process group that this module started: politely, then not."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            return
        for _ in range(50):
            if _gone(pid):
                return
            time.sleep(0.1)


def _gone(pid: int) -> bool:
    process = _started.get(pid)
    if process is None:
        return not Path(f"/proc/{pid}").exists()
    return process.poll() is not None


def main() -> None:
    """Do one of install, start, stop."""
    parser = argparse.ArgumentParser(description="A real Label Studio for tests.")
    parser.add_argument("what", choices=["install", "start", "stop"])
    match parser.parse_args().what:
        case "install":
            install()
        case "start":
            server = start()
            RUNNING.write_text(json.dumps(asdict(server)), encoding="utf-8")
            print(json.dumps(asdict(server)))
        case _:
            stop(Server(**json.loads(RUNNING.read_text("utf-8"))))
            RUNNING.unlink()


if __name__ == "__main__":
    main()
