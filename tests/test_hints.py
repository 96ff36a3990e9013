"""Classes without labels are looked for by what is known of them: their names, and key words."""

from __future__ import annotations

from bridge.acquisition.hints import find_hints, phrases_of
from bridge.acquisition.spec import AcquisitionSpec
from bridge.learners.encoding import HashedText
from bridge.records import Item
from memory_platform import MemoryPlatform, loop

INTENTS = ("card_arrival", "exchangeRate", "lost-card", "topUp")
RARE = "viagra pills cheap, click here"


def mails(count: int = 200, rare: int = 2) -> list[Item]:
    """Return mails of which the last ``rare`` are of another kind."""
    texts = [f"minutes of meeting {n % 7}, see you on day {n}" for n in range(count - rare)]
    return [Item(key=f"m{n:03d}", text=text) for n, text in enumerate([*texts, *[RARE] * rare])]


def queue_of(platform, bridge):
    """Return what is queued, in order, with why."""
    return [(key, bridge.explain(key)) for key in platform.queued]


def test_key_words_find_a_rare_class_in_the_first_batch(tmp_path):
    platform = MemoryPlatform()
    platform.add(*mails())
    bridge = loop(platform, tmp_path, acquisition={"hints": {"spam": ["viagra", "click here"]}})
    bridge.sync()
    assert {"m198", "m199"} & set(platform.queued)
    chance = loop(other := MemoryPlatform(), tmp_path / "chance", acquisition={"novel_share": 0})
    other.add(*mails())
    chance.sync()
    assert not {"m198", "m199"} & set(other.queued)


def test_hints_take_half_of_the_places_and_none_of_the_hold_out(tmp_path):
    platform = MemoryPlatform()
    platform.add(*mails(rare=150))
    bridge = loop(
        platform,
        tmp_path,
        acquisition={"hints": {"spam": ["viagra"]}, "hold_out_share": 0.2},
        queue={"depth": 20, "batch": 20},
    )
    bridge.sync()
    found = queue_of(platform, bridge)
    hinted = [at for at, (_, why) in enumerate(found) if why.places[0].source == "hint"]
    assert 1 <= len(hinted) <= 10
    assert not any(why.places[0].source == "novel" for _, why in found), "hints tell more"
    assert not any(found[at][1].hold_out for at in hinted)
    assert "'spam'" in found[hinted[0]][1].places[0].reason
    assert hinted != list(range(len(hinted))), "spread over the ranks"


def test_hints_end_when_the_class_has_labels(tmp_path):
    platform = MemoryPlatform()
    platform.add(*mails(rare=150))
    bridge = loop(platform, tmp_path, acquisition={"hints": {"spam": ["viagra"]}})
    bridge.sync()
    for key in list(platform.queued):
        platform.answer(key, "spam" if int(key[1:]) >= 50 else "ham")
    bridge.sync()
    assert platform.queued
    assert not any(why.places[0].source == "hint" for _, why in queue_of(platform, bridge))


def test_a_hint_for_a_class_that_is_not_there_is_told(tmp_path):
    platform = MemoryPlatform()
    platform.add(*mails())
    bridge = loop(platform, tmp_path, acquisition={"hints": {"junk": ["viagra"]}})
    assert any("'junk'" in warning for warning in bridge.sync().warnings)


def test_names_of_many_classes_are_hints_and_words_are_told_apart():
    spec = AcquisitionSpec(hints={"topUp": ("add money",)})
    assert phrases_of(spec, INTENTS, INTENTS) == {
        "card_arrival": ("card arrival",),
        "exchangeRate": ("exchange Rate",),
        "lost-card": ("lost card",),
        "topUp": ("add money",),
    }
    assert phrases_of(spec, ("ham", "spam"), ("spam",)) == {"spam": ()}


def test_each_class_has_its_turn_and_what_shares_no_word_is_left_out():
    texts = ["my card has not arrived", "a card arrival date", "exchange rate today", "hello"]
    items = [Item(key=str(n), text=text) for n, text in enumerate(texts)]
    encoder = HashedText(columns=2**14)
    phrases = {"card_arrival": ("card arrival",), "exchange": ("exchange rate",), "none": ()}
    found = find_hints(encoder, phrases, [10, 11, 12, 13], encoder.encode(items), 10, seed=0)
    assert [(hint.id, hint.class_name) for hint in found] == [
        (11, "card_arrival"),
        (12, "exchange"),
        (10, "card_arrival"),
    ]
    two = find_hints(encoder, phrases, [10, 11, 12, 13], encoder.encode(items), 2, seed=0)
    assert [hint.id for hint in two] == [11, 12]


def test_an_encoder_that_cannot_encode_a_phrase_has_no_hints(tmp_path):
    (tmp_path / "pixels.py").write_text(
        """
import numpy as np
from bridge.learners.text import TextLearner


class Numbers:
    id = "numbers-v1"

    def encode(self, items):
        return np.array([[float(n) for n in item.text.split()] for item in items], np.float32)


def learner():
    return TextLearner(Numbers())
"""
    )
    platform = MemoryPlatform(classes=("one", "two", "three", "four"))
    platform.add(*[Item(key=str(n), text=f"{n} 2 3") for n in range(50)])
    model = {"estimator": f"{tmp_path / 'pixels.py'}:learner"}
    assert loop(platform, tmp_path / "names", model=model).sync().queue == 10
    given = loop(platform, tmp_path / "given", model=model, acquisition={"hints": {"one": ["uno"]}})
    assert any("cannot encode a phrase" in warning for warning in given.sync(full=True).warnings)
