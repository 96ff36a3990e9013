"""A database like Prodigy's: the same tables, double links and hashes.

The tables for SQLite are word for word those of databases that Prodigy wrote (found in public
repositories, 2023 and 2024). Those for other servers are unverified.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from bridge_prodigy.files import decoded
from bridge_prodigy.hashes import input_hash, task_hash

__all__ = ["StandInDatabase", "with_hashes"]

_SQLITE = (
    'CREATE TABLE "dataset" ("id" INTEGER NOT NULL PRIMARY KEY, "name" VARCHAR(255) NOT NULL, '
    '"created" INTEGER NOT NULL, "meta" BLOB NOT NULL, "session" INTEGER NOT NULL)',
    'CREATE UNIQUE INDEX "dataset_name" ON "dataset" ("name")',
    'CREATE TABLE "example" ("id" INTEGER NOT NULL PRIMARY KEY, "input_hash" INTEGER NOT NULL, '
    '"task_hash" INTEGER NOT NULL, "content" BLOB NOT NULL)',
    'CREATE TABLE "link" ("id" INTEGER NOT NULL PRIMARY KEY, "example_id" INTEGER NOT NULL, '
    '"dataset_id" INTEGER NOT NULL, FOREIGN KEY ("example_id") REFERENCES "example" ("id"), '
    'FOREIGN KEY ("dataset_id") REFERENCES "dataset" ("id"))',
    'CREATE INDEX "link_example_id" ON "link" ("example_id")',
    'CREATE INDEX "link_dataset_id" ON "link" ("dataset_id")',
)

_metadata = sa.MetaData()
_dataset = sa.Table(
    "dataset",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("meta", sa.LargeBinary, nullable=False),
    sa.Column("session", sa.Boolean, nullable=False),
)
_example = sa.Table(
    "example",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("input_hash", sa.BigInteger, nullable=False),
    sa.Column("task_hash", sa.BigInteger, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
_link = sa.Table(
    "link",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("example_id", sa.Integer, sa.ForeignKey("example.id"), nullable=False, index=True),
    sa.Column("dataset_id", sa.Integer, sa.ForeignKey("dataset.id"), nullable=False, index=True),
)


def with_hashes(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return the task with both hashes; ones that it has stay as they are."""
    return {"_input_hash": input_hash(task), "_task_hash": task_hash(task), **task}


def _compact(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


class StandInDatabase:
    """Datasets, sessions and examples, with the method names of Prodigy's own database object.

    Args:
        url: where it is; the tables are made if they are missing.
    """

    def __init__(self, url: sa.URL) -> None:
        self.engine = sa.create_engine(url, poolclass=NullPool)
        if sa.inspect(self.engine).has_table("link"):
            return
        if self.engine.dialect.name != "sqlite":
            _metadata.create_all(self.engine)
            return
        with self.engine.begin() as connection:
            for statement in _SQLITE:
                connection.execute(sa.text(statement))

    def _names(self, session: bool) -> list[str]:
        query = sa.select(_dataset.c.name).where(_dataset.c.session == session)
        with self.engine.connect() as connection:
            return list(connection.execute(query.order_by(_dataset.c.id)).scalars())

    @property
    def datasets(self) -> list[str]:
        """Names of the datasets, without those of sessions."""
        return self._names(session=False)

    @property
    def sessions(self) -> list[str]:
        """Names of the session datasets."""
        return self._names(session=True)

    def __contains__(self, name: str) -> bool:
        return name in {*self.datasets, *self.sessions}

    def add_dataset(
        self, name: str, meta: Mapping[str, Any] | None = None, session: bool = False
    ) -> None:
        """Add a dataset unless there is one of this name."""
        if name in self:
            return
        row = {
            "name": name,
            "created": int(time.time()),
            "meta": _compact(meta or {}),
            "session": session,
        }
        with self.engine.begin() as connection:
            connection.execute(_dataset.insert(), row)

    def add_examples(
        self, examples: Iterable[Mapping[str, Any]], datasets: Sequence[str] = ()
    ) -> None:
        """Save answered tasks, each linked to every one of the datasets."""
        with self.engine.begin() as connection:
            query = sa.select(_dataset.c.name, _dataset.c.id).where(_dataset.c.name.in_(datasets))
            ids = {row.name: row.id for row in connection.execute(query)}
            for task in map(with_hashes, examples):
                row = {
                    "input_hash": task["_input_hash"],
                    "task_hash": task["_task_hash"],
                    "content": _compact(task),
                }
                (own,) = connection.execute(_example.insert(), row).inserted_primary_key or (0,)
                for name in datasets:
                    link = {"example_id": own, "dataset_id": ids[name]}
                    connection.execute(_link.insert(), link)

    def _linked(self, names: Sequence[str]) -> sa.Select[Any]:
        return (
            sa.select(_example)
            .join(_link, _link.c.example_id == _example.c.id)
            .join(_dataset, _dataset.c.id == _link.c.dataset_id)
            .where(_dataset.c.name.in_(names))
            .order_by(_link.c.id)
        )

    def get_dataset_examples(self, name: str) -> list[dict[str, Any]]:
        """All answered tasks of a dataset, in the order of saving."""
        with self.engine.connect() as connection:
            rows = connection.execute(self._linked([name])).all()
        return [decoded(row.content) for row in rows]

    def get_input_hashes(self, *names: str) -> set[int]:
        """Input hashes in the datasets."""
        with self.engine.connect() as connection:
            return {row.input_hash for row in connection.execute(self._linked(names))}

    def get_task_hashes(self, *names: str) -> set[int]:
        """Task hashes in the datasets."""
        with self.engine.connect() as connection:
            return {row.task_hash for row in connection.execute(self._linked(names))}

    def example_ids(self, name: str) -> list[tuple[int, dict[str, Any]]]:
        """Ids and tasks of a dataset's examples."""
        with self.engine.connect() as connection:
            rows = connection.execute(self._linked([name])).all()
        return [(row.id, decoded(row.content)) for row in rows]

    def delete_examples(self, ids: Sequence[int]) -> None:
        """Delete examples and their links, as one does with a database tool."""
        with self.engine.begin() as connection:
            connection.execute(_link.delete().where(_link.c.example_id.in_(ids)))
            connection.execute(_example.delete().where(_example.c.id.in_(ids)))

    def drop_dataset(self, name: str) -> None:
        """Delete a dataset; examples that no other dataset has go with it (unverified)."""
        with self.engine.begin() as connection:
            found = sa.select(_dataset.c.id).where(_dataset.c.name == name).scalar_subquery()
            connection.execute(_link.delete().where(_link.c.dataset_id == found))
            used = sa.select(_link.c.example_id)
            connection.execute(_example.delete().where(_example.c.id.not_in(used)))
            connection.execute(_dataset.delete().where(_dataset.c.name == name))
