"""Operations on webhooks; they are kept and told, and never called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge_labelbox.emulator import shapes
from bridge_labelbox.emulator.account import organization
from bridge_labelbox.emulator.graphql import Call, Refused, operation, paged
from bridge_labelbox.emulator.state import cuid, graphql_time

__all__: list[str] = []

# Their data stand in the text.
_ID = re.compile(r'(project|where):\s*\{\s*id:\s*"([^"]*)"')
_TOPICS = re.compile(r"topics:\s*\{\s*set:\s*\[([^\]]*)\]")
_URL = re.compile(r'url:\s*"([^"]*)"')
_STATUS = re.compile(r"status:\s*([A-Z]+)")


def _given(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if topics := _TOPICS.search(text):
        found["topics"] = topics[1].split()
    if url := _URL.search(text):
        found["url"] = url[1]
    if status := _STATUS.search(text):
        found["status"] = status[1]
    return found


def _shown(one: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name != "project"}


def _webhook(call: Call, webhook_id: str) -> dict[str, Any]:
    found = call.world.webhooks.get(webhook_id)
    if found is None:
        raise Refused("RESOURCE_NOT_FOUND", "Webhook not found")
    return found


@operation("CreateWebhook")
def _create(call: Call) -> dict[str, Any]:
    at = graphql_time(call.world.now())
    ids = dict(_ID.findall(call.text))
    made = {
        "id": cuid(),
        "createdAt": at,
        "updatedAt": at,
        "status": "ACTIVE",
        "project": ids.get("project"),
        **_given(call.text),
    }
    call.world.webhooks[made["id"]] = made
    return {"createWebhook": _shown(made)}


@operation("UpdateWebhook")
def _update(call: Call) -> dict[str, Any]:
    one = _webhook(call, dict(_ID.findall(call.text)).get("where", ""))
    one |= _given(call.text)
    one["updatedAt"] = graphql_time(call.world.now())
    return {"updateWebhook": _shown(one)}


@operation("GetProjectWebhooks")
def _of_project(call: Call) -> dict[str, Any]:
    project = call.project()
    listed = [_shown(w) for w in call.world.webhooks.values() if w["project"] == project.id]
    return {"project": {"id": project.id, "webhooks": paged(listed, call.text)}}


@operation("GetOrganizationWebhooks")
def _of_organization(call: Call) -> dict[str, Any]:
    listed = [_shown(one) for one in call.world.webhooks.values()]
    return {"organization": {**organization(call), "webhooks": paged(listed, call.text)}}


@operation("GetWebhookProject")
def _project(call: Call) -> dict[str, Any]:
    one = _webhook(call, call.variables["param_0"])
    found = call.world.projects.get(one["project"] or "")
    return {"webhook": {"project": None if found is None else shapes.project(call.world, found)}}


@operation("GetWebhookOrganization")
def _get_organization(call: Call) -> dict[str, Any]:
    _webhook(call, call.variables["param_0"])
    return {"webhook": {"organization": organization(call)}}
