"""Operations on the user, the organization and tasks."""

from __future__ import annotations

import re
from typing import Any

from bridge_labelbox.emulator import shapes
from bridge_labelbox.emulator.graphql import Call, Refused, operation, paged
from bridge_labelbox.emulator.state import graphql_time

__all__ = ["organization"]

_WANTED = re.compile(r"createdTasks\(where: \{(id|status): \$(\w+)\}")


@operation("GetUser", "CurrentUser")
def _user(call: Call) -> dict[str, Any]:
    return {"user": shapes.user(call.world)}


@operation("GetUserCreatedTasks")
def _tasks(call: Call) -> dict[str, Any]:
    # A task is seen by the user whose key made it; the emulator has one.
    now = call.world.now()
    tasks = list(call.world.tasks.values())
    wanted = _WANTED.search(call.text)
    if wanted is not None:
        value = call.variables[wanted[2]]
        tasks = [x for x in tasks if value == (x.id if wanted[1] == "id" else x.status_at(now))]
    listed = [shapes.task(one, now) for one in paged(tasks, call.text)]
    return {"user": {**shapes.user(call.world), "createdTasks": listed}}


@operation("GetCancelableTaskTypes")
def _cancelable(call: Call) -> dict[str, Any]:
    return {"cancelableTaskTypes": ["exportDataRows"]}


@operation("CancelTask")
def _cancel(call: Call) -> dict[str, Any]:
    task = call.world.tasks.get(call.variables["id"])
    if task is None:
        raise Refused("RESOURCE_NOT_FOUND", "Task not found")
    task.status = "CANCELED"
    return {"cancelBulkOperationJob": {"success": True}}


def organization(call: Call) -> dict[str, Any]:
    """Return the organization."""
    at = graphql_time(call.world.started_at)
    return {**call.world.organization, "createdAt": at, "updatedAt": at}


@operation("GetOrganization")
def _get_organization(call: Call) -> dict[str, Any]:
    return {"organization": organization(call)}


@operation("getAllIntegrations")
def _integrations(call: Call) -> dict[str, Any]:
    return {"iamIntegrations": []}
