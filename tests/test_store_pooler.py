"""PgBouncer between Bridge and PostgreSQL: its sessions are kept, or it is refused."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from bridge.errors import Locked, StoreError
from bridge.store.locks import held
from postgres_server import PASSWORD, Server, driven, needs_postgres, new_database

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")

pytestmark = [
    pytest.mark.slow,
    needs_postgres,
    pytest.mark.skipif(PGBOUNCER is None, reason="needs PgBouncer"),
]


@contextmanager
def pooled(mode):
    """Run PgBouncer in front of the server; yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "users").write_text(f'"prodigy" "{PASSWORD}"\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={urlsplit(Server.url).port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = plain\nauth_file = {folder / 'users'}\npool_mode = {mode}\n"
        )
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, "postgres")
        process = subprocess.Popen(
            [PGBOUNCER, folder / "pgbouncer.ini"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user="postgres",
            cwd=folder,
        )
        try:
            answers(process, port)
            yield port
        finally:
            process.terminate()
            process.wait(20)


def answers(process, port):
    until = time.monotonic() + 20
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "PgBouncer ended"
        assert time.monotonic() < until, "PgBouncer did not start within 20 s"
        time.sleep(0.05)


def through(url, port):
    """Return the URL of a database through a pooler."""
    return driven(url).replace(f":{urlsplit(Server.url).port}/", f":{port}/")


def test_a_pooler_that_keeps_no_sessions_is_refused(postgres, tmp_path):
    with new_database("pooled") as url, pooled("transaction") as port:
        with (
            pytest.raises(StoreError, match="pooler") as caught,
            held(tmp_path, through(url, port)),
        ):
            pytest.fail("a lock was held that would not hold")
        assert "pool_mode = session" in caught.value.fix
        with psycopg.connect(url) as connection:
            query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            assert connection.execute(query).fetchone() == (0,)


def test_a_pooler_that_keeps_sessions_serves(postgres, tmp_path):
    with new_database("pooled") as url, pooled("session") as port:
        here, there = tmp_path / "here", tmp_path / "there"
        with held(here, through(url, port)) as guard:
            guard()
            with pytest.raises(Locked), held(there, driven(url)):
                pytest.fail("two hold it")
        with held(there, through(url, port)):
            pass
