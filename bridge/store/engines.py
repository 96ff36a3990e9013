"""Connects to the database of a store, and says in our words what goes wrong with it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from bridge.errors import ConfigError, StoreError

__all__ = ["RESTORE", "loaded", "make_engine", "translated"]

RESTORE = (
    "Restore a backup, or move the file away: the next sync then pulls every answer again. It was "
    "left as it is."
)
_ADVICE = (
    ("disk is full", "The disk is full", "Free space and run again; nothing was lost."),
    ("readonly", "It is read-only", "Give this user the right to write there."),
    ("unable to open", "It cannot be opened", "Check that the path exists and may be written."),
    ("not a database", "It is damaged or no database", RESTORE),
    ("malformed", "It is damaged", RESTORE),
    (
        "disk I/O error",
        "The disk could not be read or written",
        "It may be full, or fail: see to it and run again; nothing was lost.",
    ),
    ("locked", "Another program holds it", "Wait for the other program and run again."),
    ("lock timeout", "Another session holds it", "End what reads it there, and run again."),
)


def make_engine(directory: Path, url: str | None, **options: Any) -> tuple[Engine, str]:
    """Return an engine for a store's state, not connected yet, and the store's name for people.

    Raises:
        StoreError: the directory cannot be made.
        ConfigError: the URL cannot be understood, names another kind of database, or its driver is
            not installed.
    """
    address, name = _address(directory, url)
    try:
        engine = create_engine(
            address, json_serializer=_dumped, json_deserializer=loaded, **options
        )
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise ConfigError(
            f"The database of store.url cannot be used: {type(error).__name__}.",
            "Check the URL, and install its driver (label-bridge[postgresql]).",
        ) from None
    if engine.dialect.name not in ("sqlite", "postgresql"):
        raise ConfigError(
            f"The state cannot lie on {engine.dialect.name}: what Bridge promises was not tested "
            "there.",
            "Name a PostgreSQL server in store.url, or leave it out.",
        )
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    return engine, name


def translated(error: DBAPIError, name: str) -> StoreError:
    """Return what to raise: the driver's own words, without the statement and its values."""
    said = str(error.orig)
    for needle, what, fix in _ADVICE:
        if needle in said:
            return StoreError(f"The store {name} cannot be used. {what} ({said}).", fix)
    return StoreError(f"The store {name} cannot be used: {said}.")


def _dumped(value: object) -> str:
    """Return JSON in ASCII; what JSON has no word for is null (NaN, infinities) or text."""
    try:
        return _encoded(value)
    except ValueError:
        return _encoded(_finite(value))


# Made once: json.dumps would make an encoder of these options anew for each value.
_encoded = json.JSONEncoder(allow_nan=False, default=str).encode


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(of) for key, of in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(of) for of in value]
    return value


def loaded(stored: str | bytes) -> Any:
    """Return what stored JSON says.

    Raises:
        StoreError: it is none.
    """
    try:
        return json.loads(stored)
    except ValueError:
        raise StoreError(
            "The store holds a value that is not valid JSON: it is damaged.", RESTORE
        ) from None


def _address(directory: Path, url: str | None) -> tuple[str | URL, str]:
    if url is not None:
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError):  # a ValueError would quote the part that is no port
            raise ConfigError(
                "store.url is not a database URL.",
                "Write special characters of a password as %XX, such as %40 for @ and %2F for /.",
            ) from None
        # Drivers take passwords as options, too.
        return parsed, parsed.set(query={}).render_as_string(hide_password=True)
    path = directory / "state.db"
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The store directory {directory} cannot be made: {error.strerror}."
        ) from None
    return URL.create("sqlite", database=str(path)), str(path)


def _prepare_sqlite(engine: Engine) -> None:
    """Take transactions into our own hands, since the driver's implicit ones skip DDL and reads."""

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout = 30000")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        # What pages of new rows change is spread over whole indexes: with more of them in memory,
        # and more of them in the log before it is copied into the file, each is written less often.
        cursor.execute("PRAGMA cache_size = -16384")  # KiB
        cursor.execute("PRAGMA wal_autocheckpoint = 4096")  # pages of 4 KiB
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")
