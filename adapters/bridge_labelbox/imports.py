"""Formats: predictions to the NDJSON of Labelbox's pre-annotations, and its status files back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

import msgspec

from bridge.records import LabelSchema, QueueItem
from bridge_labelbox.keys import identifier

__all__ = ["failures", "pre_annotation"]

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://labelbox.com/pre-annotation")


def pre_annotation(
    entry: QueueItem, project: str, question_id: str | None, schema: LabelSchema
) -> dict[str, Any] | None:
    """Make one line of the import; None where the prediction has nothing to show.

    The uuid is derived from project, row and question, so that a later import takes the place of
    an earlier one (documented for older versions of the API; unverified today). Confidence is left
    out, since Labelbox ignores it here.

    Raises:
        KeyError: the prediction names a class that the schema does not have.
    """
    if entry.prediction is None or schema.task not in ("single", "multi"):
        return None
    row = identifier(entry.item.key)
    ids = {c.name: c.id for c in schema.classes}
    answers = [{"schemaId": ids[name]} for name in entry.prediction.chosen(schema.task)]
    if not answers:
        return None
    asked = {"schemaId": question_id} if question_id else {"name": schema.question}
    return {
        "uuid": str(uuid.uuid5(_NAMESPACE, f"{project}\n{entry.item.key}\n{schema.question}")),
        "dataRow": {"globalKey" if row.kind == "GKEY" else "id": row.value},
        **asked,
        "answer": answers if schema.task == "multi" else answers[0],
    }


class _Reason(msgspec.Struct):
    name: str | None = None
    message: str | None = None


class _Status(msgspec.Struct):
    uuid: str
    status: str
    errors: list[_Reason] | None = None


def failures(lines: Iterable[bytes]) -> dict[str, str]:
    """Return, by uuid, why Labelbox did not take a line, from the import's status file."""
    found = {}
    for line in lines:
        status = msgspec.json.decode(line, type=_Status)
        if status.status != "SUCCESS":
            reasons = [r.message or r.name or "" for r in status.errors or ()]
            found[status.uuid] = "; ".join(filter(None, reasons)) or status.status
    return found
