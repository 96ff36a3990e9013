"""Resolves the annotations of an item into one target; no guess is silent.

Reference answers outrank all others. Otherwise annotators vote: for a class where one applies, on
each class alone where several may. Their votes weigh as much as the annotators can be trusted, see
:mod:`bridge.consensus`, unless ``answers.consensus`` is ``majority``. An answer with a class that
the schema does not know is kept in the store, counted here, and left out of the vote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from bridge.config import AnswerSettings
from bridge.consensus import Ballot, Trust, learn_trust
from bridge.records import Classes, LabelSchema, Target
from bridge.store.items import Answer

__all__ = ["Resolved", "resolve"]

SURE = 0.6  # where votes differ, a class must be at least so probable
DISPUTED = ("disagreement", "not decided")


@dataclass
class Resolved:
    """What there is to learn from, and what was left out and why.

    Attributes:
        taught: (row id, target) of items for training.
        held_out: (row id, target) of items for measuring.
        left_out: reason -> number of items.
        unknown_classes: class name -> number of answers that name it.
        disputed: row id -> what was answered, of items whose answers do not agree.
        agreed: items with several answers that agree.
        differed: items with several answers that do not, whether they were decided or not.
    """

    taught: list[tuple[int, Target]] = field(default_factory=list)
    held_out: list[tuple[int, Target]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    unknown_classes: Counter[str] = field(default_factory=Counter)
    disputed: dict[int, str] = field(default_factory=dict)
    agreed: int = 0
    differed: int = 0


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
    reader = _Reader(schema, {**renamed, **settings.rename})
    polls = []
    for item_id, group in groupby(answers, key=attrgetter("item_id")):
        given = list(group)
        poll = _poll(given, reader, settings, resolved.unknown_classes)
        if isinstance(poll, str):
            resolved.left_out[poll] += 1
        else:
            polls.append((item_id, given[0].hold_out, poll))
    trust = _trust([poll for _, _, poll in polls], schema, settings)
    for item_id, hold_out, poll in polls:
        target = _decided(poll, schema, settings, trust)
        _count(resolved, item_id, poll, schema)
        if isinstance(target, str):
            resolved.left_out[target] += 1
            if target in DISPUTED:
                resolved.disputed[item_id] = _said(poll, schema)
        elif hold_out:
            resolved.held_out.append((item_id, target))
        else:
            resolved.taught.append((item_id, target))
    return resolved


# ------------------------------------------------------------------------------------ the polls

Vote = tuple[Answer, Classes]


class _Poll(NamedTuple):
    """The votes on one item.

    Attributes:
        ballots: one list of votes for each question: on the class (numbered in the order of the
            schema) where one applies, on each class (1: applies) where several may.
        reference: the votes are those of reference answers.
        everyone: the same lists with the votes of all, where there are reference answers.
    """

    key: str
    ballots: tuple[tuple[Ballot, ...], ...]
    reference: bool
    annotators: int
    everyone: tuple[tuple[Ballot, ...], ...] = ()


class _Reader:
    """Reads what was answered in the words of today; equal answers are read once.

    Args:
        names: former class name -> name today.
    """

    def __init__(self, schema: LabelSchema, names: Mapping[str, str]) -> None:
        self.schema = schema
        self.number = {name: index for index, name in enumerate(schema.names)}
        self._names = names
        self._read: dict[Any, tuple[Classes, frozenset[str]]] = {}
        self._alone: dict[tuple[str | None, int], tuple[tuple[Ballot, ...], ...]] = {}

    def read(self, value: Mapping[str, Any]) -> tuple[Classes, frozenset[str]] | None:
        """Return what is answered, and the classes that the schema lacks; None: not classes."""
        if value.get("kind") != "classes":
            return None
        known_as = (tuple(value["chosen"]), tuple(value["rejected"]), value["complete"])
        found = self._read.get(known_as)
        if found is None:
            given = Classes(
                chosen=tuple(self._names.get(name, name) for name in value["chosen"]),
                rejected=tuple(self._names.get(name, name) for name in value["rejected"]),
                complete=value["complete"],
            )
            strangers = {*given.chosen, *given.rejected} - self.number.keys()
            found = self._read[known_as] = (given, frozenset(strangers))
        return found

    def ballots(self, people: Mapping[str | None, list[Vote]]) -> tuple[tuple[Ballot, ...], ...]:
        """Return the votes of some people; where one answered once, equal ones are one object."""
        if len(people) > 1:
            return _ballots(people, self)
        ((who, own),) = people.items()
        if len(own) > 1:
            return _ballots(people, self)
        known_as = (who, id(own[0][1]))  # which is kept here, and made once for all that are equal
        found = self._alone.get(known_as)
        if found is None:
            found = self._alone[known_as] = _ballots(people, self)
        return found


def _poll(
    answers: Sequence[Answer], reader: _Reader, settings: AnswerSettings, unknown: Counter[str]
) -> _Poll | str:
    """Return the votes on one item, or the reason why there are none."""
    schema = reader.schema
    if schema.task not in ("single", "multi"):
        return f"answers of task '{schema.task}' are not taught yet"
    usable = [a for a in answers if a.status == "answered" and a.value is not None]
    if not usable:
        return "skipped" if any(a.status == "skipped" for a in answers) else "rejected"
    votes = []
    for answer in usable:
        read = reader.read(answer.value or {})
        if read is None:
            continue
        given, strangers = read
        if strangers:
            unknown.update(strangers)
        else:
            votes.append((answer, given))
    if not votes:
        return "unknown class"
    reference = [(a, g) for a, g in votes if a.ground_truth]
    people = _people(reference or votes)
    if not reference and len(people) < settings.min_annotators:
        return "too few annotators"
    others = _people([v for v in votes if v not in reference]) if reference else {}
    return _Poll(
        key=votes[0][0].key,
        ballots=reader.ballots(people),
        reference=bool(reference),
        annotators=len(people),
        everyone=_ballots(others, reader) if reference else (),
    )


def _people(votes: Sequence[Vote]) -> dict[str | None, list[Vote]]:
    people: dict[str | None, list[Vote]] = {}
    for vote in votes:
        people.setdefault(vote[0].annotator, []).append(vote)
    return people


def _ballots(
    people: Mapping[str | None, list[Vote]], reader: _Reader
) -> tuple[tuple[Ballot, ...], ...]:
    schema, number = reader.schema, reader.number
    if schema.task == "single":
        return (
            tuple(
                (who, number[name]) for who, own in people.items() for name in _classes(own, schema)
            ),
        )
    return tuple(
        tuple((who, int(says)) for who, own in people.items() for says in _about(own, name))
        for name in schema.names
    )


def _classes(votes: Sequence[Vote], schema: LabelSchema) -> list[str]:
    """Return the class that one annotator's answers leave, none if they leave several or none.

    Who was asked again and said something else is counted as often as they answered.
    """
    chosen = {name for _, given in votes for name in given.chosen}
    if len(chosen) == 1:
        return list(chosen)
    if chosen:
        single = all(given.complete and len(given.chosen) == 1 for _, given in votes)
        return sorted(given.chosen[0] for _, given in votes) if single else []
    rejected = {name for _, given in votes for name in given.rejected}
    left = [name for name in schema.names if name not in rejected]
    return left if len(left) == 1 else []


def _about(votes: Sequence[Vote], name: str) -> list[bool]:
    """Return whether one annotator says that a class applies; none if not asked or torn.

    Who was asked again and said something else is counted as often as they answered.
    """
    applies = any(name in given.chosen for _, given in votes)
    denied = any(
        name in given.rejected or (given.complete and name not in given.chosen)
        for _, given in votes
    )
    if applies != denied:
        return [applies]
    if applies and all(given.complete for _, given in votes):
        return sorted(name in given.chosen for _, given in votes)
    return []


def _count(resolved: Resolved, item_id: int, poll: _Poll, schema: LabelSchema) -> None:
    several = [[choice for _, choice in ballots] for ballots in poll.ballots if len(ballots) > 1]
    if several and not poll.reference:
        alike = all(len(set(choices)) == 1 for choices in several)
        resolved.agreed += alike
        resolved.differed += not alike


def _said(poll: _Poll, schema: LabelSchema) -> str:
    """Say who many said what, such as ``ham 1, spam 1``."""
    if schema.task == "single":
        counts = Counter(choice for _, choice in poll.ballots[0])
        return ", ".join(f"{schema.names[c]} {counts[c]}" for c in sorted(counts))
    torn = (
        f"{name} {sum(choice for _, choice in ballots)} of {len(ballots)}"
        for name, ballots in zip(schema.names, poll.ballots, strict=True)
        if len({choice for _, choice in ballots}) > 1
    )
    return ", ".join(torn)


# ------------------------------------------------------------------------------------ the result


def _trust(polls: Sequence[_Poll], schema: LabelSchema, settings: AnswerSettings) -> Trust | None:
    """Learn how far annotators can be trusted; None if nobody voted on what others voted on."""
    if settings.consensus == "majority":
        return None
    units = [
        ((poll.key, question), ballots)
        for poll in polls
        for question, ballots in enumerate(poll.everyone or poll.ballots)
        if ballots and (len(ballots) > 1 or poll.everyone)
    ]
    if not units:
        return None
    truths = {
        (poll.key, question): ballots[0][1]
        for poll in polls
        if poll.everyone
        for question, ballots in enumerate(poll.ballots)
        if len({choice for _, choice in ballots}) == 1
    }
    classes = len(schema.names) if schema.task == "single" else 2
    return learn_trust(units, max(classes, 2), truths)


def _decided(
    poll: _Poll, schema: LabelSchema, settings: AnswerSettings, trust: Trust | None
) -> Target | str:
    trust = None if poll.reference else trust
    if schema.task == "single":
        (ballots,) = poll.ballots
        if not ballots:
            return "not decided"
        found = _winner(ballots, settings, trust)
        if found is None:
            return "disagreement"
        return _target(poll, _one(schema.names[found.choice]), [found], len(ballots))
    return _decided_multi(poll, schema, settings, trust)


@lru_cache(1024)
def _one(name: str) -> Classes:
    """Return the answer that this class applies."""
    return Classes(chosen=(name,))


class _Winner(NamedTuple):
    """What was voted for, by which share, and whether only weights decided it."""

    choice: int
    agreement: float
    by_weight: bool


def _winner(
    ballots: Sequence[Ballot], settings: AnswerSettings, trust: Trust | None
) -> _Winner | None:
    """Return what was voted for, None if it is not clear."""
    if len({choice for _, choice in ballots}) == 1:
        return _Winner(ballots[0][1], 1.0, by_weight=False)
    counted = Counter(choice for _, choice in ballots)
    (first, most), (_, next_most), *_ = sorted(
        counted.items(), key=lambda pair: (-pair[1], pair[0])
    )
    share = most / counted.total()
    if trust is None:
        clear = most > next_most and share >= settings.min_agreement
        return _Winner(first, share, by_weight=False) if clear else None
    likely = trust.probabilities(ballots)
    best = max(counted, key=lambda choice: (likely[choice], -choice))
    if likely[best] < max(SURE, settings.min_agreement) or settings.min_agreement == 1:
        return None
    by_weight = best != first or most == next_most
    return _Winner(best, counted[best] / counted.total(), by_weight)


def _decided_multi(
    poll: _Poll, schema: LabelSchema, settings: AnswerSettings, trust: Trust | None
) -> Target | str:
    chosen: list[str] = []
    rejected: list[str] = []
    winners: list[_Winner] = []
    for name, ballots in zip(schema.names, poll.ballots, strict=True):
        found = _winner(ballots, settings, trust) if ballots else None
        if found is not None:
            (chosen if found.choice else rejected).append(name)
            winners.append(found)
    if not winners:
        return "disagreement"
    value = Classes(
        chosen=tuple(chosen),
        rejected=tuple(rejected),
        complete=len(winners) == len(schema.names),
    )
    return _target(poll, value, winners, poll.annotators)


def _target(poll: _Poll, value: Classes, winners: Sequence[_Winner], annotators: int) -> Target:
    agreement = min(winner.agreement for winner in winners)
    how = "unanimous" if annotators > 1 else "single"
    if agreement < 1:
        how = "weighted" if any(winner.by_weight for winner in winners) else "majority"
    return Target.unchecked(
        item_key=poll.key,
        value=value,
        how="ground-truth" if poll.reference else how,
        agreement=agreement,
        annotators=annotators,
    )
