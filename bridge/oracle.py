"""A platform in memory whose annotators know the truth: what simulations run against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from bridge.annotators import Annotators
from bridge.labeled import Labeled
from bridge.pace import Pace
from bridge.platforms import Capabilities, Finding, PushReport
from bridge.records import Annotation, Batch, Change, Classes, LabelSchema, Page, QueueItem

__all__ = ["PERFECT", "OraclePlatform"]

PERFECT = Annotators()


class OraclePlatform:
    """A platform in memory whose annotators answer from the top of the queue.

    Args:
        overlap: how many of them answer each item.

    Attributes:
        seconds: that they have spent, by their pace; 0 without one.
    """

    capabilities = Capabilities(
        tasks=frozenset({"single", "multi"}),
        pre_annotations=True,
        ranking="exact",
        deletions="in feed",
        annotators=True,
        relabels=True,
    )
    project = "simulation"
    calls = 0

    def __init__(
        self,
        rows: Sequence[Labeled],
        schema: LabelSchema,
        annotators: Annotators = PERFECT,
        pace: Pace | None = None,
        overlap: int = 1,
    ) -> None:
        self._schema = schema
        self._annotators = annotators
        self._overlap = overlap
        self._pace = pace
        self._texts = {row.item.key: row.item.text or "" for row in rows} if pace else {}
        self._before: dict[str, str] = {}
        self.seconds = 0.0
        self._dawdled: set[str] = set()
        self._answers: Counter[str] = Counter()
        self._truth = {row.item.key: row.classes for row in rows}
        self._events: list[Change] = [Change(key=row.item.key, item=row.item) for row in rows]
        self._queue: list[str] = []
        self._clock = datetime(2026, 1, 1, tzinfo=UTC)

    def check(self) -> Iterator[Finding]:
        """Find nothing wrong."""
        yield Finding(name="simulation", ok=True, detail=f"{len(self._truth)} items")

    def schema(self) -> LabelSchema:
        """Return the schema of the labels."""
        return self._schema

    def pull(self, cursor: str | None) -> Iterator[Page]:
        """Yield the events since a count of them."""
        start = int(cursor or 0)
        for first in range(start, len(self._events), 1000):
            changes = tuple(self._events[first : first + 1000])
            yield Page(changes=changes, cursor=str(first + len(changes)))

    def push(self, batch: Batch, schema: LabelSchema) -> PushReport:
        """Queue the batch."""
        self._queue += [key for key in batch.keys if key not in self._queue]
        return PushReport(accepted=len(batch.items))

    def rerank(self, queue: Sequence[QueueItem], schema: LabelSchema) -> PushReport:
        """Order the queue."""
        waiting = set(self._queue)
        self._queue = [entry.item.key for entry in queue if entry.item.key in waiting]
        return PushReport(accepted=len(self._queue))

    def close(self) -> None:
        """Do nothing."""

    def answer(self, number: int) -> int:
        """Let the annotators answer from the top of the queue; return how many items they did."""
        asked = self._queue[:number]
        late = {key for key in asked if self._annotators.when(key) == "later"} - self._dawdled
        self._dawdled |= late
        for key in (key for key in asked if key not in late):
            self._queue.remove(key)
            told = tuple(self._answer(key) for _ in range(self._overlap))
            self._events.append(Change(key=key, annotations=told))
        return len(asked) - len(late)

    def _answer(self, key: str) -> Annotation:
        self._clock += timedelta(seconds=1)
        before = self._answers[key]
        self._answers[key] += 1
        said = self._annotators.answer(key, self._truth[key], self._schema.names, before)
        who = self._annotators.who(key, before)
        return Annotation(
            id=f"answer-{key}#{before}" if before else f"answer-{key}",
            item_key=key,
            annotator=who,
            status="skipped" if said is None else "answered",
            value=None if said is None else Classes(chosen=said),
            created_at=self._clock,
            updated_at=self._clock,
            seconds=self._spent(key, who),
        )

    def _spent(self, key: str, who: str) -> float | None:
        if self._pace is None:
            return None
        text = self._texts[key]
        spent = self._pace.seconds(key, text, self._before.get(who, ""))
        self._before[who] = text
        self.seconds += spent
        return spent
