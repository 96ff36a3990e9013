"""Exports as lines, in bounded memory, whatever breaks on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from bridge.errors import PlatformError, Unreachable
from bridge_labelbox import operations as ops
from bridge_labelbox.client import Client, dig, shaped
from bridge_labelbox.ndjson import LongLine, blocks
from bridge_labelbox.operations import Operation

__all__ = ["Export", "Line", "export_lines", "start_export"]

Line = bytes | LongLine

_FILE_ATTEMPTS = 5
_GB = 1_000_000_000


class _Header(msgspec.Struct, rename="camel"):
    total_size: int
    total_lines: int


class _Range(msgspec.Struct):
    start: int
    end: int


class _File(msgspec.Struct):
    offsets: _Range
    file: str


class Export(NamedTuple):
    """A started export; ``date`` is the platform's clock at that moment, None if unknown."""

    task: str
    date: datetime | None


def start_export(client: Client, operation: Operation, given: Mapping[str, Any]) -> Export:
    """Start an export and tell the platform's clock at its start."""
    data, date = client.execute_dated(operation, {"input": dict(given)})
    return Export(str(dig(data, operation.name, "taskId")), date)


def export_lines(client: Client, export: Export, what: str) -> Iterator[list[Line]]:
    """Yield the lines of an export as they come, many at a time.

    Raises:
        PlatformError: the export failed, is larger than the limit, or has fewer or more lines than
            it announced.
        Unreachable: a file stayed broken after several fresh addresses.
    """
    client.wait_for_task(export.task, what)
    variables = {"where": {"id": export.task}, "streamType": "RESULT"}
    found = dig(client.execute(ops.EXPORT_HEADER, variables), "task", "exportMetadataHeader")
    if found is None:  # nothing matched
        return
    header = shaped(found, _Header)
    settings = client.settings
    if header.total_size > settings.largest_export_gb * _GB:
        raise PlatformError(
            f"{what} announces {header.total_size / _GB:,.1f} GB, and more than"
            f" {settings.largest_export_gb:g} GB are not begun.",
            "Raise 'largest_export_gb' if there is so much, and disk for it.",
        )
    count = 0
    for several in blocks(_content(client, export.task, header.total_size), settings.row_bytes):
        count += len(several)
        yield several
    if count != header.total_lines:
        raise PlatformError(
            f"{what} has {count} rows where {header.total_lines} were announced.",
            "Run again; the next run begins where the last complete one ended.",
        )


def _content(client: Client, task: str, size: int) -> Iterator[bytes]:
    start = 0
    while start < size:
        length = 0
        for piece in _chunk(client, task, start):
            length += len(piece)
            yield piece
        start += length


def _chunk(client: Client, task: str, start: int) -> Iterator[bytes]:
    """Yield the file that begins at ``start``; a broken one is fetched from a fresh address."""
    at, failures = start, 0
    while True:
        file = _file(client, task, start)
        skip, length = at - file.offsets.start, file.offsets.end - file.offsets.start + 1
        if not 0 <= skip < length:
            raise PlatformError(
                f"The export's file for offset {start} holds {file.offsets.start} to"
                f" {file.offsets.end}.",
                "Run again.",
            )
        try:
            for piece in client.stream(file.file, length):
                fresh = piece[skip:]
                skip = max(0, skip - len(piece))
                at += len(fresh)
                if fresh:
                    yield fresh
        except Unreachable:
            failures += 1
            if failures >= _FILE_ATTEMPTS:
                raise
            client.pause(failures)
        else:
            return


def _file(client: Client, task: str, offset: int) -> _File:
    # UInt64 travels as a string.
    variables = {"where": {"id": task}, "streamType": "RESULT", "offset": str(offset)}
    data = client.execute(ops.EXPORT_FILE, variables)
    return shaped(dig(data, "task", "exportFileFromOffset"), _File)
