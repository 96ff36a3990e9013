"""Prodigy's database, read only.

Three tables, as found in databases that were published with projects (2018 to 2024): ``dataset``,
``example`` (``content`` is the task as UTF-8 JSON), and ``link`` between them; every example is
linked to its dataset and to the dataset of its session. Other tables are left alone. Column types
on PostgreSQL and MySQL are unverified; text, bytes and memory views are all accepted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from tenacity import RetryError, Retrying, retry_if_exception, stop_after_delay, wait_random

from bridge.errors import BridgeError, ConfigError, Unreachable
from bridge.limits import PAGE_BYTES, RowSettings
from bridge.platforms import Finding
from bridge.records import Problem
from bridge_prodigy.files import decoded, too_large
from bridge_prodigy.logs import LogMark, LogPage, LogRow, RowMark, content_digest
from bridge_prodigy.trouble import as_bridge_error, place

__all__ = ["Database", "driver_url"]

T = TypeVar("T")

_OVERLAP = 200  # link ids: transactions may become visible out of the order of their ids
_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
_EXTRAS = {"postgresql": "postgresql", "mysql": "mysql"}
_BUSY = ("locked", "busy")

_dataset = sa.table("dataset", sa.column("id"), sa.column("name"), sa.column("created"))
_example = sa.table("example", sa.column("id"), sa.column("content"))
_link = sa.table("link", sa.column("id"), sa.column("example_id"), sa.column("dataset_id"))


@dataclass(frozen=True)
class _Dataset:
    """A dataset's row; its identity changes when it is dropped and made again."""

    id: int
    identity: str


@dataclass(frozen=True)
class _Answer:
    """One saved answer, and the id of its link to the dataset.

    Attributes:
        content: empty for one that is too large; ``size`` has its bytes.
    """

    link: int
    content: bytes
    size: int


def _sqlite(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=0.5)
    # One answer that is not UTF-8 must not keep the others from being read.
    connection.text_factory = lambda data: data.decode(errors="surrogateescape")
    return connection


def driver_url(url: URL) -> URL:
    """Name the driver that Bridge's extras install, where the URL names none."""
    return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))


def _engine(url: URL) -> sa.Engine:
    """An engine that holds no connection, so that Prodigy is never kept from writing."""
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        uri = f"{path.absolute().as_uri()}?mode=ro"
        return sa.create_engine("sqlite://", creator=partial(_sqlite, uri), poolclass=NullPool)
    try:
        return sa.create_engine(
            driver_url(url), poolclass=NullPool, connect_args={"connect_timeout": 10}
        )
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        extra = _EXTRAS.get(url.get_backend_name())
        raise ConfigError(
            f"No driver for a database of the kind '{url.drivername}' is installed.",
            f"Install it: pip install 'label-bridge[{extra}]'."
            if extra
            else "platform.database_url takes a postgresql:// or mysql:// URL.",
        ) from error


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and any(w in str(error.orig).lower() for w in _BUSY)


