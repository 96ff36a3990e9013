"""Make something once, although answers get lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bridge.errors import PlatformError, Unreachable
from bridge_labelbox.client import Conflict

__all__ = ["TRIES", "found_or_made"]

T = TypeVar("T")

TRIES = 3


def found_or_made(find: Callable[[], T | None], make: Callable[[], T], what: str) -> T:
    """Ask first, then make; ask again where the answer was lost or the name was taken.

    Raises:
        BridgeError: it can neither be found nor made.
    """
    last: PlatformError | None = None
    for _ in range(TRIES):
        found = find()
        if found is not None:
            return found
        try:
            return make()
        except (Unreachable, Conflict) as error:
            last = error
    raise last or Unreachable(f"{what} could not be made.")
