"""The lock and the state store of a loop, from its settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bridge.config import Settings
from bridge.store.database import Store, open_store

if TYPE_CHECKING:
    from bridge.store.locks import Guard

__all__ = ["locked", "store_of"]


@contextmanager
def locked(settings: Settings, wait: float = 0.0) -> Iterator[Guard]:
    """Hold the loop's lock, which frees itself when its holder dies; yield its guard.

    Raises:
        Locked: another run holds it, and still did after ``wait`` seconds.
    """
    from bridge.store.locks import held  # looking at the store needs no lock

    with held(settings.store_directory, _url(settings), wait) as guard:
        yield guard


@contextmanager
def store_of(settings: Settings, guard: Guard | None = None) -> Iterator[Store]:
    """Open the state store of a loop; ``guard`` is that of the lock, where it is held."""
    store = open_store(settings.store_directory, _url(settings), guard)
    try:
        yield store
    finally:
        store.close()


def _url(settings: Settings) -> str | None:
    url = settings.store.url
    return url.get_secret_value() if url else None
