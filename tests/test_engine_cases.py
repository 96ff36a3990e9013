"""Cases that broke the engine once, through the Python face, on a platform in memory."""

import pytest

from memory_platform import MemoryPlatform, loop, mail, truth


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