class Database:
    """The answers of one dataset in Prodigy's database.

    Args:
        url: ``sqlite``, ``postgresql`` or ``mysql``, with the password.
        dataset: its name.
        page_size: answers per read.
        patience: seconds to try again while the database is locked.
        largest: bytes that an answer may have; larger ones are left out, and not even read.
    """

    def __init__(
        self,
        url: URL,
        dataset: str,
        *,
        page_size: int = 1000,
        patience: float = 20.0,
        largest: int = RowSettings().row_bytes,
    ) -> None:
        self.calls = 0
        self._url = url
        self._name = dataset
        self._page_size = page_size
        self._patience = patience
        self._largest = largest
        self._engine = _engine(url)

    def _read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run one short read, again while the database is locked."""
        retrying = Retrying(
            retry=retry_if_exception(_is_busy),
            stop=stop_after_delay(self._patience),
            wait=wait_random(0.05, 0.5),
        )
        try:
            return retrying(lambda: self._read_once(work))
        except RetryError as error:
            raise Unreachable(
                f"{place(self._url)} has been locked for {self._patience:g} s.",
                "Try later; close programs that hold the database open for writing.",
            ) from error
        except SQLAlchemyError as error:
            raise as_bridge_error(error, self._url) from None

    def _read_once(self, work: Callable[[sa.Connection], T]) -> T:
        self.calls += 1
        with self._engine.connect() as connection:
            return work(connection.execution_options(postgresql_readonly=True))

    # ------------------------------------------------------------------------------- reading

    def _found(self, connection: sa.Connection) -> _Dataset | None:
        query = sa.select(_dataset.c.id, _dataset.c.created).where(_dataset.c.name == self._name)
        row = connection.execute(query).first()
        return None if row is None else _Dataset(row.id, f"{row.id}:{row.created}")

    def follows(self, mark: LogMark) -> bool:
        """Whether the dataset is the same one and still has the last answer that was read."""
        if not isinstance(mark, RowMark):
            return False
        return mark.link == 0 or self._read(lambda connection: self._holds(connection, mark))

    def _holds(self, connection: sa.Connection, mark: RowMark) -> bool:
        dataset = self._found(connection)
        if dataset is None:
            return False
        found = self._answers(connection, dataset, mark.link - 1, 1)
        return bool(found) and _mark(dataset, found[0]) == mark

    def pages(self, mark: LogMark | None) -> Iterator[LogPage]:
        """Yield the answers after the mark, one short transaction a page."""
        last = mark if isinstance(mark, RowMark) else RowMark()
        known, after = last.link, max(0, last.link - _OVERLAP)
        while True:
            page = self._read(partial(self._page, last=last, after=after, known=known))
            if page is None:
                return
            answers, last, after = page
            yield answers

    def _page(
        self, connection: sa.Connection, last: RowMark, after: int, known: int
    ) -> tuple[LogPage, RowMark, int] | None:
        dataset = self._found(connection)
        found = dataset and self._answers(connection, dataset, after, self._page_size)
        if not dataset or not found:
            return None
        newest = found[-1]
        mark = _mark(dataset, newest) if newest.link >= last.link else last
        return _decoded(found, mark, known), mark, newest.link

    def _answers(
        self, connection: sa.Connection, dataset: _Dataset, after: int, limit: int
    ) -> list[_Answer]:
        """Answers of the dataset whose link id is greater than ``after``, in that order.

        So many that they have a page's bytes, and at most ``limit``.
        """
        size = sa.func.octet_length(_example.c.content)
        if connection.dialect.name == "sqlite":  # whose own octet_length is young
            size = sa.func.length(sa.cast(_example.c.content, sa.LargeBinary))
        query = (
            sa.select(
                _link.c.id,
                size.label("size"),
                sa.case((size <= self._largest, _example.c.content)).label("content"),
            )
            .join(_example, _example.c.id == _link.c.example_id)
            .where(_link.c.dataset_id == dataset.id, _link.c.id > after)
            .order_by(_link.c.id)
            .limit(limit)
        )
        found: list[_Answer] = []
        held = 0
        options = {"stream_results": True, "max_row_buffer": 50}
        with connection.execution_options(**options).execute(query) as rows:
            for row in rows:
                found.append(_Answer(row.id, _bytes(row.content), row.size or 0))
                held += row.size or 0
                if held >= PAGE_BYTES:
                    break
        return found

    # ------------------------------------------------------------------------------ checking

    def check(self) -> Iterator[Finding]:
        """Database readable, tables there, dataset there or new."""
        try:
            tables = set(self._read(lambda connection: sa.inspect(connection).get_table_names()))
            missing = sorted({"dataset", "example", "link"} - tables)
            if missing:
                yield Finding(
                    name="database",
                    ok=False,
                    detail=f"{place(self._url)} has no table {', '.join(missing)}.",
                    fix="Correct where the database is: Prodigy did not make this one.",
                )
                return
            yield Finding(name="database", ok=True, detail=f"{place(self._url)} is readable.")
            detail = self._read(self._described)
            yield Finding(name="dataset", ok=True, detail=detail)
        except BridgeError as error:
            yield Finding(name="database", ok=False, detail=error.what, fix=error.fix)

    def _described(self, connection: sa.Connection) -> str:
        connection.execute(sa.select(_example.c.content).limit(1))  # this user may read it
        dataset = self._found(connection)
        if dataset is None:
            return f"Dataset '{self._name}' is new: Prodigy makes it at the first start."
        query = sa.select(sa.func.count()).where(_link.c.dataset_id == dataset.id)
        return f"Dataset '{self._name}' has {connection.execute(query).scalar_one()} answers."


def _bytes(content: Any) -> bytes:
    if content is None:
        return b""
    if isinstance(content, str):
        return content.encode(errors="surrogateescape")
    return bytes(content)


def _mark(dataset: _Dataset, answer: _Answer) -> RowMark:
    told = answer.content or str(answer.size).encode()
    return RowMark(answer.link, content_digest(told), dataset.identity)


def _decoded(found: Sequence[_Answer], mark: RowMark, known: int) -> LogPage:
    rows: list[LogRow] = []
    problems: list[Problem] = []
    for answer in found:
        where = f"answer {answer.link} of the database"
        try:
            if answer.size and not answer.content:
                raise too_large(answer.size)
            rows.append(LogRow(answer.link, where, decoded(answer.content)))
        except ValueError as error:
            if answer.link > known:
                problems.append(Problem(where=where, what=f"It was left out: {error}."))
    return LogPage(rows, problems, mark, known)
