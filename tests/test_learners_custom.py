"""People's own estimators: by name, of several shapes, saved and loaded as data."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

import bridge.learners.text
from bridge.errors import ConfigError, DataError, ModelError
from bridge.learners import LearnerSpec, make_learner
from bridge.learners.base import Learner
from bridge.learners.decision import DecidingLearner
from learning_data import NAMES, examples, one_hot, several, single

FILE = """
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

def shout(texts):
    return [t.upper() for t in texts]

def plain(C=1.0):
    return make_pipeline(TfidfVectorizer(), LogisticRegression(C=C))

def own_function():
    return make_pipeline(FunctionTransformer(shout), TfidfVectorizer(), LogisticRegression())

def fails():
    raise RuntimeError("no luck")

number = 3
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "estimators.py"
    path.write_text(FILE)
    return str(path)


def naive_bayes() -> Any:
    return make_pipeline(TfidfVectorizer(), MultinomialNB())


def calibrated() -> Any:
    return make_pipeline(TfidfVectorizer(), CalibratedClassifierCV(LinearSVC(), cv=3))


def on_features() -> Any:
    return LogisticRegression()


def shuffling() -> Any:
    return make_pipeline(TfidfVectorizer(), SGDClassifier(loss="log_loss"))


def no_probabilities() -> Any:
    return make_pipeline(TfidfVectorizer(), LinearSVC())


def own_learner(strength: float = 1.0) -> Any:
    return bridge.learners.text.TextLearner(strength=strength)


def impatient() -> Any:
    return CalibratedClassifierCV(LogisticRegression(), cv=50)


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "their_estimators", sys.modules[__name__])


def learner(name: str, **settings: Any) -> Learner:
    return make_learner(LearnerSpec(estimator=f"their_estimators:{name}", **settings))


def taught(found: Learner, n: int = 90, task: str = "single") -> tuple[Any, Any]:
    items, labels = several(n, 1)
    if task == "single":
        items, numbers = single(n, 1)
        labels = one_hot(numbers)
    given = found.encoder.encode(items) if found.encoder else items
    return examples(found.encoder, items, labels, task=task), given  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "settings"),
    [("naive_bayes", {}), ("calibrated", {}), ("on_features", {"input": "features"})],
)
@pytest.mark.parametrize("task", ["single", "multi"])
def test_a_classifier_learns_and_is_saved(
    tmp_path: Path, name: str, settings: dict[str, Any], task: str
) -> None:
    found = learner(name, **settings)
    data, given = taught(found, task=task)
    model = found.fit(data, None, seed=0)
    p = model.predict(given)
    assert p.dtype == np.float32
    assert (((p >= 0.5) if task == "multi" else one_hot(p.argmax(1))) == data.labels).mean() > 0.85
    if task == "single":
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    model.save(tmp_path)
    again = found.load(tmp_path)
    assert again.classes == NAMES
    np.testing.assert_array_equal(again.predict(given), p)


def test_a_factory_in_a_file_with_parameters(tmp_path: Path, file: str) -> None:
    weak, strong = (
        make_learner(LearnerSpec(estimator=f"{file}:plain", params={"C": c})) for c in (0.01, 100)
    )
    data, items = taught(weak)
    sure = [
        found.fit(data, None, seed=0).predict(items).max(axis=1).mean() for found in (weak, strong)
    ]
    assert sure[0] < sure[1]
    assert weak.id != strong.id


def test_changed_source_is_another_learner(file: str) -> None:
    before = make_learner(LearnerSpec(estimator=f"{file}:plain")).id
    Path(file).write_text(FILE + "\n# changed\n")
    assert make_learner(LearnerSpec(estimator=f"{file}:plain")).id != before


