"""What a model says of an item: for macro-F1 by default, and always something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from bridge.errors import ModelError
from bridge.learners import LearnerSpec, make_learner
from bridge.learners.base import LearningTask
from bridge.learners.committee import CommitteeLearner
from bridge.learners.decision import (
    DecidingLearner,
    DecidingModel,
    decided,
    macro_f1_rule,
    most_probable,
)
from bridge.learners.encoding import HashedText
from learning_data import NAMES, examples, one_hot, reader, several, single


class Told:
    """A model that is asked for no probabilities here."""

    def __init__(self, k: int) -> None:
        self.classes = tuple(f"c{number}" for number in range(k))

    def predict(self, inputs: Any) -> np.ndarray:
        return np.asarray(inputs)

    def save(self, directory: Path) -> None:
        (directory / "told").write_text(str(len(self.classes)))


def said(p: np.ndarray, task: LearningTask = "single") -> np.ndarray:
    """What a model says of items with these probabilities, of which the rule knows them all."""
    return decided(DecidingModel(Told(p.shape[1]), task, macro_f1_rule(p, task)), p, task)


def expected_f1(p: np.ndarray, choice: np.ndarray) -> np.ndarray:
    """2 E[hits] / (said + E[support]) of each class."""
    found: np.ndarray = 2 * (p * choice).sum(axis=0) / (choice.sum(axis=0) + p.sum(axis=0))
    return found


def skewed(n: int, seed: int, mean: float = 0.05) -> np.ndarray:
    """Probabilities (n, 2) of a model that is seldom sure of its second class."""
    p = np.random.default_rng(seed).beta(6 * mean, 6 * (1 - mean), n)
    return np.stack([1 - p, p], axis=1).astype(np.float32)


@given(
    p=st.integers(2, 6).flatmap(
        lambda k: st.lists(
            st.lists(st.floats(0.001, 1), min_size=k, max_size=k), min_size=1, max_size=40
        )
    )
)
def test_no_rule_is_expected_to_be_worse_than_the_most_probable(p: list[list[float]]) -> None:
    values = np.array(p)
    values = (values / values.sum(axis=1, keepdims=True)).astype(np.float32)
    choice = said(values)
    assert (choice.sum(axis=1) == 1).all()
    told = np.ptp(values, axis=0) > 1e-6
    told |= most_probable(values, "single").any(axis=0) & told.any()
    if told.sum() < 2:
        np.testing.assert_array_equal(choice, most_probable(values, "single"))
        return
    plain = np.zeros_like(choice)
    plain[:, told] = most_probable(values[:, told], "single")
    ours, theirs = (expected_f1(values, c)[told].mean() for c in (choice, plain))
    assert ours >= theirs - 1e-6


@given(
    p=st.lists(st.lists(st.floats(0, 1), min_size=2, max_size=2), min_size=1, max_size=12),
)
def test_each_of_several_classes_has_the_threshold_of_its_greatest_f1(p: list[list[float]]) -> None:
    values = np.array(p, np.float32)
    choice = said(values, "multi")
    for column in range(2):
        own = values[:, column]
        if np.ptp(own) <= 1e-6:
            np.testing.assert_array_equal(choice[:, column], own >= 0.5)
            continue
        every = [expected_f1(own[:, None], (own >= t)[:, None])[0] for t in own]
        assert expected_f1(own[:, None], choice[:, [column]])[0] >= max(every) - 1e-5


def test_a_rare_class_is_said_before_it_is_the_most_probable() -> None:
    rng = np.random.default_rng(0)
    p = skewed(4000, 1)
    spam = rng.random(4000) < p[:, 1]
    choice = said(p)[:, 1]
    assert p[choice, 1].min() < 0.4
    assert f1_score(spam, choice) > f1_score(spam, p[:, 1] > 0.5) + 0.02


def test_even_classes_are_said_where_they_are_the_most_probable() -> None:
    p = np.random.default_rng(2).dirichlet([0.3] * 4, 4000).astype(np.float32)
    agreed = (said(p) == most_probable(p, "single")).all(axis=1)
    assert agreed.mean() > 0.97


def test_a_class_that_is_not_told_apart_is_never_said() -> None:
    p = np.concatenate([0.9 * skewed(500, 3), np.full((500, 1), 0.1)], axis=1).astype(np.float32)
    assert not said(p)[:, 2].any()


def test_a_class_that_is_mostly_right_is_said_though_it_is_not_told_apart() -> None:
    p = np.concatenate([np.full((500, 1), 0.9), 0.1 * skewed(500, 3, 0.5)], axis=1)
    assert said(p.astype(np.float32))[:, 0].mean() > 0.9


def test_where_nothing_is_told_apart_the_most_probable_is_said() -> None:
    same = np.tile(np.array([[0.3, 0.7]], np.float32), (10, 1))
    assert macro_f1_rule(same, "single") is None
    assert macro_f1_rule(same[:0], "single") is None
    assert said(same)[:, 1].all()
    assert said(same, "multi")[:, 1].all()


@pytest.mark.parametrize("task", ["single", "multi"])
def test_a_saved_model_decides_as_before(tmp_path: Path, task: LearningTask) -> None:
    found = make_learner(LearnerSpec(columns=2**12))
    assert isinstance(found, DecidingLearner)
    assert found.encoder is not None
    items, numbers = single(300, 1)
    labels = one_hot(numbers) if task == "single" else several(300, 1)[1]
    pool = reader(tmp_path / "features", found.encoder, items)
    model = found.fit(examples(found.encoder, items[:40], labels[:40], task), pool, seed=0)
    assert model.rule is not None
    saved = tmp_path / "model"
    saved.mkdir()
    model.save(saved)
    again = found.load(saved)
    p = model.predict(pool.rows(pool.ids))
    np.testing.assert_array_equal(again.predict(pool.rows(pool.ids)), p)
    np.testing.assert_array_equal(decided(again, p, task), decided(model, p, task))
    assert again.classes == NAMES


@pytest.mark.parametrize(
    "content", ["{", '{"task": "single", "rule": {"gains": [1], "costs": [0]}}']
)
def test_a_damaged_rule_is_told(tmp_path: Path, content: str) -> None:
    found = make_learner(LearnerSpec(columns=2**12))
    items, numbers = single(40, 1)
    found.fit(examples(found.encoder, items, one_hot(numbers)), None, seed=0).save(tmp_path)
    (tmp_path / "bridge-decision.json").write_text(content)
    with pytest.raises(ModelError, match=r"bridge-decision\.json"):
        found.load(tmp_path)


def test_a_model_of_an_earlier_version_says_what_it_said(tmp_path: Path) -> None:
    found = make_learner(LearnerSpec(columns=2**12))
    assert isinstance(found, DecidingLearner)
    items, numbers = single(40, 1)
    found.learner.fit(examples(found.encoder, items, one_hot(numbers)), None, seed=0).save(tmp_path)
    p = skewed(20, 1)
    model = found.load(tmp_path)
    np.testing.assert_array_equal(decided(model, p, "single"), most_probable(p, "single"))


class Contrary(Told):
    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        return ~most_probable(probabilities, "single")


class ContraryLearner:
    id = "contrary"
    encoder = HashedText(columns=2**12)

    def fit(self, given: Any, pool: Any, *, seed: int) -> Any:
        return Contrary(2)

    def load(self, directory: Path) -> Any:
        return Contrary(2)


@pytest.mark.parametrize("members", [0, 3])
def test_a_model_that_decides_for_itself_keeps_its_way(tmp_path: Path, members: int) -> None:
    items, numbers = single(40, 1)
    inner: Any = ContraryLearner()
    learner = CommitteeLearner(inner, members) if members else inner
    pool = reader(tmp_path / "features", inner.encoder, items)
    given = examples(inner.encoder, items, one_hot(numbers))
    model = DecidingLearner(learner).fit(given, pool, seed=0)
    p = skewed(20, 1)
    np.testing.assert_array_equal(decided(model, p, "single"), ~most_probable(p, "single"))


def test_accuracy_says_the_most_probable() -> None:
    found = make_learner(LearnerSpec(columns=2**12, decide_for="accuracy"))
    items, numbers = single(60, 1)
    model = found.fit(examples(found.encoder, items, one_hot(numbers)), None, seed=0)
    p = skewed(50, 2)
    np.testing.assert_array_equal(decided(model, p, "single"), most_probable(p, "single"))
    assert found.id != make_learner(LearnerSpec(columns=2**12)).id
