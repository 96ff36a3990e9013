"""The adapter keeps the promises of every adapter, on a real Label Studio."""

from __future__ import annotations

import pytest

from bridge.testing import PlatformSuite
from tests_real.labelstudio.rig import People, labelstudio_rig


class TestLabelStudio(PlatformSuite, rig=labelstudio_rig):
    """Every promise."""

    @pytest.fixture(autouse=True)
    def _on_this_server(self, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
        def make(task, classes):
            return labelstudio_rig(people, task, classes)

        monkeypatch.setattr(type(self), "make_rig", staticmethod(make))
