"""Pre-annotations: predictions as Labelbox's NDJSON, imported once, and its status files back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from functools import partial
from hashlib import sha1
from typing import Any

import msgspec

from bridge.errors import PlatformError, Unreachable
from bridge.platforms import Refusal
from bridge.records import Batch, LabelSchema, QueueItem, digest
from bridge_labelbox import operations as ops
from bridge_labelbox.client import Client, Import, Missing, dig, shaped
from bridge_labelbox.keys import identifier
from bridge_labelbox.once import TRIES, found_or_made
from bridge_labelbox.settings import LabelboxSettings

__all__ = ["Form", "show_predictions", "uuid5"]

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://labelbox.com/pre-annotation").bytes
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


class Form:
    """Makes the lines of an import; what they have in common is looked up once."""

    def __init__(self, project: str, question_id: str | None, schema: LabelSchema) -> None:
        self._task = schema.task
        self._answers = {c.name: {"schemaId": c.id} for c in schema.classes}
        self._asked = {"schemaId": question_id} if question_id else {"name": schema.question}
        self._about = (f"{project}\n", f"\n{schema.question}")

    def line(self, entry: QueueItem) -> dict[str, Any] | None:
        """Make one line; None where the prediction has nothing to show.

        The uuid is derived from project, row and question, so that a later import takes the place
        of an earlier one (documented for older versions of the API; unverified today). Confidence
        is left out, since Labelbox ignores it here.

        Raises:
            KeyError: the prediction names a class that the schema does not have.
        """
        if entry.prediction is None or self._task not in ("single", "multi"):
            return None
        answers = [self._answers[name] for name in entry.prediction.chosen(self._task)]
        if not answers:
            return None
        key = entry.item.key
        name, kind = identifier(key)
        return {
            "uuid": uuid5(_NAMESPACE, key.join(self._about)),
            "dataRow": {"globalKey" if kind == "GKEY" else "id": name},
            **self._asked,
            "answer": answers if self._task == "multi" else answers[0],
        }


def uuid5(namespace: bytes, name: str) -> str:
    """Return ``str(uuid.uuid5(uuid.UUID(bytes=namespace), name))``, in a fifth of the time."""
    text = sha1(namespace + name.encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


class _Reason(msgspec.Struct):
    name: str | None = None
    message: str | None = None


class _Status(msgspec.Struct):
    uuid: str
    status: str
    errors: list[_Reason] | None = None


_encoded = msgspec.json.Encoder().encode
_status = msgspec.json.Decoder(_Status).decode


def _failures(lines: Iterable[bytes]) -> dict[str, str]:
    """Return, by uuid, why Labelbox did not take a line, from the import's status file."""
    found = {}
    for line in lines:
        status = _status(line)
        if status.status != "SUCCESS":
            reasons = [r.message or r.name or "" for r in status.errors or ()]
            found[status.uuid] = "; ".join(filter(None, reasons)) or status.status
    return found


def show_predictions(
    client: Client,
    settings: LabelboxSettings,
    batch: Batch,
    kept: Sequence[QueueItem],
    question_id: str | None,
    schema: LabelSchema,
) -> tuple[int, list[Refusal]]:
    """Import the predictions of ``kept``; return how many are shown, and why others are not."""
    form = Form(settings.project, question_id, schema)
    rows, keys, refused = [], {}, []
    for entry in kept:
        try:
            line = form.line(entry)
        except KeyError as error:
            why = f"The schema has no class {error}."
            refused.append(Refusal(key=entry.item.key, why=why, fatal=False))
            continue
        if line is not None:
            rows.append(_encoded(line))
            keys[line["uuid"]] = entry.item.key
    if not rows:
        return 0, refused
    client.execute(ops.SHOW_PREDICTIONS, {"project_id": settings.project, "show": True})
    body = b"\n".join(rows) + b"\n"
    name = f"{settings.batch_prefix}-{batch.id}-{digest(body.decode())[:12]}"
    done = _import(client, settings, name, body)
    if done.state != "FINISHED":
        why = f"Labelbox could not import the pre-annotations ({done.state})."
        return 0, refused + [Refusal(key=k, why=why, fatal=False) for k in keys.values()]
    failed = _failed(client, done)
    refused += [
        Refusal(key=keys[uuid], why=why, fatal=False)
        for uuid, why in failed.items()
        if uuid in keys
    ]
    return len(keys) - len(failed.keys() & keys.keys()), refused


def _import(client: Client, settings: LabelboxSettings, name: str, body: bytes) -> Import:
    """Import once under this name; a failed import is tried again under the next name."""
    done = Import(name=name, state="FAILED")
    for attempt in range(TRIES):
        tried = name if attempt == 0 else f"{name}-{attempt + 1}"
        variables = {"projectId": settings.project, "name": tried}
        found_or_made(
            partial(_find_import, client, variables),
            partial(_make_import, client, variables, body),
            f"Import '{tried}'",
        )
        look = partial(_ended, client, variables)
        done = client.poll(look, settings.task_timeout_s, f"Import '{tried}'")
        if done.state == "FINISHED":
            break
    return done


def _find_import(client: Client, variables: dict[str, str]) -> Import | None:
    try:
        data = client.execute(ops.GET_IMPORT, variables)
    except Missing:
        return None
    found = dig(data, "modelAssistedLabelingPredictionImport")
    return None if found is None else shaped(found, Import)


def _ended(client: Client, variables: dict[str, str]) -> Import | None:
    found = _find_import(client, variables)
    return found if found is not None and found.state in ("FINISHED", "FAILED") else None


def _make_import(client: Client, variables: dict[str, str], body: bytes) -> Import:
    data = client.upload(ops.IMPORT_PREDICTIONS, variables, body)
    return shaped(dig(data, "createModelAssistedLabelingPredictionImport"), Import)


def _failed(client: Client, done: Import) -> dict[str, str]:
    if done.status_file_url is None:
        return {}
    try:
        body = client.read(done.status_file_url)
        return _failures(line for line in body.split(b"\n") if line.strip())
    except Unreachable:
        # Labelbox keeps status files for a day: on a later repeat nothing more can be said.
        return {}
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise PlatformError(
            f"The status file of import '{done.name}' cannot be read: {error}.", "Run again."
        ) from None
