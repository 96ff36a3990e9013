"""A platform adapter in one file: a folder of CSV files that people edit in a spreadsheet.

No file has two writers. ``pool.csv`` (``key,text``) has the items and belongs to whoever owns the
data; ``queue.csv`` (``rank,key,text,suggestion``) is what to answer next, written by Bridge;
``answers.csv`` (``key,annotator,answer``) has the answers: ``;`` stands between several classes,
``?`` skips, and of two rows of one person about one item the lower one holds.

A folder has no change feed, so the cursor holds a digest of each item's state. It grows with the
pool: fine for what people edit by hand, not for millions of items.

A package makes this a plug-in by two lines in its pyproject.toml::

    [project.entry-points."bridge.platforms"]
    csv = "own_adapter:ADAPTER"
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bridge import records
from bridge.errors import BridgeError, DataError, PlatformError
from bridge.platforms import Adapter, Capabilities, Finding, PushReport, Refusal

__all__ = ["ADAPTER"]

QUEUE = ("rank", "key", "text", "suggestion")
TASKS: frozenset[records.TaskType] = frozenset({"single", "multi"})
Rows = list[dict[str, str]]
Entries = Sequence[records.QueueItem]


class Settings(BaseModel):
    """The keys of ``[platform]``; the descriptions are what ``bridge init`` asks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path = Field(description="Folder with pool.csv and answers.csv")
    classes: tuple[str, ...] = Field(min_length=1, description="Class names, separated by commas")
    multi: bool = Field(default=False, description="May several classes apply to one item?")


class CsvFolder:
    """One folder, as :class:`bridge.platforms.Platform`, where each method is described."""

    capabilities = Capabilities(
        tasks=TASKS, pre_annotations=True, ranking="exact", deletions="in feed", annotators=True
    )

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.project = f"csv:{settings.folder.resolve()}"
        self.calls = 0

    def schema(self) -> records.LabelSchema:
        classes = tuple(records.LabelClass(id=name, name=name) for name in self._settings.classes)
        task: records.TaskType = "multi" if self._settings.multi else "single"
        return records.LabelSchema(task=task, question="answer", classes=classes)

    def pull(self, cursor: str | None) -> Iterator[records.Page]:
        told, now, changes = json.loads(cursor or "{}"), {}, []
        (items, problems), answers = self._pool(), self._answers()
        queued = {row["key"] for row in self._rows("queue.csv")} - answers.keys()
        for key in dict.fromkeys([*items, *answers]):
            item, given = items.get(key), answers.get(key, ())
            state = [item and item.fingerprint, key in queued, [(a.id, a.digest) for a in given]]
            now[key] = records.digest(state)
            if told.get(key) != now[key]:
                change = records.Change(
                    key=key, item=item, queued=key in queued, annotations=given, complete=True
                )
                changes.append(change)
        changes += [records.Change(key=key, removed=True) for key in told.keys() - now.keys()]
        yield records.Page(changes=tuple(changes), problems=problems, cursor=json.dumps(now))

    def push(self, batch: records.Batch, schema: records.LabelSchema) -> PushReport:
        return self._write(self._rows("queue.csv"), batch.items, schema)

    def rerank(self, queue: Entries, schema: records.LabelSchema) -> PushReport:
        return self._write([], queue, schema)

    def check(self) -> Iterator[Finding]:
        try:
            (items, problems), answers = self._pool(), self._answers()
        except BridgeError as error:
            yield Finding(name="folder", ok=False, detail=error.what, fix=error.fix)
        else:
            said = f"{len(items)} items, {len(answers)} answered, {len(problems)} bad rows"
            yield Finding(name="folder", ok=not problems, detail=said, fix="Correct pool.csv.")

    def close(self) -> None:
        return

    def _pool(self) -> tuple[dict[str, records.Item], tuple[records.Problem, ...]]:
        items, problems = {}, []
        for number, row in enumerate(self._rows("pool.csv", required=True), start=1):
            try:
                items[row["key"]] = records.Item(key=row["key"], text=row["text"])
            except (KeyError, ValidationError):
                where, what = f"pool.csv, item {number}", "It has no key or no text."
                problems.append(records.Problem(where=where, what=what))
        return items, tuple(problems)

    def _answers(self) -> dict[str, tuple[records.Annotation, ...]]:
        rows = [row for row in self._rows("answers.csv") if row.get("key") and row.get("answer")]
        if not rows:
            return {}
        changed = (self._settings.folder / "answers.csv").stat().st_mtime
        answers: dict[str, dict[str | None, records.Annotation]] = {}
        for number, row in enumerate(rows):
            key, who, said = row["key"], row.get("annotator") or None, row["answer"]
            names = tuple(name.strip() for name in said.split(";"))
            answers.setdefault(key, {})[who] = records.Annotation(
                id=records.digest([key, who]),
                item_key=key,
                annotator=who,
                status="skipped" if said == "?" else "answered",
                value=None if said == "?" else records.Classes(chosen=names),
                updated_at=datetime.fromtimestamp(changed, tz=UTC),
                revision=number,
            )
        return {key: tuple(given.values()) for key, given in answers.items()}

    def _rows(self, name: str, *, required: bool = False) -> Rows:
        self.calls += 1
        path = self._settings.folder / name
        if not required and not path.exists():
            return []
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                return [row for row in csv.DictReader(file) if any(row.values())]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            fix = f"Save {name} with its columns, as CSV in UTF-8."
            raise DataError(f"{path} cannot be read: {error}.", fix) from None

    def _write(self, rows: Rows, entries: Entries, schema: records.LabelSchema) -> PushReport:
        (items, _), answers, shown = self._pool(), self._answers(), 0
        kept = [entry for entry in entries if entry.item.key in items]
        waiting = {row["key"]: row for row in rows}
        for entry in kept:
            said = () if entry.prediction is None else entry.prediction.chosen(schema.task)
            cells = (str(entry.rank), entry.item.key, entry.item.text or "", ";".join(said))
            waiting[entry.item.key] = dict(zip(QUEUE, cells, strict=True))
            shown += bool(said)
        self._replace_queue([row for row in waiting.values() if row["key"] not in answers])
        gone = (entry.item.key for entry in entries if entry.item.key not in items)
        refused = tuple(Refusal(key=key, why="pool.csv has it no more") for key in gone)
        return PushReport(accepted=len(kept), pre_annotated=shown, refused=refused)

    def _replace_queue(self, rows: Rows) -> None:
        path = self._settings.folder / "queue.csv"
        try:
            with path.with_suffix(".tmp").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, QUEUE)
                writer.writeheader()
                writer.writerows(sorted(rows, key=lambda row: int(row["rank"])))
            path.with_suffix(".tmp").replace(path)  # in one step: nobody opens half a queue
        except OSError as error:
            raise PlatformError(f"{path} cannot be written: {error.strerror}.") from None


ADAPTER = Adapter(name="csv", settings=Settings, connect=CsvFolder)
