"""What was measured on the hold-out; importable without NumPy."""

from __future__ import annotations

from pydantic import Field

from bridge.records import Record

__all__ = ["ENOUGH", "FEW", "ClassScores", "Comparison", "Interval", "Scores"]

ENOUGH = 20
"""Hold-out items from which accuracy, macro-F1 and log-loss are told; fewer are not known yet."""

FEW = 10
"""Hold-out items of a class below which its figures, and macro-F1 with them, say little."""


class Interval(Record):
    """A value with its 95 % interval; ``low <= value <= high``."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


class ClassScores(Record):
    """One class on the hold-out.

    Attributes:
        precision: share of the predictions of this class that are right; None without any.
        recall: share of the items of this class that are found; None without any.
        f1: ``2 tp / (2 tp + fp + fn)``; None where the hold-out has no item of this class.
        f1_interval: the same with its interval.
        support: items of this class.
    """

    name: str
    precision: Interval | None
    recall: Interval | None
    f1: float | None
    f1_interval: Interval | None = None
    support: int = Field(ge=0)


class Scores(Record):
    """A model on the hold-out; None is not known yet.

    Attributes:
        items: hold-out items whose answer could be compared.
        accuracy: share of the items that are right; with several classes an item is right when
            every class that was answered is.
        macro_f1: mean F1 of the classes that the hold-out has; needs two of them, or one where
            several classes may apply.
        log_loss: mean of -ln p of what is true, in nats; by class where several may apply.
        per_class: in the order of the schema.
        enough: items from which the first three are told.
        few: classes of which the hold-out has fewer than ten items: too few to say how well the
            model does on them; macro-F1 leaves out those without any, and leans on the others.
    """

    items: int = Field(ge=0)
    accuracy: Interval | None = None
    macro_f1: Interval | None = None
    log_loss: float | None = None
    per_class: tuple[ClassScores, ...] = ()
    enough: int = ENOUGH
    few: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the hold-out is large enough to say anything."""
        return self.items >= self.enough


class Comparison(Record):
    """Champion and challenger on the same hold-out.

    Attributes:
        worse: the challenger is worse beyond noise.
        difference: macro-F1 of the challenger less that of the champion; None: not known yet.
        reason: one line for people.
    """

    worse: bool
    difference: Interval | None
    reason: str
