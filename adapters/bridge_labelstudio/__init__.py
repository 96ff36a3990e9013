"""Label Studio: adapter.

On its own, without store and config file::

    from bridge_labelstudio import LabelStudioPlatform, LabelStudioSettings

    settings = LabelStudioSettings(url="https://…", api_key="…", project=12)
    platform = LabelStudioPlatform(settings)
    for page in platform.pull(None):
        ...
"""

from __future__ import annotations

from bridge.platforms import Adapter
from bridge_labelstudio.platform import LabelStudioPlatform, import_items
from bridge_labelstudio.settings import LabelStudioSettings

__all__ = ["ADAPTER", "LabelStudioPlatform", "LabelStudioSettings", "import_items"]

ADAPTER = Adapter("labelstudio", LabelStudioSettings, LabelStudioPlatform)
