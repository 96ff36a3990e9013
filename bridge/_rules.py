"""What to do about a status or a failure of a call, as one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import requests
from urllib3.exceptions import NewConnectionError

from bridge._retry import Again
from bridge._transport import TooSlow
from bridge.errors import AuthError, BridgeError, PlatformError, Unreachable

__all__ = ["LATER", "RULES", "Rule", "Rules", "rule_of_failure", "rule_of_status", "verdict"]


@dataclass(frozen=True)
class Rule:
    """What to do about a status or a failure.

    Attributes:
        error: raised when the call is given up; None hands the answer to the caller.
        retry: ``always``; ``repeatable`` (only calls declared safe to repeat); or ``never``.
        what: what happened, to follow "POST https://host/path: ".
        fix: what to do about it.
    """

    error: type[BridgeError] | None
    retry: Literal["always", "repeatable", "never"] = "never"
    what: str = ""
    fix: str = ""


_KEY = "Check that the key is right, has not expired, and may use this project."
LATER = "Run again later; if it stays so, look at the platform's status page."
_ADDRESS = Rule(PlatformError, what="this is not a web address", fix="Correct the address.")
_UNSENDABLE = Rule(AuthError, what="the key has characters that cannot be sent", fix=_KEY)

RULES: Mapping[int | str | type[Exception], Rule] = {
    "2xx": Rule(None),
    "3xx": Rule(PlatformError, what="was redirected", fix="Correct the address of the platform."),
    401: Rule(AuthError, what="the key was refused", fix=_KEY),
    403: Rule(AuthError, what="the key may not do this", fix=_KEY),
    404: Rule(PlatformError, what="nothing is there", fix="Correct the address or the id."),
    408: Rule(Unreachable, "repeatable", "the server timed out", LATER),
    413: Rule(PlatformError, what="the request is too large", fix="Make batches smaller."),
    429: Rule(PlatformError, "always", "too many requests", "Run again later, or less often."),
    "4xx": Rule(PlatformError, what="the request was refused"),
    "5xx": Rule(Unreachable, "repeatable", "the server failed", LATER),
    requests.exceptions.InvalidURL: _ADDRESS,
    requests.exceptions.InvalidSchema: _ADDRESS,
    requests.exceptions.MissingSchema: _ADDRESS,
    requests.exceptions.InvalidHeader: _UNSENDABLE,
    UnicodeError: _UNSENDABLE,
    requests.TooManyRedirects: Rule(
        PlatformError, what="was redirected too often", fix="Correct the address of the platform."
    ),
    NewConnectionError: Rule(
        Unreachable, "always", "no connection", "Check the address and the network."
    ),
    requests.ConnectTimeout: Rule(
        Unreachable, "always", "no connection in time", "Check the address and the network."
    ),
    requests.exceptions.SSLError: Rule(
        PlatformError,
        what="the server's certificate could not be verified",
        fix="Set REQUESTS_CA_BUNDLE to your company's certificates if a proxy re-signs traffic.",
    ),
    TooSlow: Rule(Unreachable, "repeatable", "the answer came too slowly", LATER),
    requests.Timeout: Rule(Unreachable, "repeatable", "no answer in time", LATER),
    requests.RequestException: Rule(Unreachable, "repeatable", "the connection broke", LATER),
}
"""By status, by class of statuses (``"5xx"``), and by exception type, first match in order."""

Rules = Mapping[int | str | type[Exception], Rule]


def rule_of_status(rules: Rules, status: int) -> Rule | None:
    """Return the rule of a status, or else of its class."""
    return rules.get(status) or rules.get(f"{status // 100}xx")


def rule_of_failure(rules: Rules, error: Exception) -> Rule:
    """Return the first rule that fits an error, or a reason that it wraps."""
    kinds = _kinds(error)
    return next(
        rule
        for key, rule in rules.items()
        if isinstance(key, type) and any(issubclass(kind, key) for kind in kinds)
    )


def verdict(
    rule: Rule,
    kind: type[BridgeError],
    what: str,
    asked: str,
    repeatable: bool,
    after: float | None,
) -> Exception:
    """Return what to raise: :class:`Again` around the error if the call may be repeated."""
    again = rule.retry == "always" or (rule.retry == "repeatable" and repeatable)
    if rule.retry == "repeatable" and not repeatable:
        what += " It was not repeated, since it may have been executed."
    error = kind(what, f"{rule.fix}{asked}".strip())
    return Again(error, after) if again else error


def _kinds(error: BaseException) -> list[type[BaseException]]:
    """Types of an error and of the reasons that it wraps (MaxRetryError keeps one)."""
    found: list[type[BaseException]] = []
    current: object = error
    while isinstance(current, BaseException) and len(found) < 5:
        found.append(type(current))
        current = getattr(current, "reason", None) or next(iter(current.args), None)
    return found
