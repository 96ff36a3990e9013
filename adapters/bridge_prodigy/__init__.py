"""Prodigy as a platform: a pool file in, saved answers out, a ranked queue file for the recipe.

On its own, in five lines::

    from bridge_prodigy import ProdigySettings, connect
    settings = ProdigySettings(
        dataset="news", source="pool.jsonl", queue="queue.jsonl", classes=["yes", "no"]
    )
    for page in connect(settings).pull(None):
        print([annotation for change in page.changes for annotation in change.annotations or ()])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bridge_prodigy._adapter import ADAPTER
    from bridge_prodigy.platform import Prodigy, connect
    from bridge_prodigy.settings import ProdigySettings

__all__ = ["ADAPTER", "Prodigy", "ProdigySettings", "connect"]

_HOMES = {
    "ADAPTER": "bridge_prodigy._adapter",
    "Prodigy": "bridge_prodigy.platform",
    "ProdigySettings": "bridge_prodigy.settings",
    "connect": "bridge_prodigy.platform",
}


def __getattr__(name: str) -> Any:
    """Import on first use: Prodigy imports this package for its recipe, and needs none of this."""
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
