"""One real server for the whole suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests_real.labelstudio.rig import People
from tests_real.labelstudio.server import running


@pytest.fixture(scope="session")
def people() -> Iterator[People]:
    with running() as server:
        yield People(server)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.timeout(900))
