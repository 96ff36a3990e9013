"""A learner that remembers what it was taught, and learns in no time."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TAUGHT: list[dict[str, str]] = []  # of each training: item -> class


@dataclass(frozen=True)
class Frequencies:
    """Says of every item how frequent the classes were, and a little of its own."""

    classes: tuple[str, ...]
    counts: dict[str, int]

    def predict(self, items):
        weights = np.array(
            [
                [1.0 + self.counts.get(name, 0) + len(item.text or "") % (2 + column)]
                for item in items
                for column, name in enumerate(self.classes)
            ],
            dtype=np.float32,
        ).reshape(len(items), len(self.classes))
        return weights / weights.sum(axis=1, keepdims=True)

    def save(self, directory: Path) -> None:
        (directory / "model.json").write_text(json.dumps([self.classes, self.counts]))


class Remembering:
    id = "remembering-1"
    encoder = None

    def fit(self, examples, pool, *, seed):
        names = [examples.classes[int(row.argmax())] for row in examples.labels]
        TAUGHT.append({item.key: name for item, name in zip(examples.items, names, strict=True)})
        return Frequencies(examples.classes, dict(Counter(names)))

    def load(self, directory: Path):
        classes, counts = json.loads((directory / "model.json").read_text())
        return Frequencies(tuple(classes), counts)
