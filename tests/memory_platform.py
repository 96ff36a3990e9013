"""A platform in memory, with people to play: for tests of the engine."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel

from bridge.api import Bridge
from bridge.config import Settings, sections
from bridge.errors import PlatformError
from bridge.platforms import Adapter, Capabilities, Finding, PushReport, Refusal
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

START = datetime(2026, 1, 1, tzinfo=UTC)


class NoSettings(BaseModel):
    """The platform in memory needs none."""


class MemoryPlatform:
    """Tells complete changes by item, with a clock of its own; every call may be made to fail."""

    capabilities = Capabilities(
        tasks=frozenset({"single", "multi"}),
        pre_annotations=True,
        ranking="exact",
        deletions="in feed",
        annotators=True,
        relabels=True,
    )

    def __init__(self, classes: Sequence[str] = ("ham", "spam"), task: str = "single") -> None:
        self.project = "memory:1"
        self.classes = [LabelClass(id=f"id-{name}", name=name) for name in classes]
        self.task = task
        self.items: dict[str, Item] = {}
        self.answers: dict[str, dict[str, Annotation]] = {}
        self.queued: list[str] = []
        self.pre_annotated: dict[str, tuple[str, ...]] = {}
        self.touched: dict[str, int] = {}
        self.clock = 0
        self.calls = 0
        self.pushes: list[str] = []
        self.refuse: set[str] = set()
        self.fail: dict[str, Exception] = {}
        self.after: dict[str, Exception] = {}

    # people

    def tick(self, key: str) -> datetime:
        self.clock += 1
        self.touched[key] = self.clock
        return START + timedelta(seconds=self.clock)

    def add(self, *items: Item) -> None:
        for item in items:
            self.items[item.key] = item
            self.tick(item.key)

    def answer(self, key: str, *classes: str, annotator: str = "ann", truth: bool = False) -> None:
        at = self.tick(key)
        self.answers.setdefault(key, {})[annotator] = Annotation(
            id=f"{key}/{annotator}",
            item_key=key,
            annotator=annotator.partition("#")[0],  # ann#2 is what ann says at a second time
            value=Classes(chosen=classes),
            updated_at=at,
            ground_truth=truth,
        )
        if key in self.queued:
            self.queued.remove(key)

    def skip(self, key: str, annotator: str = "ann") -> None:
        at = self.tick(key)
        self.answers.setdefault(key, {})[annotator] = Annotation(
            id=f"{key}/{annotator}",
            item_key=key,
            annotator=annotator,
            status="skipped",
            updated_at=at,
        )
        if key in self.queued:
            self.queued.remove(key)

    def delete_answer(self, key: str, annotator: str = "ann", *, silently: bool = False) -> None:
        del self.answers[key][annotator]
        if not silently:
            self.tick(key)

    def remove(self, key: str) -> None:
        del self.items[key]
        self.answers.pop(key, None)
        if key in self.queued:
            self.queued.remove(key)

    # the protocol

    def _call(self, name: str) -> None:
        self.calls += 1
        if name in self.fail:
            raise self.fail.pop(name)

    def _answered(self, name: str) -> None:
        if name in self.after:
            raise self.after.pop(name)

    def check(self) -> Iterator[Finding]:
        yield Finding(name="memory", ok=True, detail=f"{len(self.items)} items")

    def schema(self) -> LabelSchema:
        self._call("schema")
        return LabelSchema(task=self.task, question="label", classes=tuple(self.classes))

    def change(self, key: str) -> Change:
        return Change(
            key=key,
            item=self.items[key],
            queued=key in self.queued,
            annotations=tuple(self.answers.get(key, {}).values()),
            complete=True,
            as_of=START + timedelta(seconds=self.touched[key]),
        )

    def pull(self, cursor: str | None) -> Iterator[Page]:
        self._call("pull")
        since = int(cursor or 0)
        keys = sorted(
            (k for k in self.items if self.touched[k] > since), key=lambda k: self.touched[k]
        )
        for start in range(0, len(keys), 7):
            part = keys[start : start + 7]
            self._call("page")
            yield Page(
                changes=tuple(self.change(key) for key in part), cursor=str(self.touched[part[-1]])
            )

    def push(self, batch: Batch, schema: LabelSchema) -> PushReport:
        self._call("push")
        self.pushes.append(batch.id)
        refused = []
        for entry in batch.items:
            key = entry.item.key
            if key not in self.items or key in self.refuse:
                refused.append(Refusal(key=key, why="it is not there"))
            elif key not in self.queued and (
                not self.answers.get(key) or entry.source == "relabel"
            ):
                self.queued.append(key)
            if entry.prediction is not None:
                self.pre_annotated[key] = entry.prediction.chosen(schema.task)
        self._answered("push")
        return PushReport(accepted=len(batch.items) - len(refused), refused=tuple(refused))

    def rerank(self, queue: Sequence[QueueItem], schema: LabelSchema) -> PushReport:
        self._call("rerank")
        waiting = set(self.queued)
        self.queued = [entry.item.key for entry in queue if entry.item.key in waiting]
        self._answered("rerank")
        return PushReport(accepted=len(self.queued))

    def close(self) -> None:
        """Nothing to free."""


WORDS = {"ham": "meeting lunch report project team", "spam": "win money prize offer click"}


def mail(count: int, *, spam_every: int = 3) -> dict[str, Item]:
    """Return texts of two easy classes, by key; the key tells the class."""
    items = {}
    for index in range(count):
        kind = "spam" if index % spam_every == 0 else "ham"
        words = WORDS[kind].split()
        text = f"{words[index % 5]} {words[(index * 7 + 1) % 5]} about number {index}"
        items[f"{kind}-{index}"] = Item(key=f"{kind}-{index}", text=text)
    return items


def truth(key: str) -> str:
    return key.split("-")[0]


def loop(platform: MemoryPlatform, directory, **raw) -> Bridge:
    """Return a loop over the platform; ``raw`` holds sections of bridge.toml."""
    raw = {"queue": {"depth": 10, "batch": 5}, **raw}
    settings = Settings.model_construct(
        adapter=Adapter("memory", NoSettings, lambda _: platform),
        platform=NoSettings(),
        directory=directory,
        **sections(raw, directory=directory),
    )
    return Bridge(settings, platform=platform)


def lost() -> PlatformError:
    return PlatformError("the answer was lost", "run again")
