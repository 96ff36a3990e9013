"""The same promises with Prodigy's tables on a PostgreSQL server.

The tables are the stand-in's: what Prodigy itself makes on PostgreSQL is unverified.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from bridge.errors import AuthError, PlatformError
from bridge.records import TaskType
from bridge.testing import PlatformSuite
from bridge_prodigy import ProdigySettings, connect
from bridge_prodigy.emulator import Emulator
from prodigy_rig import ProdigyRig

BINARIES = Path("/usr/lib/postgresql/15/bin")
PASSWORD = "hunter2/@:"
QUOTED = "hunter2%2F%40%3A"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (BINARIES / "initdb").exists() or os.geteuid() != 0,
        reason="needs PostgreSQL 15 and the right to become user postgres",
    ),
]


class Server:
    """A PostgreSQL server on the loopback interface, for these tests alone."""

    url = ""

    @classmethod
    def start(cls, folder: Path) -> subprocess.Popen[bytes]:
        shutil.chown(folder, "postgres")
        secret = folder / "password"
        secret.write_text(PASSWORD)
        shutil.chown(secret, "postgres")
        data = str(folder / "data")
        command: list[str | Path] = [
            BINARIES / "initdb",
            "-D",
            data,
            "-U",
            "prodigy",
            "-A",
            "scram-sha-256",
        ]
        subprocess.run(
            [*command, "-A", "scram-sha-256", "--pwfile", secret, "-N", "-E", "UTF8"],
            user="postgres",
            check=True,
            capture_output=True,
            cwd=folder,
        )
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        cls.url = f"postgresql://prodigy:{QUOTED}@127.0.0.1:{port}"
        command = [BINARIES / "postgres", "-D", data, "-p", str(port), "-k", str(folder)]
        return subprocess.Popen(
            [*command, "-h", "127.0.0.1", "-F"],
            user="postgres",
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @classmethod
    def ready(cls) -> bool:
        command: list[str | Path] = [BINARIES / "pg_isready", "-q", "-d", cls.url]
        return subprocess.run(command, check=False).returncode == 0


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        process = Server.start(Path(folder))
        try:
            for _ in range(300):
                if Server.ready():
                    break
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(0.1)
            else:
                pytest.fail("PostgreSQL did not start within 30 s")
            yield
        finally:
            process.terminate()
            process.wait(30)


def execute(*statements: str) -> None:
    engine = sa.create_engine(
        f"{Server.url.replace('postgresql', 'postgresql+psycopg')}/postgres",
        isolation_level="AUTOCOMMIT",
        poolclass=sa.NullPool,
    )
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


@contextmanager
def postgres_rig(task: TaskType, classes: tuple[str, ...]) -> Iterator[ProdigyRig]:
    name = f"prodigy_{os.urandom(4).hex()}"
    execute(f"CREATE DATABASE {name}")
    with tempfile.TemporaryDirectory() as folder:
        database = f"{Server.url}/{name}"
        emulator = Emulator(Path(folder), classes, multi=task == "multi", database_url=database)
        yield ProdigyRig(emulator)
    execute(f"DROP DATABASE {name}")


class TestProdigyOnPostgres(PlatformSuite, rig=postgres_rig):
    """The Prodigy adapter keeps Bridge's promises when the answers are on a server."""


def settings(tmp_path: Path, database: str) -> ProdigySettings:
    (tmp_path / "pool.jsonl").touch()
    return ProdigySettings(
        dataset="d",
        source=tmp_path / "pool.jsonl",
        queue=tmp_path / "queue.jsonl",
        classes=("a", "b"),
        database_url=SecretStr(database),
    )


def test_a_wrong_password(tmp_path: Path) -> None:
    url = Server.url.replace(QUOTED, "guess")
    platform = connect(settings(tmp_path, f"{url}/postgres"))
    with pytest.raises(AuthError) as caught:
        list(platform.pull(None))
    assert caught.value.fix
    assert "guess" not in str(caught.value)
    assert "database" in {finding.name for finding in platform.check() if not finding.ok}


def test_a_database_without_tables(tmp_path: Path) -> None:
    platform = connect(settings(tmp_path, f"{Server.url}/postgres"))
    with pytest.raises(PlatformError, match="postgres") as caught:
        list(platform.pull(None))
    assert PASSWORD not in str(caught.value)
    assert QUOTED not in str(caught.value)
    (finding,) = [f for f in platform.check() if f.name == "database"]
    assert "dataset, example, link" in finding.detail
