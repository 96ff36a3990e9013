"""Text that may be shown: without secrets, and without characters that steer a terminal.

Every secret that the configuration resolves, and every token that an adapter obtains at run time,
is remembered here for the life of the process, so that logs, errors and tracebacks can be cleaned
at the last moment, whoever wrote them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

__all__ = ["SHORTEST", "plain", "redact", "redacted", "remember", "secrets_in", "without_secrets"]

SHORTEST = 6
"""Characters that a secret needs to be replaced everywhere; shorter ones would blank out words."""

_HIDDEN = "[secret]"
_PIECE = 8  # characters from which a piece of a secret web address is itself secret
_known: set[str] = set()

# Controls of terminals (Cc, among them ESC and the C1 range), halves of surrogate pairs (Cs), which
# cannot be written, line separators, and what reverses the direction of the text that follows.
_STEERING = {"Cc", "Cs", "Zl", "Zp"}
_BIDIRECTIONAL = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


_SECRET_NAME = re.compile(
    r"(?:^|_)(?:api_?key|key|token|secret|password|passwd|credentials?|auth|authorization)$",
    re.IGNORECASE,
)


def without_secrets(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters of somebody's function, those with the name of a secret hidden.

    What they are is not known here, but ``api_key`` is no doubt one.
    """
    return {
        name: _HIDDEN
        if _SECRET_NAME.search(name)
        else without_secrets(value)
        if isinstance(value, Mapping)
        else value
        for name, value in params.items()
    }


def secrets_in(params: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts that :func:`without_secrets` hides."""
    for name, value in params.items():
        if isinstance(value, Mapping):
            yield from secrets_in(value)
        elif isinstance(value, str) and _SECRET_NAME.search(name):
            yield value


def remember(*secrets: str) -> None:
    """Replace these from now on in everything that :func:`redacted` cleans.

    Of a URL the password counts alone, too; of a web address also its path and query, which hold
    the token of a webhook or a heartbeat.
    """
    for secret in secrets:
        _known.update(part for part in (secret, *_parts(secret)) if len(part) >= SHORTEST)


def redacted(text: str) -> str:
    """Replace every remembered secret."""
    return redact(text, _known)


def redact(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret by ``[secret]``, longest first, also where it is escaped.

    Known are the forms of percent-encoding, of JSON and of Python's ``repr``.
    """
    forms = {form for secret in secrets if secret for form in _forms(secret)}
    if not forms:
        return text
    pattern = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
    return re.sub(pattern, _HIDDEN, text)


def plain(text: str) -> str:
    """Return text in one line that a terminal shows as it is; what would steer it is escaped."""
    return "".join(_escaped(one) if _steers(one) else one for one in text)


def _steers(one: str) -> bool:
    return (
        unicodedata.category(one) in _STEERING or unicodedata.bidirectional(one) in _BIDIRECTIONAL
    )


def _escaped(one: str) -> str:
    return one.encode("unicode_escape", "surrogatepass").decode("ascii")


@lru_cache(maxsize=64)  # every call over HTTP looks for the same few
def _forms(secret: str) -> frozenset[str]:
    forms = {
        secret,
        *(quote(secret, safe=safe, errors="surrogateescape") for safe in ("/", "")),
        quote_plus(secret, errors="surrogateescape"),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
    }
    return frozenset(forms)


def _parts(secret: str) -> list[str]:
    if "://" not in secret:
        return []
    try:
        found = urlsplit(secret)
        password = found.password or ""
    except ValueError:  # no URL after all, such as one with a broken IPv6 address
        return []
    parts = [password, unquote(password)]
    if found.scheme in ("http", "https"):
        pieces = [*found.path.split("/"), *re.split("[&=]", found.query)]
        parts += [found.path.strip("/"), found.query]
        parts += [piece for piece in pieces if len(piece) >= _PIECE]
    return parts
