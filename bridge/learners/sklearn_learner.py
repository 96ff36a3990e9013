"""Any scikit-learn classifier as a learner; model files by skops, which loads no code.

Format: https://skops.readthedocs.io/en/stable/persistence.html. skops refuses types that it does
not know to be safe; the few private ones of scikit-learn that calibrated classifiers need are
allowed here, further ones by the setting ``model.trusted``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from bridge.errors import DataError, ModelError
from bridge.learners.base import Encoder, Examples, LearningTask
from bridge.learners.damaged import damaged
from bridge.learners.targets import known_class, unseen_prior
from bridge.records import Item, Record

if TYPE_CHECKING:
    from bridge.store.features import FeatureReader

__all__ = ["SklearnLearner", "SklearnModel"]

VETTED = frozenset(
    {
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.calibration._TemperatureScaling",
    }
)


@dataclass(frozen=True)
class SklearnLearner:
    """Trains classifiers that ``make`` returns; one for each class where several may apply."""

    id: str
    make: Callable[[], Any]
    encoder: Encoder | None
    trusted: tuple[str, ...] = ()

    def fit(self, examples: Examples, pool: FeatureReader | None, *, seed: int) -> SklearnModel:
        """Train from scratch; see :class:`bridge.learners.base.Learner`.

        Raises:
            DataError: the classifier refused the examples.
        """
        columns = _present(examples.features) if self.encoder else None
        inputs: Any = _texts(examples.items or ())
        if columns is not None:
            inputs = examples.features[:, columns]  # type: ignore[index]  # there is an encoder
        fit = self._fit_single if examples.task == "single" else self._fit_multi
        fitted, prior, estimators = fit(inputs, examples, seed)
        return SklearnModel(
            classes=examples.classes,
            task=examples.task,
            fitted=tuple(int(number) for number in fitted),
            prior=tuple(float(share) for share in prior),
            estimators=estimators,
            columns=columns,
            trusted=self.trusted,
        )

    def load(self, directory: Path) -> SklearnModel:
        """Read a saved model; see :class:`bridge.learners.base.Learner`."""
        return _read(directory, "features" if self.encoder else "text", self.trusted)

    def _fit_single(
        self, inputs: Any, examples: Examples, seed: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], tuple[Any, ...]]:
        rows, targets = known_class(examples.labels)
        fitted, prior = unseen_prior(targets, len(examples.classes))
        if not len(fitted):
            return fitted, prior, ()
        return fitted, prior, (self._fit_one(inputs, rows, targets, examples, seed),)

    def _fit_multi(
        self, inputs: Any, examples: Examples, seed: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], tuple[Any, ...]]:
        labels = examples.labels
        positives, known = (labels == 1).sum(axis=0), (labels >= 0).sum(axis=0)
        fitted = np.flatnonzero((positives > 0) & (positives < known))
        estimators = []
        for number in fitted:
            rows = np.flatnonzero(labels[:, number] >= 0)
            targets = labels[rows, number].astype(np.int64)
            estimators.append(self._fit_one(inputs, rows, targets, examples, seed))
        return fitted, (positives + 1.0) / (known + 2.0), tuple(estimators)

    def _fit_one(
        self,
        inputs: Any,
        rows: NDArray[np.int64],
        targets: NDArray[np.int64],
        examples: Examples,
        seed: int,
    ) -> Any:
        estimator = _seeded(self.make(), seed)
        some = inputs[rows] if self.encoder else [inputs[row] for row in rows]
        weights = _weight_argument(estimator, examples.weights[rows])
        try:
            return estimator.fit(some, targets, **weights)
        except Exception as error:
            raise DataError(
                f"The classifier {type(estimator).__name__} could not be trained on {len(rows)} "
                f"labels: {type(error).__name__}: {error}.",
                "Correct the classifier in model.estimator, or label more items first.",
            ) from error


class _Header(Record):
    format: Literal["sklearn-1"] = "sklearn-1"
    takes: Literal["text", "features"]
    classes: tuple[str, ...]
    task: LearningTask
    fitted: tuple[int, ...]
    prior: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class SklearnModel:
    """Fitted classifiers and what is said of classes that no label names.

    Attributes:
        fitted: numbers of the classes that the classifiers know, ascending.
        prior: the probability of every other class, by class number.
        estimators: none, one (single-label), or one for each fitted class (multi-label).
        columns: (c,) int64, the feature columns that the classifiers take, ascending; None when
            they take texts. Solvers work on dense vectors of all columns, and of all hashed
            columns a few thousand occur in the training rows.
        trusted: further type names that may be in the file.
    """

    classes: tuple[str, ...]
    task: LearningTask
    fitted: tuple[int, ...]
    prior: tuple[float, ...]
    estimators: tuple[Any, ...]
    columns: NDArray[np.int64] | None
    trusted: tuple[str, ...] = ()

    def predict(self, inputs: Any) -> NDArray[np.float32]:
        """Return probabilities, (n, k), of n items, or of features (n, d)."""
        given: Any = _texts(inputs) if self.columns is None else inputs[:, self.columns]
        n = len(given) if self.columns is None else given.shape[0]
        probabilities = np.tile(np.asarray(self.prior, np.float32), (n, 1))
        if not self.fitted or not n:
            return probabilities
        if self.task == "single":
            share = 1.0 - sum(p for i, p in enumerate(self.prior) if i not in self.fitted)
            found = self.estimators[0].predict_proba(given)
            probabilities[:, list(self.fitted)] = share * found
        else:
            columns = [e.predict_proba(given)[:, 1] for e in self.estimators]
            probabilities[:, list(self.fitted)] = np.stack(columns, axis=1)
        return probabilities

    def save(self, directory: Path) -> None:
        """Write ``estimators.skops``, ``model.json`` and perhaps ``columns.npy``.

        Raises:
            ModelError: the classifier holds a type that could not be loaded again.
        """
        import skops.io

        file = directory / "estimators.skops"
        try:
            skops.io.dump(list(self.estimators), file)
        except Exception as error:
            raise ModelError(
                f"The classifier cannot be saved: {type(error).__name__}: {error}.",
                "Use types that skops can save, or return a learner with its own save.",
            ) from error
        _check_types(file, self.trusted)
        if self.columns is not None:
            np.save(directory / "columns.npy", self.columns)
        header = _Header(
            takes="text" if self.columns is None else "features",
            classes=self.classes,
            task=self.task,
            fitted=self.fitted,
            prior=self.prior,
        )
        (directory / "model.json").write_text(header.model_dump_json(indent=1), encoding="utf-8")


def _read(
    directory: Path, takes: Literal["text", "features"], trusted: tuple[str, ...]
) -> SklearnModel:
    import skops.io

    file = directory / "estimators.skops"
    try:
        header = _Header.model_validate_json((directory / "model.json").read_bytes())
        if header.takes != takes:
            raise damaged(directory, f"it takes {header.takes}, the learner gives {takes}")
        estimators = tuple(skops.io.load(file, trusted=_check_types(file, trusted)))
        columns = None
        if takes == "features":
            columns = np.load(directory / "columns.npy", allow_pickle=False)
    except ModelError:
        raise
    except ValidationError as error:
        raise damaged(directory, "model.json is not of this learner") from error
    except Exception as error:
        raise damaged(directory, f"{type(error).__name__}: {error}") from error
    if not _consistent(header, len(estimators)):
        raise damaged(directory, "its files do not fit together")
    return SklearnModel(
        classes=header.classes,
        task=header.task,
        fitted=header.fitted,
        prior=header.prior,
        estimators=estimators,
        columns=columns,
        trusted=trusted,
    )


def _consistent(header: _Header, estimators: int) -> bool:
    k, m = len(header.classes), len(header.fitted)
    expected = m if header.task == "multi" else min(m, 1)
    in_range = all(0 <= number < k for number in header.fitted)
    return len(header.prior) == k and in_range and estimators == expected


def _check_types(file: Path, trusted: tuple[str, ...]) -> list[str]:
    """Return the types to trust beyond those of skops.

    Raises:
        ModelError: the file holds a type that nobody vouched for.
    """
    import skops.io

    unknown = skops.io.get_untrusted_types(file=file)
    refused = sorted(set(unknown) - VETTED - set(trusted))
    if refused:
        raise ModelError(
            f"The model file {file} holds types that are not trusted: {', '.join(refused)}.",
            "If you know them to be safe, name them in model.trusted.",
        )
    return list(unknown)


def _texts(items: Sequence[Item]) -> list[str]:
    return [item.text or "" for item in items]


def _present(features: Any) -> NDArray[np.int64]:
    """Return the columns that occur in features, ascending; of dense ones all of them."""
    if isinstance(features, np.ndarray):
        return np.arange(features.shape[1], dtype=np.int64)
    return np.unique(features.indices).astype(np.int64)


def _seeded(estimator: Any, seed: int) -> Any:
    """Set every random_state that was left open, so that training repeats exactly."""
    if not hasattr(estimator, "get_params"):
        return estimator
    parameters = estimator.get_params(deep=True)
    open_ones = {
        name: seed
        for name, value in parameters.items()
        if name.rpartition("__")[2] == "random_state" and value is None
    }
    return estimator.set_params(**open_ones) if open_ones else estimator


def _weight_argument(estimator: Any, weights: NDArray[np.float32]) -> dict[str, Any]:
    """Return the weights under the name this classifier takes them by, if it takes any."""
    from sklearn.utils.validation import has_fit_parameter

    if not len(weights) or bool((weights == weights[0]).all()):
        return {}
    steps = getattr(estimator, "steps", None)
    last, prefix = (steps[-1][1], f"{steps[-1][0]}__") if steps else (estimator, "")
    if not has_fit_parameter(last, "sample_weight"):
        return {}
    return {f"{prefix}sample_weight": weights}
