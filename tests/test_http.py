"""Retries, time-outs and redaction of bridge.http."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import quote

import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st
from responses import RequestsMock
from urllib3.exceptions import MaxRetryError, NewConnectionError

from bridge.errors import AuthError, BridgeError, PlatformError, Unreachable
from bridge.http import Answer, Http, Rule, redact

URL = "https://platform.example/api"
KEY = "canary-k3y/with+signs"


@pytest.fixture
def web() -> Iterator[RequestsMock]:
    with RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


class Clock:
    """Sleeps in no time, and remembers."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


def http(clock: Clock | None = None, **more: object) -> Http:
    headers = {"Authorization": f"Bearer {KEY}"}
    return Http(headers=headers, secrets=[KEY], sleep=clock or Clock(), **more)  # type: ignore[arg-type]


def test_answer_is_whole_and_counted(web: RequestsMock) -> None:
    web.get(URL, json={"a": 1}, headers={"Date": "Wed, 21 Oct 2026 07:28:00 GMT"})
    one = http()
    answer = one.request("GET", URL, repeatable=True)
    assert answer.json() == {"a": 1}
    assert answer.date == datetime(2026, 10, 21, 7, 28, tzinfo=UTC)
    assert one.calls == 1
    sent = web.calls[0].request
    assert sent.headers["Authorization"] == f"Bearer {KEY}"
    assert sent.headers["User-Agent"].startswith("label-bridge/")


def test_every_call_has_a_timeout(web: RequestsMock) -> None:
    web.get(URL, json={})
    http(timeout=(3.0, 4.0)).request("GET", URL, repeatable=True)
    assert web.calls[0].request.req_kwargs["timeout"] == (3.0, 4.0)  # type: ignore[attr-defined]
    assert web.calls[0].request.req_kwargs["verify"] is not False  # type: ignore[attr-defined]


def test_repeatable_call_survives_failures(web: RequestsMock) -> None:
    web.get(URL, status=502)
    web.get(URL, body=requests.ReadTimeout())
    web.get(URL, json={"ok": True})
    clock = Clock()
    one = http(clock)
    assert one.request("GET", URL, repeatable=True).json() == {"ok": True}
    assert one.calls == 3
    assert len(clock.slept) == 2


@pytest.mark.parametrize(
    "failure", [requests.ReadTimeout(), requests.ConnectionError("reset"), 502, 503]
)
def test_unrepeatable_call_is_made_once(web: RequestsMock, failure: object) -> None:
    given = {"status": failure} if isinstance(failure, int) else {"body": failure}
    web.post(URL, **given)  # type: ignore[arg-type]
    one = http()
    with pytest.raises(Unreachable, match="may have been executed"):
        one.request("POST", URL, repeatable=False)
    assert one.calls == 1


def test_unrepeatable_call_is_repeated_if_it_was_never_sent(web: RequestsMock) -> None:
    refused = NewConnectionError(None, "refused")  # type: ignore[arg-type]
    web.post(URL, body=requests.ConnectionError(MaxRetryError(None, URL, refused)))  # type: ignore[arg-type]
    web.post(URL, body=requests.ConnectTimeout())
    web.post(URL, status=429)
    web.post(URL, json={"ok": True})
    assert http().request("POST", URL, repeatable=False).json() == {"ok": True}


def test_gives_up_within_the_budget(web: RequestsMock) -> None:
    web.get(URL, status=500)
    clock = Clock()
    with pytest.raises(Unreachable):
        http(clock, budget=30).request("GET", URL, repeatable=True)
    assert sum(clock.slept) <= 30
    assert len(clock.slept) >= 2


def test_waits_as_long_as_the_server_asks(web: RequestsMock) -> None:
    web.get(URL, status=429, headers={"Retry-After": "17"})
    web.get(URL, status=503, headers={"Retry-After": "0"})
    web.get(URL, json={})
    clock = Clock()
    http(clock).request("GET", URL, repeatable=True)
    assert clock.slept == [17.0, 0.0]


def test_waits_until_the_date_that_the_server_names(web: RequestsMock) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)  # the server's clock, not ours
    until = now + timedelta(seconds=9)
    headers = {
        "Date": format_datetime(now, usegmt=True),
        "Retry-After": format_datetime(until, usegmt=True),
    }
    web.get(URL, status=429, headers=headers)
    web.get(URL, json={})
    clock = Clock()
    http(clock).request("GET", URL, repeatable=True)
    assert clock.slept == [9.0]


@pytest.mark.parametrize("value", ["soon", "-5", ""])
def test_unreadable_retry_after_means_the_usual_wait(web: RequestsMock, value: str) -> None:
    web.get(URL, status=429, headers={"Retry-After": value})
    web.get(URL, json={})
    clock = Clock()
    http(clock).request("GET", URL, repeatable=True)
    assert 0 <= clock.slept[0] <= 60


def test_does_not_wait_longer_than_the_budget(web: RequestsMock) -> None:
    web.get(URL, status=429, headers={"Retry-After": "3600"})
    clock = Clock()
    one = http(clock, budget=60)
    with pytest.raises(PlatformError, match="3600 s"):
        one.request("GET", URL, repeatable=True)
    assert clock.slept == []
    assert one.calls == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AuthError), (403, AuthError), (404, PlatformError), (413, PlatformError),
     (418, PlatformError), (302, PlatformError), (500, Unreachable), (599, Unreachable)],
)  # fmt: skip
def test_statuses_are_errors_of_ours(
    web: RequestsMock, status: int, kind: type[BridgeError]
) -> None:
    web.post(URL, status=status, json={"message": "said by the server"})
    with pytest.raises(BridgeError) as caught:
        http(budget=0).request("POST", URL, repeatable=True)
    assert type(caught.value) is kind
    assert str(status) in caught.value.what
    assert "said by the server" in caught.value.what


