"""Rows: how many a pull changed, and how many a statement takes at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import islice
from typing import TypeVar

__all__ = ["Applied", "chunked"]

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
