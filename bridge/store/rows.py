"""Rows: how many a pull changed, and how many are read and written at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table, bindparam, update

__all__ = ["Applied", "chunked", "id_parts", "write_rows"]

T = TypeVar("T")


@dataclass(frozen=True)
class Applied:
    """How many rows a pull changed; equal repeats count nowhere."""

    new_items: int = 0
    changed_items: int = 0
    removed_items: int = 0
    new_annotations: int = 0
    changed_annotations: int = 0
    deleted_annotations: int = 0

    def __add__(self, other: Applied) -> Applied:
        return Applied(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    @property
    def any(self) -> bool:
        """Whether anything changed."""
        return any(getattr(self, f.name) for f in fields(self))


def chunked(values: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """Yield lists of up to ``size`` values; databases limit the variables of a statement."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def id_parts(connection: Connection, query: Select[int]) -> Iterator[Sequence[int]]:
    """Yield the numbers that a query of one column finds, in lists of bounded length."""
    yield from connection.execute(query.execution_options(yield_per=2000)).scalars().partitions()


def write_rows(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write some columns of rows that are there, each given with its ``id``; alike ones at once."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        values = {name: value for name, value in row.items() if name != "id"}
        alike.setdefault(tuple(values), []).append({"row_id": row["id"]} | values)
    for names, group in alike.items():
        statement = (
            update(table)
            .where(table.c.id == bindparam("row_id"))
            .values({name: bindparam(name) for name in names})
        )
        connection.execute(statement, group)
