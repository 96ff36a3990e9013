"""One batch: what the model is unsure of, spread out, with its random share."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.acquisition.candidates import Candidates, tie_breaker
from bridge.acquisition.diversity import distinct, spread
from bridge.acquisition.hints import Hint
from bridge.acquisition.order import merged
from bridge.acquisition.spec import AcquisitionSpec
from bridge.learners.base import LearningTask
from bridge.records import Source

__all__ = ["Pick", "compose", "describe"]


@dataclass(frozen=True)
class Pick:
    """An item for the batch; its rank is its place in the list.

    Attributes:
        id: the item.
        source: what chose it.
        score: what its label would teach, for its price, in [0, 1]; 0 where no model chose.
        reason: one line for people.
        hold_out: its label is for measuring only.
        probabilities: (k,) where a model chose it, else None.
        uncertainty: in [0, 1]; equals the score where prices do not count.
    """

    id: int
    source: Source
    score: float
    reason: str
    hold_out: bool = False
    probabilities: NDArray[np.float32] | None = None
    uncertainty: float = 0.0


def compose(
    *,
    candidates: Candidates | None,
    hold_out: Sequence[int],
    cold: Sequence[int],
    size: int,
    measure: int,
    spec: AcquisitionSpec,
    classes: Sequence[str],
    task: LearningTask,
    unseen: Sequence[str] = (),
    hints: Sequence[Hint] = (),
    novel: Sequence[int] = (),
) -> list[Pick]:
    """Choose a batch of up to ``size`` items, in rank order; equal inputs give equal batches.

    The hold-out's ranks are evenly spread. While classes are unseen, a share of the rest is
    explored: a model cannot look for a class that it does not know. Hints take half of
    it, since they may be wrong, novel items a part of what is left, and the others are random.

    Args:
        candidates: the best of the pool by uncertainty; None while there is no model.
        hold_out: ids that only measure, in their fixed order.
        measure: how many of the batch are to be of the hold-out.
        cold: ids in random order, for picks that no model makes.
        classes: the names of the columns of ``candidates.probabilities``.
        unseen: classes that no label names yet.
        hints: items that may belong to unseen classes, the best first.
        novel: ids of items unlike all that were met, the most novel first.
    """
    chance = _chance([hold_out, cold, () if candidates is None else candidates.ids], spec.seed)
    measuring = [_held_out(i) for i in hold_out[:measure]]
    taken = set(hold_out)
    if candidates is None or spec.strategy == "random":
        configured = spec.strategy == "random"
        reason = "random: as configured" if configured else "cold start: no model yet"
        source: Source = "random" if configured else "cold-start"
        places = size - len(measuring)
        sought = [] if configured else _sought(hints, novel, taken, places, spec)
        taken.update(pick.id for pick in sought)
        rest = [_random(i, source, reason) for i in cold if i not in taken]
        rest = merged(sought, rest[: places - len(sought)]) + rest[places - len(sought) :]
        return _interleaved(measuring, rest, hold_out, size)
    wanted = size - len(measuring)
    count = _explored(candidates, wanted, spec, chance) if unseen else 0
    why = f"random: no label yet of {_listed(unseen)}"
    sought = _sought(hints, novel, taken, count, spec)
    taken.update(pick.id for pick in sought)
    explored = [_random(i, "cold-start", why) for i in cold if i not in taken]
    explored = merged(sought, explored[: count - len(sought)])
    taken.update(pick.id for pick in explored)
    free = np.array([i not in taken for i in candidates.ids.tolist()], dtype=bool)
    uncertain = _uncertain(
        candidates,
        free,
        wanted - len(explored),
        spec,
        classes,
        task,
        spec.diversity == "on",
    )
    return _interleaved(measuring, merged(explored, uncertain), hold_out, size)


def _explored(candidates: Candidates, wanted: int, spec: AcquisitionSpec, chance: float) -> int:
    """How many picks are random; all of them while the model finds every item equally unsure."""
    scores = candidates.scores
    blind = not len(scores) or float(scores.min()) == float(scores.max())
    return wanted if blind else _rounded(spec.explore_share * wanted, chance)


def _sought(
    hints: Sequence[Hint], novel: Sequence[int], taken: Set[int], places: int, spec: AcquisitionSpec
) -> list[Pick]:
    """Half of the places, rounded up, go to hints, and a part of the others to what is novel."""
    free = [hint for hint in hints if hint.id not in taken][: (places + 1) // 2]
    hinted = [
        Pick(h.id, "hint", 0.0, f"hint: may be '{h.class_name}', which has no label yet")
        for h in free
    ]
    met = taken | {pick.id for pick in hinted}
    count = math.ceil(spec.novel_share * (places - len(hinted)))
    strange = [item for item in novel if item not in met][:count]
    return merged(
        hinted, [Pick(i, "novel", 0.0, "novel: unlike all that was asked before") for i in strange]
    )


def _chance(queues: Sequence[Sequence[int] | NDArray[np.int64]], seed: int) -> float:
    """Return a number in [0, 1) that changes with what is first in the queues."""
    heads = [int(queue[0]) for queue in queues if len(queue)]
    return int(tie_breaker(np.array(heads, np.int64), seed).sum()) / 2**64


def _rounded(exact: float, chance: float) -> int:
    """Round up or down by chance, so that small batches too have their share in the long run."""
    return int(exact) + (chance < exact - int(exact))


def _uncertain(
    candidates: Candidates,
    free: NDArray[np.bool_],
    size: int,
    spec: AcquisitionSpec,
    classes: Sequence[str],
    task: LearningTask,
    diverse: bool,
) -> list[Pick]:
    places = np.flatnonzero(free)
    features = candidates.features
    spread_out: set[int] = set()
    order = places.tolist()
    if diverse and features is not None and 0 < size < len(places):
        near = places[: spec.keep(size)]
        chosen = near[spread(features[near], candidates.values[near], size, spec.seed)].tolist()
        spread_out = set(chosen)
        order = chosen + [place for place in order if place not in spread_out]
    picked = distinct(features, order, size, spec.near_duplicate)
    return [
        Pick(
            id=int(candidates.ids[place]),
            source="diverse" if place in spread_out else "uncertain",
            score=float(candidates.values[place]),
            uncertainty=float(candidates.scores[place]),
            reason=describe(
                candidates.probabilities[place],
                float(candidates.scores[place]),
                spec,
                classes,
                task,
            ),
            probabilities=candidates.probabilities[place],
        )
        for place in picked
    ]


def describe(
    p: NDArray[np.float32],
    score: float,
    spec: AcquisitionSpec,
    classes: Sequence[str],
    task: LearningTask,
) -> str:
    """Say in one line and in numbers why an item is asked.

    Args:
        p: (k,) its probabilities.
        score: its uncertainty in [0, 1].
    """
    if task == "multi":
        unsure = int(np.abs(p - 0.5).argmin())
        return f"{spec.scoring} {score:.2f}, least sure of {classes[unsure]} {p[unsure]:.2f}"
    order = np.argsort(-p, kind="stable")[:2]
    named = " and ".join(f"{classes[i]} {p[i]:.2f}" for i in order)
    if spec.scoring == "margin" and len(order) > 1:
        return f"margin {p[order[0]] - p[order[1]]:.2f} between {named}"
    return f"{spec.scoring} {score:.2f}, nearest {named}"


def _held_out(item: int) -> Pick:
    return Pick(int(item), "random", 0.0, "random: for the hold-out", hold_out=True)


def _random(item: int, source: Source, reason: str) -> Pick:
    return Pick(int(item), source, 0.0, reason)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _interleaved(
    measuring: list[Pick], rest: Sequence[Pick], hold_out: Sequence[int], size: int
) -> list[Pick]:
    """Spread the hold-out over the ranks; more of it fills a batch that the pool cannot fill."""
    rest = rest[: size - len(measuring)]
    missing = size - len(measuring) - len(rest)
    more = hold_out[len(measuring) : len(measuring) + missing]
    return merged(measuring + [_held_out(i) for i in more], rest)
