"""An emulator in a process of its own, for each test that meets the SDK."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests_real.labelbox import sdk
from tests_real.labelbox.shared import Shared


@pytest.fixture
def shared() -> Iterator[Shared]:
    sdk.install()
    with sdk.serving() as served:
        yield Shared(served)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave time for installing the SDK, which the first test does."""
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(900))