def test_an_adapter_overrides_the_table(web: RequestsMock) -> None:
    web.get(URL, status=404, json={"errors": []})
    one = http(rules={404: Rule(None)})
    assert one.request("GET", URL, repeatable=True).status == 404


def test_a_doubtful_answer_is_asked_for_again(web: RequestsMock) -> None:
    web.post(URL, json={"busy": True})
    web.post(URL, json={"busy": False})

    def doubt(answer: Answer) -> BridgeError | None:
        return Unreachable("busy") if answer.json()["busy"] else None

    one = http()
    assert one.request("POST", URL, repeatable=True, doubt=doubt).json() == {"busy": False}
    assert one.calls == 2


def test_not_json_is_a_clear_error(web: RequestsMock) -> None:
    web.get(URL, body="<html>proxy</html>", content_type="text/html")
    answer = http().request("GET", URL, repeatable=True)
    with pytest.raises(PlatformError, match="not JSON"):
        answer.json()


@pytest.mark.parametrize("address", ["nonsense", "ftp://example.com/x", "http://"])
def test_bad_address_fails_at_once(address: str) -> None:
    clock = Clock()
    with pytest.raises(PlatformError, match="not a web address"):
        http(clock).request("GET", address, repeatable=True)
    assert clock.slept == []


# -------------------------------------------------------------------------------------------- files


def test_stream_verifies_the_length(web: RequestsMock) -> None:
    web.get(URL, body=b"x" * 100)
    assert b"".join(http().stream(URL, length=100, chunk_size=7)) == b"x" * 100


@pytest.mark.parametrize("announced", [99, 101])
def test_stream_of_another_length_is_an_error(web: RequestsMock, announced: int) -> None:
    web.get(URL, body=b"x" * 100)
    with pytest.raises(Unreachable, match="announced"):
        list(http().stream(URL, length=announced))


def test_stream_never_yields_more_than_announced(web: RequestsMock) -> None:
    web.get(URL, body=b"x" * 100)
    pieces = http().stream(URL, length=10, chunk_size=4)
    assert [next(pieces), next(pieces)] == [b"xxxx", b"xxxx"]
    with pytest.raises(Unreachable):
        next(pieces)


def test_stream_is_begun_again_after_a_5xx(web: RequestsMock) -> None:
    web.get(URL, status=500)
    web.get(URL, body=b"abc")
    assert b"".join(http().stream(URL, length=3)) == b"abc"


# ------------------------------------------------------------------------------------------ secrets


@pytest.mark.parametrize(
    "failure",
    [
        requests.ConnectionError(f"Max retries exceeded with url: /?key={quote(KEY, safe='')}"),
        requests.ReadTimeout(KEY),
        ValueError,
    ],
)
def test_key_is_in_no_error_and_no_log(
    web: RequestsMock, failure: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "bridge")
    if failure is ValueError:
        web.get(URL, status=400, json={"message": f"bad key {KEY} and {quote(KEY, safe='')}"})
    else:
        web.get(URL, body=failure)  # type: ignore[arg-type]
    one = http(budget=5)
    with pytest.raises(BridgeError) as caught:
        one.request("GET", f"{URL}/{quote(KEY, safe='')}?sig={KEY}", repeatable=True)
    seen: BaseException | None = caught.value
    texts = [caplog.text, repr(one), repr(vars(caught.value))]
    while seen is not None:
        texts += [str(seen), repr(seen)]
        assert not isinstance(seen, requests.RequestException)  # it would hold the request
        seen = seen.__cause__ or seen.__context__
    for text in texts:
        assert KEY not in text
        assert quote(KEY, safe="") not in text
        assert "sig=" not in text


def test_key_that_cannot_be_sent_is_not_shown() -> None:
    for key in ("canary-smart-“quote”", "canary\nnewline"):
        with pytest.raises(AuthError) as caught:
            Http(headers={"Authorization": key}, secrets=[key]).request(
                "GET", "http://127.0.0.1:9/", repeatable=True
            )
        assert "canary" not in str(caught.value)


def test_netrc_does_not_replace_the_key(
    web: RequestsMock, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    path = f"{tmp_path}/netrc"
    with open(path, "w") as file:  # noqa: PTH123
        file.write("machine platform.example login someone password else\n")
    monkeypatch.setenv("NETRC", path)
    web.get(URL, json={})
    http().request("GET", URL, repeatable=True)
    assert web.calls[0].request.headers["Authorization"] == f"Bearer {KEY}"


LETTERS = "ab/%+ é"


@given(
    st.lists(st.text(LETTERS, min_size=3, max_size=6), min_size=1, max_size=4),
    st.lists(st.text(LETTERS, max_size=8), max_size=5),
)
def test_redaction_leaves_no_secret(secrets: list[str], around: list[str]) -> None:
    said = "".join(f"{a}{s}{a}{quote(s, safe='')}" for a in ["", *around] for s in secrets)
    pieces = redact(said, secrets).split("[secret]")
    assert not any(s in piece or quote(s, safe="") in piece for s in secrets for piece in pieces)


def test_overlapping_secrets_leave_no_tail() -> None:
    assert redact("token-and-more", ["token", "token-and-more"]) == "[secret]"


@responses.activate
def test_debug_repr_of_an_answer_has_no_body() -> None:
    responses.get(URL, body=b"private text of a customer")
    answer = http().request("GET", URL, repeatable=True)
    assert "private" not in repr(answer)
