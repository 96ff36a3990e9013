"""What all tests share."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from bridge.store.database import Store, open_store
from postgres_server import driven, needs_postgres, new_database, running

settings.register_profile("any machine", deadline=None)  # a busy one is no failure
settings.load_profile("any machine")

# Checks that several modules share say what was wrong, as those in a test do.
pytest.register_assert_rewrite("crash_trial", "faulty_loop", "story_labelbox", "story_platform")

# A shell's background job ignores SIGINT, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Place:
    """Where a store lies: its directory, and its database if that is no file in it.

    ``section`` is the part ``[store]`` of bridge.toml that names it.
    """

    directory: Path
    url: str | None
    section: dict[str, str]

    @contextmanager
    def open(self) -> Iterator[Store]:
        store = open_store(self.directory, self.url)
        try:
            yield store
        finally:
            store.close()


@pytest.fixture(scope="module")
def postgres():
    """A PostgreSQL server, for the tests of a module."""
    with running():
        yield


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.slow, needs_postgres])]
)
def place(request, tmp_path):
    """A place for a store below ``tmp_path``: a file, and then a database on a server."""
    if request.param == "sqlite":
        yield Place(tmp_path / ".bridge", None, {})
        return
    request.getfixturevalue("postgres")
    with new_database("store") as url:
        (tmp_path / "url").write_text(driven(url))
        section = {"url": f"file:{tmp_path / 'url'}"}
        yield Place(tmp_path / ".bridge", driven(url), section)
