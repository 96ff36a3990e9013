"""The conformance suite that every adapter must pass, ours and yours; needs pytest.

An adapter's tests are one line, given a :class:`Rig` that sets up a project on the platform (an
emulator, a sandbox account) and plays the people at it::

    class TestMine(PlatformSuite, rig=my_rig):
        '''My platform keeps Bridge's promises.'''

The suite has two parts. The basic one must pass whole. Of the optional one, tests of what the
platform's capabilities rule out skip themselves, and others may be opted out with a reason::

    class TestMine(PlatformSuite, rig=my_rig, without={"test_removed_item": "items are for ever"}):
        '''My platform keeps Bridge's promises, but for removed items.'''
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import pytest

from bridge.platforms import Platform

# Before they are imported: then a failing assertion shows what it compared.
pytest.register_assert_rewrite("bridge.testing.basic", "bridge.testing.optional")

from bridge.testing.basic import BasicTests  # noqa: E402
from bridge.testing.optional import OptionalTests  # noqa: E402
from bridge.testing.playing import CLASSES, batch_of, replay  # noqa: E402
from bridge.testing.rig import Rig, RigFactory  # noqa: E402

__all__ = ["PlatformSuite", "Rig", "RigFactory", "batch_of", "replay"]


class PlatformSuite(BasicTests, OptionalTests):
    """What Bridge expects of every platform; subclass it with a rig."""

    make_rig: ClassVar[RigFactory]
    without: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(
        cls, *, rig: RigFactory, without: Mapping[str, str] | None = None
    ) -> None:
        super().__init_subclass__()
        cls.make_rig = staticmethod(rig)
        cls.without = dict(without or {})
        for name in cls.without:
            if not hasattr(OptionalTests, name):
                raise TypeError(f"'{name}' is no optional test of the suite")

    @pytest.fixture
    def rig(self, request: pytest.FixtureRequest) -> Iterator[Rig]:
        """A project where one of three classes applies."""
        self._skip_if_opted_out(request)
        with type(self).make_rig("single", CLASSES) as rig:
            yield rig

    @pytest.fixture
    def rig_of_several(self, request: pytest.FixtureRequest) -> Iterator[Rig]:
        """A project where any of three classes apply."""
        self._skip_if_opted_out(request)
        with type(self).make_rig("multi", CLASSES) as rig:
            yield rig

    @pytest.fixture
    def platform(self, rig: Rig) -> Iterator[Platform]:
        """A connection to the rig's project."""
        platform = rig.connect()
        yield platform
        platform.close()

    def _skip_if_opted_out(self, request: pytest.FixtureRequest) -> None:
        reason = self.without.get(request.function.__name__)
        if reason:
            pytest.skip(reason)
