"""A Labelbox that answers from a script, for what the emulator would never say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import requests
from responses import RequestsMock

from bridge.records import Page
from bridge_labelbox import LabelboxPlatform, LabelboxSettings

ENDPOINT = "https://labelbox.example/graphql"
FILES = "https://files.example"
KEY = "canary-key-7f3a"
PROJECT = "project-1"

RADIO = {
    "type": "radio",
    "name": "sentiment",
    "featureSchemaId": "q-1",
    "options": [
        {"label": "Good", "value": "good", "featureSchemaId": "c-good"},
        {"label": "Bad", "value": "bad", "featureSchemaId": "c-bad"},
    ],
}


def ontology(*classifications: dict[str, Any], tools: Sequence[dict[str, Any]] = ()) -> Any:
    normalized = {"tools": list(tools), "classifications": list(classifications)}
    return {"project": {"ontology": {"id": "o", "name": "o", "normalized": normalized}}}


def settings(**more: Any) -> LabelboxSettings:
    given = {
        "api_key": KEY,
        "project": PROJECT,
        "datasets": ["dataset-1"],
        "endpoint": ENDPOINT,
        "retry_budget_s": 20,
    }
    return LabelboxSettings.model_validate(given | more)


def platform(**more: Any) -> LabelboxPlatform:
    return LabelboxPlatform(settings(**more), sleep=lambda seconds: None)


def refusal(code: str, message: str = "said by Labelbox", status: int | None = None) -> Any:
    extensions: dict[str, Any] = {"code": code}
    if status is not None:
        extensions["exception"] = {"status": status}
    return {"errors": [{"message": message, "extensions": extensions}], "data": None}


class Script:
    """Answers by operation name; ``asked`` has what was asked, in order."""

    def __init__(self, web: RequestsMock) -> None:
        self.asked: list[tuple[str, Any]] = []
        self._answers: dict[str, Callable[[Any], Any]] = {}
        self.on("GetProjectBenchmarks", {"project": {"benchmarks": []}})
        for path in ("graphql", "_gql"):
            web.add_callback("POST", ENDPOINT.replace("graphql", path), self._answer)
        self.web = web

    def on(self, name: str, answer: Any) -> None:
        """Answer this operation with data, or with what a function makes of its variables."""
        self._answers[name] = answer if callable(answer) else lambda variables: answer

    def _answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        body = json.loads(request.body or b"{}")
        match = re.search(r"(?:query|mutation) (\w+?)(?:PyApi)?\W", body["query"])
        name = match[1] if match else "?"
        self.asked.append((name, body["variables"]))
        data = self._answers[name](body["variables"])
        if isinstance(data, tuple):
            return data
        whole = data if isinstance(data, dict) and "errors" in data else {"data": data}
        return 200, {"Content-Type": "application/json"}, json.dumps(whole)

    def exports(
        self,
        rows: Sequence[dict[str, Any] | bytes],
        *,
        announced: int | None = None,
        size: int | None = None,
        catalog: Sequence[dict[str, Any] | bytes] = (),
    ) -> None:
        """Answer project exports with these rows, and catalog exports with others."""
        bodies = {"project-task": _ndjson(rows), "catalog-task": _ndjson(catalog)}
        counts = {
            "project-task": len(rows) if announced is None else announced,
            "catalog-task": len(catalog),
        }
        self.on("GetUser", {"user": {"id": "u", "email": "me@example.com"}})
        done = {"id": "t", "status": "COMPLETE", "errors": None, "result": None}
        self.on("GetUserCreatedTasks", {"user": {"createdTasks": [done]}})
        for name, task in (("Project", "project-task"), ("Catalog", "catalog-task")):
            field = f"exportDataRowsIn{name}"
            self.on(field, {field: {"taskId": task, "isStreamable": True}})

        def header(variables: Any) -> Any:
            task = variables["where"]["id"]
            if not bodies[task]:
                return {"task": {"exportMetadataHeader": None}}
            shown = {"totalSize": size or len(bodies[task]), "totalLines": counts[task]}
            return {"task": {"exportMetadataHeader": shown}}

        def file(variables: Any) -> Any:
            task = variables["where"]["id"]
            end = (size or len(bodies[task])) - 1
            shown = {
                "offsets": {"start": 0, "end": end},
                "lines": {"start": 0, "end": counts[task] - 1},
                "file": f"{FILES}/{task}",
            }
            return {"task": {"exportFileFromOffset": shown}}

        self.on("GetExportMetadataHeader", header)
        self.on("GetExportFileFromOffset", file)
        for task, body in bodies.items():
            self.web.get(f"{FILES}/{task}", body=body)


def _ndjson(rows: Sequence[dict[str, Any] | bytes]) -> bytes:
    lines = [
        row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode()
        for row in rows
    ]
    return b"".join(line + b"\n" for line in lines)


def row(
    name: str,
    text: Any = "a text",
    *,
    labels: Sequence[dict[str, Any]] | None = (),
    status: str | None = "TO_LABEL",
    **data: Any,
) -> dict[str, Any]:
    """A row of a project export; no project if ``labels`` is None."""
    made: dict[str, Any] = {
        "data_row": {
            "id": f"id-{name}",
            "global_key": name,
            "row_data": text,
            "details": {"last_activity_at": "2026-01-02T03:04:05.678+00:00"},
            **data,
        },
        "media_attributes": {"mime_type": "text/plain"},
    }
    if labels is not None:
        details = {"workflow_status": status} if status else {}
        made["projects"] = {PROJECT: {"labels": list(labels), "project_details": details}}
    return made


def label(name: str, *, skipped: bool = False, seconds: float = 3, **annotations: Any) -> Any:
    return {
        "label_kind": "Default",
        "id": name,
        "label_details": {
            "created_at": "2026-01-01T00:00:00.000+00:00",
            "updated_at": "2026-01-01T00:00:01.000+00:00",
            "created_by": "ann@example.com",
        },
        "performance_details": {"seconds_to_create": seconds, "skipped": skipped},
        "annotations": {"objects": [], "classifications": [], **annotations},
    }


def radio(name: str, schema_id: str | None = None) -> dict[str, Any]:
    return {
        "name": "sentiment",
        "feature_schema_id": "q-1",
        "radio_answer": {"name": name, "feature_schema_id": schema_id},
    }


def pulled(one: LabelboxPlatform, cursor: str | None = None) -> list[Page]:
    return list(one.pull(cursor))
