"""A committee around any learner: members taught on bootstraps of the same examples.

Query by committee, with bagging: Abe & Mamitsuka 1998, "Query Learning Strategies Using Boosting
and Bagging". The committee serves acquisition alone; predictions are those of one model that was
taught everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bridge.errors import ModelError
from bridge.learners.base import Encoder, Examples, Features, Learner, Model
from bridge.records import Item

if TYPE_CHECKING:
    from bridge.store.features import FeatureReader

__all__ = ["CommitteeLearner", "CommitteeModel"]


@dataclass(frozen=True)
class CommitteeLearner:
    """Teaches one model everything, and each member a bootstrap.

    Attributes:
        learner: teaches each of them.
        members: how many there are, 2 or more.
    """

    learner: Learner
    members: int

    @property
    def id(self) -> str:
        """Names the learner and the size of the committee."""
        return f"committee-{self.members}/{self.learner.id}"

    @property
    def encoder(self) -> Encoder | None:
        """The learner's encoder."""
        return self.learner.encoder

    def fit(self, examples: Examples, pool: FeatureReader | None, *, seed: int) -> CommitteeModel:
        """Train from scratch; see :class:`bridge.learners.base.Learner`."""
        model = self.learner.fit(examples, pool, seed=seed)
        rng = np.random.default_rng(seed)
        members = tuple(
            self.learner.fit(_bootstrap(examples, rng), pool, seed=seed + 1 + number)
            for number in range(self.members)
        )
        return CommitteeModel(model, members)

    def load(self, directory: Path) -> CommitteeModel:
        """Read a saved committee; see :class:`bridge.learners.base.Learner`."""
        places = [directory / f"member-{number}" for number in range(self.members)]
        missing = [place for place in (directory / "model", *places) if not place.is_dir()]
        if missing:
            raise ModelError(f"The model in {directory} has no {missing[0].name}.", "Train again.")
        members = tuple(self.learner.load(place) for place in places)
        return CommitteeModel(self.learner.load(directory / "model"), members)


@dataclass(frozen=True, eq=False)
class CommitteeModel:
    """A model, and members that may disagree."""

    model: Model
    members: tuple[Model, ...]

    def __post_init__(self) -> None:
        decide = getattr(self.model, "decide", None)
        if decide is not None:
            object.__setattr__(self, "decide", decide)

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names."""
        return self.model.classes

    def predict(self, inputs: Features | Sequence[Item]) -> NDArray[np.float32]:
        """Return the probabilities of the model that was taught everything, (n, k)."""
        return self.model.predict(inputs)

    def committee(self, inputs: Features | Sequence[Item]) -> NDArray[np.float32]:
        """Return the probabilities of the members, (m, n, k)."""
        return np.stack([member.predict(inputs) for member in self.members])

    def save(self, directory: Path) -> None:
        """Write each model into a folder of its own."""
        named = {"model": self.model} | {f"member-{n}": m for n, m in enumerate(self.members)}
        for name, model in named.items():
            (directory / name).mkdir()
            model.save(directory / name)


def _bootstrap(examples: Examples, rng: np.random.Generator) -> Examples:
    count = len(examples.weights)
    drawn = np.sort(rng.integers(0, count, size=count)) if count else np.zeros(0, np.int64)
    return replace(
        examples,
        labels=examples.labels[drawn],
        weights=examples.weights[drawn],
        features=None if examples.features is None else examples.features[drawn],
        items=None if examples.items is None else [examples.items[int(n)] for n in drawn],
    )
