"""Transport: REST calls with either kind of key. Knows no record of Bridge."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from bridge.errors import AuthError, PlatformError
from bridge.http import Answer, Http, Rule
from bridge_labelstudio.settings import LabelStudioSettings

__all__ = ["Client", "Malformed", "Missing", "decoded"]

T = TypeVar("T")

_LIFETIME_S = 300.0  # of an access token, by default
_USED = 0.8  # share of the lifetime after which a fresh one is fetched
_PAT_FIX = "Make a new personal access token in Label Studio (Account & Settings)."
_LEGACY_FIX = (
    "Use a personal access token (Account & Settings), or let an owner allow legacy tokens"
    " (Organization, API Tokens Settings)."
)


class Missing(PlatformError):
    """404."""


class Malformed(PlatformError):
    """400."""


_RULES: dict[int | str | type[Exception], Rule] = {
    400: Rule(Malformed, what="the request was refused"),
    401: Rule(None),  # the client tells a token that ran out from one that is wrong
    404: Rule(Missing, what="nothing is there", fix="Correct 'url' or 'project' in the settings."),
}


class _Refusal(msgspec.Struct):
    detail: str = ""


class _Access(msgspec.Struct):
    access: str


class _Claims(msgspec.Struct):
    exp: float
    iat: float


def decoded(answer: Answer, kind: type[T]) -> T:
    """Decode an answer to a struct.

    Raises:
        PlatformError: it is not JSON, or has another shape.
    """
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        answer.json()
        raise PlatformError(
            f"{answer.url}: the answer cannot be understood: {error}.",
            "The API may have changed; report this to the maintainers of Bridge.",
        ) from None


class Client:
    """One key on one Label Studio.

    A key with two dots is a personal access token (a refresh token, in JWT's terms): it is traded
    for access tokens that live for minutes. Any other is a legacy token, sent as it is.

    Args:
        settings: address, key, time-outs.
        sleep: how to wait; tests give their own.
        clock: seconds, to tell the age of an access token.
    """

    def __init__(
        self,
        settings: LabelStudioSettings,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._key = settings.api_key.get_secret_value()
        self._sleep = sleep
        self._clock = clock
        self._calls = 0
        self._renewable = self._key.count(".") == 2
        self._stale_at = float("-inf") if self._renewable else float("inf")
        self._http = self._connection("" if self._renewable else f"Token {self._key}")

    @property
    def calls(self) -> int:
        """Requests so far."""
        return self._calls + self._http.calls

    def close(self) -> None:
        """Free the connections."""
        self._http.close()

    def wait(self, seconds: float) -> None:
        """Wait."""
        self._sleep(seconds)

    def call(
        self,
        method: str,
        path: str,
        *,
        repeatable: bool,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Make one call, such as ``("GET", "/api/projects/1/")``.

        Args:
            repeatable: True if doing it twice is the same as doing it once.
            timeout: seconds to wait for the answer, in place of the usual.

        Raises:
            AuthError, Missing, Malformed, Unreachable, PlatformError: as it says.
        """
        fresh = self._renewed()
        while True:
            answer = self._http.request(
                method,
                f"{self._settings.url}{path}",
                repeatable=repeatable,
                json=json,
                params=params,
                timeout=timeout,
            )
            if answer.status != 401:
                return answer
            if fresh or not self._renewable:
                raise self._refused(answer)
            self._stale_at = float("-inf")  # it ran out before its time; nothing was executed
            fresh = self._renewed()

    def _renewed(self) -> bool:
        """Fetch an access token if it is time to; tell whether one was fetched."""
        if self._clock() < self._stale_at:
            return False
        asked_at = self._clock()
        answer = self._http.request(
            "POST",
            f"{self._settings.url}/api/token/refresh",
            repeatable=True,
            json={"refresh": self._key},
            headers={"Authorization": ""},
        )
        if answer.status == 401:
            raise AuthError("Label Studio refused the personal access token (401).", _PAT_FIX)
        token = decoded(answer, _Access).access
        self._calls += self._http.calls
        self._http.close()
        self._http = self._connection(f"Bearer {token}", token)
        self._stale_at = asked_at + _USED * _lifetime(token)
        return True

    def _connection(self, authorization: str, *secrets: str) -> Http:
        """Return connections that send this header, and never show what is in it."""
        return Http(
            headers={"Authorization": authorization, "Accept": "application/json"},
            secrets=[self._key, *secrets],
            timeout=(self._settings.connect_timeout_s, self._settings.read_timeout_s),
            budget=self._settings.retry_budget_s,
            largest=self._settings.answer_bytes,
            rules=_RULES,
            sleep=self._sleep,
        )

    def _refused(self, answer: Answer) -> AuthError:
        if self._renewable:
            return AuthError("Label Studio refused a fresh access token (401).", _PAT_FIX)
        try:
            said = msgspec.json.decode(answer.body, type=_Refusal).detail
        except (msgspec.MsgspecError, UnicodeDecodeError):
            said = ""
        if "legacy" in said.lower():
            return AuthError("This Label Studio does not allow legacy tokens (401).", _LEGACY_FIX)
        return AuthError("Label Studio refused the token (401).", _LEGACY_FIX)


def _lifetime(token: str) -> float:
    """Return the seconds that an access token lives, by its own claims (RFC 7519, 4.1).

    The server's clock cancels out; nothing is verified here, since nothing is granted by it.
    """
    body = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = msgspec.json.decode(
            base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), type=_Claims
        )
    except (msgspec.MsgspecError, ValueError):
        return _LIFETIME_S
    return max(1.0, claims.exp - claims.iat)
