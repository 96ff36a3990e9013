"""What an encoder, a learner and a model are.

A model is an encoder (stateless, its output cached in the feature store) plus a head (cheap,
retrained from scratch each time), or one opaque learner that takes the items themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bridge.records import Item

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from bridge.store.features import FeatureReader

    Features: TypeAlias = csr_matrix | NDArray[np.float32]
else:
    # SciPy takes half a second to import; only annotations need its name here.
    Features = Any

__all__ = ["Encoder", "Examples", "Features", "Learner", "LearningTask", "Model"]

LearningTask: TypeAlias = Literal["single", "multi"]


@runtime_checkable
class Encoder(Protocol):
    """Turns items into numbers; stateless and deterministic."""

    @property
    def id(self) -> str:
        """Names the algorithm and its parameters; safe as a directory name."""
        ...

    def encode(self, items: Sequence[Item]) -> Features:
        """Return features of shape (n, d), float32: a CSR matrix or an array; row i is items[i]."""
        ...


@dataclass(frozen=True)
class Examples:
    """What a learner is taught: n examples of k classes.

    Attributes:
        labels: (n, k) int8: 1 applies, 0 does not, -1 is not known. Where one class applies
            (task ``single``) a row has at most one 1; a row without a 1 knows only what does not
            apply, and a learner may leave it out.
        weights: (n,) float32, >= 0.
        classes: k names, in the order of the label schema.
        task: ``single`` when one class applies to an item, ``multi`` when any number does.
        features: (n, d) when the learner has an encoder.
        items: the n items when it has none.
    """

    labels: NDArray[np.int8]
    weights: NDArray[np.float32]
    classes: tuple[str, ...]
    task: LearningTask
    features: Features | None = None
    items: Sequence[Item] | None = None


@runtime_checkable
class Model(Protocol):
    """What came out of training.

    A model may also have ``committee(inputs) -> NDArray[np.float32]`` of shape (m, n, k): the
    probabilities of m members, for the acquisition strategy ``committee``. And ``decide(p) ->
    NDArray[np.bool_]``: which classes are said of items with the probabilities p, (n, k) both; see
    :mod:`bridge.learners.decision` for what is said without it.
    """

    @property
    def classes(self) -> tuple[str, ...]:
        """The k class names, in the order of the columns of :meth:`predict`."""
        ...

    def predict(self, inputs: Features | Sequence[Item]) -> NDArray[np.float32]:
        """Return calibrated probabilities, (n, k): rows sum to 1, or each in [0, 1] (multi)."""
        ...

    def save(self, directory: Path) -> None:
        """Write the model's files into an existing empty directory."""
        ...


@runtime_checkable
class Learner(Protocol):
    """Makes models."""

    @property
    def id(self) -> str:
        """Names the algorithm and everything that changes what it learns."""
        ...

    @property
    def encoder(self) -> Encoder | None:
        """The encoder whose features fit and predict take; None when they take items."""
        ...

    def fit(self, examples: Examples, pool: FeatureReader | None, *, seed: int) -> Model:
        """Train from scratch; equal examples, pool and seed give an equal model.

        Args:
            pool: features of all items, for what can be learned without labels; may be None.

        Raises:
            DataError: the examples cannot be used.
        """
        ...

    def load(self, directory: Path) -> Model:
        """Read a model that this kind of learner saved; loads data, never code.

        Raises:
            ModelError: files are damaged, or another kind of learner wrote them.
        """
        ...
