"""Chooses what to ask once more: items whose answers differ, and labels that look wrong.

An item of the hold-out is chosen by its own answers alone, whatever a model says of it: which of
them are looked at twice would else depend on the model that they measure. A label is asked again
once because of the model, and once more if the second answer differs. None of it shows a
pre-annotation. Together it is a bounded share of the batch, which shrinks while second answers
confirm the first.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Set
from typing import TYPE_CHECKING

from bridge.errors import BridgeError
from bridge.records import Classes, Target
from bridge.steps.resolve import Resolved
from bridge.steps.train import label_matrix
from bridge.steps.turn import Turn
from bridge.store.relabels import asked_again, hold_out_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bridge.acquisition.compose import Pick
    from bridge.learners.base import Model

__all__ = ["relabels"]

log = logging.getLogger(__name__)

TIMES = 2  # an item is asked again so often at most
FOLDS = 5
LEAST = 20  # labels; models taught fewer say nothing about a label
DOUBT = 0.8  # a label that is believed more than the rest of this is not asked again


def relabels(turn: Turn, model: Model | None, resolved: Resolved, size: int) -> list[Pick]:
    """Return what to ask once more in a batch of this size, the most doubtful first."""
    share = turn.settings.acquisition.relabel_share
    room = int(share * size + 0.5)
    if not room:
        return []
    if not turn.platform.capabilities.relabels:
        turn.warn(
            "acquisition.relabel_share is set, but this platform cannot ask again for an item that "
            "has an answer; none is asked again."
        )
        return []
    with turn.store.begin() as connection:
        before = asked_again(connection)
    spent = {row for row, asked in before.items() if asked.waits or asked.times >= TIMES}
    picks = _disputed(turn, resolved, spent, room)
    room = min(room - len(picks), int(_worth(resolved) * share * size + 0.5))
    if room > 0 and model is not None and len(resolved.taught) >= LEAST:
        picks += _suspicious(turn, resolved, before.keys(), room)
    return picks


def _worth(resolved: Resolved) -> float:
    """Return how much of the share to use: less, the more second answers confirm the first."""
    several = resolved.agreed + resolved.differed
    return min(1.0, 2 * (resolved.differed + 1) / (several + 2))


def _disputed(turn: Turn, resolved: Resolved, spent: set[int], room: int) -> list[Pick]:
    from bridge.acquisition.compose import Pick

    chosen = sorted(resolved.disputed.keys() - spent)[:room]
    with turn.store.begin() as connection:
        held = hold_out_of(connection, chosen)
    return [
        Pick(
            row,
            "relabel",
            1.0,
            f"asked again: answers differ ({resolved.disputed[row]})",
            hold_out=row in held,
        )
        for row in chosen
    ]


def _suspicious(turn: Turn, resolved: Resolved, spent: Set[int], room: int) -> list[Pick]:
    """Return the single answers that models do not believe which were not taught them."""
    import numpy as np

    from bridge.acquisition.compose import Pick
    from bridge.learners.suspects import suspicion

    targets = [target for _, target in resolved.taught]
    ids = [row for row, _ in resolved.taught]
    labels = label_matrix(targets, turn.schema)
    try:
        said = _second_opinions(turn, ids, labels)
    except BridgeError as error:  # such as too few examples of a class in a part of them
        log.warning("no label is looked at twice: %s", error)
        return []
    doubt = suspicion(labels, said, turn.task)
    order = np.lexsort((np.array(ids), -doubt)).tolist()
    open_to = [place for place in order if doubt[place] >= DOUBT and ids[place] not in spent]
    return [
        Pick(
            ids[place],
            "relabel",
            float(doubt[place]),
            "asked again: " + "; ".join(_reasons(turn, targets[place], said[place])),
        )
        for place in [p for p in open_to if targets[p].how == "single"][:room]
    ]


def _second_opinions(turn: Turn, ids: list[int], labels: NDArray[np.int8]) -> NDArray[np.float32]:
    import numpy as np

    from bridge.acquisition.candidates import tie_breaker
    from bridge.learners.suspects import out_of_fold

    examples = turn.examples(ids, labels)
    seed = turn.settings.sync.seed
    drawn = np.argsort(tie_breaker(np.array(ids, np.int64), seed), kind="stable")
    folds = np.empty(len(ids), np.int64)
    folds[drawn] = np.arange(len(ids)) % FOLDS
    return out_of_fold(turn.learner, examples, folds, turn.reader, seed=seed)


def _reasons(turn: Turn, target: Target, said: NDArray[np.float32]) -> Iterator[str]:
    """Say what was answered and what models say that were not taught it."""
    chosen = target.value.chosen if isinstance(target.value, Classes) else ()
    yield f"answered {', '.join(chosen) or 'no class'}"
    names = turn.schema.names
    if turn.task == "single":
        best = int(said.argmax())
        yield f"models that do not know it say {names[best]} {said[best]:.2f}"
    else:
        gaps = [1 - p if name in chosen else p for name, p in zip(names, said, strict=True)]
        worst = gaps.index(max(gaps))
        yield f"models that do not know it say {names[worst]} {said[worst]:.2f}"
