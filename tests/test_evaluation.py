"""Evaluation: the numbers agree with scikit-learn, the intervals hold, noise refuses nobody."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, log_loss, precision_score, recall_score

from bridge.errors import ModelError
from bridge.learners.evaluation import compare, evaluate
from bridge.learners.scores import ENOUGH, Scores
from bridge.report import scores_line

NAMES = ("a", "b", "c")


def predictions(
    n: int, seed: int, skill: float = 2.0, k: int = 3, shares: list[float] | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Random (probabilities, labels, class numbers) of a model with some skill."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(k, n, p=shares)
    return say(truth, rng, skill, k), np.eye(k, dtype=np.int8)[truth], truth


def say(truth: np.ndarray, rng: np.random.Generator, skill: float, k: int) -> np.ndarray:
    logits = rng.normal(size=(len(truth), k)) + skill * np.eye(k)[truth]
    p = np.exp(logits)
    return (p / p.sum(axis=1, keepdims=True)).astype(np.float32)


def test_the_values_are_those_of_scikit_learn() -> None:
    p, labels, truth = predictions(300, 0)
    found = p.argmax(axis=1)
    scores = evaluate(p, labels, NAMES, "single")
    assert scores.items == 300
    assert scores.known
    assert scores.accuracy is not None
    assert scores.macro_f1 is not None
    assert scores.accuracy.value == pytest.approx(accuracy_score(truth, found))
    assert scores.macro_f1.value == pytest.approx(f1_score(truth, found, average="macro"))
    assert scores.log_loss == pytest.approx(log_loss(truth, p), rel=1e-4)
    precision = precision_score(truth, found, average=None)
    recall = recall_score(truth, found, average=None)
    f1 = f1_score(truth, found, average=None)
    for i, one in enumerate(scores.per_class):
        assert one.name == NAMES[i]
        assert one.precision is not None
        assert one.recall is not None
        assert one.precision.value == pytest.approx(precision[i])
        assert one.recall.value == pytest.approx(recall[i])
        assert one.f1 == pytest.approx(f1[i])
        assert one.support == (truth == i).sum()


def test_several_classes_an_item() -> None:
    rng = np.random.default_rng(1)
    labels = (rng.random((200, 3)) < 0.4).astype(np.int8)
    p = np.clip(labels * 0.5 + rng.random((200, 3)) * 0.6, 0.01, 0.99).astype(np.float32)
    said = p >= 0.5
    scores = evaluate(p, labels, NAMES, "multi")
    assert scores.accuracy is not None
    assert scores.macro_f1 is not None
    assert scores.accuracy.value == pytest.approx(accuracy_score(labels, said))
    assert scores.macro_f1.value == pytest.approx(f1_score(labels, said, average="macro"))
    losses = [log_loss(labels[:, i], p[:, i]) for i in range(3)]
    assert scores.log_loss == pytest.approx(np.mean(losses), rel=1e-4)


def test_what_is_not_known_is_left_out() -> None:
    rng = np.random.default_rng(2)
    labels = (rng.random((100, 3)) < 0.5).astype(np.int8)
    p = rng.random((100, 3)).astype(np.float32)
    gaps = labels.copy()
    gaps[:, 2] = -1
    part = evaluate(p, gaps, NAMES, "multi")
    whole = evaluate(p[:, :2], labels[:, :2], NAMES[:2], "multi")
    assert part.accuracy == whole.accuracy
    assert part.log_loss == pytest.approx(whole.log_loss)
    assert part.per_class[:2] == whole.per_class
    assert part.per_class[2].support == 0
    assert part.per_class[2].f1 is None
    told, labels, _ = predictions(100, 3)
    unknown = np.concatenate([labels, np.full((50, 3), -1, np.int8)])
    more = np.concatenate([told, told[:50]])
    assert evaluate(more, unknown, NAMES, "single") == evaluate(told, labels, NAMES, "single")


@pytest.mark.parametrize("n", [0, 1, ENOUGH - 1, ENOUGH])
def test_too_few_items_are_not_known_yet(n: int) -> None:
    p, labels, _ = predictions(n, 4)
    scores = evaluate(p, labels, NAMES, "single")
    assert scores.known == (n >= ENOUGH)
    assert (scores.accuracy is None) == (scores.log_loss is None) == (n < ENOUGH)
    assert Scores.model_validate_json(scores.model_dump_json()) == scores


def test_a_hold_out_of_one_class_has_no_macro_f1() -> None:
    p, labels, _ = predictions(50, 5, shares=[1.0, 0.0, 0.0])
    scores = evaluate(p, labels, NAMES, "single")
    assert scores.accuracy is not None
    assert scores.macro_f1 is None
    assert scores.per_class[1].recall is None


def test_a_perfect_score_on_few_items_is_no_certainty() -> None:
    labels = np.eye(2, dtype=np.int8)[[0] * 27 + [1] * 3]
    scores = evaluate(labels.astype(np.float32), labels, ("ham", "spam"), "single")
    assert scores.macro_f1 is not None
    assert scores.macro_f1.value == scores.macro_f1.high == 1
    assert scores.macro_f1.low < 0.92
    assert scores.per_class[1].recall is not None
    assert scores.per_class[1].recall.low < 0.5


@pytest.mark.parametrize("k", [2, 3])
def test_intervals_hold_the_truth_about_as_often_as_they_say(k: int) -> None:
    shares = [0.8, 0.2] if k == 2 else [0.6, 0.3, 0.1]
    names = NAMES[:k]
    p, labels, _ = predictions(100_000, 6, k=k, shares=shares)
    truth = evaluate(p, labels, names, "single")
    assert truth.accuracy is not None
    assert truth.macro_f1 is not None
    inside = np.zeros(2)
    for trial in range(100):
        p, labels, _ = predictions(100, 100 + trial, k=k, shares=shares)
        scores = evaluate(p, labels, names, "single")
        for i, (one, whole) in enumerate(
            [(scores.accuracy, truth.accuracy), (scores.macro_f1, truth.macro_f1)]
        ):
            assert one is not None
            inside[i] += one.low <= whole.value <= one.high
    assert (inside >= 88).all()
    assert inside.sum() < 200


@pytest.mark.parametrize("n", [20, 50, 200])
def test_intervals_hold_the_truth_where_a_class_is_rare(n: int) -> None:
    # A model that mistakes one class for another now and then; the first class is 5 % of the items.
    mistakes = np.array([[0.8, 0.2, 0, 0], [0.005, 0.985, 0.01, 0], [0, 0, 1, 0], [0, 0.1, 0, 0.9]])
    cells = np.array([0.05, 0.25, 0.3, 0.4])[:, None] * mistakes
    f1 = 2 * np.diag(cells) / (cells.sum(axis=0) + cells.sum(axis=1))
    inside = {"macro-F1": [], "F1": [], "recall": []}  # type: dict[str, list[bool]]
    for trial in range(150):
        flat = np.random.default_rng(trial).choice(16, n, p=cells.ravel())
        labels, said = np.eye(4, dtype=np.int8)[flat // 4], np.eye(4, dtype=np.float32)[flat % 4]
        scores = evaluate(said, labels, ("a", "b", "c", "d"), "single")
        present = [one.support > 0 for one in scores.per_class]
        true = {"macro-F1": f1[present].mean(), "F1": f1[0], "recall": 0.8}
        rare = scores.per_class[0]
        told = {"macro-F1": scores.macro_f1, "F1": rare.f1_interval, "recall": rare.recall}
        for name, interval in told.items():
            if interval is not None:
                inside[name].append(interval.low <= true[name] <= interval.high)
    for name, held in inside.items():
        assert np.mean(held) >= 0.9, (name, np.mean(held))


def test_the_f1_of_a_class_has_an_interval() -> None:
    p, labels, _ = predictions(300, 0)
    for one in evaluate(p, labels, NAMES, "single").per_class:
        assert one.f1_interval is not None
        assert one.f1_interval.low < one.f1_interval.value == one.f1 < one.f1_interval.high


def test_classes_with_too_few_items_are_named() -> None:
    truth = np.array([0] * 30 + [1] * 9 + [2] * 10)
    labels = np.eye(4, dtype=np.int8)[truth]
    scores = evaluate(labels.astype(np.float32), labels, (*NAMES, "d"), "single")
    assert scores.few == ("b", "d")
    assert "too few of 'b', 'd'" in scores_line(scores)
    everything = evaluate(labels[:, :1].astype(np.float32), labels[:, :1], ("a",), "multi")
    assert everything.few == ()
    assert "too few" not in scores_line(everything)


@settings(max_examples=40)
@given(
    rows=st.lists(st.tuples(*[st.integers(-1, 1)] * 3), max_size=40),
    seed=st.integers(0, 5),
    task=st.sampled_from(["single", "multi"]),
)
def test_any_labels_can_be_evaluated(rows: list[tuple[int, ...]], seed: int, task: str) -> None:
    labels = np.array(rows, np.int8).reshape(-1, 3)
    if task == "single":
        labels[(labels == 1).sum(axis=1) > 1] = [0, 0, 1]
    p = np.random.default_rng(seed).dirichlet(np.ones(3), len(rows)).astype(np.float32)
    other = np.random.default_rng(seed + 1).dirichlet(np.ones(3), len(rows)).astype(np.float32)
    scores = evaluate(p, labels, NAMES, task)  # type: ignore[arg-type]
    for interval in (scores.accuracy, scores.macro_f1):
        assert interval is None or 0 <= interval.low <= interval.value <= interval.high <= 1
    assert scores.known == (compare(p, other, labels, task).difference is not None)  # type: ignore[arg-type]


def test_shapes_that_differ_are_told() -> None:
    with pytest.raises(ModelError, match="shape"):
        evaluate(np.zeros((2, 3), np.float32), np.zeros((2, 2), np.int8), ("a", "b"), "single")


# ---------------------------------------------------------------------------------- the comparison


def test_a_clearly_worse_challenger_is_refused_and_a_better_one_is_not() -> None:
    _, labels, truth = predictions(300, 7)
    rng = np.random.default_rng(8)
    good, bad = say(truth, rng, 3.0, 3), say(truth, rng, 1.0, 3)
    refused = compare(good, bad, labels, "single")
    assert refused.worse
    assert refused.difference is not None
    assert refused.difference.high < 0
    assert "macro-F1 -" in refused.reason
    kept = compare(bad, good, labels, "single")
    assert not kept.worse
    assert kept.difference is not None
    assert kept.difference.low > 0


def test_equal_models_are_not_worse() -> None:
    p, labels, _ = predictions(200, 9)
    same = compare(p, p, labels, "single")
    assert not same.worse
    assert same.difference is not None
    assert same.difference.value == same.difference.low == same.difference.high == 0


def test_noise_refuses_about_as_seldom_as_it_should() -> None:
    refused = 0
    for trial in range(100):
        rng = np.random.default_rng(trial)
        truth = rng.choice(2, 80, p=[0.9, 0.1])
        labels = np.eye(2, dtype=np.int8)[truth]
        refused += compare(say(truth, rng, 2.5, 2), say(truth, rng, 2.5, 2), labels, "single").worse
    assert refused <= 10


def test_three_items_of_a_rare_class_are_not_evidence() -> None:
    labels = np.eye(2, dtype=np.int8)[[0] * 97 + [1] * 3]
    champion = np.where(labels == 1, 0.9, 0.1).astype(np.float32)
    challenger = champion.copy()
    challenger[97:] = [0.6, 0.4]
    found = compare(champion, challenger, labels, "single")
    assert not found.worse
    assert found.difference is not None
    assert found.difference.value < -0.4
    many = [np.concatenate([array] * 4) for array in (champion, challenger, labels)]
    assert compare(*many, "single").worse  # type: ignore[arg-type]


def test_worse_probabilities_alone_are_refused_too() -> None:
    p, labels, _ = predictions(300, 10)
    overconfident = (p.astype(np.float64) ** 6).astype(np.float32)
    overconfident /= overconfident.sum(axis=1, keepdims=True)
    found = compare(p, overconfident, labels, "single")
    assert found.worse
    assert "log-loss +" in found.reason


def test_who_begins_to_believe_in_a_class_is_not_refused_for_lack_of_its_items() -> None:
    """All hold-out items are ham: the more a model believes in spam, the higher its loss."""
    ham = np.tile(np.array([[1, 0]], np.int8), (27, 1))
    blind = np.tile(np.array([[0.99, 0.01]], np.float32), (27, 1))
    learning = np.tile(np.array([[0.97, 0.03]], np.float32), (27, 1))
    assert not compare(blind, learning, ham, "single").worse
    some_spam = np.concatenate([ham, ham[:, ::-1]])
    right = np.where(some_spam == 1, 0.9, 0.1).astype(np.float32)
    unsure = np.where(some_spam == 1, 0.6, 0.4).astype(np.float32)
    assert compare(right, unsure, some_spam, "single").worse, "with both classes losses count"


def test_too_few_items_refuse_nobody() -> None:
    p, labels, _ = predictions(ENOUGH - 1, 11)
    found = compare(p, p[:, ::-1].copy(), labels, "single")
    assert not found.worse
    assert found.difference is None
    assert "not known yet" in found.reason


def test_several_classes_are_compared_too() -> None:
    rng = np.random.default_rng(12)
    labels = (rng.random((150, 3)) < 0.4).astype(np.int8)
    good = np.clip(labels * 0.6 + 0.2 + rng.normal(0, 0.2, labels.shape), 0.01, 0.99)
    bad = np.clip(labels * 0.1 + 0.4 + rng.normal(0, 0.2, labels.shape), 0.01, 0.99)
    first, second = good.astype(np.float32), bad.astype(np.float32)
    assert compare(first, second, labels, "multi").worse
    assert not compare(second, first, labels, "multi").worse
