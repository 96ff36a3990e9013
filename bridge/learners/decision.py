"""What to say of an item whose probabilities are known.

The most probable class is right most often, and passes over rare classes: where spam is one in a
hundred, few spams reach one half before there are many labels. The loop measures by macro-F1, and
the class that serves it best follows from calibrated probabilities alone.

* Several classes may apply: a class is said from half of the greatest F1 that can be expected
  (Lipton, Elkan, Narayanaswamy 2014, "Thresholding Classifiers to Maximize F1 Score",
  https://arxiv.org/abs/1402.1892).
* One class applies: the class with the greatest ``(2 p - F) / (s + d)`` is said, where F is the
  expected F1 of a class, s the expected share of the items that have it, and d the share of which
  it is said. This is macro-F1, linearised around what is said now, as in Narasimhan et al. 2015,
  "Consistent Multiclass Algorithms for Complex Performance Measures",
  https://proceedings.mlr.press/v37/narasimhanb15.html. F and d depend on what is said, so it is
  repeated; the best of all passes counts, the most probable class included.

Expectations are taken over a sample of all items, whose labels nobody needs to know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from bridge.learners.base import Encoder, Examples, Features, Learner, LearningTask, Model
from bridge.learners.damaged import damaged
from bridge.records import Item, Record

if TYPE_CHECKING:
    from bridge.store.features import FeatureReader

__all__ = [
    "DecidingLearner",
    "DecidingModel",
    "Decisions",
    "Rule",
    "decided",
    "macro_f1_rule",
    "most_probable",
]

SAMPLE = 5000  # items over which expectations are taken
AT_ONCE = 500
PASSES = 20
FLAT = 1e-6  # a class whose probability differs less between items is not told apart
NEVER = 1e9  # the cost of a class that is not told apart
FILE = "bridge-decision.json"

Floats = NDArray[np.float64]
Decisions = NDArray[np.bool_]


class Rule(Record):
    """Class c of k has the value ``gains[c] * p - costs[c]``.

    Where one class applies, the class of the greatest value is said; where several may, each whose
    value is not negative.
    """

    gains: tuple[float, ...]
    costs: tuple[float, ...]


def most_probable(probabilities: NDArray[np.float32], task: LearningTask) -> Decisions:
    """Return (n, k): the most probable class, or each of 0.5 and more where several may apply."""
    if task == "multi":
        return probabilities >= 0.5
    return _one_of(probabilities)


def decided(model: Model, probabilities: NDArray[np.float32], task: LearningTask) -> Decisions:
    """Return what a model says, (n, k), of items to which it gives these probabilities, (n, k).

    A model without a ``decide`` of its own says what is most probable.
    """
    decide = getattr(model, "decide", None)
    if decide is None:
        return most_probable(probabilities, task)
    return cast("Decisions", decide(probabilities))


def macro_f1_rule(probabilities: NDArray[np.float32], task: LearningTask) -> Rule | None:
    """Return the rule of the greatest expected macro-F1; None where nothing is told apart.

    Args:
        probabilities: (n, k), calibrated, of a random sample of the items.
    """
    if not len(probabilities):
        return None
    apart = np.ptp(probabilities, axis=0) > FLAT
    if task == "single":  # a class that is the most probable of some items must not be left out
        apart |= most_probable(probabilities, task).any(axis=0) & apart.any()
    told = np.flatnonzero(apart)
    if len(told) < (2 if task == "single" else 1):
        return None
    given = probabilities[:, told].astype(np.float64)
    found = _thresholds(given) if task == "multi" else _greatest(given)
    gains = np.ones(probabilities.shape[1])
    costs = np.full_like(gains, 0.5 if task == "multi" else NEVER)
    gains[told], costs[told] = found
    return Rule(gains=tuple(gains.tolist()), costs=tuple(costs.tolist()))


def _thresholds(p: Floats) -> tuple[Floats, Floats]:
    """Half of the greatest expected F1 of each class: its best items are said, in their order."""
    best = -np.sort(-p, axis=0)
    said = np.arange(1, len(p) + 1)[:, None]
    f1 = 2 * best.cumsum(axis=0) / (said + p.sum(axis=0))
    return np.ones(p.shape[1]), f1.max(axis=0) / 2


def _greatest(p: Floats) -> tuple[Floats, Floats]:
    k = p.shape[1]
    shares = p.mean(axis=0)
    gains, costs = np.ones(k), np.zeros(k)
    best, highest, before = (gains, costs), -1.0, None
    for _ in range(PASSES):
        said = (p * gains - costs).argmax(axis=1)
        if before is not None and np.array_equal(said, before):
            break
        before = said
        of = shares + np.bincount(said, minlength=k) / len(p)
        hits = np.bincount(said, weights=p[np.arange(len(p)), said], minlength=k) / len(p)
        f1 = 2 * hits / of
        if f1.mean() > highest:
            best, highest = (gains, costs), float(f1.mean())
        gains, costs = 2 / of, f1 / of
    return best


def _one_of(values: NDArray[Any]) -> Decisions:
    found = np.zeros(values.shape, dtype=np.bool_)
    found[np.arange(len(values)), values.argmax(axis=1)] = True
    return found


# ------------------------------------------------------------------------------------ the learner


@dataclass(frozen=True)
class DecidingLearner:
    """Any learner with an encoder; its models decide for the greatest expected macro-F1.

    A model that has a ``decide`` of its own keeps it.
    """

    learner: Learner

    @property
    def id(self) -> str:
        """Names the learner and what its models decide for."""
        return f"macro-f1/{self.learner.id}"

    @property
    def encoder(self) -> Encoder | None:
        """The learner's encoder."""
        return self.learner.encoder

    def fit(self, examples: Examples, pool: FeatureReader | None, *, seed: int) -> DecidingModel:
        """Train from scratch; see :class:`bridge.learners.base.Learner`."""
        model = self.learner.fit(examples, pool, seed=seed)
        rule = None
        if pool is not None and pool.count and not hasattr(model, "decide"):
            every = np.linspace(0, pool.count - 1, min(SAMPLE, pool.count)).astype(np.int64)
            # In parts: rows far apart map whole stretches of a large file.
            parts = np.array_split(pool.ids[every], -(-len(every) // AT_ONCE))
            said = np.concatenate([model.predict(pool.rows(part)) for part in parts])
            rule = macro_f1_rule(said, examples.task)
        return DecidingModel(model, examples.task, rule)

    def load(self, directory: Path) -> Model:
        """Read a saved model; see :class:`bridge.learners.base.Learner`.

        One that was saved without a rule, by an earlier version, says what it said then.
        """
        model = self.learner.load(directory)
        try:
            kept = _Kept.model_validate_json((directory / FILE).read_bytes())
        except FileNotFoundError:  # one that was lost is missed by the checksums
            return model
        except (OSError, ValidationError) as error:
            raise damaged(directory, f"{FILE} cannot be read") from error
        if kept.rule is not None and {len(kept.rule.gains), len(kept.rule.costs)} != {
            len(model.classes)
        }:
            raise damaged(directory, f"{FILE} is of other classes")
        return DecidingModel(model, kept.task, kept.rule)


class _Kept(Record):
    task: LearningTask
    rule: Rule | None


class DecidingModel:
    """A model, and what it says of an item.

    Attributes:
        model: gives the probabilities.
        rule: None where the model decides for itself, or says what is most probable.
    """

    def __init__(self, model: Model, task: LearningTask, rule: Rule | None) -> None:
        self.model = model
        self.rule = rule
        self._task = task
        if hasattr(model, "committee"):
            self.committee = model.committee

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names."""
        return self.model.classes

    def predict(self, inputs: Features | Sequence[Item]) -> NDArray[np.float32]:
        """Return the model's probabilities, (n, k)."""
        return self.model.predict(inputs)

    def decide(self, probabilities: NDArray[np.float32]) -> Decisions:
        """Return which classes are said, (n, k), of items with these probabilities, (n, k)."""
        if self.rule is None:
            return decided(self.model, probabilities, self._task)
        values = probabilities * np.array(self.rule.gains) - np.array(self.rule.costs)
        return values >= 0 if self._task == "multi" else _one_of(values)

    def save(self, directory: Path) -> None:
        """Write the model's files, and ``bridge-decision.json`` beside them."""
        self.model.save(directory)
        kept = _Kept(task=self._task, rule=self.rule)
        (directory / FILE).write_text(kept.model_dump_json(indent=1), encoding="utf-8")
