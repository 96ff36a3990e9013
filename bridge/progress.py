"""How far a long step is: a bar on a terminal, plain lines elsewhere, nothing when embedded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

__all__ = ["Progress", "Silent"]

T = TypeVar("T")


class Progress(Protocol):
    """Hears what is being done."""

    def step(self, name: str) -> None:
        """A step begins."""
        ...

    def track(self, values: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
        """Pass values on, counting them."""
        ...

    def warn(self, message: str) -> None:
        """Something a person should know."""
        ...


class Silent:
    """Says nothing; the default when Bridge is embedded."""

    def step(self, name: str) -> None:
        """Say nothing."""

    def track(self, values: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
        """Pass values on."""
        yield from values

    def warn(self, message: str) -> None:
        """Say nothing."""
