"""Prodigy's own database component, for runs inside Prodigy's environment."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import msgspec

from bridge.errors import BridgeError, ConfigError, PlatformError
from bridge.platforms import Finding
from bridge_prodigy.logs import CountMark, LogMark, LogPage, LogRow, content_digest

__all__ = ["Component"]

_OVERLAP = 100


class Component:
    """The answers of one dataset through ``prodigy.components.db``.

    The component gives whole datasets only, so each pull reads all and goes on from a count.

    Args:
        dataset: its name.
        page_size: answers per page.
    """

    def __init__(self, dataset: str, *, page_size: int = 1000) -> None:
        self.calls = 0
        self._name = dataset
        self._page_size = page_size

    def _database(self) -> Any:
        try:
            connect = importlib.import_module("prodigy.components.db").connect
        except (ImportError, AttributeError) as error:
            raise ConfigError(
                "The package prodigy cannot be imported.",
                "Run Bridge in Prodigy's environment, or set platform.database instead of "
                "platform.component.",
            ) from error
        try:
            return connect()
        except Exception as error:  # a foreign library may raise anything
            raise _trouble("cannot be opened", error) from error

    def _examples(self) -> list[dict[str, Any]]:
        """All answers, by the current method of the component or the older one."""
        self.calls += 1
        database = self._database()
        try:
            if self._name not in database.datasets:
                return []
            read = getattr(database, "get_dataset_examples", None) or database.get_dataset
            return list(read(self._name) or [])
        except Exception as error:  # a foreign library may raise anything
            raise _trouble(f"cannot read dataset '{self._name}'", error) from error

    def follows(self, mark: LogMark) -> bool:
        """Whether the last answer that was read is still in its place."""
        if not isinstance(mark, CountMark):
            return False
        return mark.count == 0 or _mark(self._examples()[: mark.count]) == mark

    def pages(self, mark: LogMark | None) -> Iterator[LogPage]:
        """Yield the answers after the mark."""
        examples = self._examples()
        known = mark.count if isinstance(mark, CountMark) else 0
        start = max(0, known - _OVERLAP)
        for at in range(start, len(examples), self._page_size):
            end = min(at + self._page_size, len(examples))
            rows = [
                LogRow(number + 1, f"answer {number + 1} of '{self._name}'", examples[number])
                for number in range(at, end)
            ]
            yield LogPage(rows, [], _mark(examples[:end]), known)

    def check(self) -> Iterator[Finding]:
        """Prodigy can be imported and its database read."""
        try:
            detail = f"Dataset '{self._name}' has {len(self._examples())} answers."
        except BridgeError as error:
            yield Finding(name="prodigy", ok=False, detail=error.what, fix=error.fix)
        else:
            yield Finding(name="prodigy", ok=True, detail=detail)


def _mark(examples: list[dict[str, Any]]) -> CountMark:
    last = msgspec.json.encode(examples[-1], order="sorted") if examples else b""
    return CountMark(len(examples), content_digest(last))


def _trouble(what: str, error: Exception) -> PlatformError:
    # Only the kind of error is told: its text may hold a connection string.
    return PlatformError(
        f"Prodigy's database {what} ({type(error).__name__}).",
        "Check db and db_settings in prodigy.json; 'prodigy stats' shows the same error.",
    )
