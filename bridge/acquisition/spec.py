"""The ``[acquisition]`` settings; importable without NumPy or scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import Field

from bridge.records import Record

__all__ = ["AcquisitionSpec", "Strategy"]

Strategy: TypeAlias = Literal["margin", "least_confidence", "entropy", "committee"]


class AcquisitionSpec(Record):
    """How a batch is chosen.

    Attributes:
        strategy: how uncertainty is scored; ``auto`` is margin; ``random`` asks no model.
        diversity: spread the batch over different kinds of items.
        hold_out_share: part of all that is asked that is random and only measures, never trains; of
            the first labels, until there are enough to measure with, none and then twice as much.
        explore_share: part of each batch that is random while some class has no label yet.
        hints: class name -> key words, phrases or whole example texts. While a class has no label,
            items that are like them take half of the places that are else random. With four classes
            or more, the words of a class's own name serve where nothing is given.
        novel_share: part of the places that are else random while some class has no label and no
            hint is found; it goes to items that are unlike all that were asked before.
        relabel_share: greatest part of each batch that asks once more for items whose answers
            differ, or whose label models do not believe; 0 is none. Needs a platform that can.
        prefilter: with diversity, the batch is chosen among this many times its size.
        near_duplicate: cosine above which an item repeats one that was picked already.
        cost: ``seconds`` ranks by what a label teaches for the time that it takes, learned from the
            times of earlier answers; ``off`` takes all items to cost the same.
        cost_exponent: how much time counts: uncertainty is divided by seconds to this power.
        cost_range: an item counts as at most so many times cheaper or dearer than a typical one.
        seed: breaks ties and starts the clustering.
    """

    strategy: Literal["auto", "random"] | Strategy = "auto"
    diversity: Literal["on", "off"] = "on"
    hold_out_share: float = Field(default=0.15, ge=0, le=0.9)
    explore_share: float = Field(default=0.1, ge=0, le=1)
    hints: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    novel_share: float = Field(default=0.5, ge=0, le=1)
    relabel_share: float = Field(default=0.0, ge=0, le=0.5)
    prefilter: int = Field(default=10, ge=2, le=1000)
    near_duplicate: float = Field(default=0.95, gt=0, le=1)
    cost: Literal["off", "seconds"] = "off"
    cost_exponent: float = Field(default=0.5, gt=0, le=2)
    cost_range: float = Field(default=4.0, gt=1, le=100)
    seed: int = Field(default=0, ge=0)

    @property
    def scoring(self) -> Strategy:
        """The strategy that scores candidates; margin where none was chosen."""
        if self.strategy == "auto" or self.strategy == "random":
            return "margin"
        return self.strategy

    def keep(self, size: int) -> int:
        """How many candidates to keep of the pool for a batch of this size."""
        return self.prefilter * size
