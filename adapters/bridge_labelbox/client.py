"""Transport: GraphQL calls, uploads, tasks and signed files. Knows no record of Bridge."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from bridge.errors import AuthError, BridgeError, PlatformError, Unreachable
from bridge.http import Answer, Http, Rule
from bridge_labelbox import operations as ops
from bridge_labelbox.operations import Operation
from bridge_labelbox.settings import LabelboxSettings

__all__ = [
    "BatchInfo",
    "Client",
    "Conflict",
    "Import",
    "Malformed",
    "Missing",
    "NotYet",
    "dig",
    "shaped",
]

T = TypeVar("T")
Rules = dict[int | str | type[Exception], Rule]

_JSON = {"Content-Type": "application/json"}
_FIRST_POLL_S = 0.05
# Labelbox's own tests spell the third as "CANCELING", its documents as "CANCELLING".
_ENDED = ("COMPLETE", "FAILED", "CANCELED", "CANCELING", "CANCELLING")
_KEY_FIX = "Make a new key in Labelbox (Workspace settings, API) and check that it is an admin's."


class Missing(PlatformError):
    """RESOURCE_NOT_FOUND."""


class Conflict(PlatformError):
    """RESOURCE_CONFLICT: the name is taken."""


class NotYet(Unreachable):
    """Something that was waited for has not come about in time."""


class Malformed(PlatformError):
    """MALFORMED_REQUEST; ``said`` is the platform's own text."""

    said: str = ""


# The error envelope comes with 200 or with one of these; the client reads it.
_ENVELOPED: Rules = {status: Rule(None) for status in (400, 401, 403, 404, 409, 422)}

# A signed address that no longer works is asked for anew.
_SIGNED: Rules = {
    status: Rule(
        Unreachable,
        what="the signed address does not work, or no longer",
        fix="Run again; if it goes on, look whether this machine's clock is right.",
    )
    for status in (400, 401, 403, 404, 410)
}


class _Extensions(msgspec.Struct):
    code: str | None = None
    exception: dict[str, Any] | None = None


class _Error(msgspec.Struct):
    message: str = ""
    extensions: _Extensions | None = None

    @property
    def code(self) -> str:
        return (self.extensions.code if self.extensions else None) or "?"

    @property
    def status(self) -> int | None:
        status = ((self.extensions.exception if self.extensions else None) or {}).get("status")
        return status if isinstance(status, int) else None


class _Envelope(msgspec.Struct):
    data: Any = None
    errors: list[_Error] | None = None


class _Task(msgspec.Struct):
    status: str
    errors: Any = None
    result: Any = None


class Import(msgspec.Struct, rename="camel"):
    """One import of pre-annotations."""

    name: str
    state: str
    status_file_url: str | None = None


class BatchInfo(msgspec.Struct):
    """One batch of the project, as the list of batches has it."""

    id: str
    name: str
    size: int = 0


def dig(data: Any, *path: str) -> Any:
    """Return ``data[path[0]][path[1]]…``.

    Raises:
        PlatformError: the answer has another shape.
    """
    for name in path:
        if not isinstance(data, dict) or name not in data:
            raise PlatformError(
                f"Labelbox's answer lacks '{'.'.join(path)}'.",
                "The API may have changed; report this to the maintainers of Bridge.",
            )
        data = data[name]
    return data


def shaped(value: Any, kind: type[T]) -> T:
    """Convert a part of an answer to a struct.

    Raises:
        PlatformError: it has another shape.
    """
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise PlatformError(
            f"Labelbox's answer cannot be understood: {error}.",
            "The API may have changed; report this to the maintainers of Bridge.",
        ) from None


