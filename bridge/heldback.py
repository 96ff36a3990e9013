"""Items that a loop never sees, to measure models on: the test part of a simulation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bridge.config import Settings
from bridge.errors import DataError
from bridge.labeled import Labeled
from bridge.records import LabelSchema

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bridge.learners.base import Features, LearningTask, Model
    from bridge.records import Item

__all__ = ["TestSet", "full_score", "split"]


class TestSet:
    """Items that the loop never sees, and how well a model does on them."""

    __test__ = False  # not a test of pytest

    def __init__(self, rows: Sequence[Labeled], schema: LabelSchema, settings: Settings) -> None:
        from bridge.learners import make_learner

        learner = make_learner(settings.model)
        items = [row.item for row in rows]
        self._inputs: Features | list[Item] = (
            items if learner.encoder is None else learner.encoder.encode(items)
        )
        self._schema = schema
        self.truth: NDArray[np.int8] = _indicators(rows, schema)
        counts = self.truth.sum(axis=0)
        self._rarest = int(counts.argmin())
        self.metric = (
            f"F1 of '{schema.names[self._rarest]}'"
            if schema.task == "single" and len(schema.names) == 2
            else "macro-F1"
        )

    def score(self, model: Model) -> float:
        """Return the F1 of the rarer of two classes, or the macro-F1 of several; in [0, 1]."""
        from sklearn.metrics import f1_score

        said = self.decided(model)
        if self._schema.task == "multi":
            return float(f1_score(self.truth, said, average="macro", zero_division=0.0))
        truth, guess = self.truth.argmax(axis=1), said.argmax(axis=1)
        if len(self._schema.names) == 2:
            return float(f1_score(truth == self._rarest, guess == self._rarest, zero_division=0.0))
        return float(f1_score(truth, guess, average="macro", zero_division=0.0))

    def predicted(self, model: Model) -> NDArray[np.float32]:
        """Return a model's probabilities, with the columns of :attr:`truth`."""
        return self._columns(model, model.predict(self._inputs))

    def decided(self, model: Model) -> NDArray[np.bool_]:
        """Return which classes a model says of each item, with the columns of :attr:`truth`."""
        from bridge.learners.decision import decided

        task: LearningTask = "multi" if self._schema.task == "multi" else "single"
        return self._columns(model, decided(model, model.predict(self._inputs), task))

    def _columns(self, model: Model, given: NDArray[Any]) -> NDArray[Any]:
        import numpy as np

        columns = {name: given[:, index] for index, name in enumerate(model.classes)}
        nothing = np.zeros(len(given), dtype=given.dtype)
        return np.stack([columns.get(name, nothing) for name in self._schema.names], axis=1)


def split(
    rows: Sequence[Labeled], schema: LabelSchema, seed: int
) -> tuple[list[Labeled], list[Labeled]]:
    """Split into pool (70 %) and test part (30 %), alike in classes where one applies.

    Raises:
        DataError: there are too few items of some class to split them.
    """
    from sklearn.model_selection import train_test_split

    kinds = [row.classes[0] for row in rows] if schema.task == "single" else None
    if len(schema.names) < 2:
        raise DataError("A simulation needs labels of at least two classes.")
    try:
        pool, test = train_test_split(list(rows), test_size=0.3, random_state=seed, stratify=kinds)
    except ValueError:
        raise DataError(
            "A class has too few labeled items to split them into pool and test part.",
            "Leave out classes with fewer than two items.",
        ) from None
    return pool, test


def full_score(
    pool: Sequence[Labeled], schema: LabelSchema, settings: Settings, measure: TestSet
) -> float:
    """Return the score of the learner when it is taught the whole pool."""
    import numpy as np

    from bridge.learners import make_learner
    from bridge.learners.base import Examples

    learner = make_learner(settings.model)
    items = [row.item for row in pool]
    features = None if learner.encoder is None else learner.encoder.encode(items)
    examples = Examples(
        labels=_indicators(pool, schema),
        weights=np.ones(len(pool), dtype=np.float32),
        classes=schema.names,
        task="multi" if schema.task == "multi" else "single",
        features=features,
        items=items if features is None else None,
    )
    return measure.score(learner.fit(examples, None, seed=settings.sync.seed))


def _indicators(rows: Sequence[Labeled], schema: LabelSchema) -> NDArray[np.int8]:
    import numpy as np

    column = {name: index for index, name in enumerate(schema.names)}
    labels = np.zeros((len(rows), len(column)), dtype=np.int8)
    for index, row in enumerate(rows):
        labels[index, [column[name] for name in row.classes]] = 1
    return labels
