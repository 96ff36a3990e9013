"""Pulling: pool rows and answers as pages of changes."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bridge.errors import StoreError
from bridge.records import Annotation, Boxes, Change, Classes, Item, Page, Problem, Spans
from bridge_prodigy.answers import as_annotation
from bridge_prodigy.files import FileMark
from bridge_prodigy.items import as_item, item_key
from bridge_prodigy.logs import AnswerLog, LogMark, LogPage, LogRow
from bridge_prodigy.pace import Pace
from bridge_prodigy.queue import read_queue
from bridge_prodigy.source import PoolPage, Source
from bridge_prodigy.spool import Spool, newest
from bridge_prodigy.values import OtherQuestion, Reading, view_of

__all__ = ["Pull", "Survey"]

_SHOWN = 20
_PAGE = 1000
_BROKEN_OFF = Problem(
    where="answers",
    what="They do not go on from where the last pull ended: the dataset was dropped, its newest "
    "answers were deleted, or the database is another one. All answers were read again.",
    fix="Run a full sync, which finds the answers that are gone.",
)


class _Cursor(msgspec.Struct, frozen=True):
    """How far the pool file and the answers have been read."""

    source: FileMark
    answers: LogMark | None = None


def _encoded(source: FileMark, answers: LogMark | None) -> str:
    return msgspec.json.encode(_Cursor(source, answers)).decode()


def _decoded(cursor: str) -> _Cursor:
    """A cursor that this version cannot read is one from the beginning."""
    try:
        return msgspec.json.decode(cursor, type=_Cursor)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Cursor(FileMark())


def _page(
    changes: Iterable[Change], problems: Sequence[Problem], cursor: str | None = None
) -> Page:
    """A page whose list of problems stays short enough to read."""
    shown = tuple(problems[:_SHOWN])
    if len(problems) > _SHOWN:
        more = f"There are {len(problems) - _SHOWN} more problems like these."
        shown += (Problem(where=problems[_SHOWN].where, what=more),)
    return Page(changes=tuple(changes), problems=shown, cursor=cursor)


@dataclass(frozen=True)
class Survey:
    """What the answers are like.

    Attributes:
        names: all classes that answers name, known or not.
        read: how many answers there are to the question that is to be learned.
        others: how many there are to other questions, by the interface that asks them.
    """

    names: frozenset[str]
    read: int
    others: Counter[str]


@dataclass(frozen=True)
class _Answered:
    """The answers of one page, by item, with the item where the task alone tells it.

    Answers to other questions are counted by the interface that asks them, and nothing else.
    """

    others: Counter[str] = field(default_factory=Counter)
    annotations: dict[str, list[Annotation]] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Pull:
    """One project's pool, answers and queue, ready to be read.

    Attributes:
        source: the pool.
        log: the answers.
        queue: the queue file.
        reading: how to read an answer.
        key_field: see :func:`bridge_prodigy.items.item_key`.
    """

    source: Source
    log: AnswerLog
    queue: Path
    reading: Reading
    key_field: str | None = None

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield what changed since the cursor; everything when it is None.

        Where the answers do not go on from the cursor (the dataset was dropped, the database is
        another one), all are told again. What is gone is left for the next full pull to find,
        since the engine has safeguards there.
        """
        if cursor is None:
            yield from self._everything()
            return
        known = _decoded(cursor)
        if known.answers is not None and not self.log.follows(known.answers):
            known = _Cursor(known.source)
            yield _page((), [_BROKEN_OFF], _encoded(known.source, None))
        yield from self._news(known)

    def survey(self) -> Survey:
        """Read all answers, and say what they are like."""
        names: set[str] = set()
        others: Counter[str] = Counter()
        read, pace = 0, Pace()
        for page in self.log.pages(None):
            told = self._answered(page, pace, everything=False)
            answers = [a for several in told.annotations.values() for a in several]
            names.update(name for answer in answers for name in _named(answer))
            read += len(answers)
            others += told.others
        return Survey(frozenset(names), read, others)

    # ---------------------------------------------------------------------------------- news

    def _news(self, cursor: _Cursor) -> Iterator[Page]:
        source = cursor.source
        for pool in self.source.pages(source):
            source = pool.mark
            changes = {item.key: Change(key=item.key, item=item) for _, item in pool.items}
            problems = [*pool.problems, *_repeated(pool)]
            yield _page(changes.values(), problems, _encoded(source, cursor.answers))
        pace = Pace()
        for page in self.log.pages(cursor.answers):
            told = self._answered(page, pace, everything=False)
            problems = [*page.problems, *told.problems]
            yield _page(_as_changes(told), problems, _encoded(source, page.mark))

    def _answered(self, page: LogPage, pace: Pace, *, everything: bool) -> _Answered:
        told, spent = _Answered(), pace.seconds(page.rows)
        for row in page.rows:
            what = self._answer(row, spent.get(row.number), told, everything)
            if what and row.number > page.known:
                told.problems.append(Problem(where=row.where, what=what))
        return told

    def _answer(
        self, row: LogRow, seconds: float | None, told: _Answered, everything: bool
    ) -> str | None:
        """Add one answer to what is told; return what is wrong with it."""
        try:
            key = item_key(row.task, self.key_field)
            annotation, trouble = as_annotation(row.task, key, row.number, self.reading, seconds)
        except OtherQuestion:
            told.others[view_of(row.task) or "an unnamed interface"] += 1
            return None
        except ValueError as error:
            return f"The answer was left out: {error}."
        told.annotations.setdefault(key, []).append(annotation)
        # What Bridge queued, it knows already, maybe in a newer version than the task's.
        if everything or "bridge_key" not in row.task:
            self._tell_item(row, told)
        return trouble and f"The answer to item '{key}' counts as skipped: {trouble}."

    def _tell_item(self, row: LogRow, told: _Answered) -> None:
        try:
            item = as_item(row.task, self.key_field)
        except ValueError:
            return  # the answer stands; its content is in the pool file, or nowhere
        told.items[item.key] = item

    # ---------------------------------------------------------------------------- everything

    def _everything(self) -> Iterator[Page]:
        """All items with all their answers, each item complete, so that deletions show.

        Only the last page has a cursor: an interrupted pull begins anew.
        """
        try:
            yield from self._everything_through_spool()
        except sqlite3.Error as error:
            raise StoreError(
                f"The scratch database in the folder for temporary files failed: {error}.",
                "Free space there, or set TMPDIR to a folder with more of it.",
            ) from error

    def _everything_through_spool(self) -> Iterator[Page]:
        with Spool() as spool:
            mark: LogMark | None = None
            pace = Pace()
            for page in self.log.pages(None):
                mark = page.mark
                told = self._answered(page, pace, everything=True)
                for key, answers in told.annotations.items():
                    for annotation in answers:
                        spool.put(annotation, told.items.get(key))
                if problems := [*page.problems, *told.problems]:
                    yield _page((), problems)
            source = yield from self._whole_pool(spool)
            for keys in spool.rest(_PAGE):
                yield _page([_complete(key, *spool.take(key)) for key in keys], ())
            yield _page((), (), _encoded(source, mark))

    def _whole_pool(self, spool: Spool) -> Generator[Page, None, FileMark]:
        queued, damaged = self._queued()
        source = FileMark()
        for pool in self.source.pages(None):
            source = pool.mark
            problems = [*pool.problems, *damaged]
            damaged = []
            changes: dict[str, Change] = {}
            for where, item in pool.items:
                if spool.first_time(item.key):
                    annotations, _ = spool.take(item.key)
                    changes[item.key] = _complete(item.key, annotations, item, queued)
                else:
                    problems.append(_duplicate(where, item))
                    known = changes.get(item.key, Change(key=item.key))
                    changes[item.key] = known.model_copy(update={"item": item})
            yield _page(changes.values(), problems)
        return source

    def _queued(self) -> tuple[set[str], list[Problem]]:
        tasks, damaged = read_queue(self.queue)
        problems = []
        if damaged:
            what = f"{damaged} lines are damaged; their items count as not queued."
            problems.append(Problem(where=self.queue.name, what=what))
        return {task["bridge_key"] for task in tasks}, problems


