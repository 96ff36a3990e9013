"""One run at a time: the kernel's lock on the store's directory, and the database's on the state.

Both free themselves when their holder dies: neither is a row or a file with an age. The kernel's
serves one machine; where the state lies on PostgreSQL, its advisory lock serves all that share it
(https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS). It belongs to a
session, so that a pooler in between must not change sessions between transactions; one that does
is refused.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import tenacity
from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, NullPool, func, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bridge.errors import Locked, StoreError
from bridge.store.engines import make_engine, translated

__all__ = ["Guard", "held"]

Guard = Callable[[], None]
"""Raises StoreError if the lock was lost meanwhile."""

_FIX = "Nothing was done; try again later."
_POLL_S = 0.2

# A machine that lost its power says no farewell; the server finds out within a minute.
_SESSION = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "idle_session_timeout": "0",  # PostgreSQL 14 and later
}


@contextmanager
def held(directory: Path, url: str | None = None, wait: float = 0.0) -> Iterator[Guard]:
    """Hold the locks of a store; yield what looks whether they are still held.

    Args:
        directory: of the store; made when absent.
        url: of the database that takes the place of the SQLite file, if one does.
        wait: seconds to wait for another run to end; 0 leaves at once.

    Raises:
        Locked: another run holds one of them, and still did after ``wait`` seconds.
        StoreError: the directory cannot be used, or the database cannot be reached.
        ConfigError: the URL cannot be understood, or its driver is not installed.
    """
    until = time.monotonic() + wait
    with _file_lock(directory, wait):
        if url is None:
            yield _kept
            return
        engine, name = make_engine(directory, url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        if engine.dialect.name != "postgresql":
            yield _kept
            return
        try:
            connection = engine.connect()
        except DBAPIError as error:
            raise translated(error, name) from None
        try:
            _refuse_shared_sessions(engine, connection, name)
            yield _advisory_lock(connection, name, until - time.monotonic())
        finally:
            with suppress(SQLAlchemyError):  # a session that is gone holds nothing
                connection.execute(select(func.pg_advisory_unlock_all()))
            connection.close()


def _kept() -> None:
    """The kernel's lock is not lost while its holder lives."""


@contextmanager
def _file_lock(directory: Path, wait: float) -> Iterator[None]:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(directory / "lock")
        lock.acquire(timeout=wait)
    except Timeout:
        raise Locked(f"Another run is at work on {directory}.", _FIX) from None
    except OSError as error:
        raise StoreError(
            f"The store directory {directory} cannot be used: {error.strerror}."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _advisory_lock(connection: Connection, name: str, wait: float) -> Guard:
    try:
        _last(connection)
        lock = select(func.pg_try_advisory_lock(_key(connection)))
        tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda taken: not taken),
            stop=tenacity.stop_after_delay(max(0.0, wait)),
            wait=tenacity.wait_fixed(_POLL_S),
        )(lambda: connection.scalar(lock))
        session = connection.scalar(select(func.pg_backend_pid()))
    except tenacity.RetryError:
        raise Locked(f"Another run is at work on {name}.", _FIX) from None
    except DBAPIError as error:
        raise translated(error, name) from None

    def guard() -> None:
        with suppress(SQLAlchemyError):
            if connection.scalar(select(func.pg_backend_pid())) == session:
                return
        raise StoreError(
            f"The session on {name} that held this run's lock was ended, and another run may "
            "have begun.",
            "Run again; what was done is kept. A pooler between must keep sessions.",
        )

    return guard


def _refuse_shared_sessions(engine: Engine, connection: Connection, name: str) -> None:
    """Refuse a pooler that lends one session to several of us in turn (transaction pooling).

    Two connections that are open at once have two sessions where sessions are kept. Such a pooler
    lends the session that was given back last, mostly, hence more than one try.
    """
    pid = select(func.pg_backend_pid())
    try:
        with engine.connect() as other:
            seen = [(connection.scalar(pid), other.scalar(pid)) for _ in range(3)]
    except DBAPIError as error:
        raise translated(error, name) from None
    if len(set(seen)) > 1 or seen[0][0] == seen[0][1]:
        raise StoreError(
            f"The database {name} is behind a pooler that lends sessions by the transaction, so "
            "that no lock would hold.",
            "Name the server itself in store.url, or a pooler that keeps sessions (PgBouncer: "
            "pool_mode = session).",
        )


def _last(connection: Connection) -> None:
    """Let the session last while its run does, and no longer."""
    known = text("SELECT set_config(name, :value, false) FROM pg_settings WHERE name = :name")
    for name, value in _SESSION.items():
        connection.execute(known, {"name": name, "value": value})


def _key(connection: Connection) -> int:
    """Return the lock's key, 64 bits; a store has a database schema of its own."""
    schema = str(connection.scalar(select(func.current_schema())))
    drawn = hashlib.blake2b(schema.encode(), digest_size=8, person=b"bridge-lock").digest()
    return int.from_bytes(drawn, "big", signed=True)
