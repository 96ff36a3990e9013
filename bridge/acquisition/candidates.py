"""The best of a pool that is too large to hold: streamed, in memory of O(chunk + keep)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bridge.acquisition.spec import Strategy
from bridge.acquisition.uncertainty import score
from bridge.errors import ModelError

if TYPE_CHECKING:
    from bridge.acquisition.cost import Weights
    from bridge.learners.base import Features, LearningTask, Model
    from bridge.records import Item

__all__ = ["Best", "Candidates", "best", "chosen", "tie_breaker"]


GOLDEN = 0x9E3779B97F4A7C15  # 2**64 / golden ratio, odd


@dataclass(frozen=True)
class Candidates:
    """The n items of a pool with the highest values, highest first.

    Attributes:
        ids: (n,) int64.
        scores: (n,) float32 in [0, 1], the uncertainty.
        values: (n,) float32 in [0, 1]: the score times the weight that its price gives it.
        probabilities: (n, k) float32.
        features: (n, d); None when the model takes items.
    """

    ids: NDArray[np.int64]
    scores: NDArray[np.float32]
    values: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    features: Features | None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[np.int64]) -> Candidates:
        """Return the candidates at these places, in this order."""
        features = None if self.features is None else self.features[rows]
        return Candidates(
            self.ids[rows], self.scores[rows], self.values[rows], self.probabilities[rows], features
        )


def best(
    model: Model,
    chunks: Iterable[tuple[NDArray[np.int64], Features | Sequence[Item]]],
    strategy: Strategy,
    task: LearningTask,
    keep: int,
    seed: int,
    weights: Weights | None = None,
) -> Candidates:
    """Score all chunks and return the ``keep`` best by score times weight.

    They are weighed while the pool streams by, not cut by score first: no item is lost that would
    have been chosen. Equal values are ordered by a seeded hash of the id, so the result does not
    depend on how the pool is cut into chunks.

    Args:
        weights: what scores are multiplied by; None weighs all alike.

    Raises:
        ModelError: the model returns something else than (n, k) finite probabilities.
        ConfigError: the strategy does not fit the model.
    """
    held = Best(keep, seed)
    for ids, inputs in chunks:
        held.add(chosen(model, ids, inputs, strategy, task, keep, seed, weights, least=held.least))
    return held.found(len(model.classes))


class Best:
    """The best of many parts of a pool, whatever their order; memory of O(keep)."""

    def __init__(self, keep: int, seed: int) -> None:
        self._keep = keep
        self._seed = seed
        self._parts: list[Candidates] = []
        self.least: np.float32 | None = None
        """What has a lower value cannot be among the best any more; None: everything can."""

    def add(self, part: Candidates) -> None:
        """Take the best of a part into account."""
        if len(part):
            self._parts.append(part)
        if len(self._parts) > 1 and sum(map(len, self._parts)) >= 2 * self._keep:
            self._merge()

    def found(self, k: int) -> Candidates:
        """Return the best, highest first.

        Args:
            k: number of classes, for the shape where there is nothing.
        """
        if not self._parts:
            none = np.empty(0, np.float32)
            nothing = np.empty((0, k), np.float32)
            return Candidates(np.empty(0, np.int64), none, none, nothing, None)
        self._merge()
        return self._parts[0]

    def _merge(self) -> None:
        parts = self._parts
        together = Candidates(
            np.concatenate([part.ids for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.probabilities for part in parts]),
            _stacked([part.features for part in parts]),
        )
        order = _order(together.ids, together.values, self._seed)[: self._keep]
        self._parts = [together.take(order)]
        if len(order) == self._keep:
            self.least = self._parts[0].values[-1]


def chosen(
    model: Model,
    ids: NDArray[np.int64],
    inputs: Features | Sequence[Item],
    strategy: Strategy,
    task: LearningTask,
    keep: int,
    seed: int,
    weights: Weights | None = None,
    wanted: NDArray[np.bool_] | None = None,
    least: np.float32 | None = None,
) -> Candidates:
    """Score one chunk and return its ``keep`` best.

    Args:
        weights: what scores are multiplied by; None weighs all alike.
        wanted: (n,), which of the items may be chosen; None: all.
        least: what has a lower value is left out.

    Raises:
        ModelError: the model returns something else than (n, k) finite probabilities.
        ConfigError: the strategy does not fit the model.
    """
    probabilities = model.predict(inputs)
    expected = (len(ids), len(model.classes))
    if probabilities.shape != expected or not bool(np.isfinite(probabilities).all()):
        raise ModelError(
            f"The model returned probabilities of shape {probabilities.shape} for {len(ids)} "
            f"items, expected {expected} finite numbers.",
            "Correct the learner's predict.",
        )
    committee = None
    if strategy == "committee" and hasattr(model, "committee"):
        committee = model.committee(inputs)
    scores = score(strategy, probabilities, task, committee)
    ids = np.asarray(ids, np.int64)
    rows = np.arange(len(ids)) if wanted is None else np.flatnonzero(wanted)
    values = scores[rows] if weights is None else scores[rows] * weights.of(ids[rows])
    if len(rows) > keep:
        place = len(rows) - keep
        worst = np.partition(values, place)[place]
        least = worst if least is None else max(worst, least)
    if least is not None:
        rows, values = rows[values >= least], values[values >= least]
    order = _order(ids[rows], values, seed)[:keep]
    rows, values = rows[order], values[order]
    features: Any = None if isinstance(inputs, Sequence) else inputs[rows]
    return Candidates(ids[rows], scores[rows], values, probabilities[rows], features)


def tie_breaker(ids: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """Return a hash of each id, (n,) uint64, uniform and different for each seed.

    The finaliser of SplitMix64 (Steele, Lea, Flood 2014), twice so that seeds do not correlate.
    """
    start = np.uint64((seed * GOLDEN) % 2**64)
    mixed = _mix(ids.astype(np.uint64) + start)
    return _mix(mixed + np.uint64(GOLDEN))


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def _order(ids: NDArray[np.int64], values: NDArray[np.float32], seed: int) -> NDArray[np.int64]:
    """Return the places by value, highest first, equal ones by the hash of their ids."""
    return np.lexsort((tie_breaker(ids, seed), -values)).astype(np.int64)


def _stacked(parts: Sequence[Features | None]) -> Any:
    if parts[0] is None:
        return None
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)  # type: ignore[arg-type]  # all are of one kind
    from scipy.sparse import csr_matrix, vstack

    return csr_matrix(vstack(parts, format="csr"))
