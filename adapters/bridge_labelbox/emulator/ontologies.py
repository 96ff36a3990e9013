"""Ontologies and feature schemas: their GraphQL operations, and what REST does with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bridge_labelbox.emulator import shapes
from bridge_labelbox.emulator.graphql import Call, Refused, operation
from bridge_labelbox.emulator.state import Feature, Ontology, Project, World, cuid, slug

__all__ = [
    "add_ontology",
    "archive_or_delete",
    "insert_feature",
    "nodes",
    "projects_of",
    "upsert_feature",
    "used_features",
]


# Tools that the service gives a definition of.
_DEFINED = ("step-reasoning", "fact-checking", "prompt-issue")


def add_ontology(
    world: World, name: str, normalized: dict[str, Any], media_type: str | None = "TEXT"
) -> Ontology:
    """Make an ontology; parts without ids get them."""
    made = Ontology(cuid(), name, _with_ids(normalized), world.now(), media_type)
    for kind in ("tools", "classifications", "relationships"):
        made.normalized.setdefault(kind, [])
    world.ontologies[made.id] = made
    for node in nodes(made):
        world.features.setdefault(
            node["featureSchemaId"], Feature(node["featureSchemaId"], dict(node))
        )
    return made


def _with_ids(node: Any) -> Any:
    if isinstance(node, list):
        return [_with_ids(one) for one in node]
    if not isinstance(node, dict):
        return node
    copy = {name: _with_ids(value) for name, value in node.items()}
    if any(name in copy for name in ("tool", "type", "label")):
        copy["featureSchemaId"] = copy.get("featureSchemaId") or cuid()
        copy["schemaNodeId"] = copy.get("schemaNodeId") or cuid()
    if "tool" in copy:
        copy.setdefault("archived", 0)
        copy.setdefault("classifications", [])
        if copy["tool"] in _DEFINED:
            named = {"title": copy.get("name"), "value": slug(copy.get("name") or "")}
            own = copy.get("definition") or {"color": copy.get("color")}
            copy["definition"] = {**named, **own}
    if "label" in copy:
        copy["value"] = copy.get("value") or slug(copy["label"])
    return copy


def nodes(ontology: Ontology) -> Iterator[dict[str, Any]]:
    """Yield the tools and classifications of an ontology, without nested ones."""
    for kind in ("tools", "classifications", "relationships"):
        yield from ontology.normalized.get(kind) or ()


def projects_of(world: World, ontology: Ontology) -> list[Project]:
    """Return the projects that an ontology is connected to."""
    return [one for one in world.projects.values() if one.ontology == ontology.id]


def used_features(world: World) -> set[str]:
    """Return the ids of feature schemas that stand in an ontology."""
    return {node["featureSchemaId"] for one in world.ontologies.values() for node in nodes(one)}


def upsert_feature(world: World, given: dict[str, Any]) -> Feature:
    """Make a feature schema, or replace the one of the same id, also where ontologies have it."""
    made = _with_ids(given)
    feature = world.features.get(made["featureSchemaId"])
    if feature is None:
        feature = world.features[made["featureSchemaId"]] = Feature(made["featureSchemaId"], made)
        return feature
    made["schemaNodeId"] = feature.normalized["schemaNodeId"]
    feature.normalized = made
    for ontology in world.ontologies.values():
        for node in nodes(ontology):
            if node["featureSchemaId"] == feature.id:
                node.clear()
                node.update(made)
    return feature


def insert_feature(ontology: Ontology, feature: Feature, position: int) -> None:
    """Put a feature schema at a place of an ontology, or move it there."""
    kind = "tools" if "tool" in feature.normalized else "classifications"
    listed = ontology.normalized.setdefault(kind, [])
    kept = [node for node in listed if node["featureSchemaId"] != feature.id]
    ontology.normalized[kind] = [*kept[:position], dict(feature.normalized), *kept[position:]]


def archive_or_delete(world: World, ontology: Ontology, node: dict[str, Any]) -> bool:
    """Archive a part of an ontology that labels use, or delete it; return whether it is archived.

    Labels are told to use it where they name it in the projects of this ontology.
    """
    used = any(
        node["featureSchemaId"] in json.dumps([label.objects, label.classifications])
        for project in projects_of(world, ontology)
        for label in project.labels.values()
    )
    if used:
        node["archived"] = 1
        return True
    for kind in ("tools", "classifications", "relationships"):
        kept = [one for one in ontology.normalized.get(kind) or () if one is not node]
        if kind in ontology.normalized:
            ontology.normalized[kind] = kept
    return False


def _page(shown: list[dict[str, Any]], call: Call) -> dict[str, Any]:
    start = int(call.variables.get("from") or 0)
    end = start + int(call.variables.get("first") or 100)
    return {"nodes": shown[start:end], "nextCursor": str(end) if end < len(shown) else None}


def _like(name: str, call: Call) -> bool:
    return (call.variables.get("search") or "").lower() in name.lower()


@operation("upsertRootSchemaNode")
def _upsert(call: Call) -> dict[str, Any]:
    """Make an ontology or a feature schema: the SDK gives both operations this name."""
    data = call.variables["data"]
    normalized = json.loads(data["normalized"])
    if "upsertOntology" in call.text:
        made = add_ontology(call.world, data["name"], normalized, data.get("mediaType"))
        return {"upsertOntology": shapes.ontology(made)}
    return {"upsertRootSchemaNode": shapes.feature(upsert_feature(call.world, normalized))}


@operation("GetOntology", "getOntology")
def _get(call: Call) -> dict[str, Any]:
    found = call.world.ontologies.get(call.variables.get("param_0", ""))
    if found is None:
        raise Refused("RESOURCE_NOT_FOUND", "Ontology not found")
    return {"ontology": shapes.ontology(found)}


@operation("getOntologies")
def _list(call: Call) -> dict[str, Any]:
    found = [one for one in call.world.ontologies.values() if _like(one.name, call)]
    return {"ontologies": _page([shapes.ontology(one) for one in found], call)}


@operation("rootSchemaNode")
def _feature(call: Call) -> dict[str, Any]:
    wanted = call.variables["rootSchemaNodeWhere"]["featureSchemaId"]
    found = call.world.features.get(wanted)
    if found is None or found.deleted:
        raise Refused("RESOURCE_NOT_FOUND", f"Feature schema {wanted} not found")
    return {"rootSchemaNode": shapes.feature(found)}


@operation("rootSchemaNodes")
def _features(call: Call) -> dict[str, Any]:
    shown = [shapes.feature(one) for one in call.world.features.values() if not one.deleted]
    return {"rootSchemaNodes": _page([one for one in shown if _like(one["name"], call)], call)}
