"""HTTP for adapters: bounded retries, time and memory, and secrets that never show.

What to do about a status or a failure is one table, :data:`RULES`, which an adapter may override
entry by entry. A call that may not be repeated (``repeatable=False``) is sent again only when it
certainly was not executed: the connection never came about, or the server answered 429.

However a server behaves, a call ends: an attempt takes no longer than its time-out for the head of
the answer, and the rest of the budget, or one more time-out, for the body; see
:mod:`bridge._transport`. Only GET follows redirects, and with a key only to the same place.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import SplitResult, urljoin, urlsplit

import requests

from bridge._retry import Again, http_date, patient, retry_after
from bridge._rules import LATER, RULES, Rule, Rules, rule_of_failure, rule_of_status, verdict
from bridge._transport import Adapter, Oversized, content, pieces, refuse_private
from bridge._version import __version__
from bridge.effects import effect
from bridge.errors import BridgeError, PlatformError, Unreachable
from bridge.limits import MB, SLOWEST, WireSettings
from bridge.safe_text import redact, redacted, remember

__all__ = ["RULES", "Answer", "Http", "Rule", "TooLarge", "redact"]


T = TypeVar("T")

log = logging.getLogger(__name__)

_EXCERPT = 300
_REDIRECTS = 5


class TooLarge(PlatformError):
    """An answer has more bytes than the limit, and was not read on; ``start`` is how it begins."""

    start: bytes = b""


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
        timeout: seconds to connect, and seconds to wait for an answer to begin (its whole head),
            and then for its next byte.
        budget: seconds that one call may take in all, waiting between attempts included; an attempt
            that has begun may use up its time-out.
        largest: bytes that an answer may have, unpacked.
        own_hosts: where addresses come out of answers: the hosts that may be reached without TLS
            and in a private network. None: addresses are the user's own, and none is refused.
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
        largest: int = WireSettings().answer_bytes,
        own_hosts: Collection[str] | None = None,
        rules: Rules | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.calls = 0
        self._secrets = tuple(secrets)
        remember(*self._secrets)
        self._timeout = timeout
        self._budget = budget
        self._largest = largest
        self._own_hosts = None if own_hosts is None else {host.lower() for host in own_hosts}
        # The adapter's entries come first, since the first match holds.
        self._rules = {
            **(rules or {}),
            **{k: v for k, v in RULES.items() if k not in (rules or {})},
        }
        self._sleep = sleep
        self._session = _Session()
        # Of these two it is certain that they are unpacked piece by piece.
        usual = {"User-Agent": f"label-bridge/{__version__}", "Accept-Encoding": "gzip, deflate"}
        self._session.headers.update(usual)
        self._session.headers.update(headers or {})
        self._keyed = bool(headers)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, Adapter(self._own_hosts))
        # Without an auth of its own, requests puts a ~/.netrc entry in place of our header.
        self._session.auth = _unchanged

    def request(
        self,
        method: str,
        url: str,
        *,
        repeatable: bool,
        json: Any = None,
        content: bytes | None = None,
        files: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        doubt: Callable[[Answer], BridgeError | None] | None = None,
    ) -> Answer:
        """Make one call and return its whole answer.

        Args:
            repeatable: True if doing it twice is the same as doing it once.
            content: a body that is sent as it is; ``headers`` say what it is.
            timeout: seconds to wait for an answer, in place of the usual.
            doubt: looks at an answer that the rules accept; an error that it returns is one that
                may pass, and is treated like a 5xx.

        Raises:
            TooLarge: the answer is larger than the limit.
            BridgeError: as the rules say; :class:`Unreachable` where the call may have been done.
        """
        until = time.monotonic() + self._budget

        def attempt() -> Answer:
            response = self._send(
                method,
                url,
                repeatable,
                json=json,
                data=content,
                files=files,
                params=params,
                headers=headers,
                timeout=timeout,
            )
            with closing(response):
                seconds = max(timeout or self._timeout[1], until - time.monotonic())
                answer = self._read(response, method, repeatable, seconds)
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
            Unreachable: the body broke off, is shorter or longer than announced, or brought less
                than :data:`bridge.limits.SLOWEST` bytes a second over one time-out.
        """

        def attempt() -> requests.Response:
            response = self._send("GET", url, True, headers={"Accept-Encoding": "identity"})
            if response.status_code == 200:
                return response
            with closing(response):
                answer = self._read(response, "GET", True, self._timeout[1])
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
                LATER,
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
        waits = (self._timeout[0], timeout or self._timeout[1])
        try:
            for _ in range(1 + _REDIRECTS):
                self.calls += 1
                self._refuse_unsafe(url)
                with effect("request sent"):
                    response = self._session.request(
                        method, url, stream=True, allow_redirects=False, timeout=waits, **arguments
                    )
                if method != "GET" or not response.is_redirect:
                    return response
                response.close()  # unread: nobody limits what a redirect's body has
                url = self._redirected(response.url, response.headers["location"])
                arguments.pop("params", None)
            raise requests.TooManyRedirects
        except (requests.RequestException, UnicodeError) as error:
            failure = self._failure(method, url, error, repeatable)
        raise failure from None

    def _refuse_unsafe(self, url: str) -> None:
        if self._own_hosts is None:
            return
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host in self._own_hosts:
            return
        if parts.scheme != "https":
            raise PlatformError(
                f"The platform named a file at {self._shown(url)}, which is not https;"
                " it was not fetched.",
                "If the platform's files lie there, add the host to 'file_hosts'.",
            )
        refuse_private(host, host)  # where a proxy connects, nobody else looks

    def _redirected(self, url: str, location: str) -> str:
        """Return where a redirect leads, if it may be followed."""
        try:
            there = urljoin(url, location)
            before, after = urlsplit(url), urlsplit(there)
        except ValueError:
            raise requests.exceptions.InvalidURL from None
        fits = after.scheme == "https" or (after.scheme == "http" and before.scheme == "http")
        if not fits or (self._keyed and not _same_place(before, after)):
            raise PlatformError(
                f"GET {self._shown(url)}: was redirected to {self._shown(there)}, and not followed"
                + (", since the key belongs to the first address alone." if fits else "."),
                "Correct the address of the platform.",
            )
        return there

    def _read(
        self, response: requests.Response, method: str, repeatable: bool, seconds: float
    ) -> Answer:
        shown = self._shown(response.url)
        try:
            body = content(response, seconds, self._largest)
        except Oversized as oversized:
            too_large = TooLarge(
                f"{method} {shown}: the answer has more than {self._largest / MB:g} MB.",
                "Ask for less at a time (smaller pages or batches), or raise 'largest_answer_mb'.",
            )
            too_large.start = oversized.start
            raise too_large from None
        except requests.RequestException as error:
            failure = self._failure(method, response.url, error, repeatable)
        else:
            headers = {name.lower(): value for name, value in response.headers.items()}
            log.debug("%s %s: %d, %d bytes", method, shown, response.status_code, len(body))
            return Answer(response.status_code, shown, headers, body)
        raise failure from None

    def _pieces(self, response: requests.Response, chunk_size: int) -> Iterator[bytes]:
        try:
            yield from pieces(response, chunk_size, SLOWEST, self._timeout[1])
        except requests.RequestException as error:
            failure = self._failure("GET", response.url, error, repeatable=True)
        else:
            return
        raise (failure.error if isinstance(failure, Again) else failure) from None

    def _judge(self, method: str, answer: Answer, repeatable: bool) -> Exception | None:
        """Return what to raise for an answer; None if it is to be used."""
        rule = rule_of_status(self._rules, answer.status)
        if rule is None:
            return PlatformError(f"{method} {answer.url}: unexpected status {answer.status}.")
        if rule.error is None:
            return None
        after = retry_after(answer.headers.get("retry-after", ""), answer.date)
        asked = "" if after is None else f" The server asks to wait {after:.0f} s."
        what = f"{method} {answer.url}: {rule.what} ({answer.status}{self._excerpt(answer)})."
        return verdict(rule, rule.error, what, asked, repeatable, after)

    def _failure(self, method: str, url: str, error: Exception, repeatable: bool) -> Exception:
        """Make our error of one of requests', which holds the request and its headers."""
        rule = rule_of_failure(self._rules, error)
        what = f"{method} {self._shown(url)}: {rule.what} ({type(error).__name__})."
        return verdict(rule, rule.error or Unreachable, what, "", repeatable, None)

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


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _Session(requests.Session):
    """Leaves redirects alone: requests reads the body of each, whatever its size, even unasked."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return nowhere."""


def _same_place(before: SplitResult, after: SplitResult) -> bool:
    """Whether a key for one address may be sent to the other: the same, or the same under TLS."""
    if (before.scheme, before.netloc) == (after.scheme, after.netloc):
        return True
    upgraded = (before.scheme, after.scheme) == ("http", "https")
    return upgraded and before.netloc == after.netloc
