"""A platform in memory for long stories: everything that people do to a project, and a clock."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bridge.platforms import PushReport, Refusal
from bridge.records import (
    Annotation,
    Batch,
    Change,
    Classes,
    Item,
    LabelClass,
    LabelSchema,
    Page,
    QueueItem,
)
from memory_platform import START, MemoryPlatform, lost

PAGE = 3  # changes


class StoryPlatform(MemoryPlatform):
    """Tells complete changes in the order of what happened, by a clock that may be wrong.

    The cursor counts what happened and does not depend on the clock. An item that was pushed is
    asked for while it has no answer, in the order of its priority, as Labelbox does: it is asked
    for again when its last answer is deleted.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        super().__init__(classes)
        self.offset = timedelta(0)
        self.times: dict[str, datetime] = {}
        self.gone: set[str] = set()
        self.asked: dict[str, int] = {}
        self.shown: dict[str, list[str]] = {}
        self.writes = 0
        self.latest = START
        self.late = False  # something was told with an earlier time than something before it
        self.armed: dict[tuple[str, str], int] = {}

    # people

    def tick(self, key: str, *, silently: bool = False) -> datetime:
        self.clock += 1
        now = START + timedelta(seconds=self.clock) + self.offset
        self.late |= now < self.latest
        self.latest = max(now, self.latest)
        if not silently:
            self.touched[key], self.times[key] = self.clock, now
        return now

    def add(self, *items: Item) -> None:
        super().add(*items)
        self.gone -= {item.key for item in items}

    def give(self, key: str, annotator: str, class_id: str | None) -> None:
        """Answer with a class, named by its id; skip with None."""
        at = self.tick(key)
        self.answers.setdefault(key, {})[annotator] = Annotation(
            id=f"{key}/{annotator}",
            item_key=key,
            annotator=annotator,
            status="skipped" if class_id is None else "answered",
            value=None if class_id is None else Classes(chosen=(class_id,)),
            updated_at=at,
        )

    def delete_answer(self, key: str, annotator: str = "ann", *, silently: bool = False) -> None:
        del self.answers[key][annotator]
        self.tick(key, silently=silently)

    def remove(self, key: str, *, silently: bool = False) -> None:
        del self.items[key]
        self.answers.pop(key, None)
        self.asked.pop(key, None)
        self.tick(key, silently=silently)
        if not silently:
            self.gone.add(key)

    def name(self, class_id: str) -> str:
        """Return what a class is called today; one that the schema lacks is called by its id."""
        return next((known.name for known in self.classes if known.id == class_id), class_id)

    def rename(self, class_id: str, name: str) -> None:
        self.classes = [
            LabelClass(id=known.id, name=name if known.id == class_id else known.name)
            for known in self.classes
        ]

    def arm(self, method: str, when: str, nth: int = 1) -> None:
        """Let the nth call of a method fail ``before`` or ``after`` it is executed."""
        self.armed[method, when] = nth

    # the protocol

    @property
    def queued(self) -> list[str]:
        waiting = [key for key in self.asked if not self.answers.get(key)]
        return sorted(waiting, key=lambda key: self.asked[key])

    @queued.setter
    def queued(self, keys: Sequence[str]) -> None:
        self.asked = {key: place for place, key in enumerate(keys)}

    def _meet(self, method: str, when: str) -> None:
        left = self.armed.get((method, when))
        if left is None:
            return
        self.armed[method, when] = left - 1
        if left == 1:
            del self.armed[method, when]
            raise lost()

    def schema(self) -> LabelSchema:
        self._meet("schema", "before")
        made = super().schema()
        self._meet("schema", "after")
        return made

    def change(self, key: str) -> Change:
        if key not in self.items:
            return Change(
                key=key, removed=True, annotations=(), complete=True, as_of=self.times[key]
            )
        told = tuple(self._told(given) for given in self.answers.get(key, {}).values())
        return Change(
            key=key,
            item=self.items[key],
            queued=key in self.queued,
            annotations=told,
            complete=True,
            as_of=self.times[key],
        )

    def _told(self, given: Annotation) -> Annotation:
        if not isinstance(given.value, Classes):
            return given
        names = tuple(self.name(class_id) for class_id in given.value.chosen)
        return given.model_copy(update={"value": Classes(chosen=names)})

    def pull(self, cursor: str | None) -> Iterator[Page]:
        self._meet("pull", "before")
        since = int(cursor or 0)
        there = [*self.items, *(self.gone if cursor is not None else ())]
        keys = sorted((k for k in there if self.touched[k] > since), key=lambda k: self.touched[k])
        for start in range(0, len(keys), PAGE):
            part = keys[start : start + PAGE]
            self._meet("page", "before")
            yield Page(
                changes=tuple(self.change(key) for key in part), cursor=str(self.touched[part[-1]])
            )
        self._meet("pull", "after")

    def push(self, batch: Batch, schema: LabelSchema) -> PushReport:
        self._meet("push", "before")
        self.writes += 1
        refused = []
        for entry in batch.items:
            key = entry.item.key
            if key not in self.items:
                refused.append(Refusal(key=key, why="it is not there"))
            elif self.answers.get(key):
                refused.append(Refusal(key=key, why="it is answered"))
            else:
                self.asked[key] = entry.rank
                self._show(entry, schema)
        self._meet("push", "after")
        return PushReport(accepted=len(batch.items) - len(refused), refused=tuple(refused))

    def rerank(self, queue: Sequence[QueueItem], schema: LabelSchema) -> PushReport:
        self._meet("rerank", "before")
        self.writes += 1
        for entry in queue:
            if entry.item.key in self.asked:
                self.asked[entry.item.key] = entry.rank
                self._show(entry, schema)
        self._meet("rerank", "after")
        return PushReport(accepted=len(queue))

    def _show(self, entry: QueueItem, schema: LabelSchema) -> None:
        if entry.prediction is not None:
            self.shown[entry.item.key] = list(entry.prediction.chosen(schema.task))
