"""What a label costs: the seconds that people take, learned from their own answers.

A typical annotator takes ``base + rate * length`` seconds for an item. Both are fitted to the
logarithm of the seconds with a loss that grows slowly (soft L1), because some answers take very
long for no reason that lies in the item: people take breaks. What is expected is the mean, so that
it adds up over a queue; a median is brought to a mean by the mean of the residual factors (Duan
1983, "Smearing estimate: a nonparametric retransformation method").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from bridge.acquisition.spec import AcquisitionSpec
from bridge.records import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Cost", "Timed", "Weights", "fit", "weights"]

ENOUGH = 20  # answers; fewer say nothing of how seconds grow with length
SHRINK = 5.0  # answers that an annotator's own pace is weighed against
LEAST = 0.5  # seconds; nobody reads and answers faster, whatever a clock says
FAR = 3.0  # interquartile ranges beyond the upper quartile: Tukey's "far out"
SLACK = 3.0  # times the expected seconds that are always taken at their word


class Timed(NamedTuple):
    """How long one answer took.

    Attributes:
        annotator: empty where the platform does not say.
        seconds: as the platform told them.
        length: characters of the item's text; 0 where it has none.
    """

    annotator: str
    seconds: float
    length: int


class Cost(Record):
    """What an item is expected to cost; plain numbers, so that it is read without NumPy.

    Attributes:
        base: seconds that every item takes, as a median.
        rate: seconds for each character, as a median.
        longest: the longest text that was answered; longer ones are taken to cost as much.
        smear: the mean of what was taken ÷ the median that is expected.
        slack: an answer that took more than so many times what is expected was interrupted.
        typical: median seconds of an item of median length.
        paces: annotator -> how many times the seconds of a typical annotator they take.
        answers: how many answers it was learned from.
    """

    base: float = Field(ge=0)
    rate: float = Field(ge=0)
    longest: int = Field(ge=0)
    smear: float = Field(gt=0)
    slack: float = Field(ge=1)
    typical: float = Field(gt=0)
    paces: Mapping[str, float] = Field(default_factory=dict)
    answers: int = Field(ge=1)

    def seconds(self, length: int) -> float:
        """Return the seconds expected for a text of this many characters."""
        return self.smear * self._median(length)

    def counted(self, answers: Iterable[tuple[str, float, int]]) -> float:
        """Return the seconds that answers count for: a lunch break is cut to the slack.

        Args:
            answers: the fields of :class:`Timed`, of each.
        """
        base, rate, longest, slack = self.base, self.rate, self.longest, self.slack
        most = {who: slack * pace for who, pace in self.paces.items()}
        return sum(
            min(seconds, most.get(who, slack) * (base + rate * min(length, longest)))
            for who, seconds, length in answers
        )

    def _median(self, length: int) -> float:
        return self.base + self.rate * min(length, self.longest)


@dataclass(frozen=True)
class Weights:
    """What uncertainty is multiplied by: dear items count less.

    Attributes:
        ids: (n,) int64, ascending.
        values: (n,) float32 in (0, 1].
    """

    ids: NDArray[np.int64]
    values: NDArray[np.float32]

    def of(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the weights of these items, each of which is known."""
        found: NDArray[np.float32] = self.values[self.ids.searchsorted(ids)]
        return found


def fit(answers: Sequence[Timed]) -> Cost | None:
    """Learn what items cost; while few answers are there, all items cost the median.

    Returns:
        None where no answer was timed.
    """
    import numpy as np

    if not answers:
        return None
    logs = np.log([max(a.seconds, LEAST) for a in answers])
    lengths = np.array([a.length for a in answers], np.float64)
    people = [a.annotator for a in answers]
    longest = int(lengths.max())
    base, rate = float(np.exp(np.median(logs))), 0.0
    residuals = logs - np.log(base)
    for _ in range(2):  # an annotator may have had the longer items: once more without that
        paces = _paces(people, residuals)
        own = np.array([paces[who] for who in people])
        if len(answers) >= ENOUGH and longest > lengths.min():
            base, rate = _line(lengths, logs - own)
        residuals = logs - np.log(base + rate * lengths)
    low, high = np.quantile(residuals - own, (0.25, 0.75))
    slack = max(float(np.exp(high + FAR * (high - low))), SLACK)
    return Cost(
        base=base,
        rate=rate,
        longest=longest,
        smear=float(np.exp(own + np.minimum(residuals - own, np.log(slack))).mean()),
        slack=slack,
        typical=base + rate * float(np.median(lengths)),
        paces={who: float(np.exp(pace)) for who, pace in paces.items()},
        answers=len(answers),
    )


def weights(
    cost: Cost, ids: NDArray[np.int64], lengths: NDArray[np.int64], spec: AcquisitionSpec
) -> Weights:
    """Return what to multiply uncertainty by: 1 for the cheapest, and less for dearer items.

    Seconds are taken as a multiple of the typical ones, within ``1 / cost_range`` and
    ``cost_range``, so that a very cheap item cannot win by its price alone.

    Args:
        ids: (n,) ascending.
        lengths: (n,) characters of their texts.
    """
    import numpy as np

    seconds = cost.base + cost.rate * np.minimum(lengths, cost.longest)
    dear = np.clip(seconds / cost.typical, 1 / spec.cost_range, spec.cost_range) * spec.cost_range
    return Weights(ids, (dear**-spec.cost_exponent).astype(np.float32))


def _paces(people: Sequence[str], residuals: NDArray[np.float64]) -> dict[str, float]:
    """Return by annotator how their seconds differ from everybody's, in log seconds.

    The median of their own, drawn to that of all where they gave few answers.
    """
    import numpy as np

    middle = float(np.median(residuals))
    own: dict[str, list[int]] = defaultdict(list)
    for place, who in enumerate(people):
        own[who].append(place)
    return {
        who: float(np.median(residuals[places]) - middle) * len(places) / (len(places) + SHRINK)
        for who, places in own.items()
    }


def _line(lengths: NDArray[np.float64], logs: NDArray[np.float64]) -> tuple[float, float]:
    """Return (base, rate) of the curve log(base + rate * length) that fits best."""
    import numpy as np
    from scipy.optimize import least_squares

    unit = float(np.median(lengths)) or float(lengths.max())

    def residuals(logged: NDArray[np.float64]) -> NDArray[np.float64]:
        base, rate = np.exp(logged)
        off: NDArray[np.float64] = np.log(base + rate * lengths / unit) - logs
        return off

    half = float(np.median(logs) - np.log(2))
    found = least_squares(
        residuals,
        (half, half),
        bounds=((half - 8, half - 8), (half + 8, half + 8)),
        loss="soft_l1",
        f_scale=0.5,
    )
    base, rate = np.exp(found.x)
    return float(base), float(rate / unit)
