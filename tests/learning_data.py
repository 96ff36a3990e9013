"""Small synthetic texts with classes that words tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bridge.learners.base import Encoder, Examples, LearningTask
from bridge.records import Item
from bridge.store.features import FeatureReader, FeatureStore

NAMES = ("sport", "money", "music")
TOPICS = {
    "sport": ["goal", "match", "team", "coach", "league", "score"],
    "money": ["bank", "loan", "stock", "price", "market", "coin"],
    "music": ["song", "guitar", "album", "drum", "concert", "tune"],
}
COMMON = ["the", "a", "of", "we", "today", "new", "very", "some", "it", "they"]


def text(rng: np.random.Generator, topics: Sequence[str], clear: float = 0.5) -> str:
    words = []
    for _ in range(int(rng.integers(6, 14))):
        source = TOPICS[str(rng.choice(topics))] if rng.random() < clear else COMMON
        words.append(str(rng.choice(source)))
    return " ".join(words)


def single(n: int, seed: int, classes: Sequence[str] = NAMES) -> tuple[list[Item], np.ndarray]:
    """Items of one topic each, and their class numbers."""
    rng = np.random.default_rng(seed)
    numbers = rng.integers(0, len(classes), n)
    items = [Item(key=f"i{i}", text=text(rng, [classes[c]])) for i, c in enumerate(numbers)]
    return items, numbers


def several(n: int, seed: int) -> tuple[list[Item], np.ndarray]:
    """Items of one or two topics, and their labels (n, 3)."""
    rng = np.random.default_rng(seed)
    labels = rng.random((n, 3)) < 0.4
    labels[~labels.any(axis=1), 0] = True
    items = [
        Item(key=f"i{i}", text=text(rng, [NAMES[c] for c in np.flatnonzero(row)], 0.8))
        for i, row in enumerate(labels)
    ]
    return items, labels.astype(np.int8)


def one_hot(numbers: np.ndarray, k: int = 3) -> np.ndarray:
    return np.eye(k, dtype=np.int8)[numbers]


def examples(
    encoder: Encoder | None,
    items: Sequence[Item],
    labels: np.ndarray,
    task: LearningTask = "single",
    classes: tuple[str, ...] = NAMES,
    weights: np.ndarray | None = None,
) -> Examples:
    return Examples(
        labels=labels.astype(np.int8),
        weights=np.ones(len(items), np.float32) if weights is None else weights,
        classes=classes,
        task=task,
        features=encoder.encode(items) if encoder else None,
        items=None if encoder else list(items),
    )


def reader(directory: Path, encoder: Encoder, items: Sequence[Item]) -> FeatureReader:
    store = FeatureStore(directory, encoder)
    store.add(enumerate(items), upto=1)
    return store.reader()
