"""How far each annotator can be trusted, learned from the items that several answered.

After Dawid and Skene (1979, https://doi.org/10.2307/2346806), with one accuracy for each annotator:
what is true and how often each annotator is right are estimated in turn, from the votes on items
with several answers, until they agree. What few common answers say of an annotator is shrunk
towards the accuracy of the others. All classes are equally likely beforehand, so that equal
annotators who disagree stay undecided.

An accuracy for each class was tried and left out: with few items of a class it explains what is not
clear by itself, and a rare class that errors alone name then swallows all doubtful items.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Ballot", "Trust", "Unit", "learn_trust"]

Unit: TypeAlias = tuple[str, int]
"""What was voted on: the key of an item, and the number of the question."""

Ballot: TypeAlias = tuple[str | None, int]
"""Who voted (None: not known), and the number of the class."""

ROUNDS = 50
NEAR = 1e-6  # a change of all probabilities below this ends the rounds
USUAL = 0.9  # accuracy where nothing is known
DOUBT = 10.0  # answers that the usual accuracy counts for
OWN = 10.0  # answers that the accuracy of the others counts for
HIGHEST = 0.98  # nobody is believed more


class Trust:
    """What is known of the annotators.

    Args:
        classes: how many there are, at least 2.
        accuracy: how often each annotator is right, in [1 / classes, 1); the first is for those
            who are not known.
        places: annotator -> place in ``accuracy``.
    """

    def __init__(
        self, classes: int, accuracy: NDArray[np.float64], places: Mapping[str, int]
    ) -> None:
        self._classes = classes
        self._accuracy = accuracy
        self._places = places

    def accuracy(self, who: str | None) -> float:
        """Return how often this annotator is taken to be right."""
        return float(self._accuracy[self._places.get(who or "", 0)])

    def probabilities(self, ballots: Sequence[Ballot]) -> list[float]:
        """Return how probable each class is, given these votes; sums to 1."""
        import numpy as np

        right = np.array([self.accuracy(who) for who, _ in sorted(ballots, key=_order)])
        choices = np.array([choice for _, choice in sorted(ballots, key=_order)])
        logs = np.zeros(self._classes)
        np.add.at(logs, choices, np.log(right * (self._classes - 1) / (1 - right)))
        found = np.exp(logs - logs.max())
        return [float(p) for p in found / found.sum()]


def learn_trust(
    units: Iterable[tuple[Unit, Sequence[Ballot]]],
    classes: int,
    truths: Mapping[Unit, int] | None = None,
) -> Trust:
    """Learn from votes; the result does not depend on their order.

    Args:
        units: what was voted on, and the votes; units with one vote say nothing, and are left out
            unless their truth is known.
        classes: number of classes, at least 2.
        truths: units whose class is known, such as reference answers.
    """
    import numpy as np

    known = truths or {}
    used = sorted(
        ((u, sorted(b, key=_order)) for u, b in units if len(b) > 1 or u in known),
        key=lambda pair: pair[0],
    )
    names = sorted({who for _, ballots in used for who, _ in ballots if who})
    places = {name: number for number, name in enumerate(names, start=1)}
    votes = np.array(
        [
            (number, places.get(who or "", 0), choice)
            for number, (_, ballots) in enumerate(used)
            for who, choice in ballots
        ],
        np.int64,
    ).reshape(-1, 3)
    fixed = np.array([known.get(unit, -1) for unit, _ in used], np.int64)
    return Trust(classes, _rounds(votes, fixed, len(names) + 1, classes), places)


def _rounds(
    votes: NDArray[np.int64], fixed: NDArray[np.int64], annotators: int, k: int
) -> NDArray[np.float64]:
    """Return (annotators,) from (unit, annotator, choice) votes; fixed is -1 or the truth."""
    import numpy as np

    unit, who, choice = votes.T
    truth = np.zeros((len(fixed), k))
    np.add.at(truth, (unit, choice), 1.0)
    truth = _with_known(truth / np.maximum(truth.sum(axis=1, keepdims=True), 1), fixed)
    for _ in range(ROUNDS):
        right = _accuracy(truth, votes, annotators)
        logs = np.zeros((len(fixed), k))
        np.add.at(logs, (unit, choice), np.log(right * (k - 1) / (1 - right))[who])
        likely = np.exp(logs - logs.max(axis=1, keepdims=True, initial=-np.inf))
        newer = _with_known(likely / likely.sum(axis=1, keepdims=True), fixed)
        change = np.abs(newer - truth).max(initial=0.0)
        truth = newer
        if change < NEAR:
            break
    return _accuracy(truth, votes, annotators)


def _with_known(truth: NDArray[np.float64], fixed: NDArray[np.int64]) -> NDArray[np.float64]:
    import numpy as np

    sure = fixed >= 0
    truth[sure] = np.eye(truth.shape[1])[fixed[sure]]
    return truth


def _accuracy(
    truth: NDArray[np.float64], votes: NDArray[np.int64], annotators: int
) -> NDArray[np.float64]:
    """Return how often each annotator is right; one below chance counts as guessing."""
    import numpy as np

    unit, who, choice = votes.T
    right = np.bincount(who, truth[unit, choice], annotators)
    given = np.bincount(who, minlength=annotators)
    others = _shrunk(right.sum() - right, given.sum() - given, USUAL, DOUBT)
    found = _shrunk(right, given, others, OWN)
    found[0] = _shrunk(right.sum(), given.sum(), USUAL, DOUBT)  # not one person: as all are
    return np.asarray(np.clip(found, 1 / truth.shape[1], HIGHEST))


def _shrunk(right: Any, given: Any, towards: Any, answers: float) -> Any:
    """Return a share, of which ``answers`` more are as ``towards`` says."""
    return (right + answers * towards) / (given + answers)


def _order(ballot: Ballot) -> tuple[str, int]:
    return (ballot[0] or "", ballot[1])
