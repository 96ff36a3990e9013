"""Opens the state store: an SQLite file by default, any SQLAlchemy URL otherwise.

Nothing is ever reset: a store that is damaged, newer than this version, or of another project is
refused with its name, and left as it is. An older one is brought up to date by who holds its lock.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
    update,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from bridge.errors import ConfigError, StoreError
from bridge.store.migrations import SCHEMA_VERSION, apply_steps, back_up
from bridge.store.tables import metadata, state

__all__ = [
    "Store",
    "counter",
    "get_state",
    "make_engine",
    "open_store",
    "set_state",
    "translated",
]


class Store:
    """An open state store; every read and write goes through :meth:`begin`.

    Args:
        guard: called before every transaction; raises if the store must not be used any more.

    Attributes:
        name: the store's name for people.
        news: lines that a person should read, of what opening it has changed.
    """

    def __init__(self, engine: Engine, name: str, guard: Callable[[], None] | None = None) -> None:
        self._engine = engine
        self._guard = guard
        self.name = name
        self.news: tuple[str, ...] = ()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction: committed at the end, undone by any error.

        Raises:
            StoreError: the database cannot be read or written; nothing of this transaction stays.
        """
        if self._guard is not None:
            self._guard()
        try:
            with self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise translated(error, self.name) from None

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def integrity(self) -> str:
        """Return ``ok``, or what SQLite finds wrong with the file; ``ok`` for other databases.

        Reads the whole file, of which SQLite keeps nothing in memory.
        """
        if self._engine.dialect.name != "sqlite":
            return "ok"
        with self.begin() as connection:
            return str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())

    def check(self) -> None:
        """Read the whole store, and look whether it is damaged.

        Raises:
            StoreError: it is.
        """
        found = self.integrity()
        if found != "ok":
            raise StoreError(f"The store {self.name} is damaged: {found}.", RESTORE)


def open_store(
    directory: Path, url: str | None = None, guard: Callable[[], None] | None = None
) -> Store:
    """Open the store, and make its tables when it is new.

    Args:
        directory: where ``state.db`` lies; made when absent.
        url: an SQLAlchemy URL that takes the place of the file.
        guard: of the store's lock, if it is held: called before every transaction; raises if the
            store must not be used any more.

    Raises:
        StoreError: the store is damaged, newer than this version, older and its lock is not held,
            or cannot be reached.
        ConfigError: the URL cannot be understood, or its driver is not installed.
    """
    engine, name = make_engine(directory, url, pool_pre_ping=url is not None)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    store = Store(engine, name, guard)
    try:
        version = _version(store)
        if version < SCHEMA_VERSION:
            if guard is None:
                raise StoreError(
                    f"{name} was written by an older version of Bridge (schema {version}, this one "
                    f"needs {SCHEMA_VERSION}).",
                    "Run `bridge sync`, which makes a backup and brings it up to date.",
                )
            store.news = (_migrate(store, engine, version),)
    except BaseException:
        store.close()
        raise
    return store


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
            address, json_serializer=_dumped, json_deserializer=_loaded, **options
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
    return engine, name


def get_state(connection: Connection, name: str) -> str | None:
    """Return a value of the state table."""
    value = connection.scalar(select(state.c.value).where(state.c.name == name))
    return None if value is None else str(value)


def counter(connection: Connection, name: str) -> int:
    """Return a counting value of the state table; 0 where there is none."""
    return int(get_state(connection, name) or 0)


def set_state(connection: Connection, name: str, value: str) -> None:
    """Set a value of the state table; writes nothing if it is there already."""
    known = get_state(connection, name)
    if known is None:
        connection.execute(insert(state).values(name=name, value=value))
    elif known != value:
        connection.execute(update(state).where(state.c.name == name).values(value=value))


def _dumped(value: object) -> str:
    """Return JSON in ASCII; what JSON has no word for is null (NaN, infinities) or text."""
    try:
        return json.dumps(value, allow_nan=False, default=str)
    except ValueError:
        return json.dumps(_finite(value), allow_nan=False, default=str)


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(of) for key, of in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(of) for of in value]
    return value


def _loaded(stored: str | bytes) -> Any:
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
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")


def _version(store: Store) -> int:
    """Return the schema's version; a store that is new gets its tables."""
    with store.begin() as connection:
        if not inspect(connection).has_table("state"):
            metadata.create_all(connection)
            set_state(connection, "schema_version", str(SCHEMA_VERSION))
        version = get_state(connection, "schema_version")
    if version is None or not version.isdigit() or int(version) < 1:
        raise StoreError(f"{store.name} is not a store of Bridge: it has no schema version.")
    if int(version) > SCHEMA_VERSION:
        raise StoreError(
            f"{store.name} was written by a newer version of Bridge (schema {version}, this one "
            f"knows {SCHEMA_VERSION}).",
            "Upgrade label-bridge; the store was left as it is.",
        )
    return int(version)


def _migrate(store: Store, engine: Engine, version: int) -> str:
    """Bring the store up to date in one transaction, an SQLite file after a backup."""
    kept = ""
    if engine.dialect.name == "sqlite" and engine.url.database:
        kept = f"; a backup of what it was is {back_up(Path(engine.url.database), version)}"
    with store.begin() as connection:
        apply_steps(connection, version)
        set_state(connection, "schema_version", str(SCHEMA_VERSION))
    return (
        f"The store {store.name} was brought from schema {version} to {SCHEMA_VERSION}, which "
        f"older versions of Bridge do not read{kept}."
    )


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


def translated(error: DBAPIError, name: str) -> StoreError:
    """Return what to raise: the driver's own words, without the statement and its values."""
    said = str(error.orig)
    for needle, what, fix in _ADVICE:
        if needle in said:
            return StoreError(f"The store {name} cannot be used. {what} ({said}).", fix)
    return StoreError(f"The store {name} cannot be used: {said}.")
