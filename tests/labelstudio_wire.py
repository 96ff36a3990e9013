"""A small Label Studio on scripted HTTP, for what the real one would not do when asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import requests
from responses import RequestsMock

from bridge_labelstudio import LabelStudioPlatform, LabelStudioSettings

URL = "https://labels.example"
KEY = "canary-key-7f3a"
PROJECT = 7
DATE = "Fri, 02 Jan 2026 03:04:05 GMT"
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="kind" toName="text">'
    '<Choice value="ham"/><Choice value="no"/><Choice value="späm"/></Choices></View>'
)


def control(kind: str, labels: list[str], **more: Any) -> dict[str, Any]:
    """Return one control of ``parsed_label_config``."""
    given = {
        "type": kind,
        "to_name": ["text"],
        "inputs": [{"type": "Text", "valueType": None, "value": "text"}],
        "labels": labels,
        "labels_attrs": {label: {"value": label} for label in labels},
    }
    return given | more


def settings(**more: Any) -> LabelStudioSettings:
    given = {"url": URL, "api_key": KEY, "project": PROJECT, "retry_budget_s": 20}
    return LabelStudioSettings.model_validate(given | more)


def platform(**more: Any) -> LabelStudioPlatform:
    return LabelStudioPlatform(settings(**more), sleep=lambda seconds: None)


PLAIN: dict[str, Any] = {
    "GET /api/users/": [{"id": 1, "email": "ann@example.com"}],
    "GET /api/ml/": [],
    "GET /api/version": {"release": "1.23.2"},
    "GET /api/current-user/whoami": {"id": 1, "email": "ann@example.com"},
}

Reply = tuple[int, dict[str, str], str]


def reply(body: Any, status: int = 200) -> Reply:
    return status, {"Content-Type": "application/json", "Date": DATE}, json.dumps(body)


class Wire:
    """Tasks and predictions of one project; ``calls`` has what was asked, in order.

    Attributes:
        overrides: answers by "METHOD /path" that come in place of the usual ones.
    """

    def __init__(self, web: RequestsMock) -> None:
        self.project: dict[str, Any] = {
            "id": PROJECT,
            "title": "mails",
            "label_config": CONFIG,
            "parsed_label_config": {"kind": control("Choices", ["ham", "no", "späm"])},
            "model_version": "",
            "sampling": "Sequential sampling",
        }
        self.tasks: dict[int, dict[str, Any]] = {}
        self.predictions: list[dict[str, Any]] = []
        self.made_at: dict[str, str] = {}
        self.overrides: dict[str, Callable[[requests.PreparedRequest], Reply]] = {}
        self.calls: list[str] = []
        self.most = 10_000
        for method in ("GET", "POST", "PATCH", "DELETE"):
            web.add_callback(method, re.compile(re.escape(URL) + r"/.*"), self._answer)

    def add(self, *keys: str, **more: Any) -> None:
        for key in keys:
            number = len(self.tasks) + 1
            moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
            self.tasks[number] = {
                "id": number,
                "data": {"text": f"text of {key}", "bridge_key": key},
                "updated_at": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "annotations": [],
                **more,
            }

    def writes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith("GET")]

    def shown(self) -> list[tuple[int, list[Any]]]:
        """Return (task, result) of the project's version, in order."""
        version = self.project["model_version"]
        found = [p for p in self.predictions if p["model_version"] == version]
        return [(p["task"], p["result"]) for p in sorted(found, key=lambda p: p["score"])]

    # ------------------------------------------------------------------------------------- answers

    def _answer(self, request: requests.PreparedRequest) -> Reply:
        call = f"{request.method} {urlsplit(request.url).path}"
        self.calls.append(call)
        return self.overrides.get(call, self.usual)(request)

    def usual(self, request: requests.PreparedRequest) -> Reply:
        """Answer as usual."""
        path = urlsplit(request.url).path
        call = f"{request.method} {path}"
        root = f"/api/projects/{PROJECT}/"
        body = json.loads(request.body) if request.body else None
        if call in PLAIN:
            return reply(PLAIN[call])
        if call == "GET /api/tasks/":
            return self._listed(request)
        assert path.startswith(root), call
        match request.method, path.removeprefix(root):
            case "GET", "":
                return reply(self.project | {"task_number": len(self.tasks)})
            case "PATCH", "":
                self.project |= body
                return reply(self.project)
            case "GET", "summary/":
                return reply({"created_labels": {}})
            case "GET", "model-versions/":
                return reply({"static": self._versions(), "live": None})
            case "DELETE", "model-versions/":
                gone = body["model_version"]
                self.predictions = [p for p in self.predictions if p["model_version"] != gone]
                return reply({"deleted_predictions": 1})
            case "POST", "import/predictions":
                return reply({"created": self.take(body)}, 201)
        raise AssertionError(call)

    def take(self, rows: list[dict[str, Any]]) -> int:
        self.predictions += rows
        return len(rows)

    def _versions(self) -> list[dict[str, Any]]:
        names = sorted({p["model_version"] for p in self.predictions})
        counts = {n: sum(p["model_version"] == n for p in self.predictions) for n in names}
        latest = {n: self.made_at.get(n, "2026-01-02T03:00:00.0Z") for n in names}
        return [{"model_version": n, "count": counts[n], "latest": latest[n]} for n in names]

    def _listed(self, request: requests.PreparedRequest) -> Reply:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        query = json.loads(unquote(asked["query"]))  # the second time, as the server does
        rows = list(self.tasks.values())
        if "selectedItems" in query:
            rows = [row for row in rows if row["id"] in query["selectedItems"]["included"]]
        for one in query.get("filters", {}).get("items", []):
            rows = [row for row in rows if self._fits(row, one)]
        ordering = query.get("ordering", ["tasks:id"])[0].removeprefix("tasks:")
        rows.sort(key=lambda row: row[ordering])
        page = rows[: min(int(asked["page_size"]), self.most)]
        full = [
            row | {"predictions": [p for p in self.predictions if p["task"] == row["id"]]}
            for row in page
        ]
        if asked["fields"] == "task_only":
            hidden = ("annotations", "predictions")
            full = [{k: v for k, v in row.items() if k not in hidden} for row in full]
        return reply({"tasks": full, "total": len(rows)})

    def _fits(self, row: dict[str, Any], one: dict[str, Any]) -> bool:
        field, value = one["filter"].removeprefix("filter:tasks:"), one["value"]
        match one["operator"]:
            case "not_equal":
                return row[field] != value
            case "greater":
                return row[field] > value
            case "greater_or_equal":
                assert datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ")
                return row[field] >= value
            case "in_list":
                return row["data"].get(field.removeprefix("data.")) in value
            case "contains":
                mine = [p["model_version"] for p in self.predictions if p["task"] == row["id"]]
                return any(value[0] in version for version in mine)
        raise AssertionError(one)


def annotation(number: int, *classes: str, **more: Any) -> dict[str, Any]:
    """Return an annotation as the list of tasks has it."""
    value = {"choices": list(classes)}
    region = {"from_name": "kind", "to_name": "text", "type": "choices", "value": value}
    given = {
        "id": number,
        "result": [region],
        "completed_by": 1,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2026-01-01T00:00:00.5Z",
        "updated_at": "2026-01-01T00:00:01.5Z",
        "lead_time": 2.5,
    }
    return given | more
