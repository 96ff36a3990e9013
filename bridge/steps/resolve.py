"""Resolves the annotations of an item into one target; no guess is silent.

Reference answers outrank all others. Otherwise annotators vote: for a class where one applies, on
each class alone where several may. An answer with a class that the schema does not know is kept in
the store, counted here, and left out of the vote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from bridge.config import AnswerSettings
from bridge.records import Classes, LabelSchema, Target
from bridge.store.items import Answer

__all__ = ["Resolved", "resolve", "resolve_item"]


@dataclass
class Resolved:
    """What there is to learn from, and what was left out and why.

    Attributes:
        taught: (row id, target) of items for training.
        held_out: (row id, target) of items for measuring.
        left_out: reason -> number of items.
        unknown_classes: class name -> number of answers that name it.
    """

    taught: list[tuple[int, Target]] = field(default_factory=list)
    held_out: list[tuple[int, Target]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    unknown_classes: Counter[str] = field(default_factory=Counter)


def resolve(
    answers: Iterable[Answer],
    schema: LabelSchema,
    settings: AnswerSettings,
    renamed: Mapping[str, str],
) -> Resolved:
    """Resolve all answers, which come grouped by item.

    Args:
        renamed: former class name -> name today.
    """
    resolved = Resolved()
    names = {**renamed, **settings.rename}
    for item_id, group in groupby(answers, key=lambda answer: answer.item_id):
        given = list(group)
        target = resolve_item(given, schema, settings, names, resolved.unknown_classes)
        if isinstance(target, str):
            resolved.left_out[target] += 1
        elif given[0].hold_out:
            resolved.held_out.append((item_id, target))
        else:
            resolved.taught.append((item_id, target))
    return resolved


def resolve_item(
    answers: Sequence[Answer],
    schema: LabelSchema,
    settings: AnswerSettings,
    names: Mapping[str, str],
    unknown: Counter[str] | None = None,
) -> Target | str:
    """Return the target of one item, or the reason why it has none."""
    if schema.task not in ("single", "multi"):
        return f"answers of task '{schema.task}' are not taught yet"
    usable = [a for a in answers if a.status == "answered" and a.value is not None]
    if not usable:
        return "skipped" if any(a.status == "skipped" for a in answers) else "rejected"
    votes = []
    for answer in usable:
        given = _given(answer, names)
        strangers = set() if given is None else {*given.chosen, *given.rejected} - {*schema.names}
        if unknown is not None:
            unknown.update(strangers)
        if given is not None and not strangers:
            votes.append((answer, given))
    if not votes:
        return "unknown class"
    reference = [(a, g) for a, g in votes if a.ground_truth]
    if reference:
        votes = reference
    elif len(_people(votes)) < settings.min_annotators:
        return "too few annotators"
    vote = _vote_single if schema.task == "single" else _vote_multi
    return vote(votes, schema, settings, bool(reference))


Vote = tuple[Answer, Classes]


def _given(answer: Answer, names: Mapping[str, str]) -> Classes | None:
    value = answer.value or {}
    if value.get("kind") != "classes":
        return None
    return Classes(
        chosen=tuple(names.get(name, name) for name in value["chosen"]),
        rejected=tuple(names.get(name, name) for name in value["rejected"]),
        complete=value["complete"],
    )


def _people(votes: Sequence[Vote]) -> dict[str | None, list[Vote]]:
    people: dict[str | None, list[Vote]] = {}
    for vote in votes:
        people.setdefault(vote[0].annotator, []).append(vote)
    return people


def _vote_single(
    votes: Sequence[Vote], schema: LabelSchema, settings: AnswerSettings, reference: bool
) -> Target | str:
    ballots = [_one_class(own, schema) for own in _people(votes).values()]
    counted = Counter(ballot for ballot in ballots if ballot is not None)
    if not counted:
        return "not decided"
    (first, most), *others = counted.most_common(2)
    if others and others[0][1] == most:
        return "disagreement"
    agreement = most / counted.total()
    if agreement < settings.min_agreement:
        return "disagreement"
    return _target(votes, Classes(chosen=(first,)), agreement, counted.total(), reference)


def _one_class(votes: Sequence[Vote], schema: LabelSchema) -> str | None:
    """Return the class that one annotator's answers leave, None if they leave several or none."""
    chosen = {name for _, given in votes for name in given.chosen}
    if len(chosen) == 1:
        return next(iter(chosen))
    if chosen:
        return None
    rejected = {name for _, given in votes for name in given.rejected}
    left = [name for name in schema.names if name not in rejected]
    return left[0] if len(left) == 1 else None


def _vote_multi(
    votes: Sequence[Vote], schema: LabelSchema, settings: AnswerSettings, reference: bool
) -> Target | str:
    chosen: list[str] = []
    rejected: list[str] = []
    agreements: list[float] = []
    people = _people(votes)
    for name in schema.names:
        ballots = Counter(
            ballot for own in people.values() if (ballot := _about(own, name)) is not None
        )
        if not ballots or ballots[True] == ballots[False]:
            continue
        applies = ballots[True] > ballots[False]
        agreement = ballots[applies] / ballots.total()
        if agreement < settings.min_agreement:
            continue
        (chosen if applies else rejected).append(name)
        agreements.append(agreement)
    if not agreements:
        return "disagreement"
    value = Classes(
        chosen=tuple(chosen),
        rejected=tuple(rejected),
        complete=len(agreements) == len(schema.names),
    )
    return _target(votes, value, min(agreements), len(people), reference)


def _about(votes: Sequence[Vote], name: str) -> bool | None:
    """Return whether one annotator says that a class applies; None if not asked or torn."""
    applies = any(name in given.chosen for _, given in votes)
    denied = any(
        name in given.rejected or (given.complete and name not in given.chosen)
        for _, given in votes
    )
    return None if applies == denied else applies


def _target(
    votes: Sequence[Vote], value: Classes, agreement: float, annotators: int, reference: bool
) -> Target:
    how = "majority" if agreement < 1 else "unanimous" if annotators > 1 else "single"
    return Target.model_construct(
        item_key=votes[0][0].key,
        value=value,
        how="ground-truth" if reference else how,
        agreement=agreement,
        annotators=annotators,
    )
