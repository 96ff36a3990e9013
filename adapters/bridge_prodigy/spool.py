"""A scratch database on disk: memory stays small while all answers are gathered by item."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from types import TracebackType

from bridge.records import Annotation, Item

__all__ = ["Spool", "newest"]


def newest(annotations: list[Annotation]) -> tuple[Annotation, ...]:
    """The version that holds of each annotation."""
    held: dict[str, Annotation] = {}
    for annotation in annotations:
        known = held.get(annotation.id)
        if known is None or known.order <= annotation.order:
            held[annotation.id] = annotation
    return tuple(held.values())


class Spool:
    """Answers by item, and which items were seen; deleted when it is closed."""

    def __init__(self) -> None:
        # The empty name is SQLite's for a private temporary file that is deleted on closing.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE answer (key TEXT, annotation TEXT, item TEXT);"
            "CREATE INDEX answer_key ON answer (key);"
            "CREATE TABLE seen (key TEXT PRIMARY KEY) WITHOUT ROWID;"
        )

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def first_time(self, key: str) -> bool:
        """Whether this is the first call with this key."""
        return self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (key,)).rowcount == 1

    def put(self, annotation: Annotation, item: Item | None) -> None:
        """Keep an answer, with its item as its task tells it."""
        self._db.execute(
            "INSERT INTO answer VALUES (?, ?, ?)",
            (
                annotation.item_key,
                annotation.model_dump_json(),
                None if item is None else item.model_dump_json(),
            ),
        )

    def take(self, key: str) -> tuple[tuple[Annotation, ...], Item | None]:
        """Return and forget the answers of one item, and the item as the last of them tells it."""
        query = "SELECT annotation, item FROM answer WHERE key = ? ORDER BY rowid"
        rows = self._db.execute(query, (key,)).fetchall()
        if rows:
            self._db.execute("DELETE FROM answer WHERE key = ?", (key,))
        items = [item for _, item in rows if item is not None]
        answers = newest([Annotation.model_validate_json(text) for text, _ in rows])
        return answers, Item.model_validate_json(items[-1]) if items else None

    def rest(self, per_page: int) -> Iterator[list[str]]:
        """Yield keys whose answers were not taken, page by page; the caller takes them."""
        query = "SELECT DISTINCT key FROM answer LIMIT ?"
        while keys := [key for (key,) in self._db.execute(query, (per_page,))]:
            yield keys