def test_a_file_is_found_from_any_directory_and_its_folder_does_not_count(
    tmp_path: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = LearnerSpec(estimator="estimators.py:plain")
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (moved / "estimators.py").write_text(Path(file).read_text())
    monkeypatch.chdir("/")
    ids = {make_learner(spec.relative_to(folder)).id for folder in (tmp_path, moved)}
    assert len(ids) == 1
    assert LearnerSpec().relative_to(tmp_path) == LearnerSpec()


def test_a_learner_of_their_own_is_taken_as_it_is() -> None:
    found = learner("own_learner", params={"strength": 3.0}, decide_for="accuracy")
    assert isinstance(found, bridge.learners.text.TextLearner)
    assert found.strength == 3.0
    deciding = learner("own_learner", params={"strength": 3.0})
    assert isinstance(deciding, DecidingLearner)
    assert deciding.learner == found


def test_open_random_states_are_seeded() -> None:
    found = learner("shuffling")
    data, items = taught(found)
    first, second = (found.fit(data, None, seed=5).predict(items) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_weights_reach_the_last_step() -> None:
    found = learner("naive_bayes")
    items, numbers = single(60, 2)
    weights = np.where(numbers == 0, 50, 1).astype(np.float32)
    plain = found.fit(examples(None, items, one_hot(numbers)), None, seed=0)
    heavy = found.fit(examples(None, items, one_hot(numbers), weights=weights), None, seed=0)
    assert heavy.predict(items)[:, 0].mean() > plain.predict(items)[:, 0].mean() + 0.05


@pytest.mark.parametrize("count", [0, 4])
def test_too_little_to_tell_apart(tmp_path: Path, count: int) -> None:
    found = learner("naive_bayes")
    items, _ = single(count, 3)
    labels = one_hot(np.ones(count, np.int64))
    model = found.fit(examples(None, items, labels), None, seed=0)
    model.save(tmp_path)
    p = found.load(tmp_path).predict(single(2, 4)[0])
    np.testing.assert_allclose(p[0], np.array([1, count + 1, 1]) / (count + 3), atol=1e-6)
    assert model.predict([]).shape == (0, 3)


def test_a_class_without_labels_keeps_a_small_share() -> None:
    found = learner("naive_bayes")
    items, numbers = single(40, 5, NAMES[:2])
    p = found.fit(examples(None, items, one_hot(numbers)), None, seed=0).predict(items)
    np.testing.assert_allclose(p[:, 2], 1 / 43, atol=1e-6)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)


def test_a_function_of_their_own_needs_to_be_trusted(tmp_path: Path, file: str) -> None:
    path = f"{file}:own_function"
    found = make_learner(LearnerSpec(estimator=path))
    data, items = taught(found)
    model = found.fit(data, None, seed=0)
    with pytest.raises(ModelError, match=r"bridge_estimator_estimators\.shout") as caught:
        model.save(tmp_path)
    assert "model.trusted" in caught.value.fix
    trusting = make_learner(
        LearnerSpec(estimator=path, trusted=("bridge_estimator_estimators.shout",))
    )
    model = trusting.fit(data, None, seed=0)
    model.save(tmp_path)
    np.testing.assert_array_equal(trusting.load(tmp_path).predict(items), model.predict(items))
    with pytest.raises(ModelError, match="not trusted"):
        found.load(tmp_path)


def test_a_foreign_function_in_the_file_is_never_called(tmp_path: Path) -> None:
    import os

    import skops.io

    found = learner("naive_bayes")
    data, _ = taught(found)
    found.fit(data, None, seed=0).save(tmp_path)
    skops.io.dump([FunctionTransformer(os.path.basename)], tmp_path / "estimators.skops")
    with pytest.raises(ModelError, match=r"posixpath\.basename"):
        found.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", pickle.dumps([1])])
def test_a_file_that_is_no_skops_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    found = learner("naive_bayes")
    data, _ = taught(found)
    found.fit(data, None, seed=0).save(tmp_path)
    (tmp_path / "estimators.skops").write_bytes(content)
    with pytest.raises(ModelError, match="cannot be loaded"):
        found.load(tmp_path)


@pytest.mark.parametrize("change", [{"fitted": [0, 1, 3]}, {"fitted": []}, {"prior": [1.0]}])
def test_a_header_that_does_not_fit_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    found = learner("naive_bayes")
    found.fit(taught(found)[0], None, seed=0).save(tmp_path)
    header = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(header | change))
    with pytest.raises(ModelError, match="do not fit together"):
        found.load(tmp_path)


def test_features_come_on_the_columns_that_occur() -> None:
    found = learner("on_features", input="features")
    data, given = taught(found)
    model = found.fit(data, None, seed=0)
    inner = model.model  # type: ignore[attr-defined]
    assert inner.estimators[0].n_features_in_ == len(np.unique(given.indices)) < 100
    others = found.encoder.encode(single(5, 9)[0])  # type: ignore[union-attr]
    assert model.predict(others).shape == (5, 3)


def test_a_model_of_another_input_is_refused(tmp_path: Path) -> None:
    found = learner("naive_bayes")
    data, _ = taught(found)
    found.fit(data, None, seed=0).save(tmp_path)
    with pytest.raises(ModelError, match="takes text"):
        learner("on_features", input="features").load(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [("absent", "absent"), ("number", "not a function"), ("fails", "no luck")],
)
def test_a_factory_that_cannot_be_used_is_a_configuration_error(
    file: str, name: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        make_learner(LearnerSpec(estimator=f"{file}:{name}"))


def test_a_missing_module_file_or_parameter_is_a_configuration_error(file: str) -> None:
    for settings in (
        {"estimator": "no_such_module_here:x"},
        {"estimator": "no/such/file.py:x"},
        {"estimator": f"{file}:plain", "params": {"D": 1}},
    ):
        with pytest.raises(ConfigError):
            make_learner(LearnerSpec.model_validate(settings))


def test_a_classifier_without_probabilities_is_told_so() -> None:
    with pytest.raises(ModelError, match="predict_proba"):
        learner("no_probabilities")


def test_a_classifier_that_refuses_the_labels_is_told_so() -> None:
    found = learner("impatient", input="features")
    with pytest.raises(DataError, match="could not be trained on 90 labels"):
        found.fit(taught(found)[0], None, seed=0)
