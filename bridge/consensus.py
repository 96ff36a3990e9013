"""How far each annotator can be trusted, learned from the items that several answered.

After Dawid and Skene (1979, https://doi.org/10.2307/2346806): what is true and how each annotator
confuses classes are estimated in turn, from the votes on items with several answers, until they
agree. What little data says of an annotator is shrunk: the answers on a class towards those on the
other classes, and these towards the accuracy of the others. When votes are counted, all classes are
equally likely beforehand, so that equal annotators who disagree stay undecided.
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
HIGHEST = 0.95  # accuracy that is believed without an answer of the annotator on the class itself
USUAL = 0.9  # accuracy where nothing is known
DOUBT = 10.0  # answers that the usual accuracy counts for
OWN = 10.0  # answers that the accuracy of all counts for, in an annotator's own
CLASS = 10.0  # answers that an annotator's own accuracy counts for, in each class


class Trust:
    """What is known of the annotators.

    Args:
        classes: how many there are, at least 2.
        confusion: (annotators, classes, classes): how probable each answer is for each truth; the
            first row is for annotators who are not known.
        rows: annotator -> row.
    """

    def __init__(
        self, classes: int, confusion: NDArray[np.float64], rows: Mapping[str, int]
    ) -> None:
        self._classes = classes
        self._confusion = confusion
        self._rows = rows

    def probabilities(self, ballots: Sequence[Ballot]) -> list[float]:
        """Return how probable each class is, given these votes; sums to 1."""
        import numpy as np

        logs = np.zeros(self._classes)
        for who, choice in sorted(ballots, key=_order):
            logs += np.log(self._confusion[self._rows.get(who or "", 0), :, choice])
        found = np.exp(logs - logs.max())
        return [float(p) for p in found / found.sum()]

    def accuracy(self, who: str | None) -> float:
        """Return the mean over classes of how often this annotator is right."""
        return float(self._confusion[self._rows.get(who or "", 0)].diagonal().mean())


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
    rows = {name: number for number, name in enumerate(names, start=1)}
    votes = np.array(
        [
            (number, rows.get(who or "", 0), choice)
            for number, (_, ballots) in enumerate(used)
            for who, choice in ballots
        ],
        np.int64,
    ).reshape(-1, 3)
    fixed = np.array([known.get(unit, -1) for unit, _ in used], np.int64)
    confusion = _rounds(votes, fixed, len(names) + 1, classes)
    return Trust(classes, confusion, rows)


def _rounds(
    votes: NDArray[np.int64], fixed: NDArray[np.int64], annotators: int, k: int
) -> NDArray[np.float64]:
    """Return (annotators, k, k) from (unit, annotator, choice) votes; fixed is -1 or the truth."""
    import numpy as np

    unit, who, choice = votes.T
    truth = np.zeros((len(fixed), k))
    np.add.at(truth, (unit, choice), 1.0)
    truth = _with_known(truth / np.maximum(truth.sum(axis=1, keepdims=True), 1), fixed)
    confusion = _confusion(truth, votes, annotators)
    for _ in range(ROUNDS):
        # Frequencies keep a class that nobody names from explaining the answers. Decisions are made
        # without them, see Trust.
        often = (truth.sum(axis=0) + 1) / (len(truth) + k)
        logs = np.tile(np.log(often), (len(fixed), 1))
        np.add.at(logs, unit, np.log(confusion[who, :, choice]))
        likely = np.exp(logs - logs.max(axis=1, keepdims=True, initial=-np.inf))
        newer = _with_known(likely / likely.sum(axis=1, keepdims=True), fixed)
        change = np.abs(newer - truth).max(initial=0.0)
        truth = newer
        confusion = _confusion(truth, votes, annotators)
        if change < NEAR:
            break
    return confusion


def _with_known(truth: NDArray[np.float64], fixed: NDArray[np.int64]) -> NDArray[np.float64]:
    import numpy as np

    sure = fixed >= 0
    truth[sure] = np.eye(truth.shape[1])[fixed[sure]]
    return truth


def _confusion(
    truth: NDArray[np.float64], votes: NDArray[np.int64], annotators: int
) -> NDArray[np.float64]:
    """Return how probable each answer is for each truth, shrunk where little is known."""
    import numpy as np

    unit, who, choice = votes.T
    k = truth.shape[1]
    counts = np.zeros((annotators, k, k))
    np.add.at(counts.transpose(0, 2, 1), (who, choice), truth[unit])
    right, given = np.diagonal(counts, axis1=1, axis2=2), counts.sum(axis=2)  # (annotators, k)
    # At each step what shrinks is left out of what it is shrunk towards, so that it counts once.
    all_right, all_given = right.sum(axis=1), given.sum(axis=1)
    others = _shrunk(all_right.sum() - all_right, all_given.sum() - all_given, USUAL, DOUBT)
    own = _shrunk(
        all_right[:, None] - right, all_given[:, None] - given, others[:, None], OWN
    )  # of each class, from the other classes
    own[0] = _shrunk(all_right.sum(), all_given.sum(), USUAL, DOUBT)
    counts[0] = 0.0  # those who are not known are not one person
    usual = ((1 - own) / (k - 1))[:, :, None] * (1 - np.eye(k)) + own[:, :, None] * np.eye(k)
    shrunk: NDArray[np.float64] = (counts + CLASS * usual) / (
        counts.sum(axis=2, keepdims=True) + CLASS
    )
    return shrunk


def _shrunk(right: Any, given: Any, towards: Any, answers: float) -> Any:
    """Return a share, of which ``answers`` more are as ``towards`` says."""
    import numpy as np

    return np.minimum((right + answers * towards) / (given + answers), HIGHEST)


def _order(ballot: Ballot) -> tuple[str, int]:
    return (ballot[0] or "", ballot[1])
