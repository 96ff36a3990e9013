"""Cases that broke the engine once, through the Python face, on a platform in memory."""

import pytest

from bridge.records import Change, Page
from bridge.store.changes import apply_page
from bridge.store.database import open_store
from memory_platform import START, MemoryPlatform, loop, mail, truth


@pytest.fixture
def platform():
    made = MemoryPlatform()
    made.add(*mail(60).values())
    return made


def answer_all(platform):
    for key in list(platform.queued):
        platform.answer(key, truth(key))


# --------------------------------------------------------------------------------------- the queue


def test_what_was_taken_out_of_the_queue_is_asked_again(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    first = list(platform.queued)
    platform.queued.clear()
    assert bridge.sync(full=True).queue == len(platform.queued) == 10
    # The same items by the same model: a decision of its own, which the platform must not take
    # for the batch that it had before.
    assert platform.queued == first
    assert len(set(platform.pushes)) == len(platform.pushes) == 2


def test_what_was_refused_wholly_is_asked_again(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    platform.refuse = set(platform.items)
    for _ in range(7):
        assert bridge.sync().queue == 0
    platform.refuse.clear()
    assert bridge.sync(full=True).queue == len(platform.queued) == 10


# ------------------------------------------------------------------------------------ changed items


def test_an_item_that_was_gone_before_it_was_encoded_comes_back(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    key = next(key for key in platform.items if key not in platform.queued)
    item = platform.items[key]
    platform.remove(key)
    bridge.sync(full=True)
    answer_all(platform)
    assert bridge.sync().encoded == 59
    platform.add(item)
    answer_all(platform)
    assert bridge.sync().encoded == 1
    assert bridge.explain(key).where in ("pool", "queue")


def test_an_item_that_was_never_known_is_removed(tmp_path):
    store = open_store(tmp_path)
    gone = Change(key="k", removed=True, annotations=(), complete=True, as_of=START)
    with store.begin() as connection:
        assert not apply_page(connection, Page(changes=(gone,)), hold_out=0.1).any
        assert not apply_page(connection, Page(changes=(gone,)), hold_out=0.1, sweep=1).any
    store.close()


def rekey(platform, old, new):
    """Give an item another key, as when somebody sets the global key of a data row."""
    item = platform.items.pop(old)
    platform.items[new] = item.model_copy(update={"key": new})
    platform.answers[new] = {
        annotator: given.model_copy(update={"item_key": new})
        for annotator, given in platform.answers.pop(old).items()
    }
    platform.tick(new)


def test_answers_follow_their_item_to_another_key(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    answer_all(platform)
    before = bridge.sync()
    old = next(iter(platform.answers))
    rekey(platform, old, "another-key")
    bridge.sync()
    assert bridge.explain("another-key").where == "answered"
    assert "another-key" not in platform.queued
    assert bridge.sync(full=True).labels == before.labels
    assert bridge.explain(old).where == "removed"
