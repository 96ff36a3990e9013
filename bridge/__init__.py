"""Bridge: a sync engine between labeling platforms and models.

The public names load on first use, so that ``import bridge`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bridge._version import __version__

if TYPE_CHECKING:
    from bridge.api import Bridge
    from bridge.errors import BridgeError
    from bridge.records import Annotation, Batch, Item, LabelSchema, Prediction
    from bridge.results import SyncResult

__all__ = [
    "Annotation",
    "Batch",
    "Bridge",
    "BridgeError",
    "Item",
    "LabelSchema",
    "Prediction",
    "SyncResult",
    "__version__",
]

_HOMES = {
    "Annotation": "bridge.records",
    "Batch": "bridge.records",
    "Bridge": "bridge.api",
    "BridgeError": "bridge.errors",
    "Item": "bridge.records",
    "LabelSchema": "bridge.records",
    "Prediction": "bridge.records",
    "SyncResult": "bridge.results",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'bridge' has no attribute '{name}'")
