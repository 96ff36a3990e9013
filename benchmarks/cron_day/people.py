"""Twenty annotators with hours, speeds and habits, at an emulated Labelbox project."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from bridge_labelbox.emulator import Emulator

__all__ = ["CLASSES", "Annotator", "Team", "a_text"]

CLASSES = ("billing", "delivery", "praise", "fault")
WORDS = {
    "billing": "invoice refund charged amount bank twice paid price card money",
    "delivery": "parcel courier late address tracking door shipped box lost week",
    "praise": "thanks great friendly happy lovely recommend quick helpful again best",
    "fault": "broken screen crash button error replace repair warranty cracked noise",
}
COMMON = [
    "the",
    "a",
    "my",
    "and",
    "is",
    "was",
    "it",
    "I",
    "you",
    "we",
    "please",
    "for",
    "with",
    "not",
    "have",
    "been",
    "order",
    "on",
    "at",
    "still",
]


def a_text(rng: random.Random, kind: str) -> str:
    """Return a message of 12 to 60 words."""
    number = rng.randint(12, 60)
    own = WORDS[kind].split()
    return " ".join(rng.choice(own if rng.random() < 0.2 else COMMON) for _ in range(number))


@dataclass(frozen=True)
class Annotator:
    """One person.

    Attributes:
        begins, ends: working hours, in hours of the day.
        speed: answers an hour.
        errs, skips, edits, deletes: how often, per answer.
    """

    name: str
    begins: float
    ends: float
    speed: float
    errs: float
    skips: float
    edits: float
    deletes: float


@dataclass
class Team:
    """The people, and what they said: item -> person -> index of a class, None for a skip."""

    emulator: Emulator
    project: str
    rng: random.Random
    truth: dict[str, str]
    said: dict[str, dict[str, int | None]] = field(default_factory=dict)
    did: Counter[str] = field(default_factory=Counter)
    names: list[str] = field(default_factory=lambda: list(CLASSES))
    people: list[Annotator] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number in range(20):
            begins = self.rng.uniform(0, 16)  # all over the world
            self.people.append(
                Annotator(
                    name=f"person-{number}@example.com",
                    begins=begins,
                    ends=begins + self.rng.uniform(4, 9),
                    speed=self.rng.lognormvariate(2.6, 0.5),
                    errs=self.rng.uniform(0, 0.1),
                    skips=self.rng.uniform(0, 0.06),
                    edits=self.rng.uniform(0, 0.08),
                    deletes=self.rng.uniform(0, 0.02),
                )
            )

    def work(self, hour: float, minutes: float) -> None:
        """Let who is at work at this hour of the day answer from the top of the queue."""
        queue = iter(self.emulator.queue(self.project))
        for person in self.people:
            if not person.begins <= hour < person.ends:
                continue
            expected = person.speed * minutes / 60
            for _ in range(int(expected + self.rng.random())):
                key = next(queue, None)
                if key is None:
                    self.did["found the queue empty"] += 1
                    return
                self._one(person, key)

    def _one(self, person: Annotator, key: str) -> None:
        if self.rng.random() < person.skips:
            self.emulator.skip(self.project, key, person.name)
            self._note(key, person, None, "skips")
        else:
            self._answer(person, key, "answers")
        mine = [k for k, given in self.said.items() if given.get(person.name) is not None]
        if mine and self.rng.random() < person.edits:
            self._answer(person, self.rng.choice(mine), "edits")
        if mine and self.rng.random() < person.deletes:
            gone = self.rng.choice(mine)
            self.emulator.delete_label(self.project, gone, person.name)
            del self.said[gone][person.name]
            self.did["deletions"] += 1

    def _answer(self, person: Annotator, key: str, what: str) -> None:
        right = CLASSES.index(self.truth[key])
        said = self.rng.randrange(len(CLASSES)) if self.rng.random() < person.errs else right
        self.emulator.answer(self.project, key, [self.names[said]], person.name)
        self._note(key, person, said, what)

    def _note(self, key: str, person: Annotator, said: int | None, what: str) -> None:
        self.said.setdefault(key, {})[person.name] = said
        self.did[what] += 1

    # who runs the project

    def add(self, number: int) -> None:
        """Upload messages."""
        for _ in range(number):
            kind = self.rng.choices(CLASSES, (6, 5, 3, 1))[0]
            key = f"message-{len(self.truth):05d}"
            self.truth[key] = kind
            self.emulator.add_items(self.project, [(key, a_text(self.rng, kind))])
        self.did["items added"] += number

    def remove(self, key: str) -> None:
        """Delete a data row, with its answers."""
        self.emulator.remove_item(key)
        self.said.pop(key, None)
        self.did["items removed"] += 1

    def rename(self, name: str) -> None:
        """Rename the first class."""
        self.emulator.rename_class(self.project, self.names[0], name)
        self.names[0] = name
        self.did["classes renamed"] += 1
