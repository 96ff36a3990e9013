"""Brings a store of an older schema up to date: numbered steps, in order, all of them or none.

The statements are written out and name nothing of ``tables.py``, which changes: a step says for
ever what it did when it was released. A new step goes to the end of :data:`STEPS`, together with
the same change in ``tables.py``; a test compares the two.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, text

from bridge.errors import StoreError
from bridge.store.disk import sync_directory

__all__ = ["SCHEMA_VERSION", "STEPS", "apply_steps", "back_up"]

STEPS: tuple[tuple[str, ...], ...] = (
    # 2: what another host needs to check a model's files, and to tell whose features are in use;
    # up to where an item was answered when it was asked again; what the pool is found by
    (
        "ALTER TABLE models ADD COLUMN encoder TEXT",
        "ALTER TABLE models ADD COLUMN digest VARCHAR(64)",
        "ALTER TABLE batch_items ADD COLUMN answers_upto BIGINT",
        "CREATE INDEX items_line ON items (hold_out, answered, removed, draw, queued, kind, id)",
    ),
    # 3: what cost time at every item, and was for nothing. The columns `sweep` stay: SQLite drops
    # columns from 3.35 on, and copies the table for it.
    ("DROP INDEX ix_items_draw",),
)
"""What leads from schema 1 to 2, from 2 to 3, and so on."""

SCHEMA_VERSION = 1 + len(STEPS)


def apply_steps(connection: Connection, version: int) -> None:
    """Apply all steps above a version, in the transaction of the connection."""
    if connection.dialect.name == "postgresql":
        # Rather an error than waiting for ever for somebody's open transaction.
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
    for step in STEPS[version - 1 :]:
        for statement in step:
            connection.execute(text(statement))


def back_up(path: Path, version: int) -> Path:
    """Copy an SQLite store as it is to a file beside it, whole or not at all; return the copy.

    The copy is read back before it counts. One that is there already has the same schema, so that
    it comes from a run that died before it changed anything, and is replaced.

    Raises:
        StoreError: the copy cannot be made, or what was copied is damaged.
    """
    target = path.with_name(f"{path.stem}-schema-{version}{path.suffix}")
    fresh = target.with_name(f"{target.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        # Not readable for more people than the store is, at any time.
        os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(fresh)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, whole by itself
            ((found,),) = copy.execute("PRAGMA quick_check(1)")
        if found != "ok":
            raise StoreError(
                f"The store {path} is damaged ({found}), and was not brought up to date.",
                "Restore a backup; it was left as it is.",
            )
        shutil.copymode(path, fresh)
        _sync(fresh)
        fresh.replace(target)
        sync_directory(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"The store {path} has to be brought up to date, and no backup of it can be made "
            f"before: {error}.",
            "Make room on the disk or correct its permissions; the store was left as it is.",
        ) from error
    finally:
        for left in target.parent.glob(f"{fresh.name}*"):
            left.unlink(missing_ok=True)
    return target


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
