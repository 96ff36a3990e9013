"""Texts as vectors of somebody's model, such as a sentence transformer, under the built-in head.

A frozen language model knows what words mean before the first label: with many classes, or short
texts, it saves more labels than any choice of items does. Its vectors are made once for each item
and cached like all features; the head is retrained in a second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from bridge.errors import DataError, ModelError
from bridge.learners.base import Encoder, Examples, LearningTask
from bridge.learners.head import HeadSettings, fit_head, probabilities
from bridge.records import Item

if TYPE_CHECKING:
    from bridge.learners.linear_files import Format
    from bridge.store.features import FeatureReader

__all__ = ["TextVectors", "VectorLearner", "VectorModel"]

FORMAT: Format = "vectors-linear-1"
UNSAFE = re.compile(r"[^A-Za-z0-9.]+")


@dataclass(frozen=True)
class TextVectors:
    """An encoder around anything that turns a list of texts into vectors.

    What it returns is scaled to unit length. It is made when the first text is encoded: a turn
    that encodes nothing loads no language model.

    Attributes:
        name: of the factory, for people and in the id.
        digest: of everything that changes the vectors.
        make: returns an object with ``encode(texts)``, or a function of texts; either gives an
            array (n, d) for n texts.
    """

    name: str
    digest: str
    make: Callable[[], Any]

    @property
    def id(self) -> str:
        """For example ``vectors-SentenceTransformer-1a2b3c4d``."""
        return f"vectors-{UNSAFE.sub('-', self.name)}-{self.digest[:8]}"

    @cached_property
    def _encode(self) -> Callable[[list[str]], Any]:
        made = self.make()
        encode = getattr(made, "encode", made)
        if not callable(encode):
            raise ModelError(
                f"'{self.name}' returned a {type(made).__name__}, which has no encode and is no "
                "function.",
                "Return an object with encode(texts), or a function of a list of texts.",
            )
        return encode  # type: ignore[no-any-return]  # nothing is known of it but what it returns

    def encode(self, items: Sequence[Item]) -> NDArray[np.float32]:
        """Return vectors of unit length, (n, d) float32; an item without text is an empty text.

        Raises:
            DataError: what came out are no n vectors of finite numbers.
            ConfigError, ModelError: the factory failed, or returned something that cannot encode.
        """
        from sklearn.preprocessing import normalize

        texts, encode = [item.text or "" for item in items], self._encode
        try:
            found = np.asarray(encode(texts), dtype=np.float32)
        except Exception as error:
            raise DataError(
                f"model.encoder '{self.name}' failed on {len(texts)} texts: "
                f"{type(error).__name__}: {error}.",
                "Correct the encoder; what was encoded before is kept.",
            ) from error
        if found.ndim != 2 or len(found) != len(texts) or not found.shape[1]:
            raise DataError(
                f"model.encoder '{self.name}' returned an array of shape {found.shape} for "
                f"{len(texts)} texts.",
                "It must return one vector a text, of one length.",
            )
        bad = np.flatnonzero(~np.isfinite(found).all(axis=1))
        if len(bad):
            raise DataError(
                f"model.encoder '{self.name}' returned a number that is not finite for the item "
                f"{items[int(bad[0])].key}.",
                "Correct the encoder.",
            )
        unit: NDArray[np.float32] = normalize(found)
        return unit


@dataclass(frozen=True)
class VectorLearner:
    """The built-in head on dense features; see :mod:`bridge.learners.spec` for the parameters."""

    encoder: Encoder
    class_weight: Literal["balanced", "none"] = "balanced"
    strength: float = 10.0

    @property
    def id(self) -> str:
        """Names the algorithm, its version and its parameters."""
        return f"vectors-linear-v1/{self.class_weight}/{self.strength:g}/{self.encoder.id}"

    def fit(self, examples: Examples, pool: FeatureReader | None, *, seed: int) -> VectorModel:
        """Train from scratch; see :class:`bridge.learners.base.Learner`."""
        used = examples.weights > 0
        head = fit_head(
            np.asarray(examples.features, np.float32)[used],
            examples.labels[used],
            examples.weights[used].astype(np.float64),
            examples.task,
            HeadSettings(self.class_weight, self.strength, seed),
        )
        return VectorModel(
            encoder_id=self.encoder.id,
            classes=examples.classes,
            task=examples.task,
            fitted=head.fitted,
            prior=head.prior,
            coefficients=head.coefficients,
            intercepts=head.intercepts,
        )

    def load(self, directory: Path) -> VectorModel:
        """Read a saved model; see :class:`bridge.learners.base.Learner`."""
        from bridge.learners.linear_files import read_model

        return VectorModel(**read_model(directory, FORMAT, self.encoder.id))


@dataclass(frozen=True, eq=False)
class VectorModel:
    """Linear head over d numbers, k classes.

    Attributes:
        fitted: (m,) int32, the classes that have a logit, ascending.
        prior: (k,) float32, the probability of every class that has none; 0 for the others.
        coefficients: (d, h) float32; h = 1 for two fitted classes of a single-label task, else m.
        intercepts: (h,) float32; both are of the calibrated logits.
    """

    encoder_id: str
    classes: tuple[str, ...]
    task: LearningTask
    fitted: NDArray[np.int32]
    prior: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    intercepts: NDArray[np.float32]

    def predict(self, inputs: Any) -> NDArray[np.float32]:
        """Return calibrated probabilities, (n, k), of features (n, d)."""
        if not len(self.fitted):
            return np.tile(self.prior, (len(inputs), 1))
        rows = np.asarray(inputs, np.float32)
        if rows.shape[1] != len(self.coefficients):
            raise ModelError(
                f"The model was taught vectors of {len(self.coefficients)} numbers, and "
                f"model.encoder now gives {rows.shape[1]}.",
                "Restore the former encoder, or name what changed in model.encoder_params: then "
                "everything is encoded anew, and the model trained again.",
            )
        logits = rows @ self.coefficients + self.intercepts
        return probabilities(logits, self.fitted, self.prior, self.task)

    def save(self, directory: Path) -> None:
        """Write ``head.npz`` and ``model.json`` into an existing empty directory."""
        from bridge.learners.linear_files import write_model

        write_model(self, FORMAT, directory)
