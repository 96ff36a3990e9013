"""Keys of both kinds, and what is never shown."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Iterator

import pytest
from responses import RequestsMock

import labelstudio_wire as ls
from bridge.errors import AuthError, BridgeError, PlatformError, Unreachable
from bridge_labelstudio import ADAPTER, LabelStudioSettings
from bridge_labelstudio.client import Client

PAT = "head.canary-personal.tail"
REFRESH = "POST /api/token/refresh"
PROJECT = f"GET /api/projects/{ls.PROJECT}/"


@pytest.fixture
def wire() -> Iterator[ls.Wire]:
    with RequestsMock(assert_all_requests_are_fired=False) as web:
        made = ls.Wire(web)
        made.web = web
        yield made


def access(number: int, lifetime: int = 300) -> str:
    claims = json.dumps({"exp": 1000 + lifetime, "iat": 1000, "n": number}).encode()
    return f"a.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c"


class Door:
    """Trades the personal token for access tokens, and lets only the newest in."""

    def __init__(self, wire: ls.Wire, lifetime: int = 300) -> None:
        self.wire = wire
        self.lifetime = lifetime
        self.given = 0
        self.open = True
        wire.overrides[REFRESH] = self._trade
        wire.overrides[PROJECT] = self._project

    def _trade(self, request):
        assert json.loads(request.body) == {"refresh": PAT}
        assert not request.headers.get("Authorization")
        self.given += 1
        return ls.reply({"access": access(self.given, self.lifetime)})

    def _project(self, request):
        expected = f"Bearer {access(self.given, self.lifetime)}"
        if not self.open or request.headers["Authorization"] != expected:
            self.open = True
            return ls.reply({"detail": "Given token not valid for any token type"}, 401)
        return ls.reply(self.wire.project)

    def ask(self, client: Client) -> None:
        client.call("GET", f"/api/projects/{ls.PROJECT}/", repeatable=True)


def test_legacy_token(wire: ls.Wire) -> None:
    ls.platform().schema()
    assert wire.web.calls[0].request.headers["Authorization"] == f"Token {ls.KEY}"
    assert wire.calls == [PROJECT]


def test_personal_token_is_renewed_before_it_runs_out(wire: ls.Wire) -> None:
    door = Door(wire, lifetime=100)
    now = [0.0]
    client = Client(ls.settings(api_key=PAT), clock=lambda: now[0])
    for now[0], given in ((0.0, 1), (79.0, 1), (81.0, 2), (160.0, 2), (162.0, 3)):
        door.ask(client)
        assert door.given == given
    assert client.calls == 5 + 3


def test_personal_token_is_renewed_when_it_is_refused(wire: ls.Wire) -> None:
    door = Door(wire)
    client = Client(ls.settings(api_key=PAT))
    door.ask(client)
    door.open = False
    door.ask(client)
    assert door.given == 2


def test_fresh_access_token_that_is_refused_is_the_end(wire: ls.Wire) -> None:
    Door(wire)
    wire.overrides[PROJECT] = lambda request: ls.reply({"detail": "no"}, 401)
    with pytest.raises(AuthError, match="fresh access token"):
        ls.platform(api_key=PAT).schema()
    assert wire.calls.count(REFRESH) == 1


def test_personal_token_that_was_revoked(wire: ls.Wire) -> None:
    wire.overrides[REFRESH] = lambda request: ls.reply({"detail": "Token is blacklisted"}, 401)
    with pytest.raises(AuthError, match="personal access token") as caught:
        ls.platform(api_key=PAT).schema()
    assert "Make a new" in caught.value.fix


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (
            "Authentication token no longer valid: legacy token authentication has been disabled"
            " for this organization",
            "does not allow legacy tokens",
        ),
        ("Invalid token.", "refused the token"),
    ],
)
def test_legacy_token_that_is_refused(wire: ls.Wire, said: str, what: str) -> None:
    wire.overrides[PROJECT] = lambda request: ls.reply({"detail": said}, 401)
    with pytest.raises(AuthError, match=what) as caught:
        ls.platform().schema()
    assert "personal access token" in caught.value.fix


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, AuthError), (404, PlatformError), (400, PlatformError), (500, Unreachable)],
)
def test_statuses(wire: ls.Wire, status: int, kind: type[BridgeError]) -> None:
    wire.overrides[PROJECT] = lambda request: ls.reply({"detail": "said"}, status)
    with pytest.raises(kind):
        ls.platform(retry_budget_s=1).schema()


@pytest.mark.parametrize("body", ["<html>Log in</html>", '{"id": "seven"}', "[]", "\udcff"])
def test_other_answers_are_clear_errors(wire: ls.Wire, body: str) -> None:
    raw = body.encode("utf-8", "surrogateescape")
    wire.overrides[PROJECT] = lambda request: (200, {}, raw)
    with pytest.raises(PlatformError):
        ls.platform().schema()


@pytest.mark.parametrize("key", [ls.KEY, PAT])
def test_keys_show_nowhere(wire: ls.Wire, key: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = access(1)
    wire.overrides[REFRESH] = lambda request: ls.reply({"access": secret})
    wire.overrides[PROJECT] = lambda request: ls.reply({"detail": f"{key} {secret}"}, 400)
    platform = ls.platform(api_key=key)
    with pytest.raises(BridgeError) as caught:
        platform.schema()
    error = caught.value
    texts = [str(error), repr(error), repr(vars(error)), caplog.text, repr(platform)]
    texts += traceback.format_exception(error)
    texts += [finding.model_dump_json() for finding in platform.check()]
    texts += [repr(ls.settings(api_key=key)), ls.settings(api_key=key).model_dump_json()]
    assert not [text for text in texts if key in text]
    assert key == ls.KEY or not [text for text in texts if secret in text]


def test_settings() -> None:
    with pytest.raises(ValueError, match="url") as caught:
        ls.settings(url=ls.KEY)
    assert ls.KEY not in str(caught.value)
    assert ls.settings(url="https://x.example/base/").url == "https://x.example/base"
    assert ls.settings(question="").question is None
    assert all(field.description for field in LabelStudioSettings.model_fields.values())


def test_connecting_calls_nothing() -> None:
    platform = ADAPTER.connect(ls.settings())
    assert (platform.project, platform.calls) == ("labelstudio:labels.example/7", 0)
