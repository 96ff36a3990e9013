"""Opens the state store: an SQLite file by default, any SQLAlchemy URL otherwise.

Nothing is ever reset: a store that is damaged, newer than this version, or of another project is
refused with its name, and left as it is. An older one is brought up to date by who holds its lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, inspect, select, update
from sqlalchemy.exc import DBAPIError

from bridge.errors import StoreError
from bridge.store.engines import RESTORE, make_engine, translated
from bridge.store.migrations import SCHEMA_VERSION, apply_steps, back_up
from bridge.store.tables import metadata, state

__all__ = [
    "Store",
    "counter",
    "get_state",
    "open_store",
    "set_state",
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
