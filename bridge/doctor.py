"""``bridge doctor``: one text about a loop that can be attached to a report of a fault.

It holds no secret, no text or key of an item, and no name of an annotator. It asks the store, not
the platform, and makes no store file where there is none.
"""

from __future__ import annotations

import platform as machine
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import Field
from sqlalchemy import Connection, func, select

from bridge._version import __version__
from bridge.anonymous import Anonymous, settings_shown
from bridge.config import Settings, load
from bridge.errors import BridgeError, ConfigError
from bridge.platforms import adapter_names
from bridge.records import Record
from bridge.store import journal, tables
from bridge.store.database import Store, get_state
from bridge.sync import store_of

__all__ = ["Diagnosis", "RunFacts", "StepFacts", "StoreFacts", "diagnose", "diagnosis_lines"]

RUNS_SHOWN = 10
PACKAGES = (
    *("click", "filelock", "msgspec", "numpy", "prometheus-client", "pydantic", "requests"),
    *("scikit-learn", "scipy", "skops", "SQLAlchemy", "tenacity", "threadpoolctl"),
    *("psycopg", "PyMySQL", "prodigy"),
)


class StepFacts(Record):
    """One step of a run.

    Attributes:
        state: ``done``, ``failed`` or ``running``.
        seconds: of wall time; None where it never ended.
    """

    name: str
    state: str
    seconds: float | None


class RunFacts(Record):
    """One run of the journal.

    Attributes:
        state: ``done``, ``failed``, ``running`` or ``died``.
        seconds: of wall time; None where it has not ended.
        steps: those that were begun.
        kind: class of the error, if it failed.
        error: its message, in which quotations, names, addresses and keys are masked.
        counts: numbers of its result, by name.
    """

    run: int
    state: str
    started_at: datetime
    seconds: float | None
    steps: tuple[StepFacts, ...]
    kind: str = ""
    error: str = ""
    counts: dict[str, int] = Field(default_factory=dict)


class StoreFacts(Record):
    """What the state store says of itself.

    Attributes:
        database: ``sqlite``, ``postgresql`` or another.
        schema_version: of the tables.
        integrity: ``ok``, or what is wrong with the file.
        rows: table -> number of rows.
        bytes: part of the store -> size on disk.
    """

    database: str
    schema_version: str
    integrity: str
    rows: dict[str, int]
    bytes: dict[str, int]


class Diagnosis(Record):
    """A loop, for those who help with it.

    Attributes:
        bridge: version.
        python: version and implementation.
        system: operating system and processor.
        packages: package -> version, of those that matter and are installed.
        adapters: names of the adapters that are installed.
        platform: name of the adapter in use, and where it comes from.
        capabilities: what the platform can do; None where it cannot be connected.
        settings: by section; secrets, and values taken from the environment, are not shown.
        store: None where there is none yet, or it cannot be opened.
        runs: the newest, newest first.
        faults: what could not be looked at, and why.
    """

    bridge: str
    python: str
    system: str
    packages: dict[str, str]
    adapters: tuple[str, ...]
    platform: str = ""
    capabilities: dict[str, Any] | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    store: StoreFacts | None = None
    runs: tuple[RunFacts, ...] = ()
    faults: tuple[str, ...] = ()


def diagnose(path: str | Path) -> Diagnosis:
    """Describe the loop of a configuration file; whatever fails is told in ``faults``."""
    found: dict[str, Any] = {
        "bridge": __version__,
        "python": f"{machine.python_version()} ({machine.python_implementation()})",
        "system": f"{machine.system()} {machine.release()} {machine.machine()}",
        "packages": dict(_packages()),
        "adapters": tuple(adapter_names()),
    }
    masked = Anonymous()
    faults: list[str] = []
    try:
        settings = _loaded(path)
        found |= _configured(settings, Path(path))
        found |= _stored(settings, masked)
    except BridgeError as error:
        faults.append(masked.message(str(error)))
    else:
        try:
            found["capabilities"] = _capabilities(settings)
        except BridgeError as error:
            faults.append(masked.message(str(error)))
    return Diagnosis(**found, faults=tuple(faults))


def _loaded(path: str | Path) -> Settings:
    """Load with secrets where they are at hand, so that they are known and can be masked."""
    try:
        return load(path)
    except ConfigError:
        return load(path, offline=True)


def diagnosis_lines(found: Diagnosis) -> list[str]:
    """Return a diagnosis as lines."""
    return [*_lines(found.model_dump(mode="json"), "")]


def _lines(value: Any, indent: str) -> Iterator[str]:
    """Yield nested values in the manner of YAML."""
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value, start=1):
        if isinstance(inner, dict) or (isinstance(inner, list) and any(map(_nested, inner))):
            yield f"{indent}{name}:"
            yield from _lines(inner, f"{indent}  ")
        elif isinstance(inner, list):
            yield f"{indent}{name}: {', '.join(map(str, inner))}"
        elif inner not in (None, ""):
            yield f"{indent}{name}: {inner}"


def _nested(value: Any) -> bool:
    return isinstance(value, dict | list)


def _packages() -> Iterator[tuple[str, str]]:
    yield "sqlite", sqlite3.sqlite_version
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            yield name, version(name)


def _configured(settings: Settings, path: Path) -> dict[str, Any]:
    origin = settings.adapter.settings.__module__.partition(".")[0]
    return {
        "platform": f"{settings.adapter.name} ({origin})",
        "settings": settings_shown(settings, path),
    }


def _capabilities(settings: Settings) -> dict[str, Any]:
    connection = settings.adapter.connect(settings.platform)
    try:
        told = connection.capabilities.model_dump(mode="json")
    finally:
        connection.close()
    return {
        name: sorted(value) if isinstance(value, list) else value for name, value in told.items()
    }


def _stored(settings: Settings, masked: Anonymous) -> dict[str, Any]:
    directory = settings.store_directory
    if settings.store.url is None and not (directory / "state.db").exists():
        return {}
    with store_of(settings) as store, store.begin() as connection:
        masked.learn(connection)
        return {
            "store": _store_facts(store, connection, directory),
            "runs": tuple(
                _run(connection, row, masked) for row in journal.last_runs(connection, RUNS_SHOWN)
            ),
        }


def _store_facts(store: Store, connection: Connection, directory: Path) -> StoreFacts:
    return StoreFacts(
        database=connection.dialect.name,
        schema_version=get_state(connection, "schema_version") or "none",
        integrity=store.integrity(),
        rows={
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in tables.metadata.sorted_tables
        },
        bytes={
            part: sum(
                file.stat().st_size for file in sorted(directory.glob(pattern)) if file.is_file()
            )
            for part, pattern in (
                ("state", "state.db*"),
                ("features", "features/**/*"),
                ("models", "models/**/*"),
            )
        },
    )


def _run(connection: Connection, row: Any, masked: Anonymous) -> RunFacts:
    taken = select(tables.steps).where(tables.steps.c.run_id == row["id"])
    ended, result = row["finished_at"], row["result"] or {}
    return RunFacts(
        run=row["id"],
        state=row["state"],
        started_at=row["started_at"],
        seconds=None if ended is None else round((ended - row["started_at"]).total_seconds(), 3),
        steps=tuple(
            StepFacts(name=step["name"], state=step["state"], seconds=step["seconds"])
            for step in connection.execute(taken.order_by(tables.steps.c.started_at)).mappings()
        ),
        # A failure that is no BridgeError is kept as the name of its class alone.
        kind=str(result.get("kind") or result.get("error", "")),
        error=masked.message(str(result["error"])) if "kind" in result else "",
        counts={name: value for name, value in result.items() if type(value) is int},
    )
