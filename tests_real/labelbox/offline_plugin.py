"""A pytest plug-in for Labelbox's own suite: no network but loopback, short sleeps, a record.

It runs in the SDK's virtual environment, next to the suite's own conftest, and knows nothing of
Bridge. Three things are taken away from the suite's world, so that a run gives the same everywhere
and never touches the real service:

* ``time.sleep`` is shortened: most of the suite's time is spent between two looks at something
  that a local server has finished already;
* requests to Labelbox's own host go to the server under test;
* requests to public images and conversations are answered here, with an image that comes with the
  suite, a conversation of two messages, and an empty file of predictions. Any other address but
  loopback fails at once.

``BRIDGE_SUITE_RECORD`` names a file for the outcomes, by test.
"""

from __future__ import annotations

import io
import json
import os
import socket
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

_LONGEST_S = 0.02
_CONVERSATION = {
    "actors": {
        "1": {"role": "human"},
        "2": {"metadata": {"modelConfigName": "m"}, "role": "model"},
    },
    "messages": {
        "a": {"actorId": "1", "childMessageIds": ["b"]},
        "b": {"actorId": "2", "childMessageIds": []},
    },
}
_IMAGE = Path("tests/integration/media/sample_image.jpg")
_SERVICE = "api.labelbox.com"

_sleep = time.sleep
_connect = socket.socket.connect
_look_up = socket.getaddrinfo
_send = HTTPAdapter.send
_outcomes: dict[str, dict[str, Any]] = {}


def _short(seconds: float) -> None:
    _sleep(min(seconds, _LONGEST_S))


def _refuse_connect(self: socket.socket, address: Any) -> None:
    if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1")):
        raise OSError(f"this run reaches loopback only, not {address[0]}")
    _connect(self, address)


def _refuse_look_up(host: Any, *rest: Any, **more: Any) -> Any:
    if host not in ("127.0.0.1", "localhost", "::1", None):
        raise socket.gaierror(f"this run reaches loopback only, not {host}")
    return _look_up(host, *rest, **more)


def _stand_in(
    self: HTTPAdapter, request: requests.PreparedRequest, *rest: Any, **more: Any
) -> requests.Response:
    parts = urlsplit(request.url or "")
    if parts.hostname == _SERVICE:
        server = urlsplit(os.environ["LABELBOX_TEST_GRAPHQL_API_ENDPOINT"])
        request.url = parts._replace(scheme=server.scheme, netloc=server.netloc).geturl()
    elif parts.hostname != "127.0.0.1" and parts.path.endswith((".jpeg", ".jpg")):
        return _answer(request, _IMAGE.read_bytes())
    elif parts.hostname != "127.0.0.1" and parts.path.endswith(".ndjson"):
        return _answer(request, b"")
    elif parts.hostname != "127.0.0.1" and parts.path.endswith(".json"):
        return _answer(request, json.dumps(_CONVERSATION).encode())
    return _send(self, request, *rest, **more)


def _answer(request: requests.PreparedRequest, body: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code, response.url, response.request = 200, request.url or "", request
    response.raw = io.BytesIO(body)
    return response


time.sleep = _short
socket.socket.connect = _refuse_connect  # type: ignore[method-assign,assignment]
socket.getaddrinfo = _refuse_look_up
HTTPAdapter.send = _stand_in  # type: ignore[method-assign,assignment]


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        _outcomes[report.nodeid] = {"outcome": "failed", "why": str(report.longrepr)[-2000:]}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    new = {"outcome": "passed", "why": "", "seconds": 0.0}
    told = _outcomes.setdefault(report.nodeid, new)
    told["seconds"] = round(told["seconds"] + report.duration, 2)
    if report.failed:
        told.update(outcome="failed", why=f"{report.when}: {str(report.longrepr)[-2000:]}")
    elif report.skipped and told["outcome"] != "failed":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        told.update(outcome="skipped", why=str(reason))


def pytest_sessionfinish() -> None:
    record = os.environ.get("BRIDGE_SUITE_RECORD")
    if record:
        Path(record).write_text(json.dumps(_outcomes, indent=1), encoding="utf-8")