def _named(annotation: Annotation) -> Iterator[str]:
    match annotation.value:
        case Classes(chosen=chosen, rejected=rejected):
            yield from (*chosen, *rejected)
        case Spans(spans=spans):
            yield from (span.class_name for span in spans)
        case Boxes(boxes=boxes):
            yield from (box.class_name for box in boxes)


def _as_changes(told: _Answered) -> Iterator[Change]:
    for key, answers in told.annotations.items():
        yield Change(key=key, item=told.items.get(key), annotations=newest(answers))


def _complete(
    key: str,
    annotations: tuple[Annotation, ...],
    item: Item | None,
    queued: set[str] | None = None,
) -> Change:
    """Everything that is known of an item; an answered one may or may not be asked again."""
    told = None
    if queued is not None and not (key in queued and annotations):
        told = key in queued
    return Change(key=key, item=item, queued=told, annotations=annotations, complete=True)


def _duplicate(where: str, item: Item) -> Problem:
    what = f"Item '{item.key}' is in the file more than once; the last row holds."
    return Problem(where=where, what=what, fix="Give each row its own key, or remove the row.")


def _repeated(pool: PoolPage) -> list[Problem]:
    seen: Mapping[str, str] = {item.key: where for where, item in pool.items}
    return [_duplicate(where, item) for where, item in pool.items if seen[item.key] != where]
