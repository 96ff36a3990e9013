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
