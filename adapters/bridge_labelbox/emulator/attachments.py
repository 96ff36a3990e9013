"""Operations on attachments of data rows."""

from __future__ import annotations

from typing import Any

from bridge_labelbox.emulator.graphql import Call, Refused, operation
from bridge_labelbox.emulator.state import DataRow, cuid

__all__: list[str] = []


def _find(call: Call) -> tuple[DataRow, dict[str, Any]]:
    for row in call.world.rows.values():
        for one in row.attachments:
            if one["id"] == call.variables["attachment_id"]:
                return row, one
    raise Refused("RESOURCE_NOT_FOUND", "Attachment not found")


@operation("CreateDataRowAttachment")
def _create(call: Call) -> dict[str, Any]:
    v = call.variables
    row = call.row(v["dataRowId"])
    made = {"id": cuid(), "name": v.get("name"), "type": v["type"], "value": v["value"]}
    row.attachments.append(made)
    call.world.touch(row, call.world.now())
    return {"createDataRowAttachment": made}


@operation("updateDataRowAttachment")
def _update(call: Call) -> dict[str, Any]:
    row, one = _find(call)
    given = {name: call.variables.get(name) for name in ("name", "type", "value")}
    one |= {name: value for name, value in given.items() if value is not None}
    call.world.touch(row, call.world.now())
    return {"updateDataRowAttachment": one}


@operation("deleteDataRowAttachment")
def _delete(call: Call) -> dict[str, Any]:
    row, gone = _find(call)
    row.attachments.remove(gone)
    call.world.touch(row, call.world.now())
    return {"deleteDataRowAttachment": {"id": gone["id"]}}
