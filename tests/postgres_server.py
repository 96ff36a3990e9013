"""A PostgreSQL server on the loopback interface, for the tests of a module alone."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

BINARIES = Path("/usr/lib/postgresql/15/bin")
PASSWORD = "hunter2/@:"
QUOTED = "hunter2%2F%40%3A"

needs_postgres = pytest.mark.skipif(
    not (BINARIES / "initdb").exists() or os.geteuid() != 0,
    reason="needs PostgreSQL 15 and the right to become user postgres",
)


class Server:
    """The server that is running; ``url`` has no database, and PostgreSQL's own scheme."""

    url = ""

    @classmethod
    def start(cls, folder: Path) -> subprocess.Popen[bytes]:
        shutil.chown(folder, "postgres")
        secret = folder / "password"
        secret.write_text(PASSWORD)
        shutil.chown(secret, "postgres")
        data = str(folder / "data")
        command: list[str | Path] = [BINARIES / "initdb", "-D", data, "-U", "prodigy"]
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


@contextmanager
def running() -> Iterator[None]:
    """Run a server, and take it down at the end."""
    with tempfile.TemporaryDirectory() as folder:
        process = Server.start(Path(folder))
        try:
            until = time.monotonic() + 30
            while not Server.ready():
                assert process.poll() is None, "PostgreSQL ended"
                assert time.monotonic() < until, "PostgreSQL did not start within 30 s"
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(30)


def driven(url: str) -> str:
    """Return a URL of PostgreSQL's as SQLAlchemy's."""
    return url.replace("postgresql:", "postgresql+psycopg:", 1)


def execute(*statements: str, database: str = "postgres") -> None:
    engine = sa.create_engine(
        f"{driven(Server.url)}/{database}", isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


@contextmanager
def new_database(prefix: str) -> Iterator[str]:
    """Make a database that nobody else uses; yield its URL."""
    name = f"{prefix}_{os.urandom(4).hex()}"
    execute(f"CREATE DATABASE {name}")
    yield f"{Server.url}/{name}"
    execute(f"DROP DATABASE {name} WITH (FORCE)")
