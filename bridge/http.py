"""HTTP for adapters: bounded retries, timeouts on every call, and secrets that never show.

What to do about a status or a failure is one table, :data:`RULES`, which an adapter may override
entry by entry. A call that may not be repeated (``repeatable=False``) is sent again only when it
certainly was not executed: the connection never came about, or the server answered 429.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NewConnectionError

from bridge._retry import Again, http_date, patient, retry_after
from bridge._version import __version__
from bridge.effects import effect
from bridge.errors import AuthError, BridgeError, PlatformError, Unreachable
from bridge.safe_text import redact, redacted, remember

__all__ = ["RULES", "Answer", "Http", "Rule", "redact"]


T = TypeVar("T")

log = logging.getLogger(__name__)

_EXCERPT = 300


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
_LATER = "Run again later; if it stays so, look at the platform's status page."
_ADDRESS = Rule(PlatformError, what="this is not a web address", fix="Correct the address.")
_UNSENDABLE = Rule(AuthError, what="the key has characters that cannot be sent", fix=_KEY)

RULES: Mapping[int | str | type[Exception], Rule] = {
    "2xx": Rule(None),
    "3xx": Rule(PlatformError, what="was redirected", fix="Correct the address of the platform."),
    401: Rule(AuthError, what="the key was refused", fix=_KEY),
    403: Rule(AuthError, what="the key may not do this", fix=_KEY),
    404: Rule(PlatformError, what="nothing is there", fix="Correct the address or the id."),
    408: Rule(Unreachable, "repeatable", "the server timed out", _LATER),
    413: Rule(PlatformError, what="the request is too large", fix="Make batches smaller."),
    429: Rule(PlatformError, "always", "too many requests", "Run again later, or less often."),
    "4xx": Rule(PlatformError, what="the request was refused"),
    "5xx": Rule(Unreachable, "repeatable", "the server failed", _LATER),
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
    requests.Timeout: Rule(Unreachable, "repeatable", "no answer in time", _LATER),
    requests.RequestException: Rule(Unreachable, "repeatable", "the connection broke", _LATER),
}
"""By status, by class of statuses (``"5xx"``), and by exception type, first match in order."""


@dataclass(frozen=True)
class Answer:
    """A complete answer; it holds nothing of the request, hence no secret of ours.

    Attributes:
        url: where it came from, without the query string.
        headers: with lower-case names.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """Return the decoded JSON body.

        Raises:
            PlatformError: the body is not JSON.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):  # RecursionError: nested a thousand times
            raise PlatformError(
                f"{self.url} answered {self.status} with something that is not JSON.",
                "Check that the address is the platform's own, and that no proxy stands between.",
            ) from None

    @property
    def date(self) -> datetime | None:
        """The server's clock (``Date`` header), in UTC; None where it does not say."""
        return http_date(self.headers.get("date", ""))


