"""The Labelbox adapter keeps the promises of every adapter."""

from __future__ import annotations

from bridge.testing import PlatformSuite
from labelbox_rig import labelbox_rig


class TestLabelbox(PlatformSuite, rig=labelbox_rig):
    pass
