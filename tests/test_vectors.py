"""Texts as vectors of somebody's model, under the built-in head."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridge.checks import check
from bridge.errors import BridgeError, ConfigError, DataError, ModelError
from bridge.learners import LearnerSpec, make_learner
from bridge.learners.base import Learner
from bridge.learners.decision import DecidingLearner
from bridge.learners.vectors import VectorLearner, VectorModel
from bridge.records import Item
from bridge.safe_text import redacted
from learning_data import NAMES, examples, one_hot, reader, several, single
from memory_platform import MemoryPlatform, loop, mail, truth

FILE = '''
import zlib
import numpy as np

def embed(texts):
    """The sum of a random vector of each word."""
    with open(__file__ + ".log", "a") as log:
        log.writelines(repr(text) + chr(10) for text in texts)
    def vector(word):
        return np.random.default_rng(zlib.crc32(word.encode())).normal(size=24)
    return [sum((vector(word) for word in text.lower().split()), np.zeros(24)) for text in texts]

class Sentences:
    def __init__(self, scale=1.0):
        self.scale = scale
    def encode(self, texts):
        return np.array(embed(texts)) * self.scale

def function():
    return embed

def short():
    return lambda texts: embed(texts)[1:]

def flat():
    return lambda texts: [1.0 for _ in texts]

def narrow():
    return lambda texts: [[] for _ in texts]

def endless():
    return lambda texts: [[float("nan")] * 3 for _ in texts]

def fails():
    def encode(texts):
        raise RuntimeError("out of memory")
    return encode

def absent():
    raise OSError("no such model")

def number():
    return 7
'''

ONCE = """

def once():
    import pathlib
    def encode(texts):
        if pathlib.Path(__file__ + ".stop").exists() and any("77" in text for text in texts):
            raise RuntimeError("power cut")
        return embed(texts)
    return encode
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "encoders.py"
    path.write_text(FILE)
    return path


def learner(file: Path, name: str = "Sentences", **settings: Any) -> Learner:
    return make_learner(LearnerSpec(encoder=f"{file}:{name}", **settings))


def encoded(file: Path) -> list[str]:
    """The texts that were encoded so far."""
    log = Path(f"{file}.log")
    return log.read_text().splitlines() if log.exists() else []


@pytest.mark.parametrize("name", ["Sentences", "function"])
def test_vectors_are_of_unit_length_and_an_empty_text_is_nothing(file: Path, name: str) -> None:
    encoder = learner(file, name).encoder
    assert encoder is not None
    picture = Item(key="b", kind="image", url="https://example.org/b.png")
    rows = encoder.encode([Item(key="a", text="two words"), picture, Item(key="c", text="x")])
    assert isinstance(rows, np.ndarray)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 0, 1], rtol=1e-5)


def test_the_loop_learns_from_vectors_and_encodes_each_text_once(
    tmp_path: Path, file: Path
) -> None:
    platform = MemoryPlatform()
    platform.add(*mail(60).values())
    bridge = loop(platform, tmp_path, model={"encoder": f"{file}:Sentences"})
    for _ in range(4):
        bridge.sync()
        for key in list(platform.queued):
            platform.answer(key, truth(key))
    once = encoded(file)
    result = bridge.sync()
    assert result.trained is not None
    assert encoded(file) == once, "nothing was new"
    queued = [key for key in platform.queued if key in platform.pre_annotated]
    right = [key for key in queued if platform.pre_annotated[key] == (truth(key),)]
    assert len(right) / len(queued) > 0.7
    (said,) = bridge.predict([Item(key="x", text="win a prize, click the money offer")])
    assert said.decided == ("spam",)
    platform.add(Item(key="fresh", text="one more text"))
    platform.answer(platform.queued[0], "spam")
    bridge.sync()
    assert encoded(file)[len(once) :] == [
        "'win a prize, click the money offer'",
        "'one more text'",
    ]


@pytest.mark.parametrize("task", ["single", "multi"])
def test_a_saved_model_says_the_same(tmp_path: Path, file: Path, task: Any) -> None:
    found = learner(file, decide_for="accuracy")
    assert isinstance(found, VectorLearner)
    items, numbers = single(120, 1)
    labels = one_hot(numbers) if task == "single" else several(120, 1)[1]
    model = found.fit(examples(found.encoder, items, labels, task), None, seed=0)
    assert isinstance(model, VectorModel)
    inputs = found.encoder.encode(single(40, 2)[0])
    model.save(tmp_path)
    np.testing.assert_array_equal(found.load(tmp_path).predict(inputs), model.predict(inputs))
    if task == "single":
        said = model.predict(inputs)
        np.testing.assert_allclose(said.sum(axis=1), 1, rtol=1e-5)
        assert (said.argmax(axis=1) == single(40, 2)[1]).mean() > 0.8


