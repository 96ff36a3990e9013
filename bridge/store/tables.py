"""The tables of the state store, as SQLAlchemy Core metadata.

Two counters order what happened here, for later steps to compare. ``items.seq`` is raised when an
item is new or its content changed: the feature store encodes what lies above its mark.
``annotations.seq`` is raised when an answer is new, changed, deleted or back: training looks at
what lies above the last model's mark. Reading the same change again raises neither.

What is changed here also needs a step in ``migrations.py``.
"""

import re
from datetime import UTC, datetime

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    event,
)
from sqlalchemy.types import JSON, TypeDecorator

from bridge.errors import StoreError

__all__ = [
    "UtcTime",
    "annotations",
    "batch_items",
    "batches",
    "items",
    "metadata",
    "models",
    "runs",
    "state",
    "steps",
]

metadata = MetaData()

RowId = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only INTEGER keys by itself


class UtcTime(TypeDecorator[datetime]):
    """An aware time as ISO text in UTC with microseconds: sorts the same in every database."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Write text."""
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Read an aware time."""
        try:
            return None if value is None else datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise StoreError(
                "The store holds a time that cannot be read: it is damaged.", "Restore a backup."
            ) from None


class AnyText(TypeDecorator[str]):
    """Text of any origin: U+FFFD stands for what a database cannot store, so that offsets stay.

    These are NUL (PostgreSQL) and halves of surrogate pairs, which are no characters (both).
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Write text."""
        if value is None:
            return None
        try:
            value.encode()
        except UnicodeEncodeError:
            value = _HALVES.sub("\ufffd", value)
        return value.replace("\x00", "\ufffd")


_HALVES = re.compile("[\ud800-\udfff]")


state = Table(
    "state",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", AnyText, nullable=False),
)

items = Table(
    "items",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("key", String(512), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("text", AnyText),
    Column("url", AnyText),
    Column("meta", JSON, nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("seq", BigInteger, nullable=False, index=True),
    Column("draw", BigInteger, nullable=False),
    Column("hold_out", Boolean, nullable=False),
    Column("removed", Boolean, nullable=False, default=False),
    Column("queued", Boolean),
    Column("answered", Boolean, nullable=False, default=False),
    Column("snapshot_at", UtcTime),
    Column("sweep", BigInteger, nullable=False, default=0),  # of earlier versions; not read
)

# All that tells which items are in the pool, how many, and which of them are drawn next: a million
# items are counted in a fraction of the time that reading their rows takes.
Index(
    "items_line",
    *(
        items.c[name]
        for name in ("hold_out", "answered", "removed", "draw", "queued", "kind", "id")
    ),
)

annotations = Table(
    "annotations",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("annotation_id", String(512), nullable=False, unique=True),
    Column("item_id", ForeignKey("items.id"), nullable=False, index=True),
    Column("annotator", AnyText),
    Column("status", String(16), nullable=False),
    Column("value", JSON),
    Column("created_at", UtcTime),
    Column("updated_at", UtcTime),
    Column("revision", BigInteger, nullable=False),
    Column("digest", String(32), nullable=False),
    Column("seconds", Float),
    Column("ground_truth", Boolean, nullable=False),
    Column("deleted", Boolean, nullable=False, default=False),
    Column("seq", BigInteger, nullable=False, index=True),
    Column("sweep", BigInteger, nullable=False, default=0),  # of earlier versions; not read
)

models = Table(
    "models",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),
    Column("status", String(16), nullable=False),  # champion, retired, refused
    Column("learner", AnyText, nullable=False),
    Column("settings", JSON, nullable=False),  # of the learner and of the answers
    Column("schema_digest", String(32), nullable=False),
    Column("annotation_seq", BigInteger, nullable=False),
    Column("examples", Integer, nullable=False),
    Column("scores", JSON, nullable=False),
    Column("reason", AnyText, nullable=False),
    Column("encoder", AnyText),  # id of the encoder whose features it takes
    Column("digest", String(64)),  # SHA-256 of its manifest, which lists that of each file
)

batches = Table(
    "batches",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("created_at", UtcTime, nullable=False),
    Column("model_version", String(64)),
    Column("state", String(16), nullable=False),  # planned, pushed
    Column("size", Integer, nullable=False),
    Column("pushed_at", UtcTime),
)

batch_items = Table(
    "batch_items",
    metadata,
    Column("batch_id", ForeignKey("batches.id"), primary_key=True),
    Column("item_id", ForeignKey("items.id"), primary_key=True, index=True),
    Column("rank", Integer, nullable=False),
    Column("score", Float, nullable=False),
    Column("source", String(16), nullable=False),
    Column("reason", AnyText, nullable=False),
    Column("hold_out", Boolean, nullable=False),
    Column("prediction", JSON),
    Column("state", String(16), nullable=False),  # open, answered, refused, withdrawn, released
    Column("why", AnyText),
    Column("answers_upto", BigInteger),  # of a relabel: annotations.seq when it was planned
)

# No item is in two open batches: the database itself refuses it. Written out, since the options of
# Index for one database would import the dialects of all that are named.
_ONE_OPEN = "CREATE UNIQUE INDEX batch_items_open ON batch_items (item_id) WHERE state = 'open'"
event.listen(batch_items, "after_create", DDL(_ONE_OPEN))  # type: ignore[no-untyped-call]

runs = Table(
    "runs",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    Column("state", String(16), nullable=False),  # running, done, failed, died
    Column("pid", Integer, nullable=False),
    Column("result", JSON),
)

steps = Table(
    "steps",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("state", String(16), nullable=False),  # running, done, failed
    Column("started_at", UtcTime, nullable=False),
    Column("seconds", Float),
    Column("detail", JSON),
)