class Client:
    """One key on one Labelbox service.

    Args:
        settings: address, key, time-outs.
        sleep: how to wait; tests give their own.
    """

    def __init__(
        self, settings: LabelboxSettings, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        key = settings.api_key.get_secret_value().strip()
        timeout = (settings.connect_timeout_s, settings.read_timeout_s)
        self.settings = settings
        self._sleep = sleep
        self._api = Http(
            headers={"Authorization": f"Bearer {key}", "Accept": "application/json"},
            secrets=[key],
            timeout=timeout,
            budget=settings.retry_budget_s,
            largest=settings.answer_bytes,
            rules=_ENVELOPED,
            sleep=sleep,
        )
        # Files lie behind signed addresses that answers name. The key is never sent there, and
        # nothing inside the user's own network is reached, but for what the settings name.
        endpoint = urlsplit(settings.endpoint)
        self._files = Http(
            secrets=[key],
            timeout=timeout,
            budget=settings.retry_budget_s,
            largest=settings.answer_bytes,
            own_hosts=[endpoint.hostname or "", *settings.file_hosts],
            rules=_SIGNED,
            sleep=sleep,
        )
        self._user: str | None = None

    @property
    def calls(self) -> int:
        """Requests so far."""
        return self._api.calls + self._files.calls

    def close(self) -> None:
        """Free the connections."""
        self._api.close()
        self._files.close()

    # ------------------------------------------------------------------------------------ graphql

    def execute(self, operation: Operation, variables: Mapping[str, Any]) -> Any:
        """Execute one operation and return its ``data``.

        Raises:
            AuthError, Missing, Conflict, Malformed, Unreachable, PlatformError: as it says.
        """
        return self.execute_dated(operation, variables)[0]

    def execute_dated(
        self, operation: Operation, variables: Mapping[str, Any]
    ) -> tuple[Any, datetime | None]:
        """Execute one operation; return its ``data`` and the platform's clock, None if unknown."""
        body = msgspec.json.encode({"query": operation.text, "variables": variables})
        answer = self._post(operation, content=body, headers=_JSON)
        return self._data(operation, answer), answer.date

    def _post(self, operation: Operation, **arguments: Any) -> Answer:
        return self._api.request(
            "POST",
            self.settings.endpoint.removesuffix("graphql") + operation.path,
            repeatable=operation.repeatable,
            timeout=self.settings.batch_timeout_s if operation.slow else None,
            doubt=_passing,
            **arguments,
        )

    def _data(self, operation: Operation, answer: Answer) -> Any:
        envelope = _envelope(answer)
        if envelope is not None and envelope.errors:
            raise self._translate(operation, envelope.errors[0])
        if answer.status in (401, 403):
            raise AuthError(f"Labelbox refused the key ({answer.status}).", _KEY_FIX)
        if answer.status == 404:
            raise PlatformError(
                f"Nothing is at {answer.url} (404).", "Correct 'endpoint' in the settings."
            )
        if answer.status != 200 or envelope is None:
            answer.json()
            raise PlatformError(f"Labelbox answered {operation.name} with {answer.status}.")
        return envelope.data

    def _translate(self, operation: Operation, error: _Error) -> BridgeError:
        said = self._api.redact(error.message)[:2000]
        what = f"Labelbox refused {operation.name}: {said} ({error.code})."
        match error.code:
            case "AUTHENTICATION_ERROR":
                return AuthError(f"Labelbox refused the key: {said}.", _KEY_FIX)
            case "AUTHORIZATION_ERROR":
                return AuthError(what, "Give the key's owner a role that may do this.")
            case "RESOURCE_NOT_FOUND":
                return Missing(what, "Check the ids in the settings.")
            case "RESOURCE_CONFLICT":
                return Conflict(what)
            case "MALFORMED_REQUEST":
                malformed = Malformed(what)
                malformed.said = said
                return malformed
            case "INTERNAL_SERVER_ERROR":
                return PlatformError(what, "Run again later.")
            case _:
                return PlatformError(what)

    def upload(self, operation: Operation, variables: Mapping[str, Any], body: bytes) -> Any:
        """Execute an operation with one file (GraphQL multipart request specification)."""
        name = f"{variables['projectId']}__{variables['name']}.ndjson"
        sent = {
            "variables": {**variables, "file": None, "contentLength": len(body)},
            "query": operation.text,
        }
        files = {
            "operations": (None, json.dumps(sent)),
            "map": (None, json.dumps({name: ["variables.file"]})),
            name: (name, body, "application/x-ndjson"),
        }
        return self._data(operation, self._post(operation, files=files))

    # -------------------------------------------------------------------------------------- tasks

    def poll(self, look: Callable[[], T | None], limit: float, what: str) -> T:
        """Look until there is something to return.

        Raises:
            NotYet: nothing after ``limit`` seconds of waiting.
        """
        waited, pause = 0.0, _FIRST_POLL_S
        while (seen := look()) is None:
            if waited >= limit:
                raise NotYet(
                    f"{what} was not done after {waited:.0f} s.",
                    "Look at Labelbox's status page and run again later; it continues there.",
                )
            self._sleep(pause)
            waited += pause
            pause = min(2 * pause, self.settings.poll_interval_s)
        return seen

    def wait_for_task(self, task: str, what: str) -> None:
        """Wait until a task of this key's user is complete.

        Raises:
            PlatformError: it failed or was cancelled.
            NotYet: it takes too long.
        """
        self.poll(lambda: self._finished(task, what), self.settings.task_timeout_s, what)

    def _finished(self, task: str, what: str) -> bool | None:
        variables = {"param_0": task, "param_1": self._user_id()}
        listed = dig(self.execute(ops.GET_TASK, variables), "user", "createdTasks")
        state = shaped(listed[0], _Task) if listed else None
        if state is None or state.status not in _ENDED:
            return None
        if state.status != "COMPLETE":
            raise PlatformError(
                f"{what} ended as {state.status}: {self._api.redact(str(state.errors))[:500]}.",
                "Run again; if it fails again, try it in Labelbox's own pages.",
            )
        return True

    def _user_id(self) -> str:
        if self._user is None:
            self._user = str(dig(self.execute(ops.GET_USER, {}), "user", "id"))
        return self._user

    # -------------------------------------------------------------------------------------- files

    def stream(self, url: str, length: int) -> Iterator[bytes]:
        """Yield a signed file of this length.

        Raises:
            Unreachable: the address does not work, or the file broke off; ask for a fresh one.
        """
        return self._files.stream(url, length=length)

    def read(self, url: str) -> bytes:
        """Return a small signed file, whose length is not announced.

        Raises:
            Unreachable: as above.
        """
        return self._files.request("GET", url, repeatable=True).body

    def pause(self, failures: int) -> None:
        """Wait after the nth failure in a row."""
        self._sleep(min(2.0**failures * _FIRST_POLL_S, self.settings.poll_interval_s))


def _envelope(answer: Answer) -> _Envelope | None:
    try:
        return msgspec.json.decode(answer.body, type=_Envelope)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _passing(answer: Answer) -> BridgeError | None:
    """Tell an internal error that may pass from one that will not (as the SDK does)."""
    envelope = _envelope(answer)
    error = envelope.errors[0] if envelope and envelope.errors else None
    if error is None or error.code != "INTERNAL_SERVER_ERROR":
        return None
    if error.status in (None, 400, 422, 426, 500):
        return None
    return Unreachable(f"Labelbox failed ({error.status}).", "Run again later.")
