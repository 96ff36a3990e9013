"""Looks in the pool for items of classes that have no label yet."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bridge.steps.turn import Turn
from bridge.store.items import in_line

if TYPE_CHECKING:
    from bridge.acquisition.hints import Hint

__all__ = ["hints"]

log = logging.getLogger(__name__)


def hints(turn: Turn, unseen: Sequence[str], size: int, *, encoded: bool) -> list[Hint]:
    """Return up to ``size`` items that may belong to unseen classes; none of the hold-out.

    Args:
        encoded: the pool's features are in the feature store.
    """
    from bridge.acquisition.hints import LOOKED_AT, find_hints, phrases_of

    spec = turn.settings.acquisition
    for name in spec.hints:
        if name not in turn.schema.names:
            turn.warn(
                f"acquisition.hints names the class '{name}', which the label schema does not have."
            )
    phrases = phrases_of(spec, turn.schema.names, unseen)
    if spec.strategy == "random" or not any(phrases.values()):
        return []
    encoder = turn.learner.encoder
    if encoder is None:
        if spec.hints:
            turn.warn("acquisition.hints are not used: model.estimator takes items themselves.")
        return []
    with turn.store.begin() as connection:
        ids = in_line(connection, LOOKED_AT)
    if not ids:
        return []
    features: Any = turn.inputs(ids) if encoded else encoder.encode(turn.items(ids))
    try:
        return find_hints(encoder, phrases, ids, features, size, spec.seed)
    except Exception as error:  # noqa: BLE001  # somebody's encoder of something else than texts
        log.info("no hints: %s", error)
        if spec.hints:
            turn.warn(
                "acquisition.hints are not used: the model's encoder cannot encode a phrase "
                f"({type(error).__name__}: {error})."
            )
        return []
