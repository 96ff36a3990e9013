"""What a diagnosis leaves out: secrets, and everything that people wrote or are named by."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel, SecretStr
from sqlalchemy import Connection, select

from bridge.config import Settings
from bridge.safe_text import redacted
from bridge.store import tables

__all__ = ["Anonymous", "settings_shown"]

HIDDEN = "[not shown]"
_SENSITIVE = re.compile(r"key$|token|secret|passw|credential|auth", re.IGNORECASE)
_SECTIONS = ["platform", "store", "model", "acquisition", "queue", "answers", "sync", "operations"]
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|‘[^’]*’|“[^”]*”|`[^`]*`")
# The excerpt of an answer that an error of HTTP ends with: (500: what the server said).
_EXCERPT = re.compile(r"\((\d{3}): .*\)", re.DOTALL)
_MAIL = re.compile(r"[^\s<>()\[\]:;,]+@[^\s<>()\[\]:;,]+")
_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


class Anonymous:
    """Masks messages; knows the keys and annotators of one store once :meth:`learn` was called."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()

    def learn(self, connection: Connection) -> None:
        """Read the keys of all items and the names of all annotators."""
        keys = connection.execute(select(tables.items.c.key)).scalars()
        people = connection.execute(select(tables.annotations.c.annotator).distinct()).scalars()
        self._names = tuple({*keys, *(name for name in people if name)})

    def message(self, text: str) -> str:
        """Return a message without quotations, excerpts, addresses, keys and names."""
        text = _EXCERPT.sub(r"(\1)", redacted(text))
        # Names first: a quotation mark inside a key would hide where the quotation ends.
        for name in sorted((n for n in self._names if n in text), key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "[…]", text)
        text = _URL.sub(lambda found: _address(found[0]), text)
        text = _MAIL.sub("[…]", _QUOTED.sub("'…'", text))
        return _homeless(text)


def settings_shown(settings: Settings, path: Path) -> dict[str, Any]:
    """Return the settings in effect by section, without what is or may be secret.

    Hidden are secrets, settings that are named like one, user names, passwords and queries in
    addresses; a value that the environment gives is shown as it stands in the file.
    """
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    shown: dict[str, Any] = {}
    for name in _SECTIONS:
        section = getattr(settings, name)
        shown[name] = {
            key: _shown(key, getattr(section, key), raw.get(name, {}).get(key))
            for key in type(section).model_fields
        }
    return shown


def _shown(key: str, value: Any, raw: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, SecretStr) or (_SENSITIVE.search(key) and isinstance(value, str)):
        return HIDDEN
    if isinstance(raw, str) and "${" in raw:
        return _address(raw)
    if isinstance(value, BaseModel):
        return _shown(key, value.model_dump(), raw)
    if isinstance(value, Mapping):
        given = raw if isinstance(raw, Mapping) else {}
        return {str(k): _shown(str(k), inner, given.get(k)) for k, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        listed = raw if isinstance(raw, list) else []
        padded = [*listed, *[None] * (len(value) - len(listed))]
        return [_shown(key, *pair) for pair in zip(value, padded, strict=False)]
    if isinstance(value, str | Path):
        return _homeless(_address(redacted(str(value))))
    return value


def _address(text: str) -> str:
    """Return a URL without user, password, query and fragment; other text as it is."""
    if "://" not in text:
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        return HIDDEN
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _homeless(text: str) -> str:
    """Return text in which the user's home directory, which has the user's name, is ``~``."""
    return text.replace(str(Path.home()), "~")
