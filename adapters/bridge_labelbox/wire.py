"""Formats: export rows to changes (NDJSON as in Labelbox's export v2)."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from pydantic import ValidationError

from bridge.records import Annotation, Change, Item, Problem
from bridge_labelbox.keys import key_of
from bridge_labelbox.labels import (
    Label,
    Reading,
    Unreadable,
    annotation_of,
    refused,
    said,
    time_of,
)

__all__ = ["LONGEST_KEY", "Row", "activity", "decode_row", "queued", "read_row", "row_key"]


class _Details(msgspec.Struct):
    last_activity_at: str | None = None


class _DataRow(msgspec.Struct):
    id: str
    row_data: Any = None
    global_key: str | None = None
    external_id: str | None = None
    details: _Details | None = None


class _Media(msgspec.Struct):
    mime_type: str | None = None
    height: float | None = None
    width: float | None = None


class _ProjectDetails(msgspec.Struct):
    workflow_status: str | None = None


class _Project(msgspec.Struct):
    labels: list[Label] | None = None
    project_details: _ProjectDetails | None = None


class Row(msgspec.Struct):
    """One line of an export; fields that Bridge does not use are skipped."""

    data_row: _DataRow
    media_attributes: _Media | None = None
    projects: dict[str, _Project] | None = None


T = TypeVar("T")

LONGEST_KEY = 512

_decoder = msgspec.json.Decoder(Row)
_ROW_ID = re.compile(rb'"data_row"\s*:\s*\{\s*"id"\s*:\s*"([^"\\]{1,64})"')


def decode_row(line: bytes, where: str) -> Row:
    """Decode one line.

    Raises:
        Unreadable: it is not UTF-8, not JSON, or lacks what every row has.
    """
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        match = _ROW_ID.search(line)
        named = f", data row {match[1].decode('utf-8', 'replace')}" if match else ""
        raise Unreadable(
            Problem(
                where=where + named,
                what=f"The row cannot be read: {error}.",
                fix="Look at the row in Labelbox; the others were read.",
            )
        ) from None


def row_key(row: Row) -> str:
    """Return the key of the row's item."""
    return key_of(row.data_row.id, row.data_row.global_key)


def activity(row: Row) -> datetime | None:
    """Return when the row, or a label of it, last changed; in UTC."""
    return time_of(row.data_row.details.last_activity_at if row.data_row.details else None)


def queued(row: Row, project: str) -> bool | None:
    """Tell whether the project will ask people for this row; None if it is not in the project."""
    inside = (row.projects or {}).get(project)
    if inside is None:
        return None
    status = inside.project_details.workflow_status if inside.project_details else None
    # "TO_LABEL" is unverified: only "IN_REVIEW" is known for certain, so absence counts as queued.
    return not inside.labels and status in (None, "TO_LABEL")


def read_row(
    row: Row, project: str | None, reading: Reading, urls_are_text: bool, where: str
) -> tuple[Change | None, list[Problem]]:
    """Make a change of a row, and problems of the parts that cannot be read.

    Args:
        project: tells of this project's labels too; None tells of the item alone.
        reading: how labels are to be read.
    """
    key, as_of = row_key(row), activity(row)
    where = f"{where}, {_named(row)}"
    problems: list[Problem] = []
    if len(key) > LONGEST_KEY:
        what = f"The row's global key has {len(key)} characters; {LONGEST_KEY} are the most."
        return None, [Problem(where=where, what=what, fix="Give the row a shorter global key.")]
    item = _kept(problems, lambda: _item(row, key, urls_are_text, where))
    inside = (row.projects or {}).get(project) if project else None
    if inside is None or project is None:
        change = None if item is None else Change(key=key, item=item, as_of=as_of)
        return change, problems
    text = item.text if item is not None else None
    state = inside.project_details.workflow_status if inside.project_details else None

    def read(label: Label) -> Annotation:
        return annotation_of(label, key, reading, text, state, as_of, where)

    annotations = [_kept(problems, partial(read, label)) for label in inside.labels or ()]
    told = tuple(a for a in annotations if a is not None)
    change = Change(
        key=key,
        item=item,
        queued=queued(row, project),
        annotations=told,
        # A label that could not be read must not look deleted.
        complete=len(told) == len(annotations),
        as_of=as_of,
    )
    return change, problems


def _named(row: Row) -> str:
    key = row.data_row.global_key
    return f"data row {row.data_row.id}" + (f" (global key '{key[:200]}')" if key else "")


def _kept(problems: list[Problem], make: Callable[[], T]) -> T | None:
    try:
        return make()
    except Unreadable as error:
        problems.append(error.problem)
        return None


# --------------------------------------------------------------------------------------------- item


def _item(row: Row, key: str, urls_are_text: bool, where: str) -> Item:
    data, media = row.data_row.row_data, row.media_attributes or _Media()
    if not isinstance(data, str) or not data.strip():
        raise refused(where, "The row has no text and no address.", "Give the row its content.")
    kind = media.mime_type or ("" if not _is_url(data) else mimetypes.guess_type(data)[0] or "?")
    meta: dict[str, Any] = {"data_row_id": row.data_row.id}
    if row.data_row.external_id:
        meta["external_id"] = row.data_row.external_id
    try:
        if kind.startswith("image/"):
            size = {"width": media.width, "height": media.height}
            meta |= {name: value for name, value in size.items() if value is not None}
            return Item(key=key, kind="image", url=data, meta=meta)
        if not urls_are_text and _is_url(data):
            raise refused(
                where,
                f"The row's text lies at another address ({kind}).",
                "Upload the text itself, or set 'urls_are_text' if the address is what is labeled.",
            )
        if kind and not kind.startswith("text/"):
            raise refused(where, f"Rows of type {kind} cannot be learned.", "Use text or images.")
        return Item(key=key, text=data, meta=meta)
    except ValidationError as error:
        raise refused(where, f"The row cannot become an item: {said(error)}.", "") from None


def _is_url(text: str) -> bool:
    if not text.startswith(("http://", "https://", "gs://", "s3://")) or any(
        map(str.isspace, text)
    ):
        return False
    try:
        return bool(urlsplit(text).netloc)
    except ValueError:
        return False
