"""Looks in the pool for items of classes that have no label yet."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.errors import BridgeError, StoreError
from bridge.steps.encode import encode_ahead
from bridge.steps.turn import Turn
from bridge.store.items import in_line, met

if TYPE_CHECKING:
    from bridge.acquisition.hints import Hint

__all__ = ["Sought", "seek"]

log = logging.getLogger(__name__)

LOOKED_AT = 5000  # items; a random sample of the pool
FIRST_LOOK = 2000  # items, before the first model, when nothing else need be encoded
MET = 1000  # items that what is novel is compared with
NOT_SOUGHT = "Items are drawn at random, since the model cannot be used: {}"


@dataclass(frozen=True)
class Sought:
    """Items that may belong to unseen classes; none of the hold-out.

    Attributes:
        hints: those that are like a class's key words, the best first.
        novel: row ids of those that are unlike all that were met, the most novel first; none where
            there are hints.
    """

    hints: Sequence[Hint] = ()
    novel: Sequence[int] = ()


def seek(turn: Turn, unseen: Sequence[str], size: int, *, encoded: bool) -> Sought:
    """Return up to ``size`` items of each kind.

    Args:
        unseen: the classes that have no label yet.
        encoded: the pool's features are in the feature store.
    """
    from bridge.acquisition.hints import phrases_of

    spec = turn.settings.acquisition
    for name in spec.hints:
        if name not in turn.schema.names:
            turn.warn(
                f"acquisition.hints names the class '{name}', which the label schema does not have."
            )
    if spec.strategy == "random" or not unseen:
        return Sought()
    try:
        encoder = turn.learner.encoder
    except BridgeError as error:  # people can begin; the first training says the same again
        turn.warn(NOT_SOUGHT.format(error.what))
        return Sought()
    if encoder is None:
        if spec.hints:
            turn.warn("acquisition.hints are not used: model.estimator takes items themselves.")
        return Sought()
    phrases = phrases_of(spec, turn.schema.names, unseen)
    # Marks in a text or an image are not learned: their classes have no label for ever.
    novel_wanted = spec.novel_share > 0 and turn.schema.task in ("single", "multi")
    if not any(phrases.values()) and not novel_wanted:
        return Sought()
    with turn.store.begin() as connection:
        ids = in_line(connection, LOOKED_AT if encoded else FIRST_LOOK)
    if not ids:
        return Sought()
    features = _encoded(turn, ids, encoded)
    if features is None:
        return Sought()
    hints = _hints(turn, phrases, ids, features, size) if any(phrases.values()) else []
    # What somebody knows of a class tells more than what is merely unlike the others.
    novel = _novel(turn, ids, features, size, encoded) if novel_wanted and not hints else []
    return Sought(hints, novel)


def _hints(
    turn: Turn, phrases: dict[str, tuple[str, ...]], ids: Sequence[int], features: Any, size: int
) -> list[Hint]:
    from bridge.acquisition.hints import find_hints

    spec, encoder = turn.settings.acquisition, turn.learner.encoder
    assert encoder is not None
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


def _novel(turn: Turn, ids: list[int], features: Any, size: int, encoded: bool) -> list[int]:
    """Compare with what was asked before, and with those that are drawn at random now."""
    from bridge.acquisition.novelty import find_novel

    with turn.store.begin() as connection:
        before = met(connection, MET)
    drawn = min((size + 1) // 2, len(ids))
    known = features[:drawn]
    asked = _encoded(turn, before, encoded) if before else None
    if asked is not None:
        known = _stacked(asked, known)
    return [ids[drawn + place] for place in find_novel(features[drawn:], known, size)]


def _stacked(first: Any, second: Any) -> Any:
    from numpy import concatenate, ndarray
    from scipy.sparse import vstack

    if isinstance(first, ndarray):
        return concatenate([first, second])
    return vstack([first, second], format="csr")


def _encoded(turn: Turn, ids: list[int], encoded: bool) -> Any:
    """Return the features of items; None where the encoder fails before the first model."""
    if not encoded:
        try:
            encode_ahead(turn, ids)
        except StoreError:  # a full disk is no fault of the encoder
            raise
        except BridgeError as error:
            turn.warn(NOT_SOUGHT.format(error.what))
            return None
        except Exception as error:  # noqa: BLE001  # somebody's; the first training tells all
            turn.warn(NOT_SOUGHT.format(f"{type(error).__name__}: {error}"))
            return None
    return turn.inputs(ids)
