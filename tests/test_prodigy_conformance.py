from __future__ import annotations

from bridge.testing import PlatformSuite
from prodigy_rig import prodigy_rig


class TestProdigy(PlatformSuite, rig=prodigy_rig):
    """The Prodigy adapter keeps Bridge's promises over its stand-in."""