class Http:
    """A connection pool with rules.

    Args:
        headers: sent with every call; the place for credentials (never put them in a URL).
        secrets: strings that no error and no log line may show.
        timeout: seconds to connect, and seconds to wait for the next byte.
        budget: seconds that one call may take in all, waiting between attempts included.
        rules: entries that replace those of :data:`RULES`.
        sleep: how to wait; tests give their own.
    """

    def __init__(
        self,
        *,
        headers: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
        timeout: tuple[float, float] = (10.0, 60.0),
        budget: float = 120.0,
        rules: Mapping[int | str | type[Exception], Rule] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.calls = 0
        self._secrets = tuple(secrets)
        remember(*self._secrets)
        self._timeout = timeout
        self._budget = budget
        # The adapter's entries come first, since the first match holds.
        self._rules = {
            **(rules or {}),
            **{k: v for k, v in RULES.items() if k not in (rules or {})},
        }
        self._sleep = sleep
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": f"label-bridge/{__version__}"})
        self._session.headers.update(headers or {})
        # Without an auth of its own, requests puts a ~/.netrc entry in place of our header.
        self._session.auth = _unchanged

    def request(
        self,
        method: str,
        url: str,
        *,
        repeatable: bool,
        json: Any = None,
        files: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        doubt: Callable[[Answer], BridgeError | None] | None = None,
    ) -> Answer:
        """Make one call and return its whole answer.

        Args:
            repeatable: True if doing it twice is the same as doing it once.
            timeout: seconds to wait for the next byte, in place of the usual.
            doubt: looks at an answer that the rules accept; an error that it returns is one that
                may pass, and is treated like a 5xx.

        Raises:
            BridgeError: as the rules say; :class:`Unreachable` where the call may have been done.
        """

        def attempt() -> Answer:
            response = self._send(
                method,
                url,
                repeatable,
                json=json,
                files=files,
                params=params,
                headers=headers,
                timeout=timeout,
            )
            with closing(response):
                answer = self._read(response, method, repeatable)
            error = self._judge(method, answer, repeatable)
            if error is None and doubt is not None and (doubtful := doubt(answer)) is not None:
                error = Again(doubtful, None) if repeatable else doubtful
            if error is not None:
                raise error
            return answer

        return self._persist(attempt)

    def stream(self, url: str, *, length: int, chunk_size: int = 1 << 16) -> Iterator[bytes]:
        """Yield the body of a GET in pieces, and verify that it has exactly ``length`` bytes.

        Attempts are repeated until the first byte; after it, a failure is the caller's to resume.

        Raises:
            Unreachable: the body broke off, or is shorter or longer than announced.
        """

        def attempt() -> requests.Response:
            response = self._send("GET", url, True, headers={"Accept-Encoding": "identity"})
            if response.status_code == 200:
                return response
            with closing(response):
                answer = self._read(response, "GET", True)
            raise self._judge("GET", answer, True) or PlatformError(
                f"GET {answer.url}: status {answer.status} where 200 was expected."
            )

        got = 0
        with closing(self._persist(attempt)) as response:
            for piece in self._pieces(response, chunk_size):
                got += len(piece)
                if got > length:
                    break
                yield piece
        if got != length:
            raise Unreachable(
                f"GET {self._shown(url)}: the file has {'more' if got > length else got} bytes"
                f" where {length} were announced.",
                _LATER,
            )

    def redact(self, text: str) -> str:
        """Replace the secrets of this connection, and all others that are known."""
        return redacted(redact(text, self._secrets))

    def close(self) -> None:
        """Free the connections."""
        self._session.close()

    def __repr__(self) -> str:
        return f"Http(calls={self.calls})"

    # ------------------------------------------------------------------------------------- inside

    def _persist(self, attempt: Callable[[], T]) -> T:
        try:
            return patient(self._budget, self._sleep)(attempt)
        except Again as again:
            error = again.error
        raise error from None

    def _send(
        self,
        method: str,
        url: str,
        repeatable: bool,
        *,
        timeout: float | None = None,
        **arguments: Any,
    ) -> requests.Response:
        self.calls += 1
        try:
            with effect("request sent"):
                return self._session.request(
                    method,
                    url,
                    stream=True,
                    allow_redirects=method == "GET",
                    timeout=(self._timeout[0], timeout or self._timeout[1]),
                    **arguments,
                )
        except (requests.RequestException, UnicodeError) as error:
            failure = self._failure(method, url, error, repeatable)
        raise failure from None

    def _read(self, response: requests.Response, method: str, repeatable: bool) -> Answer:
        try:
            body = response.content
        except requests.RequestException as error:
            failure = self._failure(method, response.url, error, repeatable)
        else:
            headers = {name.lower(): value for name, value in response.headers.items()}
            said = (method, self._shown(response.url), response.status_code, len(body))
            log.debug("%s %s: %d, %d bytes", *said)
            return Answer(response.status_code, self._shown(response.url), headers, body)
        raise failure from None

    def _pieces(self, response: requests.Response, chunk_size: int) -> Iterator[bytes]:
        try:
            yield from response.iter_content(chunk_size)
        except requests.RequestException as error:
            failure = self._failure("GET", response.url, error, repeatable=True)
        else:
            return
        raise (failure.error if isinstance(failure, Again) else failure) from None

    def _judge(self, method: str, answer: Answer, repeatable: bool) -> Exception | None:
        """Return what to raise for an answer; None if it is to be used."""
        rule = self._rules.get(answer.status) or self._rules.get(f"{answer.status // 100}xx")
        if rule is None:
            return PlatformError(f"{method} {answer.url}: unexpected status {answer.status}.")
        if rule.error is None:
            return None
        after = retry_after(answer.headers.get("retry-after", ""), answer.date)
        asked = "" if after is None else f" The server asks to wait {after:.0f} s."
        what = f"{method} {answer.url}: {rule.what} ({answer.status}{self._excerpt(answer)})."
        return _verdict(rule, rule.error, what, asked, repeatable, after)

    def _failure(self, method: str, url: str, error: Exception, repeatable: bool) -> Exception:
        """Make our error of one of requests', which holds the request and its headers."""
        kinds = _kinds(error)
        rule = next(
            rule
            for key, rule in self._rules.items()
            if isinstance(key, type) and any(issubclass(kind, key) for kind in kinds)
        )
        what = f"{method} {self._shown(url)}: {rule.what} ({type(error).__name__})."
        return _verdict(rule, rule.error or Unreachable, what, "", repeatable, None)

    def _shown(self, url: str) -> str:
        """Scheme, host and path: the query string of a signed URL is a secret too."""
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        return self.redact(f"{parts.scheme}://{host}{parts.path}")

    def _excerpt(self, answer: Answer) -> str:
        kind = answer.headers.get("content-type", "")
        if not answer.body or not kind.startswith(("application/json", "text/plain")):
            return ""
        text = " ".join(answer.body.decode("utf-8", "replace").split())
        return f": {self.redact(text)[:_EXCERPT]}"


def _verdict(
    rule: Rule,
    kind: type[BridgeError],
    what: str,
    asked: str,
    repeatable: bool,
    after: float | None,
) -> Exception:
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


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
