"""While a class has no label, items unlike all that was asked before are asked for, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bridge.acquisition.novelty import find_novel
from bridge.learners.encoding import HashedText
from bridge.records import Item
from memory_platform import MemoryPlatform, loop

ENCODER = HashedText(columns=2**14)
USUAL = [f"minutes of meeting {n % 7}, see you on day {n}" for n in range(200)]
KIND = [f"win a prize now, call {n} to claim cash" for n in range(6)]


def rows(texts: list[str], dense: bool = False) -> Any:
    found: Any = ENCODER.encode([Item(key=str(n), text=text) for n, text in enumerate(texts)])
    return found.toarray() if dense else found


@pytest.mark.parametrize("dense", [False, True])
def test_what_is_unlike_the_known_comes_first_one_by_one_and_in_groups(dense: bool) -> None:
    texts = [*USUAL[50:], "xylophone quartz", *KIND]
    found = find_novel(rows(texts, dense), rows(USUAL[:50], dense), 2)
    assert found[0] == 150, "it shares no word with anything"
    assert found[1] > 150, "several that are alike, and unlike the known"


def test_what_was_chosen_is_known_for_the_next_choice() -> None:
    texts = [*USUAL[50:], *["xylophone quartz"] * 5, *KIND]
    found = find_novel(rows(texts), rows(USUAL[:50]), 4)
    assert len(set(found)) == 4
    assert sum(150 <= place < 155 for place in found) == 1, "its repeats are not novel any more"


def test_an_item_without_features_is_nothing_and_not_novel() -> None:
    features = rows([*USUAL[:30], "xylophone quartz"]).toarray()
    features[7] = 0
    found = find_novel(features, rows(USUAL[30:40], dense=True), 50)
    assert len(found) == 30
    assert 7 not in found


def test_where_nothing_is_known_or_nothing_is_there_nothing_is_novel() -> None:
    some, none = rows(USUAL[:5]), rows(USUAL[:5])[:0]
    assert find_novel(some, none, 3) == []
    assert find_novel(none, some, 3) == []
    assert len(find_novel(rows(["a lonely text"]), some, 3)) == 1


def test_equal_inputs_give_equal_choices_and_the_scale_of_features_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    features, known = (np.abs(rng.normal(size=(n, 8))).astype(np.float32) for n in (60, 9))
    found = find_novel(features, known, 12)
    assert found == find_novel(7 * features, known, 12)
    assert len(set(found)) == 12


# --------------------------------------------------------------------------------------- the loop


def platform_of(rare: int) -> MemoryPlatform:
    """A project with mails of which the last ``rare`` are of another kind."""
    platform = MemoryPlatform()
    texts = [*USUAL[: 200 - rare], *(f"{KIND[n % 6]} or else {n}" for n in range(rare))]
    platform.add(*[Item(key=f"m{n:03d}", text=text) for n, text in enumerate(texts)])
    return platform


def first_found(directory: Any, **acquisition: Any) -> int:
    """Return how many answers it takes to meet the rare kind, of which there are four in 200."""
    platform, answers = platform_of(4), 0
    bridge = loop(platform, directory, acquisition=acquisition)
    while answers < 200:
        bridge.sync()
        for key in list(platform.queued):
            answers += 1
            if key >= "m196":
                return answers
            platform.answer(key, "ham")
    raise AssertionError("all were answered")


def test_a_rare_class_is_found_sooner_than_by_chance(tmp_path: Any) -> None:
    spent = {
        share: [
            first_found(tmp_path / f"{share}-{seed}", novel_share=share, seed=seed)
            for seed in range(3)
        ]
        for share in (0.0, 0.5)
    }
    assert sum(spent[0.5]) < 0.5 * sum(spent[0.0]), spent


def reasons(platform: MemoryPlatform, bridge: Any) -> list[tuple[str, bool]]:
    found = [bridge.explain(key) for key in platform.queued]
    return [(why.places[0].source, why.hold_out) for why in found]


def test_half_of_what_is_random_and_none_of_the_hold_out(tmp_path: Any) -> None:
    platform = platform_of(20)
    bridge = loop(
        platform,
        tmp_path,
        acquisition={"hold_out_share": 0.2},
        queue={"depth": 100, "batch": 20},
    )
    bridge.sync()
    found = reasons(platform, bridge)
    assert sum(held for _, held in found) == 20
    novel = [place for place, (source, _) in enumerate(found) if source == "novel"]
    assert len(novel) == 40
    assert not any(found[place][1] for place in novel)
    assert novel != list(range(40)), "spread over the ranks"


def test_it_ends_when_every_class_has_a_label(tmp_path: Any) -> None:
    platform = platform_of(60)
    bridge = loop(platform, tmp_path)
    bridge.sync()
    assert "novel" in {source for source, _ in reasons(platform, bridge)}
    for key in list(platform.queued):
        platform.answer(key, "spam" if key >= "m140" else "ham")
    bridge.sync()
    assert platform.queued
    assert "novel" not in {source for source, _ in reasons(platform, bridge)}


def test_an_encoder_that_fails_leaves_what_is_random(tmp_path: Any) -> None:
    """People can begin; what is wrong is told now, and stops the first training."""
    (tmp_path / "broken.py").write_text(
        """
from bridge.learners.text import TextLearner


class Broken:
    id = "broken-v1"

    def encode(self, items):
        raise RuntimeError("no such device")


def learner():
    return TextLearner(Broken())
"""
    )
    platform = platform_of(20)
    bridge = loop(platform, tmp_path, model={"estimator": f"{tmp_path / 'broken.py'}:learner"})
    (warning,) = bridge.sync().warnings
    assert "no such device" in warning
    assert len(platform.queued) == 10
    assert "novel" not in {source for source, _ in reasons(platform, bridge)}


def test_random_is_random(tmp_path: Any) -> None:
    platform = platform_of(20)
    bridge = loop(platform, tmp_path, acquisition={"strategy": "random"})
    bridge.sync()
    assert {source for source, _ in reasons(platform, bridge)} == {"random"}


def test_where_marks_are_asked_for_nothing_is_sought(tmp_path: Any) -> None:
    """Marks are not learned, so that their classes would have no label for ever."""
    platform = platform_of(20)
    platform.task = "spans"
    bridge = loop(platform, tmp_path)
    bridge.sync()
    assert "novel" not in {source for source, _ in reasons(platform, bridge)}
