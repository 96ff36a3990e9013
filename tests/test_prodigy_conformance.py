from __future__ import annotations

from prodigy_rig import prodigy_rig

from bridge.testing import PlatformSuite


class TestProdigy(PlatformSuite, rig=prodigy_rig):
    """The Prodigy adapter keeps Bridge's promises over its stand-in."""
