"""The champion, used on its own: probabilities for any items, in or out of the store."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.config import Settings
from bridge.errors import DataError
from bridge.records import Item, LabelSchema, Prediction
from bridge.store.database import get_state
from bridge.sync import store_of

__all__ = ["predict"]


def predict(settings: Settings, items: Sequence[Item]) -> list[Prediction]:
    """Return the champion's predictions, in the order of the items.

    Raises:
        DataError: there is no champion yet.
        ModelError: its files cannot be read.
    """
    with store_of(settings) as store, store.begin() as connection:
        from bridge.store.registry import champion

        row = champion(connection)
        schema = get_state(connection, "label_schema")
    if row is None or schema is None:
        raise DataError("There is no model yet.", "Run `bridge sync` until answers have come in.")
    if not items:
        return []
    from bridge.acquisition.uncertainty import score
    from bridge.learners import make_learner
    from bridge.learners.base import LearningTask
    from bridge.learners.decision import decided
    from bridge.store.model_files import model_files

    learner = make_learner(settings.model)
    files = model_files(settings.store_directory, settings.shared_files)
    model = files.load(row["version"], learner, row["digest"])
    inputs = items if learner.encoder is None else learner.encoder.encode(items)
    said = model.predict(inputs)
    several = LabelSchema.model_validate_json(schema).task == "multi"
    task: LearningTask = "multi" if several else "single"
    classes = decided(model, said, task)
    scoring = settings.acquisition.scoring
    members = (
        model.committee(inputs) if scoring == "committee" and hasattr(model, "committee") else None
    )
    scores = score(scoring, said, task, members)
    return [
        Prediction(
            item_key=item.key,
            model_version=row["version"],
            probabilities={
                name: min(1.0, max(0.0, float(p)))
                for name, p in zip(model.classes, said[index], strict=True)
            },
            uncertainty=min(1.0, max(0.0, float(scores[index]))),
            decided=tuple(model.classes[number] for number in classes[index].nonzero()[0]),
        )
        for index, item in enumerate(items)
    ]
