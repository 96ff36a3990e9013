"""``bridge rollback``: put the former champion back into use."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.engine import RowMapping

from bridge.config import Settings
from bridge.effects import effect
from bridge.errors import DataError, ModelError
from bridge.store import tables
from bridge.store.database import set_state
from bridge.store.model_files import ModelFiles, model_files
from bridge.store.registry import champion, model_rows
from bridge.sync import locked, store_of

__all__ = ["rollback"]


def rollback(settings: Settings) -> tuple[str, str]:
    """Make the newest retired model the champion again; return (former, present) champion.

    The next sync re-ranks the queue by it, and trains a challenger when answers have changed.

    Raises:
        Locked: a run is at work.
        DataError: there is no former champion whose files are still there.
    """
    with locked(settings) as guard, store_of(settings, guard) as store:
        files = model_files(settings.store_directory, settings.shared_files)
        with store.begin() as connection:
            present = champion(connection)
            rows = model_rows(connection, limit=1000)
        if present is None:
            raise DataError("There is no model yet.", "Run `bridge sync`.")
        former = next((row for row in rows if _usable(row, present, files)), None)
        if former is None:
            raise DataError(
                f"There is no former champion to return to; {present['version']} stays.",
                "Only the files of the newest models are kept.",
            )
        with effect("rolled back"), store.begin() as connection:
            for version, status in (
                (present["version"], "refused"),
                (former["version"], "champion"),
            ):
                connection.execute(
                    update(tables.models)
                    .where(tables.models.c.version == version)
                    .values(status=status)
                )
            set_state(connection, "rerank_due", "yes")
    return str(present["version"]), str(former["version"])


def _usable(row: RowMapping, present: RowMapping, files: ModelFiles) -> bool:
    """Whether a model was champion before the present one and its files are still there."""
    if row["status"] != "retired" or row["number"] >= present["number"]:
        return False
    try:
        files.bring(row["version"], row["digest"])
    except ModelError:
        return False
    return True
