"""Logs for machines and for people, on standard error, when asked for.

Loggers are named after modules. Fields beyond the message are given as ``extra``; ``run`` and
``step`` come from :func:`context`, so that an adapter's lines carry them too. Other libraries'
loggers stay as they are: at debug level they would tell signed URLs.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, get_args

from bridge.safe_text import plain, redacted

__all__ = [
    "FORMATS",
    "LEVELS",
    "Format",
    "Level",
    "Redaction",
    "active",
    "context",
    "start",
    "stop",
]

Format = Literal["text", "json"]
Level = Literal["debug", "info", "warning", "error"]
FORMATS: tuple[Format, ...] = get_args(Format)
LEVELS: tuple[Level, ...] = get_args(Level)

# As a library, Bridge prints nothing by itself: not even warnings.
logging.getLogger("bridge").addHandler(logging.NullHandler())

_STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
_fields: ContextVar[dict[str, Any]] = ContextVar("bridge_log_fields", default={})  # noqa: B039  # never changed
_handler: logging.Handler | None = None
_former: dict[str, int] = {}


@contextmanager
def context(**fields: Any) -> Iterator[None]:
    """Add fields to every line that is logged inside."""
    token = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(token)


def start(form: Format = "text", level: Level = "info") -> None:
    """Log what Bridge and its adapters do to standard error, until :func:`stop`.

    Args:
        form: ``json`` writes one object a line; ``text`` is for people.
    """
    global _handler
    stop()
    _handler = logging.StreamHandler(sys.stderr)
    _handler.setFormatter(_Json() if form == "json" else _Text())
    _handler.addFilter(Redaction())
    for name in _names():
        logger = logging.getLogger(name)
        _former[name] = logger.level
        logger.setLevel(level.upper())
        logger.addHandler(_handler)


def stop() -> None:
    """Log nowhere; not even warnings, which the console tells in its own way."""
    global _handler
    for name in _names():
        logger = logging.getLogger(name)
        if _handler is not None:
            logger.removeHandler(_handler)
            logger.setLevel(_former.pop(name, logging.NOTSET))
        # Without any handler the logging module would print warnings by itself.
        if not any(isinstance(known, logging.NullHandler) for known in logger.handlers):
            logger.addHandler(logging.NullHandler())
    _handler = None


def active() -> bool:
    """Whether logs were asked for; they then take the place of progress lines and warnings."""
    return _handler is not None


class Redaction(logging.Filter):
    """Cleans records of every secret that is known, and adds the fields of :func:`context`.

    For handlers of your own where Bridge is embedded: ``handler.addFilter(Redaction())``.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the record in place, so that no handler after this one sees a secret either."""
        record.msg, record.args = redacted(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            # The exception itself holds its arguments as they are.
            record.exc_text, record.exc_info = redacted(record.exc_text), None
        for name, value in _fields.get().items():
            if name not in vars(record):
                setattr(record, name, value)
        for name, value in _extra(record).items():
            if isinstance(value, str):
                setattr(record, name, redacted(value))
        return True


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_text:
            line["traceback"] = record.exc_text
        return json.dumps(line, default=str)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in _extra(record).items())
        said = f"{record.getMessage()} ({fields})" if fields else record.getMessage()
        line = f"{_time(record)} {record.levelname.lower():<7} {record.name}: {said}"
        trace = (record.exc_text or "").splitlines()
        return "\n".join(plain(part) for part in (line, *trace))


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


@cache  # looking through everything that is installed takes as long as a few queries
def _names() -> list[str]:
    """Names of the loggers above all of Bridge's and of the installed adapters'."""
    from importlib.metadata import entry_points  # half of what `bridge --help` would cost

    adapters = {point.module.partition(".")[0] for point in entry_points(group="bridge.platforms")}
    return sorted({"bridge", *adapters})
