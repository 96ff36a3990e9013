"""Annotations: from the NDJSON of imports to the shape of exports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge_labelbox.emulator.state import cuid, slug

__all__ = ["BadLine", "classification", "features", "find_class", "read_line"]


class BadLine(Exception):
    """One line of an import that cannot be taken."""


def features(normalized: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield tools and classifications, nested ones too."""
    for one in [*normalized.get("tools", ()), *normalized.get("classifications", ())]:
        yield one
        nested = [*(one.get("classifications") or ())]
        for option in one.get("options") or ():
            nested += option.get("options") or ()
        yield from features({"classifications": nested})


def _names(feature: Mapping[str, Any]) -> set[str]:
    return {feature.get("name") or "", feature.get("instructions") or ""} - {""}


def _feature(normalized: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    for feature in features(normalized):
        if line.get("schemaId"):
            if line["schemaId"] == feature.get("featureSchemaId"):
                return feature
        elif line.get("name") in _names(feature):
            return feature
    wanted = line.get("schemaId") or line.get("name")
    raise BadLine(f"Feature schema '{wanted}' is not in the project's ontology")


def find_class(feature: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the option that ``{"name"}`` or ``{"schemaId"}`` means.

    Raises:
        BadLine: there is none.
    """
    for option in feature.get("options") or ():
        if given.get("schemaId"):
            if given["schemaId"] == option.get("featureSchemaId"):
                return dict(option)
        elif given.get("name") == option.get("label"):
            return dict(option)
    raise BadLine(f"Option '{given.get('schemaId') or given.get('name')}' does not exist")


def _head(feature: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {
        "feature_id": cuid(),
        "feature_schema_id": feature.get("featureSchemaId"),
        "name": name,
        "value": slug(name),
    }


def _choice(normalized: Mapping[str, Any], feature: Mapping[str, Any], given: Any) -> Any:
    if not isinstance(given, dict):
        raise BadLine("An answer must name an option")
    option = find_class(feature, given)
    nested = [classification(normalized, one) for one in given.get("classifications") or ()]
    return {**_head(option, option["label"]), "classifications": nested}


def classification(normalized: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a classification as exports have it.

    Raises:
        BadLine: it does not fit the ontology.
    """
    feature = _feature(normalized, line)
    answer = line.get("answer", line.get("answers"))
    head = _head(feature, feature.get("name") or feature.get("instructions") or "")
    match feature.get("type"):
        case "radio" if isinstance(answer, dict):
            return {**head, "radio_answer": _choice(normalized, feature, answer)}
        case "checklist" if isinstance(answer, list):
            ticks = [_choice(normalized, feature, one) for one in answer]
            return {**head, "checklist_answers": ticks}
        case "text" if isinstance(answer, str):
            return {**head, "text_answer": {"content": answer, "classifications": []}}
        case kind:
            raise BadLine(f"The answer does not fit a classification of type {kind}")


def _geometry(line: Mapping[str, Any], text: str) -> tuple[str, dict[str, Any]]:
    if "location" in line:
        start, end = line["location"]["start"], line["location"]["end"]
        # The end is inclusive. Offsets count code points here; unverified for Labelbox.
        token = text[start : end + 1]
        return "TextEntity", {"location": {"start": start, "end": end, "token": token}}
    if "bbox" in line:
        box = {side: float(line["bbox"][side]) for side in ("top", "left", "height", "width")}
        return "ImageBoundingBox", {"bounding_box": box}
    if "polygon" in line:
        points = line["polygon"]
        closed = points if points and points[0] == points[-1] else [*points, *points[:1]]
        return "ImagePolygon", {"polygon": closed}
    if "line" in line:
        return "ImagePolyline", {"line": line["line"]}
    if "point" in line:
        return "ImagePoint", {"point": line["point"]}
    if "mask" in line:
        return "ImageSegmentationMask", {"mask": {"url": line["mask"].get("instanceURI", "")}}
    raise BadLine("The line has neither an answer nor a place")


def read_line(
    normalized: Mapping[str, Any], line: Mapping[str, Any], text: str
) -> tuple[str, dict[str, Any]]:
    """Return ``("classifications" | "objects", annotation)`` as exports have it.

    Args:
        text: what the row shows, for the tokens of spans.

    Raises:
        BadLine: it does not fit the ontology.
    """
    if "answer" in line or "answers" in line:
        return "classifications", classification(normalized, line)
    feature = _feature(normalized, line)
    kind, place = _geometry(line, text)
    nested = [classification(normalized, one) for one in line.get("classifications") or ()]
    head = _head(feature, feature.get("name") or "")
    return "objects", {**head, "annotation_kind": kind, "classifications": nested, **place}
