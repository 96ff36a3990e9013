"""The order of asking: which of the chosen items come first, and what is spread between them.

Items of the hold-out, and those drawn at random, lie at even distances in every order, and in an
order of their own: their places depend on how many there are, and on no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

__all__ = ["Order", "Waiting", "arranged", "merged"]

Order: TypeAlias = Literal["informative", "interleaved", "grouped"]

PAGE = 50  # items among which like is put to like; later pages hold less informative items

T = TypeVar("T")


@dataclass(frozen=True)
class Waiting:
    """An item that waits for its place.

    Attributes:
        value: what its label would teach, for its price; higher is asked first.
        kind: the class that the model predicts; None where no model chose the item.
        hold_out: it measures only.
    """

    value: float
    kind: str | None
    hold_out: bool = False


def arranged(items: Sequence[Waiting], order: Order, features: Any = None) -> list[int]:
    """Return the places of the items, first to be asked first.

    ``informative``: by value. ``interleaved``: the predicted classes by turns, each spread evenly
    and by value. ``grouped``: by value in pages of 50, and in a page like follows like.

    Args:
        items: those of the hold-out, and the random ones, in the order in which they were drawn.
        features: (n, d) of all items, sparse or dense, to tell what is alike; without them those of
            one predicted class are.
    """
    held = [place for place, item in enumerate(items) if item.hold_out]
    drawn = [p for p, item in enumerate(items) if item.kind is None and not item.hold_out]
    chosen = [p for p, item in enumerate(items) if item.kind is not None and not item.hold_out]
    chosen.sort(key=lambda place: -items[place].value)
    if order == "interleaved":
        chosen = _by_turns(items, chosen)
    elif order == "grouped":
        pages = (chosen[start : start + PAGE] for start in range(0, len(chosen), PAGE))
        chosen = [place for page in pages for place in _alike(items, page, features)]
    return merged(held, merged(drawn, chosen))


def merged(few: Sequence[T], many: Sequence[T]) -> list[T]:
    """Put the first list's entries at even distances among the second's; both keep their order."""
    total = len(few) + len(many)
    ranks = {int((j + 0.5) * total / len(few)) for j in range(len(few))}
    first, second = iter(few), iter(many)
    return [next(first) if rank in ranks else next(second) for rank in range(total)]


def _by_turns(items: Sequence[Waiting], chosen: Sequence[int]) -> list[int]:
    """Spread each class over the whole, so that no part of the queue lacks one."""
    groups: dict[str | None, list[int]] = {}
    for place in chosen:
        groups.setdefault(items[place].kind, []).append(place)
    spread = [
        ((turn + 0.5) / len(group), first, place)
        for first, group in enumerate(groups.values())
        for turn, place in enumerate(group)
    ]
    return [place for _, _, place in sorted(spread)]


def _alike(items: Sequence[Waiting], page: Sequence[int], features: Any) -> list[int]:
    """Go from each item to the one that is most like it, from the most informative one."""
    if features is None:
        firsts: dict[str | None, int] = {}
        for turn, place in enumerate(page):
            firsts.setdefault(items[place].kind, turn)
        return sorted(page, key=lambda place: firsts[items[place].kind])
    from bridge.acquisition.likeness import cosines, unit

    rows = unit(features[list(page)])
    likeness = cosines(rows, rows)
    path, left = [0], set(range(1, len(page)))
    while left:
        # Of equals the more informative one, which has the lower number.
        path.append(max(left, key=lambda to: (likeness[path[-1], to], -to)))
        left.remove(path[-1])
    return [page[turn] for turn in path]
