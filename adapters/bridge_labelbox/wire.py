"""Formats: export rows to changes (NDJSON as in Labelbox's export v2)."""

from __future__ import annotations

import mimetypes
import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from pydantic import ValidationError

from bridge.records import Annotation, Change, Item, Problem, maker
from bridge_labelbox.keys import key_of
from bridge_labelbox.labels import (
    Label,
    Reading,
    Unreadable,
    annotation_of,
    placed,
    refused,
    said,
    time_of,
)

__all__ = ["Row", "activity", "decode_row", "possible", "queued", "read_row", "row_key"]


class _Details(msgspec.Struct, gc=False):
    last_activity_at: str | None = None


class _DataRow(msgspec.Struct, gc=False):
    id: str
    row_data: Any = None
    global_key: str | None = None
    external_id: str | None = None
    details: _Details | None = None


class _Media(msgspec.Struct, gc=False):
    mime_type: str | None = None
    height: float | None = None
    width: float | None = None


_NO_MEDIA = _Media()


class _ProjectDetails(msgspec.Struct, gc=False):
    workflow_status: str | None = None


class _Project(msgspec.Struct, gc=False):
    labels: list[Label] | None = None
    project_details: _ProjectDetails | None = None


class Row(msgspec.Struct, gc=False):
    """One line of an export; fields that Bridge does not use are skipped."""

    data_row: _DataRow
    media_attributes: _Media | None = None
    projects: dict[str, _Project] | None = None


_LONGEST_KEY = 512

_item, _change = maker(Item), maker(Change)

_decoder = msgspec.json.Decoder(Row)
_ROW_ID = re.compile(rb'"data_row"\s*:\s*\{\s*"id"\s*:\s*"([^"\\]{1,64})"')


def decode_row(line: bytes) -> Row:
    """Decode one line.

    Raises:
        Unreadable: it is not UTF-8, not JSON, or lacks what every row has.
    """
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        match = _ROW_ID.search(line)
        raise refused(
            f"data row {match[1].decode('utf-8', 'replace')}" if match else "",
            f"The row cannot be read: {error}.",
            "Look at the row in Labelbox; the others were read.",
        ) from None


def row_key(row: Row) -> str:
    """Return the key of the row's item."""
    return key_of(row.data_row.id, row.data_row.global_key)


def possible(key: str) -> bool:
    """Tell whether an item can have this key."""
    return len(key) <= _LONGEST_KEY and "\x00" not in key


def activity(row: Row) -> datetime | None:
    """Return when the row, or a label of it, last changed; in UTC."""
    return time_of(row.data_row.details.last_activity_at if row.data_row.details else None)


def queued(row: Row, project: str) -> bool | None:
    """Tell whether the project will ask people for this row; None if it is not in the project."""
    inside = (row.projects or {}).get(project)
    return None if inside is None else _waiting(inside)


def _waiting(inside: _Project) -> bool:
    status = inside.project_details.workflow_status if inside.project_details else None
    # "TO_LABEL" is unverified: only "IN_REVIEW" is known for certain, so absence counts as queued.
    return not inside.labels and status in (None, "TO_LABEL")


def read_row(
    row: Row,
    project: str | None,
    reading: Reading,
    urls_are_text: bool,
    *,
    outside: bool | None = None,
) -> tuple[Change | None, list[Problem]]:
    """Make a change of a row, and problems of the parts that cannot be read (in which row).

    Args:
        project: tells of this project's labels too; None tells of the item alone.
        reading: how labels are to be read.
        outside: what is told of ``queued`` where the row is not in the project, or none is given.
    """
    data = row.data_row
    key = key_of(data.id, data.global_key)
    as_of = time_of(data.details.last_activity_at) if data.details else None
    problems: list[Problem] = []
    if not possible(key):
        return None, [_bad_key(row, key)]
    item = None
    try:
        item = _content(row, key, urls_are_text)
    except Unreadable as error:
        problems.append(_placed(error.problem, row))
    inside = row.projects.get(project) if row.projects and project else None
    if inside is None:
        if item is None:
            return None, problems
        return _told(key, item, outside, None, False, as_of), problems
    text = item.text if item is not None else None
    state = inside.project_details.workflow_status if inside.project_details else None
    labels = inside.labels or ()
    told: list[Annotation] = []
    for label in labels:
        try:
            told.append(annotation_of(label, key, reading, text, state, as_of))
        except Unreadable as error:
            problems.append(_placed(error.problem, row))
    # A label that could not be read must not look deleted.
    complete = len(told) == len(labels)
    return _told(key, item, _waiting(inside), tuple(told), complete, as_of), problems


def _told(
    key: str,
    item: Item | None,
    queued: bool | None,
    annotations: tuple[Annotation, ...] | None,
    complete: bool,
    as_of: datetime | None,
) -> Change:
    return _change(
        {
            "key": key,
            "item": item,
            "removed": False,
            "queued": queued,
            "annotations": annotations,
            "complete": complete,
            "as_of": as_of,
        }
    )


def _bad_key(row: Row, key: str) -> Problem:
    what = f"The row's global key has {len(key)} characters; {_LONGEST_KEY} are the most."
    if "\x00" in key:
        what = "The row's global key has a NUL character."
    fix = "Give the row another global key."
    return _placed(Problem(where="", what=what, fix=fix), row)


def _placed(problem: Problem, row: Row) -> Problem:
    """Say on which row something is wrong."""
    key = row.data_row.global_key
    named = f"data row {row.data_row.id}" + (f" (global key '{key[:200]}')" if key else "")
    return placed(problem, named)


# --------------------------------------------------------------------------------------------- item


def _content(row: Row, key: str, urls_are_text: bool) -> Item:
    data, media = row.data_row.row_data, row.media_attributes or _NO_MEDIA
    if not isinstance(data, str) or not data or data.isspace():
        raise refused("", "The row has no text and no address.", "Give the row its content.")
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
                "",
                f"The row's text lies at another address ({kind}).",
                "Upload the text itself, or set 'urls_are_text' if the address is what is labeled.",
            )
        if kind and not kind.startswith("text/"):
            raise refused("", f"Rows of type {kind} cannot be learned.", "Use text or images.")
        return _item({"key": key, "kind": "text", "text": data, "url": None, "meta": meta})
    except ValidationError as error:
        raise refused("", f"The row cannot become an item: {said(error)}.", "") from None


def _is_url(text: str) -> bool:
    if not text.startswith(("http://", "https://", "gs://", "s3://")) or any(
        map(str.isspace, text)
    ):
        return False
    try:
        return bool(urlsplit(text).netloc)
    except ValueError:
        return False
