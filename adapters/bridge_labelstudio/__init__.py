"""Label Studio: adapter.

On its own, without store and config file::

    from bridge_labelstudio import LabelStudioPlatform, LabelStudioSettings

    settings = LabelStudioSettings(url="https://…", api_key="…", project=12)
    platform = LabelStudioPlatform(settings)
    for page in platform.pull(None):
        ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.platforms import Adapter
from bridge_labelstudio.settings import LabelStudioSettings

if TYPE_CHECKING:
    from bridge_labelstudio.platform import LabelStudioPlatform, import_items

__all__ = ["ADAPTER", "LabelStudioPlatform", "LabelStudioSettings", "import_items"]


def __getattr__(name: str) -> Any:
    """Import on first use: reading the settings needs no HTTP."""
    if name in ("LabelStudioPlatform", "import_items"):
        from bridge_labelstudio import platform

        return getattr(platform, name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def _connect(settings: LabelStudioSettings) -> LabelStudioPlatform:
    from bridge_labelstudio.platform import LabelStudioPlatform

    return LabelStudioPlatform(settings)


ADAPTER = Adapter("labelstudio", LabelStudioSettings, _connect)
