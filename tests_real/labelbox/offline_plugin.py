"""A pytest plug-in for Labelbox's own suite: no network but loopback, short sleeps, a record.

It runs in the SDK's virtual environment, next to their conftest, and knows nothing of Bridge.

Sleeps are shortened, since most of the suite's time is spent in ``time.sleep`` between two looks at
something that the emulator has finished already. No address but loopback can be reached, so that a
run gives the same everywhere and never touches the real service.
"""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

_LONGEST_S = 0.02
_sleep = time.sleep
_connect = socket.socket.connect
_outcomes: dict[str, dict[str, Any]] = {}


def _short(seconds: float) -> None:
    _sleep(min(seconds, _LONGEST_S))


def _guarded(self: socket.socket, address: Any) -> None:
    if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1")):
        raise OSError(f"this run reaches loopback only, not {address[0]}")
    _connect(self, address)


def _look_up(host: Any, *rest: Any, **more: Any) -> Any:
    if host not in ("127.0.0.1", "localhost", "::1", None):
        raise socket.gaierror(f"this run reaches loopback only, not {host}")
    return _getaddrinfo(host, *rest, **more)


_getaddrinfo = socket.getaddrinfo
time.sleep = _short
socket.socket.connect = _guarded  # type: ignore[method-assign,assignment]
socket.getaddrinfo = _look_up


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        _outcomes[report.nodeid] = {"outcome": "failed", "why": str(report.longrepr)[-2000:]}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    told = _outcomes.setdefault(report.nodeid, {"outcome": "passed", "why": "", "seconds": 0.0})
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
