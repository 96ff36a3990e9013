"""Learners: the protocol, the built-in text learner, people's own estimators, evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.learners.spec import LearnerSpec

if TYPE_CHECKING:
    from bridge.learners.base import Encoder, Learner

__all__ = ["LearnerSpec", "make_learner"]


def make_learner(spec: LearnerSpec) -> Learner:
    """Make the learner that the settings name.

    Raises:
        ConfigError: the factory cannot be found, or refuses its parameters.
        ModelError: what the factory returned is no learner and no classifier.
    """
    learner = _single_learner(spec)
    if spec.committee:
        from bridge.learners.committee import CommitteeLearner

        learner = CommitteeLearner(learner, spec.committee)
    if spec.decide_for == "accuracy" or learner.encoder is None:
        return learner
    from bridge.learners.decision import DecidingLearner

    return DecidingLearner(learner)


def _single_learner(spec: LearnerSpec) -> Learner:
    encoder = _encoder(spec)
    if spec.estimator != "auto":
        from bridge.learners.custom import custom_learner

        return custom_learner(spec, encoder)
    if spec.encoder != "auto":
        from bridge.learners.vectors import VectorLearner

        return VectorLearner(encoder, spec.class_weight, spec.strength)
    from bridge.learners.text import TextLearner

    return TextLearner(encoder, spec.class_weight, spec.strength, spec.directions)


def _encoder(spec: LearnerSpec) -> Encoder:
    if spec.encoder != "auto":
        from bridge.learners.custom import custom_encoder

        return custom_encoder(spec)
    from bridge.learners.encoding import HashedText

    return HashedText(ngrams=spec.ngrams, columns=spec.columns)
