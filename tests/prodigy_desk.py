"""A Prodigy stand-in with mail of two kinds, and a loop over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bridge.api import Bridge
from bridge.records import Item
from bridge_prodigy import ADAPTER
from bridge_prodigy.emulator import Emulator

CLASSES = ("ham", "spam")
WORDS = {"ham": "lunch at the usual place", "spam": "win a free prize now"}


def truth(key: str) -> str:
    return CLASSES[int(key[1:]) % 3 == 0]


@contextmanager
def staged_desk(items: int) -> Iterator[Emulator]:
    assert ADAPTER.stage is not None
    with ADAPTER.stage("single", CLASSES) as staged:
        assert isinstance(staged, Emulator)
        keys = [f"k{n}" for n in range(items)]
        staged.add_items([Item(key=key, text=f"{WORDS[truth(key)]}, {key}") for key in keys])
        yield staged


def loop_over(desk: Emulator, directory: Path, **sections: Any) -> Bridge:
    """Return a loop over the stand-in; ``sections`` are those of bridge.toml."""
    platform = {k: str(v) if isinstance(v, Path) else v for k, v in desk.settings.items()}
    settings = {"platform": {"type": "prodigy", **platform}, **sections}
    return Bridge.from_settings(settings, directory=directory)
