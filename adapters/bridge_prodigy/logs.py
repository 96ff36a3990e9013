"""Answer logs: the places where Prodigy's answers can be read, seen as one kind of thing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import msgspec

from bridge.platforms import Finding
from bridge.records import Problem
from bridge_prodigy.files import FileMark

__all__ = ["AnswerLog", "CountMark", "LogMark", "LogPage", "LogRow", "RowMark", "content_digest"]


class RowMark(msgspec.Struct, frozen=True, tag="row"):
    """How far the database has been read.

    Attributes:
        link: greatest ``link.id`` that was read; ids grow as answers are saved.
        digest: of the content of that row; another content says that the ids began anew.
        dataset: id and time of creation of the dataset; a dropped dataset comes back with others.
    """

    link: int = 0
    digest: str = ""
    dataset: str = ""


class CountMark(msgspec.Struct, frozen=True, tag="count"):
    """How many answers of a list have been read, and the digest of the last one."""

    count: int = 0
    digest: str = ""


LogMark: TypeAlias = RowMark | CountMark | FileMark


@dataclass(frozen=True)
class LogRow:
    """One saved answer: its place in the log, which orders it, and the whole task."""

    number: int
    where: str
    task: dict[str, Any]


@dataclass(frozen=True)
class LogPage:
    """Answers in the order of saving.

    Attributes:
        problems: of rows that could not be read.
        mark: how far the log has been read with this page.
        known: rows up to this number were read before, and their problems were told.
    """

    rows: list[LogRow]
    problems: list[Problem]
    mark: LogMark
    known: int = 0


class AnswerLog(Protocol):
    """Where the answers of one dataset are saved, in order."""

    calls: int

    def follows(self, mark: LogMark) -> bool:
        """Whether what was read up to the mark is still there, so that reading can go on."""
        ...

    def pages(self, mark: LogMark | None) -> Iterator[LogPage]:
        """Yield the answers after the mark, and a few before it; all when it is None."""
        ...

    def check(self) -> Iterator[Finding]:
        """Try to read; a finding for each step."""
        ...


def content_digest(content: bytes) -> str:
    """Digest of one saved answer."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()
