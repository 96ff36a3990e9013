"""Operations that import pre-annotations and labels."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from bridge_labelbox.emulator import shapes
from bridge_labelbox.emulator.answers import BadLine, read_line
from bridge_labelbox.emulator.graphql import Call, Refused, operation, paged
from bridge_labelbox.emulator.people import add_label
from bridge_labelbox.emulator.state import DataRow, Import, Project, World, cuid

__all__: list[str] = []

_MAL, _LABELS = "mal", "labels"


def _import(call: Call, kind: str) -> Import:
    """Take the file.

    A second import of the same name is refused; what the service does then is unverified.
    """
    world, project, name = call.world, call.project(), call.variables["name"]
    if (kind, name) in project.imports:
        raise Refused("RESOURCE_CONFLICT", f"Import with name '{name}' already exists")
    if not call.files:
        # Nothing is ever fetched here: an import by address begins, and fails.
        made = Import(cuid(), name, kind, project.id, call.variables["fileUrl"])
        project.imports[kind, name] = made
        return made
    body = next(iter(call.files.values())).body
    made = Import(cuid(), name, kind, project.id, world.put_file(body))
    made.fetched = True
    made.lines = [json.loads(line) for line in body.split(b"\n") if line.strip()]
    project.imports[kind, name] = made
    return made


def _finish(world: World, project: Project, one: Import) -> None:
    """Work the lines off, on the first look at the import."""
    if one.state != "RUNNING":
        return
    if not one.fetched:
        one.state = "FAILED"
        return
    take: Callable[..., None] = _TAKE[one.kind]
    rows: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    statuses = []
    for line in one.lines:
        try:
            row, read = _read(world, project, line)
        except (BadLine, KeyError, TypeError) as error:
            statuses.append(_status(line, str(error)))
            continue
        rows.setdefault(row.id, []).append(read)
        if one.kind == _MAL:
            take(project, row, line, read)
        statuses.append(_status(line, None, row.id))
    if one.kind == _LABELS:
        for row_id, answers in rows.items():
            take(world, project, row_id, answers)
    failed = [status for status in statuses if status["status"] != "SUCCESS"]
    one.status_url = world.put_file(_ndjson(statuses))
    one.error_url = world.put_file(_ndjson(failed))
    one.state = "FINISHED"


def _read(
    world: World, project: Project, line: Mapping[str, Any]
) -> tuple[DataRow, tuple[str, dict[str, Any]]]:
    named = line["dataRow"]
    row_id = world.by_key.get(named["globalKey"]) if "globalKey" in named else named["id"]
    row = world.rows.get(row_id or "")
    if row is None:
        raise BadLine("Data row does not exist")
    if row.id not in project.members:
        raise BadLine("Data row is not in the project")
    ontology = world.ontologies.get(project.ontology or "")
    return row, read_line(ontology.normalized if ontology else {}, line, world.text_of(row))


def _predict(
    project: Project, row: DataRow, line: Mapping[str, Any], read: tuple[str, dict[str, Any]]
) -> None:
    # The same uuid replaces (documented for older versions of the API; unverified today).
    kind, annotation = read
    shown = {"kind": kind, "annotation": annotation}
    project.predictions.setdefault(row.id, {})[str(line.get("uuid") or cuid())] = shown


def _label(
    world: World, project: Project, row_id: str, answers: list[tuple[str, dict[str, Any]]]
) -> None:
    add_label(
        world,
        project,
        row_id,
        str(world.user["email"]),
        imported=True,
        objects=[a for kind, a in answers if kind == "objects"],
        classifications=[a for kind, a in answers if kind == "classifications"],
    )


_TAKE: dict[str, Callable[..., None]] = {_MAL: _predict, _LABELS: _label}


def _status(line: Mapping[str, Any], error: str | None, row: str = "") -> dict[str, Any]:
    errors = [] if error is None else [{"name": "ValidationError", "message": error}]
    named = line.get("dataRow")
    return {
        "uuid": line.get("uuid"),
        "dataRow": {"id": row or (named.get("id") if isinstance(named, dict) else None)},
        "status": "SUCCESS" if error is None else "FAILURE",
        "errors": [{**one, "additionalInfo": None} for one in errors],
    }


def _ndjson(lines: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


def _found(call: Call, kind: str) -> dict[str, Any]:
    project = call.project()
    one = project.imports.get((kind, call.variables["name"]))
    if one is None:
        raise Refused("RESOURCE_NOT_FOUND", "Import not found")
    _finish(call.world, project, one)
    return shapes.import_(call.world, one)


@operation("createMALPredictionImportByFile", "createMALPredictionImportByUrl")
def _create_mal(call: Call) -> dict[str, Any]:
    made = _import(call, _MAL)
    return {"createModelAssistedLabelingPredictionImport": shapes.import_(call.world, made)}


@operation("getModelAssistedLabelingPredictionImport")
def _get_mal(call: Call) -> dict[str, Any]:
    return {"modelAssistedLabelingPredictionImport": _found(call, _MAL)}


def _listed(call: Call, kind: str) -> list[dict[str, Any]]:
    found = [one for (k, _), one in call.project().imports.items() if k == kind]
    return paged([shapes.import_(call.world, one) for one in found], call.text)


@operation("getModelAssistedLabelingPredictionImports")
def _list_mal(call: Call) -> dict[str, Any]:
    return {"modelAssistedLabelingPredictionImports": _listed(call, _MAL)}


@operation("getLabelImports")
def _list_labels(call: Call) -> dict[str, Any]:
    return {"labelImports": _listed(call, _LABELS)}


@operation("deleteModelAssistedLabelingPredictionImport")
def _delete_mal(call: Call) -> dict[str, Any]:
    """Delete an import, and what it pre-selected (unverified)."""
    for project in call.world.projects.values():
        for key, one in list(project.imports.items()):
            if one.id == call.variables["id"]:
                del project.imports[key]
                gone = {str(line.get("uuid")) for line in one.lines}
                for shown in project.predictions.values():
                    for uuid in gone & shown.keys():
                        del shown[uuid]
                return {"deleteModelAssistedLabelingPredictionImport": {"id": one.id}}
    raise Refused("RESOURCE_NOT_FOUND", "Import not found")


@operation("createLabelImportByFile", "createLabelImportByUrl")
def _create_labels(call: Call) -> dict[str, Any]:
    return {"createLabelImport": shapes.import_(call.world, _import(call, _LABELS))}


@operation("getLabelImport")
def _get_labels(call: Call) -> dict[str, Any]:
    return {"labelImport": _found(call, _LABELS)}


@operation("createMEAPredictionImportByFile", "createMEAPredictionImportByUrl")
def _create_mea(call: Call) -> dict[str, Any]:
    raise Refused(
        "INTERNAL_SERVER_ERROR",
        "9 FAILED_PRECONDITION: MEA prediction import has been deprecated",
        500,
    )
