"""Named effects: every place where something outside this process changes.

A run may die before or after any of them, and the next run must finish its work; tests kill it at
each. An effect is marked where it happens::

    with effect("model saved"):
        save(...)

The names are a registry, so that an effect without a name, or a name without an effect, is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["EFFECTS", "effect", "watch"]

EFFECTS: dict[str, str] = {
    "run begun": "the journal says that a run is at work",
    "schema stored": "the label schema of today, and the project that the store belongs to",
    "page stored": "a page of changes and its cursor",
    "cost learned": "what an answer costs in seconds",
    "sweep finished": "what a full pull did not see is deleted",
    "features added": "new items are encoded",
    "model saved": "a model file is complete",
    "model recorded": "the store knows the model; it is the champion, or was refused",
    "outlook stored": "what more labels are likely to buy",
    "old model deleted": "files of a model or of an encoder that is no longer needed are gone",
    "plan written": "a batch is planned, the queue has a new order",
    "batch pushed": "the platform has the batch",
    "push recorded": "the store knows that the platform has it",
    "queue reranked": "the platform asks in the new order",
    "rolled back": "the former champion is in use again",
    "order recorded": "the store knows that it does",
    "run ended": "the journal says how the run ended",
    "request sent": "a call went to a platform over HTTP, and its answer came",
    "file replaced": "a file that a platform reads was replaced",
}

Watcher = Callable[[str, str], None]
_watcher: Watcher | None = None


@contextmanager
def effect(name: str) -> Iterator[None]:
    """Mark an effect of the registry."""
    if _watcher is None:
        yield
        return
    if name not in EFFECTS:
        raise KeyError(f"'{name}' is not in the registry of effects")
    _watcher("before", name)
    yield
    _watcher("after", name)


def watch(watcher: Watcher | None) -> None:
    """Call ``watcher("before" or "after", name)`` around every effect; None stops it."""
    global _watcher
    _watcher = watcher
