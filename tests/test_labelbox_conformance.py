"""The Labelbox adapter keeps the promises of every adapter."""

from __future__ import annotations

from labelbox_rig import labelbox_rig

from bridge.testing import PlatformSuite


class TestLabelbox(PlatformSuite, rig=labelbox_rig):
    pass