@pytest.mark.parametrize("seen", [1, 2])
def test_few_labels_give_honest_probabilities(file: Path, seen: int) -> None:
    found = learner(file, decide_for="accuracy")
    items, numbers = single(60, 3)
    keep = np.flatnonzero(numbers < seen)
    given = examples(found.encoder, [items[i] for i in keep], one_hot(numbers[keep]))
    model = found.fit(given, None, seed=0)
    assert found.encoder is not None
    said = model.predict(found.encoder.encode(items))
    np.testing.assert_allclose(said.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(said[:, 2], 1 / (len(keep) + 3), rtol=1e-5)


def test_a_model_of_words_is_not_taken_for_one_of_vectors(tmp_path: Path, file: Path) -> None:
    words = make_learner(LearnerSpec(decide_for="accuracy"))
    items, numbers = single(30, 1)
    words.fit(examples(words.encoder, items, one_hot(numbers)), None, seed=0).save(tmp_path)
    with pytest.raises(ModelError, match="not of this learner"):
        learner(file, decide_for="accuracy").load(tmp_path)


def test_a_model_of_other_vectors_is_refused(tmp_path: Path, file: Path) -> None:
    found = learner(file, decide_for="accuracy")
    items, numbers = single(30, 1)
    found.fit(examples(found.encoder, items, one_hot(numbers)), None, seed=0).save(tmp_path)
    with pytest.raises(ModelError, match="was trained on features of"):
        learner(file, decide_for="accuracy", encoder_params={"scale": 2.0}).load(tmp_path)


def test_vectors_of_another_length_are_told(file: Path) -> None:
    found = learner(file, decide_for="accuracy")
    items, numbers = single(30, 1)
    model = found.fit(examples(found.encoder, items, one_hot(numbers)), None, seed=0)
    with pytest.raises(ModelError, match=r"taught vectors of 24 numbers, and .* now gives 23"):
        model.predict(np.zeros((1, 23), np.float32))


def test_a_key_is_kept_out_of_the_store_and_of_errors(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(
        FILE
        + "\ndef paid(api_key):\n    def encode(texts):\n        if texts[0] == 'refuse':\n"
        + "            raise RuntimeError('401 for key=' + api_key)\n"
        + "        return embed(texts)\n    return encode\n"
    )
    platform = MemoryPlatform()
    platform.add(*mail(60).values())

    def synced(secret: str) -> Any:
        monkeypatch.setenv("EMBEDDER", secret)
        model = {"encoder": f"{file}:paid", "encoder_params": {"api_key": "${EMBEDDER}"}}
        return loop(platform, tmp_path, model=model)

    bridge = synced("sk-very-secret-1")
    bridge.sync()
    for key in list(platform.queued):
        platform.answer(key, truth(key))
    assert bridge.sync().trained is not None
    assert bridge.settings.model.encoder_params == {"api_key": "sk-very-secret-1"}
    for path in (tmp_path / ".bridge").rglob("*"):
        assert not path.is_file() or b"sk-very-secret" not in path.read_bytes(), path
    with pytest.raises(DataError) as caught:
        bridge.predict([Item(key="x", text="refuse")])
    assert "sk-very-secret" not in redacted(str(caught.value))
    before = encoded(file)
    again = synced("sk-very-secret-2").sync()
    assert again.trained is None, "another key teaches nothing new"
    assert encoded(file) == before


def test_an_id_names_what_changes_the_vectors(tmp_path: Path, file: Path) -> None:
    def name(of: Path, **settings: Any) -> str:
        encoder = learner(of, **settings).encoder
        assert encoder is not None
        return encoder.id

    first = name(file)
    assert first.startswith("vectors-Sentences-")
    assert name(file, encoder_params={"scale": 2.0}) != first
    elsewhere = tmp_path / "moved"
    elsewhere.mkdir()
    (elsewhere / "encoders.py").write_text(FILE)
    assert name(elsewhere / "encoders.py") == first
    file.write_text(FILE + "\n# changed\n")
    assert name(file) != first
    spec = LearnerSpec(encoder="encoders.py:Sentences", estimator="mine.py:make")
    moved = spec.relative_to(tmp_path)
    assert (moved.encoder, moved.estimator) == (f"{file}:Sentences", f"{tmp_path}/mine.py:make")


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("short", DataError, r"shape \(1, 24\) for 2 texts"),
        ("flat", DataError, r"shape \(2,\) for 2 texts"),
        ("narrow", DataError, r"shape \(2, 0\) for 2 texts"),
        ("endless", DataError, "not finite for the item a"),
        ("fails", DataError, "RuntimeError: out of memory"),
        ("absent", ConfigError, "OSError: no such model"),
        ("number", ModelError, "has no encode"),
    ],
)
def test_an_encoder_that_fails_is_told(
    tmp_path: Path, file: Path, name: str, kind: type[BridgeError], message: str
) -> None:
    encoder = learner(file, name).encoder
    assert encoder is not None
    with pytest.raises(kind, match=message):
        encoder.encode([Item(key="a", text="a"), Item(key="b", text="b")])
    bridge = loop(MemoryPlatform(), tmp_path, model={"encoder": f"{file}:{name}"})
    found = {one.name: one for one in check(bridge.settings, bridge.platform)}
    if name != "short":  # of one text it returns none at all
        assert not found["model"].ok


