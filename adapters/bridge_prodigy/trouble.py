"""What a database says when it does not work, for the person who must act."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from bridge.errors import AuthError, BridgeError, PlatformError, Unreachable

__all__ = ["as_bridge_error", "place"]


@dataclass(frozen=True)
class _Case:
    """What drivers (psycopg, PyMySQL, sqlite3) say, and what it comes to.

    Attributes:
        codes: SQLSTATE, or MySQL's number of the error. PostgreSQL tells none while connecting.
        words: a pattern of the message.
    """

    codes: tuple[str, ...]
    words: str
    kind: type[BridgeError]
    what: str
    fix: str


_CASES = (
    _Case(
        ("28P01", "1045"),
        "authentication failed|access denied|no password supplied",
        AuthError,
        "refused the login.",
        "Correct the user and the password in platform.database_url.",
    ),
    _Case(
        ("42501", "1044", "1142"),
        "permission denied for|command denied to",
        AuthError,
        "does not let this user read it.",
        "Grant the user SELECT on the tables dataset, example and link; no more is needed.",
    ),
    _Case(
        ("3D000", "1049"),
        'database ".*" does not exist|unknown database',
        PlatformError,
        "does not exist on its server.",
        "Correct the name at the end of platform.database_url.",
    ),
    _Case(
        ("42P01", "1146"),
        'no such table|relation ".*" does not exist',
        PlatformError,
        "lacks one of Prodigy's tables dataset, example and link.",
        "Correct where the database is, or start Prodigy once so that it makes them.",
    ),
)


def place(url: URL) -> str:
    """Name the database without its password."""
    if url.get_backend_name() == "sqlite":
        return f"Prodigy's database {url.database}"
    return f"Prodigy's database {url.render_as_string(hide_password=True)}"


def as_bridge_error(error: SQLAlchemyError, url: URL) -> BridgeError:
    """Say what is wrong and what to do; never with the password."""
    said = _said(error, url)
    local = url.get_backend_name() == "sqlite"
    if local and (known := _local(said, url)):
        return known
    for case in _CASES:
        if _code(error) in case.codes or re.search(case.words, said, re.IGNORECASE):
            return case.kind(f"{place(url)} {case.what}", case.fix)
    if local:
        fix = "Check that platform.database is Prodigy's file and that this user may read it."
        return PlatformError(f"{place(url)} cannot be read: {said}.", fix)
    # A server's other operational errors are mostly about reaching it.
    kind = Unreachable if isinstance(error, OperationalError) else PlatformError
    fix = "Check platform.database_url and whether the server runs."
    return kind(f"{place(url)} cannot be read: {said}.", fix)


def _said(error: SQLAlchemyError, url: URL) -> str:
    """The driver's first line."""
    said = str(getattr(error, "orig", error)).strip().partition("\n")[0].rstrip(".")
    secrets = {str(url.password), url.render_as_string(hide_password=False)} if url.password else ()
    for secret in sorted(secrets, key=len, reverse=True):
        said = said.replace(secret, "***")
    return said


def _code(error: SQLAlchemyError) -> str:
    told = getattr(error, "orig", None)
    first = told.args[0] if told is not None and told.args else ""
    return str(getattr(told, "sqlstate", None) or first)


def _local(said: str, url: URL) -> BridgeError | None:
    if not Path(url.database or "").exists():
        return PlatformError(
            f"{place(url)} does not exist.",
            "Start Prodigy once so that it makes it, or correct platform.database.",
        )
    if "readonly" in said.replace(" ", ""):
        return PlatformError(
            f"{place(url)} holds an unfinished write of a Prodigy that died.",
            "Start Prodigy once: it completes or undoes the write.",
        )
    return None
