"""Pool rows and tasks as items, and the identity that both share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from bridge.records import Item, digest

__all__ = ["MODEL_META", "as_item", "item_key", "versions_of"]

MODEL_META = ("score", "rank", "model")
"""What Bridge writes into a task's ``meta``; Prodigy ignores these names when it hashes."""

_KEY_FIELDS = ("key", "id")
_OWN = frozenset(
    {
        "text",
        "image",
        "accept",
        "answer",
        "config",
        "field_id",
        "flagged",
        "height",
        "label",
        "options",
        "relations",
        "sessions",
        "spans",
        "user_input",
        "versions",
        "view_id",
        "width",
    }
)
_MAX_KEY = 512


def _content(row: Mapping[str, Any]) -> tuple[str, str]:
    """What is shown: its kind and itself; a text comes before an image.

    Raises:
        ValueError: the row has neither.
    """
    for kind, field in (("text", "text"), ("image", "image")):
        value = row.get(field)
        if isinstance(value, str) and value.strip():
            return kind, value
    raise ValueError("it has neither a text nor an image")


def _content_key(row: Mapping[str, Any]) -> str:
    kind, value = _content(row)
    text, url = (value, None) if kind == "text" else (None, value)
    return digest([kind, text, url])


def versions_of(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The answered tasks between which the recipe ``review`` decided; none of another task."""
    versions = task.get("versions")
    found = versions if isinstance(versions, list) else []
    return [v for v in found if isinstance(v, Mapping) and ("answer" in v or "sessions" in v)]


def _named_key(row: Mapping[str, Any], key_field: str | None) -> str | None:
    own = row.get("bridge_key")
    if isinstance(own, str) and own:
        return own
    for field in (key_field,) if key_field else _KEY_FIELDS:
        value = row.get(field)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None


def item_key(row: Mapping[str, Any], key_field: str | None = None) -> str:
    """Return the key of a pool row or of a task, also of a task that Bridge never saw.

    ``bridge_key`` if the row has it; else ``key_field``, or where that is None ``key`` or ``id``;
    else the same of the versions of a reviewed task; else the digest of the content. A key of more
    than 512 characters is replaced by its digest.

    Raises:
        ValueError: the row has none of these and no content.
    """
    told = (_named_key(task, key_field) for task in (row, *versions_of(row)))
    named = next((key for key in told if key is not None), None)
    if named is None:
        return _content_key(row)
    return named if len(named) <= _MAX_KEY else digest(named)


def _travels(field: str) -> bool:
    return field not in _OWN and not field.startswith(("_", "bridge_"))


def _meta(row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that travel with the item: not its content, its answer, or Bridge's own."""
    kept = {k: v for k, v in row.items() if _travels(k)}
    if "answer" in row:  # a recipe made them; those of a pool row are its owner's
        kept.pop("tokens", None)
    if isinstance(row.get("meta"), Mapping) and "bridge_key" in row:
        kept["meta"] = {k: v for k, v in row["meta"].items() if k not in MODEL_META}
    return {k: v for k, v in kept.items() if v not in (None, {})}


def as_item(row: Mapping[str, Any], key_field: str | None = None) -> Item:
    """Return a pool row, or the task of an answer, as an item.

    Raises:
        ValueError: no content, or content that cannot be kept.
    """
    kind, value = _content(row)
    key, meta = item_key(row, key_field), _meta(row)
    try:
        if kind == "text":
            return Item(key=key, kind="text", text=value, meta=meta)
        return Item(key=key, kind="image", url=value, meta=meta)
    except ValidationError as error:
        raise ValueError("; ".join(e["msg"] for e in error.errors())) from None
