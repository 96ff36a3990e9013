"""The loop with its state on a PostgreSQL server: the same tests, and several hosts at once."""

import shutil
import signal
from contextlib import ExitStack
from itertools import pairwise

import psycopg
import pytest
from hypothesis import settings

import test_story
import test_sync
from bridge.errors import ConfigError, Locked, StoreError
from bridge.store.locks import held
from labelbox_loop import labelbox_loop
from memory_platform import MemoryPlatform, mail
from memory_platform import loop as memory_loop
from postgres_server import PASSWORD, QUOTED, driven, needs_postgres, new_database, running
from processes import Processes

pytestmark = [pytest.mark.slow, needs_postgres]


@pytest.fixture(scope="module", autouse=True)
def server():
    with running():
        yield


@pytest.fixture
def url():
    with new_database("bridge") as made:
        yield made


@pytest.fixture
def platform():
    made = MemoryPlatform()
    made.add(*mail(60).values())
    return made


def section(url, directory):
    """Return the section ``[store]`` that reaches a database; its secret lies in a file."""
    (directory / "url").write_text(driven(url))
    return {"url": f"file:{directory / 'url'}"}


# ------------------------------------------------------------------------------- the loop's tests


@pytest.mark.parametrize(
    "test",
    [
        test_sync.test_learns_ranks_and_pre_annotates,
        test_sync.test_nothing_new_changes_nothing,
        test_sync.test_queue_is_topped_up_not_piled_up,
        test_sync.test_hold_out_is_never_taught,
        test_sync.test_skipped_items_leave_the_queue_and_are_not_taught,
        test_sync.test_unknown_class_is_kept_reported_and_left_out,
        test_sync.test_ground_truth_outranks_the_majority,
        test_sync.test_item_deleted_on_the_platform_leaves_the_queue,
        test_sync.test_refused_items_are_named_and_not_asked_again,
        test_sync.test_changed_and_deleted_answers_are_unlearned,
        test_sync.test_silently_deleted_answers_are_found_by_a_full_pull,
        test_sync.test_a_planned_batch_is_pushed_as_planned,
        test_sync.test_dry_run_changes_nothing,
        test_sync.test_explain,
    ],
    ids=lambda test: test.__name__,
)
def test_the_loop(platform, tmp_path, monkeypatch, url, test):
    def on_postgres(platform, directory, **raw):
        return memory_loop(platform, directory, store=section(url, directory), **raw)

    monkeypatch.setattr(test_sync, "loop", on_postgres)
    test(platform, tmp_path)
    assert not (tmp_path / ".bridge" / "state.db").exists()


class Story(test_story.Story):
    """The state machine, with a database of its own for each story."""

    def __init__(self):
        super().__init__()
        self.databases = ExitStack()
        self.url = self.databases.enter_context(new_database("story"))

    def teardown(self):
        self.databases.close()
        super().teardown()

    def store(self):
        return section(self.url, self.folder)


TestStory = Story.TestCase
TestStory.settings = settings(
    test_story.TestStory.settings, max_examples=1000 if test_story.SOAK else 3
)


# ------------------------------------------------------------------------------- several hosts


@pytest.fixture
def loop(tmp_path, url):
    """A loop, and beside it the folder of another host with the same database."""
    with labelbox_loop(tmp_path) as made:
        other = tmp_path / "other"
        other.mkdir()
        made.configure(rest=f'[store]\nurl = "{section(url, tmp_path)["url"]}"')
        shutil.copy(made.config, other)
        yield made


@pytest.fixture
def processes(loop):
    made = Processes(loop)
    yield made
    made.end()


def stored(url, query):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def end_session_of_the_lock(url):
    query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
    assert stored(url, query) == [(True,)]


def test_another_host_leaves(loop, processes, url):
    holder = processes.holder()
    other = loop.directory / "other" / "bridge.toml"
    code, said = processes.start(config=other).ended()
    assert (code, said.count("Error:")) == (75, 1)
    assert "Another run is at work on postgresql+psycopg://" in said
    assert PASSWORD not in said
    assert QUOTED not in said
    code, _ = processes.start("--wait", "0.5", config=other).ended()
    assert code == 75
    waiting = processes.start("--wait", "60", config=other)
    holder.signal(signal.SIGCONT)
    assert [run.ended()[0] for run in (holder, waiting)] == [0, 0]
    runs = stored(url, "SELECT started_at, finished_at, state FROM runs ORDER BY id")
    assert [run[2] for run in runs] == ["done", "done"]
    assert all(before[1] <= after[0] for before, after in pairwise(runs))
    assert len(loop.queue()) == 12


def test_a_host_that_died_is_in_nobodys_way(loop, processes):
    holder = processes.holder()
    waiting = processes.start("--wait", "60", config=loop.directory / "other" / "bridge.toml")
    holder.signal(signal.SIGKILL)
    assert waiting.ended()[0] == 0
    assert len(loop.queue()) == 12


def test_a_run_whose_lock_is_lost_stops(loop, processes, url):
    """It cannot know whether another host has begun; what it did is kept, and the next goes on."""
    holder = processes.holder()
    end_session_of_the_lock(url)
    other = processes.start(config=loop.directory / "other" / "bridge.toml")
    assert other.ended()[0] == 0
    holder.signal(signal.SIGCONT)
    code, said = holder.ended()
    assert (code, said.count("Error:")) == (74, 1)
    assert "another run may have begun" in said
    assert "Traceback" not in said
    assert loop.sync()["status"] == "unchanged"
    assert len(loop.queue()) == len(set(loop.queue())) == 12


def test_the_lock_itself(tmp_path, url):
    here, there = tmp_path / "here", tmp_path / "there"
    with held(here, driven(url)) as guard:
        guard()
        with pytest.raises(Locked), held(there, driven(url)):
            pytest.fail("two hold it")
        with pytest.raises(Locked), held(there, driven(url), 0.3):
            pytest.fail("two hold it")
        with new_database("bridge") as other, held(there, driven(other)):
            guard()
        end_session_of_the_lock(url)
        for _ in range(2):
            with pytest.raises(StoreError, match="another run may have begun"):
                guard()
        with held(there, driven(url)) as taken:
            taken()
    with held(there, driven(url)):
        assert stored(url, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(1,)]
    assert stored(url, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]


def test_two_stores_in_schemas_of_one_database(tmp_path, url):
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SCHEMA one; CREATE SCHEMA two")
    one, two = (f"{driven(url)}?options=-csearch_path%3D{name}" for name in ("one", "two"))
    with (
        held(tmp_path / "one", one),
        held(tmp_path / "two", two),
        pytest.raises(Locked),
        held(tmp_path / "three", one),
    ):
        pytest.fail("two hold it")


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ((QUOTED, "guess"), StoreError, "password authentication failed"),
        (("127.0.0.1:", "127.0.0.1:1"), StoreError, "cannot be used"),
        (("+psycopg", "+nonsense"), ConfigError, "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_locked(tmp_path, url, change, kind, said):
    with pytest.raises(kind, match=said) as caught, held(tmp_path, driven(url).replace(*change)):
        pytest.fail("nothing was locked")
    assert PASSWORD not in str(caught.value)
    assert QUOTED not in str(caught.value)
    assert "guess" not in str(caught.value)
    with held(tmp_path, driven(url)) as guard:  # nothing is left behind
        guard()
