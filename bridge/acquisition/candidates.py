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

__all__ = ["Candidates", "best", "tie_breaker"]


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
    held: _Block | None = None
    for ids, inputs in chunks:
        block = _scored(model, ids, inputs, strategy, task, weights)
        if held is not None and len(held.ids) == keep:
            # What is below the worst of a full selection cannot enter it.
            block = block.take(np.flatnonzero(block.values >= held.values[-1]))
        held = _best_of(block if held is None else _joined(held, block), keep, seed)
    if held is None:
        k = len(model.classes)
        nothing = np.empty((0, k), np.float32)
        none = np.empty(0, np.float32)
        return Candidates(np.empty(0, np.int64), none, none, nothing, None)
    features = None if isinstance(held.inputs, list) else held.inputs
    return Candidates(held.ids, held.scores, held.values, held.probabilities, features)


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


@dataclass(frozen=True)
class _Block:
    ids: NDArray[np.int64]
    scores: NDArray[np.float32]
    values: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    inputs: Any  # features, or a list of items

    def take(self, rows: NDArray[np.int64]) -> _Block:
        items = isinstance(self.inputs, list)
        inputs = [self.inputs[row] for row in rows] if items else self.inputs[rows]
        return _Block(
            self.ids[rows], self.scores[rows], self.values[rows], self.probabilities[rows], inputs
        )


def _scored(
    model: Model,
    ids: NDArray[np.int64],
    inputs: Any,
    strategy: Strategy,
    task: LearningTask,
    weights: Weights | None,
) -> _Block:
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
    held = list(inputs) if isinstance(inputs, Sequence) else inputs
    ids = np.asarray(ids, np.int64)
    values = scores if weights is None else scores * weights.of(ids)
    return _Block(ids, scores, values, probabilities, held)


def _joined(first: _Block, second: _Block) -> _Block:
    if not len(second.ids):
        return first
    return _Block(
        np.concatenate([first.ids, second.ids]),
        np.concatenate([first.scores, second.scores]),
        np.concatenate([first.values, second.values]),
        np.concatenate([first.probabilities, second.probabilities]),
        _stacked(first.inputs, second.inputs),
    )


def _stacked(first: Any, second: Any) -> Any:
    if isinstance(first, list):
        return first + second
    if isinstance(first, np.ndarray):
        return np.concatenate([first, second])
    from scipy.sparse import csr_matrix, vstack

    return csr_matrix(vstack([first, second], format="csr"))


def _best_of(block: _Block, keep: int, seed: int) -> _Block:
    order = np.lexsort((tie_breaker(block.ids, seed), -block.values))
    return block.take(order[:keep])
