"""What people at the platform do: answer, skip, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bridge_labelbox.emulator.answers import BadLine, find_class
from bridge_labelbox.emulator.state import Label, Project, World, cuid, slug

__all__ = [
    "STATES",
    "add_label",
    "answer",
    "benchmark",
    "delete_label",
    "pre_annotations",
    "review",
]

# "IN_REVIEW" is known from Labelbox's own tests, the other words are unverified.
STATES = ("TO_LABEL", "IN_REVIEW", "IN_REWORK", "DONE")


def add_label(
    world: World,
    project: Project,
    row: str,
    annotator: str,
    *,
    seconds: float = 0,
    skipped: bool = False,
    objects: Sequence[dict[str, Any]] = (),
    classifications: Sequence[dict[str, Any]] = (),
    imported: bool = False,
) -> Label:
    """Submit a label; a person's second one on a row is an edit of the first.

    An import makes a label of its own each time (Labelbox's own tests count on it).
    """
    now = world.now()
    visible = world.touch(world.rows[row], now)
    mine = [x for x in project.labels_of(row) if x.created_by == annotator and not imported]
    label = mine[0] if mine else Label(cuid(), row, annotator, now, now, visible)
    label.updated_at, label.visible_at = now, visible
    label.seconds, label.skipped = seconds, skipped
    label.objects, label.classifications = list(objects), list(classifications)
    project.keep(label)
    if row in project.members:
        project.members[row].status = "IN_REVIEW"
    return label


def answer(
    world: World,
    project: Project,
    row: str,
    classes: Sequence[str],
    annotator: str,
    seconds: float,
) -> Label:
    """Answer the project's first radio or checklist classification.

    A class that the ontology does not have (any more) is told under its name, as of a label that
    was made when it existed.
    """
    question = _question(world, project)
    choices = [_choice(question, name) for name in classes]
    head = {
        "feature_id": cuid(),
        "feature_schema_id": question["featureSchemaId"],
        "name": question.get("name") or question.get("instructions"),
        "value": slug(question.get("name") or ""),
    }
    given: dict[str, Any]
    if question["type"] == "radio":
        given = {**head, "radio_answer": choices[0]} if choices else {}
    else:
        given = {**head, "checklist_answers": choices}
    return add_label(
        world,
        project,
        row,
        annotator,
        seconds=seconds,
        classifications=[given] if given else [],
    )


def _question(world: World, project: Project) -> dict[str, Any]:
    ontology = world.ontologies[project.ontology or ""]
    for one in ontology.normalized.get("classifications") or ():
        if one["type"] in ("radio", "checklist"):
            return dict(one)
    raise KeyError("the project has no radio or checklist classification")


def _choice(question: Mapping[str, Any], name: str) -> dict[str, Any]:
    try:
        schema_id = find_class(question, {"name": name}).get("featureSchemaId")
    except BadLine:
        schema_id = cuid()
    return {
        "feature_id": cuid(),
        "feature_schema_id": schema_id,
        "name": name,
        "value": slug(name),
        "classifications": [],
    }


def delete_label(world: World, project: Project, row: str, annotator: str | None = None) -> int:
    """Delete a person's label, or all labels, of a row; it is asked for again. Return how many."""
    gone = [x for x in project.labels_of(row) if annotator is None or x.created_by == annotator]
    for label in gone:
        project.forget(label)
    if gone:
        world.touch(world.rows[row], world.now())
    if row in project.members and not project.labels_of(row):
        project.members[row].status = "TO_LABEL"
    return len(gone)


def review(world: World, project: Project, row: str, state: str) -> None:
    """Move a labeled row to a workflow state, as a reviewer does."""
    if state not in STATES:
        raise ValueError(f"no state '{state}'")
    project.members[row].status = state
    world.touch(world.rows[row], world.now())


def benchmark(world: World, project: Project, row: str, annotator: str | None, on: bool) -> None:
    """Make a person's label of a row the reference of a benchmark, or take that back."""
    mine = [x for x in project.labels_of(row) if annotator in (None, x.created_by)]
    if not mine:
        raise KeyError(f"no label of {annotator or 'anybody'}")
    mine[0].benchmark = cuid() if on else None
    world.touch(world.rows[row], world.now())


def pre_annotations(project: Project, row: str) -> list[tuple[str, ...]]:
    """Return what is pre-selected on a row: the names, for each prediction that is there."""
    if not project.shows_predictions:
        return []
    shown = []
    for one in project.predictions.get(row, {}).values():
        annotation = one["annotation"]
        ticks = annotation.get("checklist_answers")
        radio = annotation.get("radio_answer")
        names = [radio["name"]] if radio else [t["name"] for t in ticks or ()]
        shown.append(tuple(names or [annotation["name"]]))
    return shown
