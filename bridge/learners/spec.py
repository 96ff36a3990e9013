"""The ``[model]`` settings; importable without NumPy or scikit-learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from bridge.records import Record

__all__ = ["LearnerSpec"]


class LearnerSpec(Record):
    """Which learner to use, and its parameters.

    Attributes:
        estimator: ``"auto"`` for the built-in text learner, or a factory of your own, as
            ``"package.module:factory"`` or ``"path/to/file.py:factory"``. The factory returns a
            scikit-learn classifier or an object that is a learner by itself.
        params: keyword arguments of the factory.
        encoder: ``"auto"`` for the built-in encoder of words, or a factory of your own, such as
            ``"sentence_transformers:SentenceTransformer"``, which returns an object with
            ``encode(texts)``, or a function of a list of texts; either gives one vector a text.
        encoder_params: keyword arguments of that factory.
        input: what a scikit-learn classifier takes: a list of texts, or the encoder's features. Of
            the built-in encoder these are sparse, 1 + ln(count), of the columns that occur in the
            training items; of your own, vectors of unit length.
        trusted: further type names that may be loaded from a saved scikit-learn classifier.
        class_weight: ``"balanced"`` weighs classes inversely to their frequency among the labels
            of the built-in head; of your own classifier, the factory decides.
        ngrams: shortest and longest run of words that is one feature of the built-in encoder.
        columns: hashed columns of the built-in encoder.
        strength: inverse of the regularisation of the built-in head (``C`` of scikit-learn).
        directions: principal directions of the unlabeled pool that the built-in head sees besides
            the words; they help while labels are few. 0 has none.
        decide_for: what a model says of an item. ``macro_f1``: what is expected to serve macro-F1
            best, so that a rare class is said before it is the most probable; needs an encoder.
            ``accuracy``: the most probable class, or those of 0.5 and more.
        committee: members of a committee, each taught on a bootstrap; 0 has none. The strategy
            ``committee`` makes it 5 where it is 0 and the estimator is the built-in one.
    """

    estimator: str = "auto"
    params: dict[str, Any] = Field(default_factory=dict)
    encoder: str = "auto"
    encoder_params: dict[str, Any] = Field(default_factory=dict)
    input: Literal["text", "features"] = "text"
    trusted: tuple[str, ...] = ()
    class_weight: Literal["balanced", "none"] = "balanced"
    ngrams: tuple[int, int] = (1, 1)
    columns: int = Field(default=2**18, ge=2**8, le=2**24)
    strength: float = Field(default=10.0, gt=0)
    directions: int = Field(default=100, ge=0, le=500)
    decide_for: Literal["macro_f1", "accuracy"] = "macro_f1"
    committee: int = Field(default=0, ge=0, le=100)

    @field_validator("estimator", "encoder")
    @classmethod
    def _auto_or_path(cls, value: str) -> str:
        module, _, factory = value.rpartition(":")
        if value != "auto" and not (module and factory.isidentifier()):
            raise ValueError(
                "must be 'auto', 'package.module:factory' or 'path/to/file.py:factory'"
            )
        return value

    def relative_to(self, directory: Path) -> LearnerSpec:
        """Return these settings with a factory's file looked up from ``directory``."""
        found = {}
        for name in ("estimator", "encoder"):
            file, _, factory = getattr(self, name).rpartition(":")
            if file.endswith(".py"):
                found[name] = f"{directory / file}:{factory}"
        return self.model_copy(update=found) if found else self

    @field_validator("committee")
    @classmethod
    def _none_or_several(cls, value: int) -> int:
        if value == 1:
            raise ValueError("must be 0, or 2 or more: one member cannot disagree")
        return value

    @field_validator("ngrams")
    @classmethod
    def _ordered(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= value[0] <= value[1] <= 5:
            raise ValueError("must be two whole numbers with 1 <= first <= second <= 5")
        return value
