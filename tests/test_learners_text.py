"""The built-in text learner: what it learns, what it says when it cannot know, what it saves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import DataError, ModelError
from bridge.learners import LearnerSpec, make_learner
from bridge.learners.base import Learner, Model
from bridge.learners.encoding import HashedText
from bridge.learners.text import TextLearner
from bridge.records import Item
from learning_data import NAMES, examples, one_hot, reader, several, single

ENCODER = HashedText(columns=2**12)
LEARNER = TextLearner(ENCODER)


def log_loss(p: np.ndarray, numbers: np.ndarray) -> float:
    return float(-np.log(np.maximum(p[np.arange(len(numbers)), numbers], 1e-6)).mean())


def test_the_default_learner_and_its_model_fulfil_the_protocols() -> None:
    learner = make_learner(LearnerSpec())
    items, numbers = single(30, 0)
    assert isinstance(learner, Learner)
    assert isinstance(learner.fit(examples(ENCODER, items, one_hot(numbers)), None, seed=0), Model)


@pytest.mark.parametrize("k", [2, 3])
def test_it_learns_one_of_several_classes(tmp_path: Path, k: int) -> None:
    names = NAMES[:k]
    items, numbers = single(300, 1, names)
    others, truth = single(500, 2, names)
    pool = reader(tmp_path, ENCODER, others)
    taught = examples(ENCODER, items, one_hot(numbers, k), classes=names)
    p = LEARNER.fit(taught, pool, seed=0).predict(ENCODER.encode(others))
    assert p.dtype == np.float32
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    assert (p.argmax(axis=1) == truth).mean() > 0.95
    assert log_loss(p, truth) < 0.2


def test_it_learns_several_classes_an_item_with_gaps() -> None:
    items, labels = several(400, 3)
    hidden = np.random.default_rng(0).random(labels.shape) < 0.3
    others, truth = several(400, 4)
    taught = examples(ENCODER, items, np.where(hidden, -1, labels), task="multi")
    p = LEARNER.fit(taught, None, seed=0).predict(ENCODER.encode(others))
    assert ((p >= 0) & (p <= 1)).all()
    assert ((p >= 0.5) == (truth == 1)).mean() > 0.9


def test_calibration_makes_probabilities_honest() -> None:
    items, numbers = single(1000, 5)
    unreliable = np.random.default_rng(1).random(1000) < 0.5
    numbers[unreliable] = np.random.default_rng(2).integers(0, 3, int(unreliable.sum()))
    taught, held = examples(ENCODER, items[:200], one_hot(numbers[:200])), numbers[200:]
    p = LEARNER.fit(taught, None, seed=0).predict(ENCODER.encode(items[200:]))
    assert abs(p.max(axis=1).mean() - (p.argmax(axis=1) == held).mean()) < 0.1


def test_a_rare_class_is_predicted_as_often_as_it_is() -> None:
    items, numbers = single(4000, 6, NAMES[:2])
    rare = np.flatnonzero(numbers == 1)[:200]
    kept = np.sort(np.concatenate([np.flatnonzero(numbers == 0), rare]))
    items, numbers = [items[n] for n in kept], numbers[kept]
    order = np.random.default_rng(3).permutation(len(items))
    some, rest = order[:150], order[150:]
    taught = examples(
        ENCODER, [items[n] for n in some], one_hot(numbers[some], 2), classes=NAMES[:2]
    )
    p = LEARNER.fit(taught, None, seed=0).predict(ENCODER.encode([items[n] for n in rest]))
    share = (numbers[rest] == 1).mean()
    assert 0.5 * share < p[:, 1].mean() < 2 * share
    assert 0.5 * share < (p[:, 1] >= 0.5).mean() < 2 * share


@pytest.mark.parametrize("count", [0, 1, 7])
def test_labels_of_one_class_or_none_give_the_rule_of_succession(count: int) -> None:
    items, _ = single(count, 7)
    labels = one_hot(np.zeros(count, np.int64))
    model = LEARNER.fit(examples(ENCODER, items, labels), None, seed=0)
    p = model.predict(ENCODER.encode(single(5, 8)[0]))
    expected = [(count + 1) / (count + 3), 1 / (count + 3), 1 / (count + 3)]
    np.testing.assert_allclose(p, np.tile(expected, (5, 1)), atol=1e-6)


def test_a_class_without_labels_keeps_a_small_share() -> None:
    items, numbers = single(60, 9, NAMES[:2])
    model = LEARNER.fit(examples(ENCODER, items, one_hot(numbers)), None, seed=0)
    p = model.predict(ENCODER.encode(items))
    np.testing.assert_allclose(p[:, 2], 1 / 63, atol=1e-6)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)


def test_a_class_that_always_or_never_applies_gets_its_smoothed_share() -> None:
    items, labels = several(40, 10)
    labels[:, 1], labels[:, 2] = 1, -1
    labels[:10, 2] = 0
    model = LEARNER.fit(examples(ENCODER, items, labels, task="multi"), None, seed=0)
    p = model.predict(ENCODER.encode(items))
    np.testing.assert_allclose(p[:, 1], 41 / 42, atol=1e-6)
    np.testing.assert_allclose(p[:, 2], 1 / 12, atol=1e-6)


def test_ruling_out_all_classes_but_one_teaches_that_one() -> None:
    items, numbers = single(80, 11)
    told = one_hot(numbers)
    ruled_out = np.where(told == 1, -1, 0)
    first = LEARNER.fit(examples(ENCODER, items, told), None, seed=0)
    second = LEARNER.fit(examples(ENCODER, items, ruled_out), None, seed=0)
    features = ENCODER.encode(items)
    np.testing.assert_array_equal(first.predict(features), second.predict(features))
    useless = LEARNER.fit(examples(ENCODER, items, np.full((80, 3), -1)), None, seed=0)
    np.testing.assert_allclose(useless.predict(features), 1 / 3, atol=1e-6)


def test_weight_zero_is_as_if_absent() -> None:
    items, numbers = single(60, 12)
    weights = np.ones(60, np.float32)
    weights[40:] = 0
    wrong = numbers.copy()
    wrong[40:] = (wrong[40:] + 1) % 3
    whole = LEARNER.fit(examples(ENCODER, items, one_hot(wrong), weights=weights), None, seed=0)
    part = LEARNER.fit(examples(ENCODER, items[:40], one_hot(numbers[:40])), None, seed=0)
    features = ENCODER.encode(items)
    np.testing.assert_array_equal(whole.predict(features), part.predict(features))


@pytest.mark.parametrize("task", ["single", "multi"])
def test_training_twice_gives_the_same_bits(tmp_path: Path, task: str) -> None:
    items, labels = several(120, 13)
    if task == "single":
        items, numbers = single(120, 13)
        labels = one_hot(numbers)
    pool = reader(tmp_path, ENCODER, items)
    taught = examples(ENCODER, items, labels, task=task)  # type: ignore[arg-type]
    first, second = (LEARNER.fit(taught, pool, seed=3) for _ in range(2))
    features = ENCODER.encode(items)
    np.testing.assert_array_equal(first.predict(features), second.predict(features))


@settings(max_examples=40)
@given(
    rows=st.lists(st.tuples(*[st.integers(-1, 1)] * 3), max_size=12),
    task=st.sampled_from(["single", "multi"]),
)
def test_any_labels_at_all_give_probabilities(rows: list[tuple[int, ...]], task: str) -> None:
    labels = np.array(rows, np.int8).reshape(-1, 3)
    if task == "single":
        several_ones = (labels == 1).sum(axis=1) > 1
        labels[several_ones] = [1, 0, 0]
    items, _ = single(len(rows), 14)
    model = LEARNER.fit(examples(ENCODER, items, labels, task=task), None, seed=0)  # type: ignore[arg-type]
    p = model.predict(ENCODER.encode(single(6, 15)[0]))
    assert p.shape == (6, 3)
    assert ((p > 0) & (p < 1)).all()
    if task == "single":
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)


def test_scoring_in_pieces_gives_the_same_numbers() -> None:
    items, numbers = single(90, 16)
    model = LEARNER.fit(examples(ENCODER, items, one_hot(numbers)), None, seed=0)
    features = ENCODER.encode(items)
    pieces = [model.predict(features[i : i + 7]) for i in range(0, 90, 7)]
    np.testing.assert_array_equal(np.concatenate(pieces), model.predict(features))
    assert model.predict(features[:0]).shape == (0, 3)


def test_words_that_the_pool_has_once_do_not_count(tmp_path: Path) -> None:
    items, numbers = single(1000, 17)
    odd = [*items, Item(key="odd", text="goal match team zyzzyva")]
    pool = reader(tmp_path, ENCODER, odd)
    model = LEARNER.fit(examples(ENCODER, items[:50], one_hot(numbers[:50])), pool, seed=0)
    with_word, without = ENCODER.encode([odd[-1], Item(key="x", text="goal match team")])
    np.testing.assert_array_equal(model.predict(with_word), model.predict(without))


def test_items_without_text_are_refused_for_training_and_answered_by_the_prior() -> None:
    pictures = [Item(key=str(i), kind="image", url="http://x/y.png") for i in range(4)]
    with pytest.raises(DataError, match="any text"):
        LEARNER.fit(examples(ENCODER, pictures, one_hot(np.array([0, 1, 2, 0]))), None, seed=0)
    items, numbers = single(30, 18)
    model = LEARNER.fit(examples(ENCODER, items, one_hot(numbers)), None, seed=0)
    assert np.isfinite(model.predict(ENCODER.encode(pictures))).all()


def test_features_of_another_kind_are_refused() -> None:
    with pytest.raises(DataError, match="its own encoder"):
        LEARNER.fit(examples(None, [], np.empty((0, 3))), None, seed=0)


# ------------------------------------------------------------------------------------------- files


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    items, numbers = single(60, 19)
    LEARNER.fit(examples(ENCODER, items, one_hot(numbers)), None, seed=0).save(tmp_path)
    return tmp_path


@pytest.mark.parametrize("count", [0, 5, 60])
@pytest.mark.parametrize("task", ["single", "multi"])
def test_a_saved_model_says_the_same(tmp_path: Path, count: int, task: str) -> None:
    items, labels = several(count, 20)
    if task == "single":
        labels = one_hot(labels.argmax(axis=1) if count else np.empty(0, np.int64))
    model = LEARNER.fit(examples(ENCODER, items, labels, task=task), None, seed=0)  # type: ignore[arg-type]
    model.save(tmp_path)
    again = LEARNER.load(tmp_path)
    features = ENCODER.encode(several(9, 21)[0])
    assert again.classes == model.classes
    np.testing.assert_array_equal(again.predict(features), model.predict(features))


@pytest.mark.parametrize("file", ["head.npz", "model.json"])
@pytest.mark.parametrize("damage", ["gone", "cut", "empty", "noise"])
def test_a_damaged_file_is_refused(saved: Path, file: str, damage: str) -> None:
    path = saved / file
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        half = content[: len(content) // 2]
        path.write_bytes({"cut": half, "empty": b"", "noise": b"\xff" * 99}[damage])
    with pytest.raises(ModelError, match="cannot be loaded"):
        LEARNER.load(saved)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("columns", lambda a: a + np.int32(2**12)),
        ("columns", lambda a: a[::-1].copy()),
        ("coefficients", lambda a: a[:-1]),
        ("coefficients", lambda a: a * np.float32("nan")),
        ("coefficients", lambda a: a.astype(np.float64)),
        ("prior", lambda a: a[:-1]),
        ("fitted", lambda a: a + np.int32(1)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(saved: Path, name: str, change: object) -> None:
    with np.load(saved / "head.npz") as stored:
        arrays = dict(stored)
    arrays[name] = change(arrays[name])  # type: ignore[operator]
    np.savez(saved / "head.npz", **arrays)
    with pytest.raises(ModelError):
        LEARNER.load(saved)


def test_a_pickle_in_the_archive_is_not_executed(saved: Path, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "sprung",)  # type: ignore[return-value]

    with np.load(saved / "head.npz") as stored:
        arrays = dict(stored)
    arrays["idf"] = np.array([Trap()], dtype=object)
    np.savez(saved / "head.npz", **arrays)
    with pytest.raises(ModelError):
        LEARNER.load(saved)
    assert not (tmp_path / "sprung").exists()


def test_a_model_of_another_encoder_is_refused(saved: Path) -> None:
    with pytest.raises(ModelError, match="was trained on"):
        TextLearner(HashedText(columns=2**13)).load(saved)
    header = json.loads((saved / "model.json").read_text())
    (saved / "model.json").write_text(json.dumps(header | {"format": "text-linear-9"}))
    with pytest.raises(ModelError, match="not of this learner"):
        LEARNER.load(saved)


# ------------------------------------------------------------------------------ encoder and import


def test_the_encoder_depends_on_its_parameters_and_the_text_alone() -> None:
    items, _ = single(20, 22)
    both = ENCODER.encode(items)
    apart = [ENCODER.encode([i]) for i in items]
    assert all((both[i] != apart[i]).nnz == 0 for i in range(20))
    assert both.dtype == np.float32
    assert both.data.min() >= 1
    assert len({HashedText((1, n), c).id for n in (1, 2) for c in (2**12, 2**13)}) == 4
    assert ENCODER.encode([Item(key="a", text="!!! £")]).nnz == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [("Win £!! now", 4), ("été ÉTÉ", 1), ("日本語の text", 5), ("한국어 말", 2), ("a_b c", 2)],
)
def test_what_counts_as_a_word(text: str, words: int) -> None:
    assert HashedText().encode([Item(key="a", text=text)]).nnz == words


@pytest.mark.parametrize(
    ("text", "other", "common"),
    [
        ("call 08712300220", "call 07789123456", 3),  # the word, the number, a long number
        ("call 08712300220", "call 123456", 2),  # a long number
        ("£1000", "£2500", 2),
        ("at 12:30", "at 09:15", 3),
        ("room b12", "room b07", 2),
        ("room b12", "room c12", 1),
        ("12", "00", 1),
        ("0", "zero", 0),
        ("第3章", "第8章", 3),
        ("1" * 64, "2" * 64, 2),
        ("1" * 65, "2" * 65, 0),
    ],
)
def test_numbers_count_by_their_shape_too(text: str, other: str, common: int) -> None:
    one, two = HashedText().encode([Item(key="a", text=text), Item(key="b", text=other)])
    assert len(set(one.indices) & set(two.indices)) == common


def test_a_run_of_words_has_no_shape() -> None:
    """The shapes are those of the words, however many words a feature may have."""
    features = HashedText((1, 2)).encode([Item(key="a", text="room 12 is free")])
    assert features.nnz == 4 + 3 + 1


def test_settings_and_scores_load_without_numpy() -> None:
    code = (
        "import sys; import bridge.learners, bridge.learners.spec, bridge.learners.scores; "
        "import bridge.acquisition, bridge.acquisition.spec; "
        "assert not {'numpy', 'scipy', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_arithmetic_of_acquisition_loads_without_sklearn() -> None:
    code = (
        "import sys; import bridge.acquisition.compose, bridge.store.features, "
        "bridge.learners.evaluation, bridge.store.models; "
        "assert not {'scipy', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "settings", [{"estimator": "nonsense"}, {"ngrams": (2, 1)}, {"columns": 3}, {"extra": 1}]
)
def test_wrong_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        LearnerSpec.model_validate(settings)
