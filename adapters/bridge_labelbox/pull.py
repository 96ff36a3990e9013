"""Pull: exports of the datasets (the pool) and of the project (the answers), page by page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, count
from typing import Any, NamedTuple

import msgspec

from bridge.errors import AuthError, PlatformError, Unreachable
from bridge.limits import MB, PAGE_BYTES
from bridge.records import Change, Page, Problem
from bridge_labelbox import cursor as cursors
from bridge_labelbox import operations as ops
from bridge_labelbox.client import Client, dig, shaped
from bridge_labelbox.export import Export, Line, export_lines, start_export
from bridge_labelbox.keys import split
from bridge_labelbox.labels import Reading, Unreadable, placed, refused
from bridge_labelbox.ndjson import LongLine, key_in
from bridge_labelbox.ontology import Question
from bridge_labelbox.settings import LabelboxSettings
from bridge_labelbox.wire import (
    Row,
    activity,
    decode_row,
    possible,
    queued,
    read_row,
    row_key,
)

__all__ = ["pull", "states"]

_FILTER_KEYS = 2000  # Labelbox's limit of ids in one filter
_BENCHMARKS = 100  # in one call

_PARAMS = {
    "mediaTypeOverride": None,
    "includeAttachments": False,
    "includeEmbeddings": False,
    "includeMetadata": False,
    "includeDataRowDetails": True,
    "includeProjectDetails": False,
    "includePerformanceDetails": False,
    "includeLabelDetails": False,
    "includeInterpolatedFrames": False,
}
_PROJECT_PARAMS = {
    **_PARAMS,
    "includeProjectDetails": True,
    "includePerformanceDetails": True,
    "includeLabelDetails": True,
}
_CATALOG_PARAMS = {
    **_PARAMS,
    "includePredictions": False,
    "projectIds": None,
    "modelRunIds": None,
    "allProjects": False,
    "allModelRuns": False,
}


class _Reference(msgspec.Struct):
    id: str


class _Benchmark(msgspec.Struct, rename="camel"):
    reference_label: _Reference | None = None


class _Source(NamedTuple):
    """One export; ``name`` keeps its watermark, so that a new source is read from the start."""

    name: str
    shown: str
    dataset: str | None


def pull(
    client: Client, settings: LabelboxSettings, question: Question, cursor: str | None
) -> Iterator[Page]:
    """Yield the pages of one pull; only the last one carries the new cursor.

    A key that comes twice holds what came last. It is reported where both are in one page; further
    apart it is not noticed, since that would need memory that grows with the pool.
    """
    before = cursors.load(cursor)
    after: dict[str, datetime] = {}
    gold, trouble = _benchmarks(client, settings)
    if trouble is not None:
        yield Page(problems=(trouble,))
    reading = Reading(question, settings.labels, gold)
    for source in _sources(settings):
        watermark = before.get(source.name)
        export = _export(client, settings, source, watermark)
        latest = None
        lines = export_lines(client, export, source.shown)
        for first, rows in _chunked(lines, settings.page_rows):
            # A row that somebody took out of the project is in no project export: the dataset
            # says of each that it is not queued, and the project's export then which ones are.
            outside = False if watermark is None and source.dataset is not None else None
            page, newest = _page(rows, first, source, settings, reading, outside)
            if newest is not None and (latest is None or newest > latest):
                latest = newest
            yield page
        moved = cursors.advance(watermark, latest, export.date)
        if moved is not None:
            after[source.name] = moved
    yield Page(cursor=cursors.dump(after))


def _benchmarks(
    client: Client, settings: LabelboxSettings
) -> tuple[frozenset[str], Problem | None]:
    """Return the ids of the labels that are a benchmark's reference; exports do not tell them.

    A service that refuses the question is told, and stops nothing.
    """
    if not settings.benchmarks:
        return frozenset(), None
    try:
        return frozenset(_references(client, settings.project)), None
    except (Unreachable, AuthError):
        raise
    except PlatformError as error:
        fix = "Set 'benchmarks' to false, if labels of benchmarks need not outrank others."
        where = f"Benchmarks of project {settings.project}"
        return frozenset(), Problem(where=where, what=error.what, fix=fix)


def _references(client: Client, project: str) -> Iterator[str]:
    for skip in count(0, _BENCHMARKS):
        operation = ops.list_benchmarks(skip, _BENCHMARKS)
        listed = dig(client.execute(operation, {"param_0": project}), "project", "benchmarks")
        for one in shaped(listed, list[_Benchmark]):
            if one.reference_label is not None:
                yield one.reference_label.id
        if len(listed) < _BENCHMARKS:
            return


def _sources(settings: LabelboxSettings) -> list[_Source]:
    # Content first, so that the project's word on a row comes last.
    datasets = [_Source(f"dataset {d}", f"Export of dataset {d}", d) for d in settings.datasets]
    project = settings.project
    asked = _Source(
        f"project {project} {settings.question or ''}", f"Export of project {project}", None
    )
    return [*datasets, asked]


def _export(
    client: Client, settings: LabelboxSettings, source: _Source, watermark: datetime | None
) -> Export:
    query: list[dict[str, Any]] = []
    if watermark is not None:
        since = watermark - timedelta(minutes=settings.overlap_minutes)
        query.append(
            {
                "type": "data_row_last_activity_at",
                "value": {
                    "operator": "GREATER_THAN_OR_EQUAL",
                    "timezone": "UTC",
                    "value": since.strftime("%Y-%m-%dT%H:%M:%S+0000"),
                },
            }
        )
    if source.dataset is not None:
        query.append({"ids": [source.dataset], "operator": "is", "type": "dataset"})
        return start_export(
            client,
            ops.EXPORT_CATALOG,
            _input(source.shown, {"searchQuery": _search(query)}, _CATALOG_PARAMS),
        )
    filters = {"projectId": settings.project, "searchQuery": _search(query)}
    return start_export(client, ops.EXPORT_PROJECT, _input(source.shown, filters, _PROJECT_PARAMS))


def _search(query: list[dict[str, Any]]) -> dict[str, Any]:
    return {"scope": None, "query": query}


def _input(name: str, filters: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    return {
        "taskName": f"Bridge: {name}",
        "isStreamableReady": True,
        "streamable": True,
        "filters": filters,
        "params": params,
    }


def _chunked(lines: Iterable[list[Line]], size: int) -> Iterator[tuple[int, list[Line]]]:
    """Cut rows into pages of ``size``, or fewer if they are large; each with its first number."""
    first = 1
    chunk: list[Line] = []
    held = 0
    for line in chain.from_iterable(lines):
        chunk.append(line)
        held += len(line) if isinstance(line, bytes) else 0
        if len(chunk) == size or held >= PAGE_BYTES:
            yield first, chunk
            first += len(chunk)
            chunk, held = [], 0
    if chunk:
        yield first, chunk


def _page(
    rows: Sequence[Line],
    first: int,
    source: _Source,
    settings: LabelboxSettings,
    reading: Reading,
    outside: bool | None,
) -> tuple[Page, datetime | None]:
    project = settings.project if source.dataset is None else None
    urls_are_text = settings.urls_are_text
    changes: dict[str, Change] = {}
    problems: list[Problem] = []
    latest = None
    for number, line in enumerate(rows, first):
        try:
            if isinstance(line, LongLine):
                raise _too_long(line, settings)
            row = decode_row(line)
        except Unreadable as error:
            problems.append(placed(error.problem, _where(source, number)))
            key = line.key if isinstance(line, LongLine) else key_in(line)
            if key is not None and possible(key) and key not in changes:
                # It is there, and what was read of it before must not look deleted.
                changes[key] = Change(key=key, annotations=(), complete=False, queued=outside)
            continue
        change, found = read_row(row, project, reading, urls_are_text, outside=outside)
        if found:
            problems += [placed(problem, _where(source, number)) for problem in found]
        moment = activity(row) if change is None else change.as_of
        if moment is not None and (latest is None or moment > latest):
            latest = moment
        if change is None:
            continue
        if change.key in changes:
            problems.append(_twice(change.key, _where(source, number)))
        changes[change.key] = change
    page = Page.unchecked(changes=tuple(changes.values()), problems=tuple(problems))
    return page, latest


def _where(source: _Source, number: int) -> str:
    return f"{source.shown}, line {number}"


def _too_long(line: LongLine, settings: LabelboxSettings) -> Unreadable:
    return refused(
        f"data row {line.id}" if line.id else "",
        f"The row has {line.size / MB:,.1f} MB, and more than {settings.largest_row_mb:g} MB are"
        " not read.",
        "Make the row smaller, or raise 'largest_row_mb' and run with --full; others were read.",
    )


def _twice(key: str, where: str) -> Problem:
    return Problem(
        where=where,
        what=f"The key '{key}' came twice; the later row holds.",
        fix="Give each data row a global key of its own.",
    )


def states(client: Client, project: str, keys: Sequence[str]) -> dict[str, bool]:
    """Tell, for those of ``keys`` that are in the project, whether people will be asked for them.

    Raises:
        BridgeError: as any call.
    """
    found: dict[str, bool] = {}
    by_key, by_id = split(keys)
    for kind, names in (("global_key", by_key), ("data_row_id", by_id)):
        for first in range(0, len(names), _FILTER_KEYS):
            ids = names[first : first + _FILTER_KEYS]
            query = _search([{"ids": ids, "operator": "is", "type": kind}])
            filters = {"projectId": project, "searchQuery": query}
            shown = f"Export of {len(ids)} rows of project {project}"
            export = start_export(
                client, ops.EXPORT_PROJECT, _input(shown, filters, _PROJECT_PARAMS)
            )
            for line in chain.from_iterable(export_lines(client, export, shown)):
                _note(found, line, project)
    return found


def _note(found: dict[str, bool], line: Line, project: str) -> None:
    if isinstance(line, LongLine):
        return  # not in the answer, hence treated as not taken
    try:
        row: Row = decode_row(line)
    except Unreadable:
        return  # likewise
    waiting = queued(row, project)
    if waiting is not None:
        found[row_key(row)] = waiting
