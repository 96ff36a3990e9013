"""What an adapter's tests bring along: a project on the platform, and the people at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from bridge.platforms import Platform
from bridge.records import Item, TaskType

__all__ = ["Rig", "RigFactory"]


class Rig(Protocol):
    """One project on a platform, and the people who work at it.

    Attributes:
        keyed: the platform asks for credentials.
        writes_can_be_lost: :meth:`lose_write` works (platforms reached over a network).
    """

    keyed: bool
    writes_can_be_lost: bool

    def connect(self, *, wrong_key: bool = False) -> Platform:
        """Return a fresh connection, with credentials that do not work if asked."""
        ...

    def add_items(self, items: Sequence[Item]) -> None:
        """Put items where the adapter finds its pool."""
        ...

    def remove_item(self, key: str) -> None:
        """Delete an item from the platform."""
        ...

    def answer(self, key: str, classes: Sequence[str], annotator: str = "ann") -> None:
        """Answer an item as a person does; a person's second answer replaces the first."""
        ...

    def skip(self, key: str, annotator: str = "ann") -> None:
        """Skip an item as a person does."""
        ...

    def delete_answer(self, key: str, annotator: str = "ann") -> None:
        """Delete a person's answer."""
        ...

    def queue(self) -> list[str]:
        """Keys of the unanswered queue, in the order in which the platform would ask."""
        ...

    def pre_annotations(self) -> Mapping[str, tuple[str, ...]]:
        """Classes that are shown pre-selected, by key; fails if an item shows two predictions."""
        ...

    def called(self, annotator: str) -> str:
        """Return what the platform calls an annotator, where names are not free (addresses)."""
        ...

    def lose_write(self, nth: int) -> None:
        """Let the nth next write (from 1) be executed and its answer be lost, once; 0 disarms."""
        ...


RigFactory = Callable[[TaskType, tuple[str, ...]], AbstractContextManager[Rig]]
"""Called with the task and the class names of the project; the rig is closed at exit."""
