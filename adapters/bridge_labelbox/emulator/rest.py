"""The REST service: what the SDK does with feature schemas outside of GraphQL.

Status codes and the texts of refusals are those that the SDK 7.17.0 and its own integration tests
look for.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge_labelbox.emulator.ontologies import (
    archive_or_delete,
    insert_feature,
    nodes,
    projects_of,
    upsert_feature,
    used_features,
)
from bridge_labelbox.emulator.state import Feature, Ontology, World

__all__ = ["rest"]

_ONTOLOGY = "/api/v1/ontologies/{ontology}"
_FEATURE = "/api/v1/feature-schemas/{feature}"
_INSIDE = _ONTOLOGY + "/feature-schemas/{feature}"


class _No(Exception):
    """A refusal with its status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


Do = Callable[[World, dict[str, str], dict[str, Any]], tuple[int, Any]]


def rest(world: World) -> list[Route]:
    """Return the routes of the REST service."""

    def route(path: str, method: str, do: Do) -> Route:
        async def handle(request: Request) -> Response:
            if request.headers.get("authorization") != f"Bearer {world.api_key}":
                return JSONResponse({"message": "Invalid API key"}, 401)
            given = json.loads(await request.body() or b"{}")
            try:
                with world.lock:
                    status, body = do(world, dict(request.path_params), given)
            except _No as no:
                return JSONResponse({"message": str(no)}, no.status)
            return Response(status_code=204) if status == 204 else JSONResponse(body, status)

        return Route(path, handle, methods=[method])

    return [
        route("/api/v1/ontologies/unused", "GET", _unused_ontologies),
        route("/api/v1/feature-schemas/unused", "GET", _unused_features),
        route(_ONTOLOGY, "GET", _show_ontology),
        route(_ONTOLOGY, "DELETE", _delete_ontology),
        route(_FEATURE, "PUT", _upsert),
        route(_FEATURE, "DELETE", _delete_feature),
        route(_FEATURE + "/definition", "PATCH", _rename),
        route(_INSIDE, "POST", _insert),
        route(_INSIDE, "DELETE", _remove),
        route(_INSIDE + "/unarchive", "PATCH", _unarchive),
    ]


def _ontology(world: World, path: dict[str, str]) -> Ontology:
    found = world.ontologies.get(path["ontology"])
    if found is None:
        raise _No(404, f"Failed to find ontology by id: {path['ontology']}")
    return found


def _feature(world: World, path: dict[str, str]) -> Feature:
    found = world.features.get(path["feature"])
    if found is None:
        wanted = path["feature"]
        raise _No(404, f"Cannot find root schema node with feature schema id {wanted}")
    if found.deleted:
        raise _No(400, "Feature schema is already deleted")
    return found


def _node(world: World, path: dict[str, str]) -> dict[str, Any]:
    for node in nodes(_ontology(world, path)):
        if node["featureSchemaId"] == path["feature"]:
            return node
    raise _No(404, f"Failed to find feature schema node by id: {path['feature']}")


def _unused_ontologies(world: World, path: Any, given: Any) -> tuple[int, Any]:
    return 200, [one.id for one in world.ontologies.values() if not projects_of(world, one)]


def _unused_features(world: World, path: Any, given: Any) -> tuple[int, Any]:
    used = used_features(world)
    return 200, [f.id for f in world.features.values() if not f.deleted and f.id not in used]


def _show_ontology(world: World, path: dict[str, str], given: Any) -> tuple[int, Any]:
    found = _ontology(world, path)
    shown = {
        kind: [
            {**node, "archived": bool(node.get("archived"))}
            for node in found.normalized.get(kind) or ()
        ]
        for kind in ("tools", "classifications", "relationships")
    }
    return 200, {"id": found.id, "featureSchemaNodes": shown}


def _delete_ontology(world: World, path: dict[str, str], given: Any) -> tuple[int, Any]:
    found = _ontology(world, path)
    if connected := projects_of(world, found):
        raise _No(
            400,
            "Cannot delete an ontology connected to a project. The ontology is connected to"
            f" projects: {', '.join(one.id for one in connected)}",
        )
    del world.ontologies[found.id]
    return 204, None


def _upsert(world: World, path: dict[str, str], given: dict[str, Any]) -> tuple[int, Any]:
    return 200, {"schemaId": upsert_feature(world, json.loads(given["normalized"])).id}


def _delete_feature(world: World, path: dict[str, str], given: Any) -> tuple[int, Any]:
    found = _feature(world, path)
    if found.id in used_features(world):
        raise _No(400, "Feature schema cannot be deleted because it is used in ontologies")
    found.deleted = True
    return 204, None


def _rename(world: World, path: dict[str, str], given: dict[str, Any]) -> tuple[int, Any]:
    found = _feature(world, path)
    if not given.get("title"):
        raise _No(400, "A feature schema needs a title")
    upsert_feature(world, {**found.normalized, "name": given["title"]})
    return 200, {"schemaId": found.id}


def _insert(world: World, path: dict[str, str], given: dict[str, Any]) -> tuple[int, Any]:
    insert_feature(_ontology(world, path), _feature(world, path), int(given["position"]))
    return 201, {}


def _remove(world: World, path: dict[str, str], given: Any) -> tuple[int, Any]:
    archived = archive_or_delete(world, _ontology(world, path), _node(world, path))
    return 200, {"archived": archived, "deleted": not archived}


def _unarchive(world: World, path: dict[str, str], given: Any) -> tuple[int, Any]:
    _node(world, path)["archived"] = 0
    return 200, {"unarchived": True}
