"""A file written by ``prodigy db-out``: one answered task per line, in the order of saving."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bridge.errors import BridgeError
from bridge.limits import RowSettings
from bridge.platforms import Finding
from bridge.records import Problem
from bridge_prodigy.files import FileMark, Line, continues, read_pages, unchanged
from bridge_prodigy.logs import LogMark, LogPage, LogRow

__all__ = ["Export"]


class Export:
    """The answers of one dataset in an export file.

    Args:
        path: the file; a later export may replace it.
        page_size: lines per page.
        largest: bytes that a line may have; larger ones are left out.
    """

    def __init__(
        self, path: Path, *, page_size: int = 1000, largest: int = RowSettings().row_bytes
    ) -> None:
        self.calls = 0
        self._path = path
        self._page_size = page_size
        self._largest = largest

    def follows(self, mark: LogMark) -> bool:
        """Whether the file still starts with the lines that were read."""
        self.calls += 1
        return isinstance(mark, FileMark) and (
            unchanged(self._path, mark) or continues(self._path, mark)
        )

    def pages(self, mark: LogMark | None) -> Iterator[LogPage]:
        """Yield the answers after the mark; none when the file is as it was."""
        self.calls += 1
        last = mark if isinstance(mark, FileMark) else None
        if last is not None and unchanged(self._path, last):
            return
        for lines, after in read_pages(self._path, last, self._page_size, self._largest):
            rows, problems = self._decoded(lines)
            yield LogPage(rows, problems, after)

    def _decoded(self, lines: Sequence[Line]) -> tuple[list[LogRow], list[Problem]]:
        rows: list[LogRow] = []
        problems: list[Problem] = []
        for line in lines:
            where = f"{self._path.name}, line {line.number}"
            try:
                rows.append(LogRow(line.number, where, line.decoded()))
            except ValueError as error:
                problems.append(Problem(where=where, what=f"It was left out: {error}."))
        return rows, problems

    def check(self) -> Iterator[Finding]:
        """The file can be read."""
        try:
            n = sum(
                len(lines)
                for lines, _ in read_pages(self._path, None, self._page_size, self._largest)
            )
        except BridgeError as error:
            yield Finding(name="export", ok=False, detail=error.what, fix=error.fix)
        else:
            yield Finding(name="export", ok=True, detail=f"{self._path} has {n} answers.")
