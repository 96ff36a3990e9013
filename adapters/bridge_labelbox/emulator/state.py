"""What the emulator knows; all in memory."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge_labelbox.emulator.faults import Faults

__all__ = [
    "Batch",
    "DataRow",
    "Dataset",
    "Feature",
    "File",
    "Import",
    "Label",
    "Member",
    "Ontology",
    "Project",
    "Task",
    "World",
    "cuid",
    "export_time",
    "graphql_time",
    "slug",
]

_MOST_FILES = 5000
_MOST_EXPORTS = 50


def cuid() -> str:
    """Return an id of 25 characters, as the SDK checks."""
    return "c" + uuid.uuid4().hex[:24]


def slug(name: str) -> str:
    """Return the ``value`` that Labelbox derives from a name."""
    return re.sub(r"\W+", "_", name.lower()).strip("_")


def graphql_time(moment: datetime) -> str:
    """Format a time as GraphQL answers have it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def export_time(moment: datetime) -> str:
    """Format a time as exports have it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


@dataclass
class DataRow:
    """One data row; ``activity`` has every change with the time when exports show it."""

    id: str
    dataset: str
    data: Any
    created_at: datetime
    updated_at: datetime
    global_key: str | None = None
    external_id: str | None = None
    mime_type: str = "text/plain"
    metadata: dict[str, Any] = field(default_factory=dict)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    processed_at: datetime | None = None
    activity: list[tuple[datetime, datetime]] = field(default_factory=list)

    def last_activity(self, now: datetime) -> datetime:
        """Return the last activity that exports know of by now."""
        known = [moment for visible, moment in self.activity if visible <= now]
        return max(known, default=self.created_at)


@dataclass
class Dataset:
    """One dataset."""

    id: str
    name: str
    created_at: datetime
    updated_at: datetime
    description: str | None = None


@dataclass
class Ontology:
    """One ontology; ``normalized`` as the API tells it."""

    id: str
    name: str
    normalized: dict[str, Any]
    created_at: datetime
    media_type: str | None = "TEXT"


@dataclass
class Feature:
    """One tool or classification outside of any ontology; ``normalized`` as the API tells it."""

    id: str
    normalized: dict[str, Any]
    deleted: bool = False


@dataclass
class Batch:
    """One batch of a project."""

    id: str
    name: str
    created_at: datetime
    updated_at: datetime
    consensus: Any = None


@dataclass
class Member:
    """A data row's place in a project."""

    row: str
    batch: str
    priority: int
    order: int
    status: str = "TO_LABEL"
    number_of_labels: int = 1
    override: str = field(default_factory=cuid)


@dataclass
class Label:
    """One person's answer; exports show it from ``visible_at`` on.

    ``benchmark`` is the id of the benchmark that it is the reference of.
    """

    id: str
    row: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    visible_at: datetime
    seconds: float = 0
    skipped: bool = False
    benchmark: str | None = None
    objects: list[dict[str, Any]] = field(default_factory=list)
    classifications: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Import:
    """One import of pre-annotations or labels."""

    id: str
    name: str
    kind: str
    project: str
    input_url: str
    state: str = "RUNNING"
    status_url: str | None = None
    error_url: str | None = None
    fetched: bool = False
    lines: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Project:
    """One project, with its rows, batches and labels; ``pool`` is the dataset made with it."""

    id: str
    name: str
    created_at: datetime
    fields: dict[str, Any] = field(default_factory=dict)
    ontology: str | None = None
    pool: str | None = None
    members: dict[str, Member] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    imports: dict[tuple[str, str], Import] = field(default_factory=dict)
    predictions: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    shows_predictions: bool = False
    tags: list[str] = field(default_factory=list)
    queues: list[dict[str, Any]] = field(default_factory=list)
    placed: int = 0

    by_row: dict[str, dict[str, Label]] = field(default_factory=dict)

    def labels_of(self, row: str) -> list[Label]:
        """Return the labels of one row, oldest first."""
        return list(self.by_row.get(row, {}).values())

    def keep(self, label: Label) -> None:
        """Add a label, or replace it."""
        self.labels[label.id] = label
        self.by_row.setdefault(label.row, {})[label.id] = label

    def forget(self, label: Label) -> None:
        """Delete a label."""
        self.labels.pop(label.id, None)
        self.by_row.get(label.row, {}).pop(label.id, None)


