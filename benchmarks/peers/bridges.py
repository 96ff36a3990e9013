"""Bridge's own arms: the real turn (store, acquisition, learner) against an oracle, and random.

``loop`` is Bridge as it comes: every label that is asked counts, the hold-out's too.
``acquisition`` reserves no hold-out, as no peer does. ``random`` teaches Bridge's learner random
labels, all of them; it needs no store. The others change one setting of ``loop``: what is it good
for?
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bridge.acquisition import AcquisitionSpec
from bridge.config import QueueSettings, Settings
from bridge.labeled import Labeled, schema_of
from bridge.learners import make_learner
from bridge.learners.base import Examples, Model
from bridge.learners.decision import decided
from bridge.oracle import OraclePlatform
from bridge.records import Item
from bridge.simulation import scratch_settings
from bridge.store.changes import DRAW_RANGE, draw_of
from bridge.store.features import FeatureStore
from bridge.store.models import load_model
from bridge.sync import STEPS, Wanted, run
from peers.arena import STEP, Record, Split, parser, settled

KEY_WORDS = {"spam": ["free", "money", "click here", "unsubscribe", "offer"]}
STRATEGIES: dict[str, dict[str, Any]] = {
    "loop": {},
    "acquisition": {"hold_out_share": 0.0},
    "random": {},
    "no-directions": {},
    "most-probable": {},
    "minilm": {},
    "minilm-random": {},
    "no-novelty": {"novel_share": 0.0},
    "no-diversity": {"diversity": "off"},
    "entropy": {"strategy": "entropy"},
    "committee": {"strategy": "committee"},
    "key-words": {"hints": KEY_WORDS},
    "key-words-without-hold-out": {"hints": KEY_WORDS, "hold_out_share": 0.0},
}
MINILM = {"encoder": f"{Path(__file__).with_name('minilm.py')}:vectors"}
MODELS: dict[str, dict[str, Any]] = {
    "no-directions": {"directions": 0},
    "most-probable": {"decide_for": "accuracy"},
    "minilm": MINILM,
    "minilm-random": MINILM,
    "committee": {"committee": 5},
}
HOLD_OUT = AcquisitionSpec().hold_out_share


class Bridge:
    """A split as Bridge sees it: items, a schema, and the test part encoded."""

    def __init__(self, split: Split, strategy: str, scratch: Path, batch: int) -> None:
        self.split = split
        texts = json.loads((split.folder / "texts.json").read_text())
        keys = keys_of(split, STRATEGIES[strategy].get("hold_out_share", HOLD_OUT))
        self.rows = [
            Labeled(Item(key=key, text=text), (split.classes[label],))
            for key, text, label in zip(keys, texts["pool"], split.pool_labels, strict=True)
        ]
        self.place = {key: place for place, key in enumerate(keys)}
        self.schema = schema_of(self.rows)
        acquisition = {"seed": split.seed, **STRATEGIES[strategy]}
        sections: dict[str, Any] = {"acquisition": acquisition}
        if strategy in MODELS:
            sections["model"] = MODELS[strategy]
        if (split.folder / "pool.npy").exists():
            factory = Path(__file__).with_name("pixels.py")
            sections["model"] = {"estimator": f"{factory}:learner"}
        self.settings: Settings = scratch_settings(scratch, sections, split.seed, batch)
        self.learner = make_learner(self.settings.model)
        assert self.learner.encoder is not None
        unseen = [Item(key=f"test/{i}", text=text) for i, text in enumerate(texts["test"])]
        self.test = self.learner.encoder.encode(unseen)
        self.store = FeatureStore(scratch / "measured", self.learner.encoder)
        self.store.add(((i, row.item) for i, row in enumerate(self.rows)), upto=1)
        self.reader = self.store.reader()

    def taught(self, asked: np.ndarray) -> Model:
        """Teach the learner, alone, the true labels of places in the pool."""
        labels = np.zeros((len(asked), len(self.split.classes)), np.int8)
        labels[np.arange(len(asked)), self.split.pool_labels[asked]] = 1
        examples = Examples(
            labels=labels,
            weights=np.ones(len(asked), np.float32),
            classes=self.schema.names,
            task="single",
            features=self.reader.rows(asked),
        )
        return self.learner.fit(examples, self.reader, seed=self.split.seed)

    def said(self, model: Model) -> tuple[np.ndarray, np.ndarray]:
        """Return a model's probabilities of the test part, and the classes it decides for.

        The columns, and the class numbers, are the split's.
        """
        assert model.classes == self.schema.names == tuple(self.split.classes)
        said = model.predict(self.test)
        return said, decided(model, said, "single").argmax(axis=1)


def loop(bridge: Bridge, batch: int, budget: int) -> Iterator[tuple[np.ndarray, Model | None]]:
    """Yield (places asked so far, the model in use) after each sync."""
    platform = OraclePlatform(bridge.rows, bridge.schema)
    settings = bridge.settings.model_copy(update={"queue": QueueSettings(depth=batch, batch=1)})
    while True:
        result = run(settings, platform, Wanted(STEPS))
        asked = np.array([bridge.place[key] for key in answered(platform)], int)
        if len(asked):
            models = settings.store_directory / "models"
            champion = result.champion
            yield (
                asked,
                None if champion is None else load_model(models, champion, bridge.learner),
            )
        if len(asked) >= min(budget, len(bridge.rows)) or not platform.answer(batch):
            return


def answered(platform: OraclePlatform) -> list[str]:
    """Return the keys of all items that were answered, in the order of answers."""
    changes = (change for page in platform.pull(None) for change in page.changes)
    return [change.key for change in changes if change.annotations]


def keys_of(split: Split, hold_out_share: float) -> list[str]:
    """Return a key for each place in the pool, so that Bridge draws in everyone's random order.

    Lots are drawn by the key alone. Luck in the first labels decides much where a class is rare,
    and should be the same for all. The lots that are reserved for the hold-out go to the order's
    end.
    """
    size = len(split.pool_labels)
    keys = sorted((f"{split.seed}/{number}" for number in range(size)), key=draw_of)
    reserved = sum(draw_of(key) < hold_out_share * DRAW_RANGE for key in keys)
    given = [""] * size
    order = np.random.default_rng(split.seed).permutation(size)
    for place, key in zip(order.tolist(), keys[reserved:] + keys[:reserved], strict=True):
        given[place] = key
    return given


def main() -> None:
    given = parser(tuple(STRATEGIES)).parse_args()
    split = Split(given.split)
    record = Record(split)
    with tempfile.TemporaryDirectory(prefix="bridge-efficiency-") as scratch:
        bridge = Bridge(split, given.strategy, Path(scratch), given.batch)
        order = np.random.default_rng(split.seed).permutation(len(split.pool_labels))
        full = record.note("full", order, *bridge.said(bridge.taught(order)))
        if given.strategy.endswith("random"):
            count, scores = 0, []
            while count < len(order):
                if count >= given.budget and (given.stop_random or settled(scores, full)):
                    break
                count = min(len(order), count + max(given.batch, count // STEP))
                asked = order[:count]
                scores.append(record.note("loop", asked, *bridge.said(bridge.taught(asked))))
        else:
            for asked, model in loop(bridge, given.batch, given.budget):
                record.note("loop", asked, *((None,) if model is None else bridge.said(model)))
    record.write(given.out)


if __name__ == "__main__":
    main()
