"""The pool file: JSONL rows that become items."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.limits import RowSettings
from bridge.records import Item, Problem
from bridge_prodigy.files import FileMark, Line, continues, read_pages, unchanged
from bridge_prodigy.items import as_item, item_key

__all__ = ["PoolPage", "Source"]


@dataclass(frozen=True)
class PoolPage:
    """Items with where each row is, rows that could not be read, and the mark after them."""

    items: list[tuple[str, Item]]
    problems: list[Problem]
    mark: FileMark


class Source:
    """The pool of one project.

    Args:
        path: a JSONL file; rows may be appended, or the file replaced.
        key_field: see :func:`bridge_prodigy.items.item_key`.
        page_size: rows per page.
        largest: bytes that a row may have; larger ones are left out.
    """

    def __init__(
        self,
        path: Path,
        key_field: str | None,
        *,
        page_size: int = 1000,
        largest: int = RowSettings().row_bytes,
    ) -> None:
        self.calls = 0
        self._path = path
        self._key_field = key_field
        self._page_size = page_size
        self._largest = largest

    def pages(self, mark: FileMark | None) -> Iterator[PoolPage]:
        """Yield rows: none if the file is as it was, the new ones if it grew, else all.

        Raises:
            DataError: the file cannot be opened.
        """
        self.calls += 1
        if mark is not None and unchanged(self._path, mark):
            return
        if mark is not None and not continues(self._path, mark):
            mark = None
        for lines, after in read_pages(self._path, mark, self._page_size, self._largest):
            items, problems = self._items(lines)
            yield PoolPage(items, problems, after)

    def _items(self, lines: Sequence[Line]) -> tuple[list[tuple[str, Item]], list[Problem]]:
        items: list[tuple[str, Item]] = []
        problems: list[Problem] = []
        for line in lines:
            where = f"{self._path.name}, line {line.number}"
            try:
                items.append((where, as_item(line.decoded(), self._key_field)))
            except ValueError as error:
                problems.append(_left_out(where, line, error))
        return items, problems

    def present(self, keys: Collection[str]) -> set[str]:
        """Which of these keys the file has now; reads no further than the last of them.

        Raises:
            DataError: the file cannot be opened.
        """
        self.calls += 1
        missing = set(keys)
        for lines, _ in read_pages(self._path, None, self._page_size, self._largest):
            missing.difference_update(self._key(line) for line in lines)
            if not missing:
                break
        return set(keys) - missing

    def _key(self, line: Line) -> str:
        try:
            return item_key(line.decoded(), self._key_field)
        except ValueError:
            return ""  # no item has the empty key

    def count(self) -> int:
        """Rows that are items.

        Raises:
            DataError: the file cannot be opened.
        """
        self.calls += 1
        pages = read_pages(self._path, None, self._page_size, self._largest)
        return sum(self._key(line) != "" for lines, _ in pages for line in lines)


def _left_out(where: str, line: Line, error: ValueError) -> Problem:
    if line.whole:
        fix = 'Correct the line: {"text": …} or {"image": …} as UTF-8 JSON.'
    else:
        fix = "The last line has no end: it is read again when the file grows."
    return Problem(where=where, what=f"It was left out: {error}.", fix=fix)