@dataclass
class Task:
    """One task of the user; ``chunks`` and ``total_lines`` are of exports only."""

    id: str
    type: str
    created_at: datetime
    name: str | None = None
    status: str = "COMPLETE"
    errors: Any = None
    result: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    chunks: list[bytes] = field(default_factory=list)
    total_lines: int = 0
    rows: list[str] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    done_at: datetime | None = None

    def status_at(self, now: datetime) -> str:
        """Return the status; a task that completes later is in progress until then."""
        waits = self.status == "COMPLETE" and self.done_at is not None and now < self.done_at
        return "IN_PROGRESS" if waits else self.status


@dataclass
class File:
    """One file behind a signed address."""

    body: bytes
    media_type: str = "application/x-ndjson"
    expires_at: datetime | None = None


class World:
    """Everything there is, and the clock.

    Attributes:
        lock: hold it while reading or changing anything here.
        offset: how far the emulator's clock is ahead of the machine's.
        base: address of the server, without a slash at the end.
        contents: texts that lie behind addresses in data rows; nothing is ever fetched.
    """

    def __init__(self, api_key: str) -> None:
        self.api_key = api_key
        self.lock = threading.RLock()
        self.offset = timedelta()
        self.base = ""
        self.faults = Faults()
        self.organization = {"id": cuid(), "name": "Emulated organization"}
        self.user = {"id": cuid(), "email": "owner@example.com"}
        self.started_at = self.now()
        self.datasets: dict[str, Dataset] = {}
        self.rows: dict[str, DataRow] = {}
        self.by_key: dict[str, str] = {}
        self.projects: dict[str, Project] = {}
        self.ontologies: dict[str, Ontology] = {}
        self.features: dict[str, Feature] = {}
        self.contents: dict[str, str] = {}
        self.tags: dict[str, dict[str, Any]] = {}
        self.tasks: dict[str, Task] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.files: dict[str, File] = {}
        self.metadata_schemas: dict[str, dict[str, Any]] = {}
        self.webhooks: dict[str, dict[str, Any]] = {}
        self.models: dict[str, dict[str, Any]] = {}

    def now(self) -> datetime:
        """Return the platform's time."""
        return datetime.now(UTC) + self.offset

    def put_file(self, body: bytes, media_type: str = "application/x-ndjson") -> str:
        """Keep a file and return its signed address."""
        name = cuid()
        if len(self.files) >= _MOST_FILES:
            del self.files[next(iter(self.files))]
        ttl = self.faults.file_ttl_s
        expires = None if ttl is None else self.now() + timedelta(seconds=ttl)
        self.files[name] = File(body, media_type, expires)
        return f"{self.base}/files/{name}?signature={uuid.uuid4().hex}"

    def put_task(self, task: Task) -> None:
        """Keep a task; old exports lose their content, or a long run would fill memory."""
        self.tasks[task.id] = task
        exports = [one for one in self.tasks.values() if one.chunks]
        for old in exports[:-_MOST_EXPORTS]:
            old.chunks = []

    def touch(self, row: DataRow, now: datetime) -> datetime:
        """Note activity on a row; return when exports will know of it."""
        visible = now + timedelta(seconds=self.faults.index_delay_s)
        recent = [entry for entry in row.activity if entry[0] > now][-20:]
        row.activity = [(row.created_at, row.last_activity(now)), *recent, (visible, now)]
        return visible

    def text_of(self, row: DataRow) -> str:
        """Return the text that a row shows; empty where it is not known."""
        text = row.data if isinstance(row.data, str) else ""
        return self.contents.get(text, text)

    def find_row(self, key: str) -> DataRow | None:
        """Return the row of a global key or an id."""
        return self.rows.get(self.by_key.get(key, key))

    def drop_row(self, row_id: str) -> None:
        """Delete a row from everywhere."""
        row = self.rows.pop(row_id, None)
        if row is None:
            return
        if row.global_key:
            self.by_key.pop(row.global_key, None)
        for project in self.projects.values():
            project.members.pop(row_id, None)
            project.predictions.pop(row_id, None)
            for label in project.labels_of(row_id):
                project.forget(label)

    def rows_of(self, dataset: str) -> Iterable[DataRow]:
        """Return the rows of one dataset, oldest first."""
        return (row for row in self.rows.values() if row.dataset == dataset)
