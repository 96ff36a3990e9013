"""How the adapter reads Labelbox's refusals, and what it never shows."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator

import pytest
from responses import RequestsMock

import labelbox_wire as lb
from bridge.errors import AuthError, BridgeError, PlatformError, Unreachable
from bridge_labelbox import ADAPTER, LabelboxPlatform, LabelboxSettings


@pytest.fixture
def script() -> Iterator[lb.Script]:
    with RequestsMock(assert_all_requests_are_fired=False) as web:
        yield lb.Script(web)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AUTHENTICATION_ERROR", None, AuthError),
        ("AUTHORIZATION_ERROR", None, AuthError),
        ("RESOURCE_NOT_FOUND", None, PlatformError),
        ("RESOURCE_CONFLICT", None, PlatformError),
        ("MALFORMED_REQUEST", None, PlatformError),
        ("GRAPHQL_VALIDATION_FAILED", None, PlatformError),
        ("OPERATION_NOT_ALLOWED", None, PlatformError),
        ("INTERNAL_SERVER_ERROR", 422, PlatformError),
        ("INTERNAL_SERVER_ERROR", 500, PlatformError),
        ("INTERNAL_SERVER_ERROR", 503, Unreachable),
        ("NEVER_HEARD_OF", None, PlatformError),
    ],
)
@pytest.mark.parametrize("http_status", [200, 400])
def test_envelope(
    script: lb.Script, code: str, status: int | None, kind: type[BridgeError], http_status: int
) -> None:
    envelope = lb.refusal(code, status=status)
    script.on("GetProjectOntology", lambda v: (http_status, {}, json.dumps(envelope)))
    with pytest.raises(kind):
        lb.platform().schema()


def test_envelope_without_code(script: lb.Script) -> None:
    script.on("GetProjectOntology", {"errors": [{"message": "odd"}], "data": None})
    with pytest.raises(PlatformError, match="odd"):
        lb.platform().schema()


@pytest.mark.parametrize("status", [401, 403])
def test_wrong_key_without_envelope(script: lb.Script, status: int) -> None:
    script.on("GetProjectOntology", lambda v: (status, {}, "nope"))
    with pytest.raises(AuthError) as caught:
        lb.platform().schema()
    assert caught.value.fix


def test_unknown_project(script: lb.Script) -> None:
    for answer in ({"project": None}, lb.refusal("RESOURCE_NOT_FOUND")):
        script.on("GetProjectOntology", answer)
        with pytest.raises(PlatformError):
            lb.platform().schema()


def test_a_page_of_a_proxy_is_a_clear_error(script: lb.Script) -> None:
    script.on("GetProjectOntology", lambda v: (200, {}, "<html>Please log in</html>"))
    with pytest.raises(PlatformError, match="not JSON"):
        lb.platform().schema()


def test_another_shape_is_a_clear_error(script: lb.Script) -> None:
    script.on("GetProjectOntology", {"unexpected": 1})
    with pytest.raises(PlatformError, match="lacks"):
        lb.platform().schema()


@pytest.mark.parametrize("headers", [{"Retry-After": "7"}, {}])
def test_too_many_requests_are_waited_out(script: lb.Script, headers: dict[str, str]) -> None:
    slept: list[float] = []
    answers = iter([(429, headers, '{"message": "You have exceeded the limit"}')])
    whole = lb.ontology(lb.RADIO)
    script.on("GetProjectOntology", lambda v: next(answers, whole))
    platform = LabelboxPlatform(lb.settings(), sleep=slept.append)
    assert platform.schema().names == ("Good", "Bad")
    assert len(slept) == 1
    assert slept == [7.0] or not headers


def test_server_failures_are_repeated_for_reads(script: lb.Script) -> None:
    failures = [(502, {}, "bad gateway"), lb.refusal("INTERNAL_SERVER_ERROR", status=503)]
    answers = iter(failures)
    script.on("GetProjectOntology", lambda v: next(answers, lb.ontology(lb.RADIO)))
    platform = lb.platform()
    assert platform.schema().task == "single"
    assert platform.calls == 3


def test_failed_task_is_an_error(script: lb.Script) -> None:
    script.on("GetProjectOntology", lb.ontology(lb.RADIO))
    script.exports([lb.row("k")])
    task = {"id": "t", "status": "FAILED", "errors": "no space", "result": None}
    script.on("GetUserCreatedTasks", {"user": {"createdTasks": [task]}})
    with pytest.raises(PlatformError, match="FAILED: no space"):
        lb.pulled(lb.platform())


def test_task_that_never_ends_is_an_error(script: lb.Script) -> None:
    script.on("GetProjectOntology", lb.ontology(lb.RADIO))
    script.exports([lb.row("k")])
    script.on("GetUserCreatedTasks", {"user": {"createdTasks": []}})
    with pytest.raises(Unreachable, match="not done"):
        lb.pulled(lb.platform(task_timeout_s=5))


# ---------------------------------------------------------------------------------------- the wire


def test_the_key_travels_in_the_header_and_to_the_api_alone(script: lb.Script) -> None:
    script.on("GetProjectOntology", lb.ontology(lb.RADIO))
    script.exports([lb.row("k")])
    lb.pulled(lb.platform())
    for call in script.web.calls:
        body = call.request.body or b""
        assert lb.KEY not in call.request.url
        assert lb.KEY not in (body if isinstance(body, str) else body.decode())
        if call.request.url.startswith(lb.FILES):
            assert "Authorization" not in call.request.headers
        else:
            assert call.request.headers["Authorization"] == f"Bearer {lb.KEY}"


def test_incremental_filters(script: lb.Script) -> None:
    script.on("GetProjectOntology", lb.ontology(lb.RADIO))
    script.exports([lb.row("k")], catalog=[lb.row("k", labels=None)])
    platform = lb.platform(overlap_minutes=10)
    cursor = lb.pulled(platform)[-1].cursor
    first = [v["input"]["filters"] for name, v in script.asked if name.startswith("export")]
    assert [f["searchQuery"]["query"] for f in first] == [
        [{"ids": ["dataset-1"], "operator": "is", "type": "dataset"}],
        [],
    ]
    script.asked.clear()
    lb.pulled(platform, cursor)
    again = [v["input"]["filters"] for name, v in script.asked if name.startswith("export")]
    since = {"type": "data_row_last_activity_at"}
    for filters in again:
        moment = next(q for q in filters["searchQuery"]["query"] if q["type"] == since["type"])
        # The greatest activity was 03:04:05.678; no Date header came, so ours bounded it.
        assert moment["value"]["value"] == "2026-01-02T02:54:05+0000"
        assert moment["value"]["timezone"] == "UTC"
        assert moment["value"]["operator"] == "GREATER_THAN_OR_EQUAL"


# ----------------------------------------------------------------------------------------- secrets


@pytest.mark.parametrize(
    "answer",
    [
        lb.refusal("AUTHENTICATION_ERROR", f"key {lb.KEY} is unknown"),
        lb.refusal("MALFORMED_REQUEST", f"saw {lb.KEY}"),
        (400, {"Content-Type": "application/json"}, json.dumps({"message": lb.KEY})),
        (500, {"Content-Type": "application/json"}, json.dumps({"message": lb.KEY})),
        (200, {}, f"<html>{lb.KEY}</html>"),
    ],
)
def test_key_shows_nowhere(
    script: lb.Script, answer: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    script.on("GetProjectOntology", lambda v: answer)
    script.on("GetUser", lambda v: answer)
    platform = lb.platform(retry_budget_s=3)
    with pytest.raises(BridgeError) as caught:
        platform.schema()
    finding = next(iter(platform.check()))
    error = caught.value
    texts = [str(error), repr(error), repr(vars(error)), caplog.text, repr(platform)]
    texts += traceback.format_exception(error)
    texts += [finding.model_dump_json(), repr(lb.settings()), lb.settings().model_dump_json()]
    assert not [text for text in texts if lb.KEY in text]


def test_settings_errors_do_not_show_the_key() -> None:
    with pytest.raises(ValueError, match="endpoint") as caught:
        LabelboxSettings.model_validate(
            {"api_key": lb.KEY, "project": "p", "datasets": ["d"], "endpoint": lb.KEY}
        )
    assert lb.KEY not in str(caught.value)


def test_settings_as_people_type_them() -> None:
    given = {"api_key": "k", "project": "p", "datasets": "a, b", "question": ""}
    settings = LabelboxSettings.model_validate(given)
    assert settings.datasets == ("a", "b")
    assert settings.question is None
    assert all(field.description for field in LabelboxSettings.model_fields.values())


def test_connecting_calls_nothing() -> None:
    given = {"api_key": "k", "project": "p", "datasets": "a"}
    platform = ADAPTER.connect(LabelboxSettings.model_validate(given))
    assert platform.project == "labelbox:p"
    assert platform.calls == 0
