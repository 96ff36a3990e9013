"""Where to look for classes that have no label yet: items like a class's name or its key words.

Chance finds a class of one item in a hundred after a hundred labels; a few words may find it in the
first batch. Ein-Dor et al. 2020, "Active Learning for BERT: An Empirical Study", start from such
keyword queries where a class is rare, https://aclanthology.org/2020.emnlp-main.638.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bridge.acquisition.candidates import tie_breaker
from bridge.acquisition.likeness import cosines, weighted
from bridge.records import Item

if TYPE_CHECKING:
    from bridge.acquisition.spec import AcquisitionSpec
    from bridge.learners.base import Encoder, Features

__all__ = ["Hint", "find_hints", "phrases_of"]

MANY = 4  # classes; from here their names serve as phrases, below chance finds each soon enough
BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+")


@dataclass(frozen=True)
class Hint:
    """An item that may belong to a class without labels."""

    id: int
    class_name: str


def phrases_of(
    spec: AcquisitionSpec, classes: Sequence[str], unseen: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Return class -> phrases to look for, for classes that no label names yet.

    Phrases are those of ``acquisition.hints``; else, with many classes, the words of the name.
    """
    by_name = len(classes) >= MANY
    named = {name: (" ".join(BETWEEN_WORDS.split(name)),) if by_name else () for name in unseen}
    return {name: spec.hints.get(name, usual) for name, usual in named.items()}


def find_hints(
    encoder: Encoder,
    phrases: Mapping[str, Sequence[str]],
    ids: Sequence[int],
    features: Features,
    size: int,
    seed: int,
) -> list[Hint]:
    """Return up to ``size`` items, in turn the one that is most like a phrase of each class.

    Likeness is the cosine of the encoder's features; sparse ones are weighted by their inverse
    document frequency. What has nothing in common with a phrase is not returned.

    Args:
        ids: of the items to look at.
        features: (len(ids), d) of these items.
    """
    wanted = {name: given for name, given in phrases.items() if given}
    if not wanted or not len(ids):
        return []
    said = [Item(key=f"hint-{n}", text=text) for n, text in enumerate(_flat(wanted))]
    likeness = cosines(*weighted(features, encoder.encode(said)))
    equal = np.argsort(tie_breaker(np.asarray(ids, np.int64), seed), kind="stable")
    orders: dict[str, list[int]] = {}
    start = 0
    for name, given in wanted.items():
        best = likeness[:, start : start + len(given)].max(axis=1)
        start += len(given)
        order = equal[np.argsort(-best[equal], kind="stable")]
        orders[name] = [int(place) for place in order[:size] if best[place] > 0]
    return _in_turn(orders, ids, size)


def _flat(phrases: Mapping[str, Sequence[str]]) -> list[str]:
    return [phrase for given in phrases.values() for phrase in given]


def _in_turn(orders: Mapping[str, Sequence[int]], ids: Sequence[int], size: int) -> list[Hint]:
    """Deal the places out class by class, each item once."""
    found: dict[int, str] = {}
    left = {name: iter(order) for name, order in orders.items()}
    while left and len(found) < size:
        for name in list(left):
            place = next((place for place in left[name] if place not in found), None)
            if place is None:
                del left[name]
            elif len(found) < size:
                found[place] = name
    return [Hint(int(ids[place]), name) for place, name in found.items()]