def test_an_encoder_that_is_not_there_is_told(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"model\.encoder = .*nothing' cannot be imported"):
        learner(file, "nothing")
    with pytest.raises(ValueError, match="must be 'auto'"):
        LearnerSpec(encoder="sentences")


def test_a_classifier_of_their_own_takes_the_vectors(tmp_path: Path, file: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from sklearn.linear_model import LogisticRegression\n"
        "def make():\n    return LogisticRegression()\n"
    )
    settings: dict[str, Any] = {"estimator": f"{tmp_path}/mine.py:make", "input": "features"}
    found = learner(file, decide_for="accuracy", **settings)
    other = learner(file, decide_for="accuracy", encoder_params={"scale": 3.0}, **settings)
    assert found.id != other.id
    items, numbers = single(90, 1)
    model = found.fit(examples(found.encoder, items, one_hot(numbers)), None, seed=0)
    assert found.encoder is not None
    inputs = found.encoder.encode(items)
    model.save(tmp_path / "saved") if (tmp_path / "saved").mkdir() is None else None
    np.testing.assert_array_equal(
        found.load(tmp_path / "saved").predict(inputs), model.predict(inputs)
    )
    assert (model.predict(inputs).argmax(axis=1) == numbers).mean() > 0.9


def test_models_on_vectors_decide_for_macro_f1(tmp_path: Path, file: Path) -> None:
    found = learner(file)
    assert isinstance(found, DecidingLearner)
    items, numbers = single(200, 1)
    pool = reader(tmp_path / "features", found.encoder, items)  # type: ignore[arg-type]
    model = found.fit(examples(found.encoder, items[:30], one_hot(numbers[:30])), pool, seed=0)
    assert model.rule is not None
    assert model.classes == NAMES


def test_key_words_find_a_class_by_its_vectors(tmp_path: Path, file: Path) -> None:
    platform = MemoryPlatform()
    platform.add(*mail(60).values())
    bridge = loop(
        platform,
        tmp_path,
        model={"encoder": f"{file}:Sentences"},
        acquisition={"hints": {"spam": ["win money prize"]}},
    )
    bridge.sync()
    asked = {key: bridge.explain(key).places[0].source for key in platform.queued}
    hinted = [key for key, source in asked.items() if source == "hint"]
    assert len(hinted) == 5
    assert [truth(key) for key in hinted].count("spam") >= 4


def test_what_was_encoded_before_a_failure_is_kept(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A language model may take hours for all items; a run that dies loses the last part only."""
    monkeypatch.setattr("bridge.store.features.CHUNK", 20)
    platform = MemoryPlatform()
    platform.add(*mail(100).values())
    broken = tmp_path / "broken.py"
    broken.write_text(FILE + ONCE)
    texts = [item.text or "" for item in platform.items.values()]
    platform.items = {
        key: Item(key=key, text=f"{text} {number}")
        for number, (key, text) in enumerate(zip(platform.items, texts, strict=True))
    }
    stop = Path(f"{broken}.stop")
    bridge = loop(
        platform,
        tmp_path,
        model={"encoder": f"{broken}:once"},
        acquisition={"novel_share": 0.0},
    )
    bridge.sync()
    for key in list(platform.queued):
        platform.answer(key, truth(key))
    stop.touch()
    with pytest.raises(DataError, match="power cut"):
        bridge.sync()
    before = encoded(broken)
    assert len(before) == 60
    stop.unlink()
    result = bridge.sync()
    assert result.trained is not None
    assert len(encoded(broken)) == 100
    assert len({json.dumps(text) for text in encoded(broken)}) == 100, "none twice"
