"""The built-in text learner: hashed words, document frequencies of the pool, a linear head."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from bridge.errors import DataError
from bridge.learners.base import Encoder, Examples, Features, LearningTask
from bridge.learners.directions import SAMPLE, Directions, find_directions, weight
from bridge.learners.encoding import HashedText
from bridge.learners.head import HeadSettings, fit_head, probabilities

if TYPE_CHECKING:
    from bridge.learners.linear_files import Format
    from bridge.store.features import FeatureReader

__all__ = ["TextLearner", "TextModel"]

FORMAT: Format = "text-linear-2"
PRUNE_FROM = 1000  # items in the pool; from here a word of one single item is left out


@dataclass(frozen=True)
class TextLearner:
    """Learns from hashed text features; see :mod:`bridge.learners.spec` for the parameters."""

    encoder: Encoder = field(default_factory=HashedText)
    class_weight: Literal["balanced", "none"] = "balanced"
    strength: float = 10.0
    directions: int = 100

    @property
    def id(self) -> str:
        """Names the algorithm, its version and its parameters."""
        head = f"{self.class_weight}/{self.strength:g}/{self.directions}"
        return f"text-linear-v3/{head}/{self.encoder.id}"

    def fit(self, examples: Examples, pool: FeatureReader | None, *, seed: int) -> TextModel:
        """Train from scratch; see :class:`bridge.learners.base.Learner`."""
        used = examples.weights > 0
        features = _csr(examples.features)[used]
        if features.shape[0] and features.nnz == 0:
            raise DataError(
                "None of the labeled items has any text.",
                "Set model.estimator to a learner that can read these items.",
            )
        labels, weights = examples.labels[used], examples.weights[used].astype(np.float64)
        idf = _inverse_frequency(features, pool)
        directions = _directions(features, idf, pool, self.directions, seed)
        rows = _Rows(features, idf, directions)
        settings = HeadSettings(self.class_weight, self.strength, seed)
        head = fit_head(rows.values, labels, weights, examples.task, settings)
        return TextModel(
            encoder_id=self.encoder.id,
            classes=examples.classes,
            task=examples.task,
            fitted=head.fitted,
            prior=head.prior,
            columns=rows.columns,
            coefficients=rows.of_words(head.coefficients),
            intercepts=head.intercepts,
            idf=idf,
        )

    def load(self, directory: Path) -> TextModel:
        """Read a saved model; see :class:`bridge.learners.base.Learner`."""
        from bridge.learners.linear_files import read_model

        return TextModel(**read_model(directory, FORMAT, self.encoder.id))


@dataclass(frozen=True, eq=False)
class TextModel:
    """Linear head over hashed text, k classes, d columns of which c have coefficients.

    Attributes:
        fitted: (m,) int32, the classes that have a logit, ascending.
        prior: (k,) float32, the probability of every class that has none; 0 for the others.
        columns: (c,) int32, ascending.
        coefficients: (c, h) float32; h = 1 for two fitted classes of a single-label task, else m.
        intercepts: (h,) float32; both are of the calibrated logits.
        idf: (d,) float32, inverse document frequencies.
    """

    encoder_id: str
    classes: tuple[str, ...]
    task: LearningTask
    fitted: NDArray[np.int32]
    prior: NDArray[np.float32]
    columns: NDArray[np.int32]
    coefficients: NDArray[np.float32]
    intercepts: NDArray[np.float32]
    idf: NDArray[np.float32]

    def predict(self, inputs: Any) -> NDArray[np.float32]:
        """Return calibrated probabilities, (n, k), of features (n, d)."""
        features = _csr(inputs)
        if not len(self.fitted):
            return np.tile(self.prior, (features.shape[0], 1))
        return probabilities(self._logits(features), self.fitted, self.prior, self.task)

    def save(self, directory: Path) -> None:
        """Write ``head.npz`` and ``model.json`` into an existing empty directory."""
        from bridge.learners.linear_files import write_model

        write_model(self, FORMAT, directory)

    @cached_property
    def _table(self) -> NDArray[np.float32]:
        """(c + 1, h): coefficients times idf; the last row is zero, for all other columns.

        Small enough to stay in the processor's cache, which a table of all d columns is not: that
        makes the product up to three times as fast.
        """
        table = np.zeros((len(self.columns) + 1, self.coefficients.shape[1]), np.float32)
        table[:-1] = self.coefficients * self.idf[self.columns, None]
        return table

    @cached_property
    def _rows(self) -> NDArray[np.int32]:
        """(d,): the row of the table for each column."""
        rows = np.full(len(self.idf), len(self.columns), np.int32)
        rows[self.columns] = np.arange(len(self.columns), dtype=np.int32)
        return rows

    @cached_property
    def _squares(self) -> NDArray[np.float32]:
        return self.idf**2

    @cached_property
    def _only(self) -> NDArray[np.float32]:
        """(d,): the one column of the table, for every column of the features."""
        return cast("NDArray[np.float32]", self._table[self._rows, 0])

    def _logits(self, features: Any) -> NDArray[np.float32]:
        from scipy.sparse import csr_matrix

        length = _length(features @ self._squares)
        if self._table.shape[1] == 1:
            product = (features @ self._only)[:, None]
        else:
            compact = (features.data, self._rows.take(features.indices), features.indptr)
            shape = (features.shape[0], len(self._table))
            product = csr_matrix(compact, shape=shape, copy=False) @ self._table
        product /= length[:, None]
        product += self.intercepts
        return cast("NDArray[np.float32]", product)


# ---------------------------------------------------------------------------------------- training


class _Rows:
    """The training rows on compact columns, of unit length; then the pool's directions, if any."""

    def __init__(
        self, features: Any, idf: NDArray[np.float32], directions: Directions | None
    ) -> None:
        present = (np.bincount(features.indices, minlength=features.shape[1]) > 0) & (idf > 0)
        if directions is not None:
            present[directions.columns] = True
        self.columns = np.flatnonzero(present).astype(np.int32)
        self.values = _compact(features, idf, present)
        self._spread: NDArray[np.float32] | None = None
        if directions is not None:
            self._see(directions)

    def _see(self, directions: Directions) -> None:
        """Append what the rows are on the directions."""
        from scipy.sparse import csr_matrix, hstack

        spread = np.zeros((len(self.columns), directions.vectors.shape[1]), np.float32)
        places = np.searchsorted(self.columns, directions.columns)
        spread[places] = directions.vectors * np.float32(weight(self.values.shape[0]))
        self._spread = spread
        self.values = hstack([self.values, csr_matrix(self.values @ spread)], format="csr")

    def of_words(self, coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the coefficients of the columns alone: those of the directions are spread out."""
        if self._spread is None:
            return coefficients
        own = len(self.columns)
        spread: NDArray[np.float32] = coefficients[:own] + self._spread @ coefficients[own:]
        return spread


def _compact(features: Any, idf: NDArray[np.float32], present: NDArray[np.bool_]) -> Any:
    """Return rows of unit length on the columns that are present, (n, c) CSR."""
    from scipy.sparse import csr_matrix

    new_number = np.cumsum(present, dtype=np.int32) - 1
    length = np.repeat(_length(features @ idf**2), np.diff(features.indptr))
    kept = present[features.indices]
    data = (features.data * idf[features.indices] / length)[kept]
    indices = new_number[features.indices][kept]
    indptr = np.concatenate([[0], np.cumsum(kept)])[features.indptr].astype(np.int32)
    return csr_matrix((data, indices, indptr), shape=(features.shape[0], int(present.sum())))


def _directions(
    features: Any, idf: NDArray[np.float32], pool: FeatureReader | None, most: int, seed: int
) -> Directions | None:
    """Find directions in items at even distances in the pool, else in the training rows."""
    if not most or not weight(features.shape[0]):
        return None
    known = pool is not None and pool.count > 0
    ids = pool.ids if pool is not None and known else np.arange(features.shape[0])
    some = ids[np.unique(np.linspace(0, len(ids) - 1, min(len(ids), SAMPLE)).astype(np.int64))]
    rows = _csr(pool.rows(some)) if pool is not None and known else features[some]
    present = idf > 0
    found = find_directions(_compact(rows, idf, present), most, seed)
    if found is None:
        return None
    return Directions(np.flatnonzero(present)[found.columns], found.vectors)


def _inverse_frequency(features: Any, pool: FeatureReader | None) -> NDArray[np.float32]:
    """Return ln((1 + n) / (1 + df)) + 1, (d,), over the pool, else over the training rows.

    0 for what a large pool has once: such words teach nothing about other items, and leaving them
    out halves the columns.
    """
    if pool is not None and pool.count:
        count, frequency = pool.count, pool.document_frequency()
    else:
        count = features.shape[0]
        frequency = np.bincount(features.indices, minlength=features.shape[1])
    inverse: NDArray[np.float64] = np.log((1.0 + count) / (1.0 + frequency)) + 1.0
    if pool is not None and count >= PRUNE_FROM:
        inverse[frequency < 2] = 0.0
    return inverse.astype(np.float32)


def _length(squares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the row length to divide by; 1 for an empty row.

    The sum of ``value * idf**2`` instead of ``(value * idf)**2``: nearly all values are 1, it
    classifies as well, and it comes out of the same sparse product as the logits.
    """
    return cast("NDArray[np.float32]", np.sqrt(np.where(squares > 0, squares, 1)))


def _csr(features: Features | None) -> Any:
    from scipy.sparse import issparse

    if features is None or not issparse(features):
        raise DataError("The built-in text learner takes the features of its own encoder.")
    return features
