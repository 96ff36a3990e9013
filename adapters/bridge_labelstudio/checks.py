"""What ``bridge check`` looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from bridge.errors import BridgeError, DataError
from bridge.platforms import Finding
from bridge_labelstudio.client import Client, decoded
from bridge_labelstudio.labels import Unreadable
from bridge_labelstudio.pull import item_of
from bridge_labelstudio.push import SAMPLING
from bridge_labelstudio.queue import is_ours
from bridge_labelstudio.schema import Question, question_of
from bridge_labelstudio.settings import LabelStudioSettings
from bridge_labelstudio.tasks import first_tasks, key_of, project_of
from bridge_labelstudio.wire import Project, User

__all__ = ["findings"]

_LOOKED_AT = 20


class _Release(msgspec.Struct):
    release: str


class _Summary(msgspec.Struct):
    created_labels: dict[str, dict[str, int]] = {}


class _Backend(msgspec.Struct):
    title: str = ""


def findings(client: Client, settings: LabelStudioSettings) -> Iterator[Finding]:
    """Yield one finding each of key, server, project, schema, pool, labels and order."""
    yield _finding("key", lambda: _key(client))
    yield _finding("server", lambda: _server(client))
    try:
        project = project_of(client, settings.project)
    except BridgeError as error:
        yield Finding(name="project", ok=False, detail=error.what, fix=error.fix)
        return
    detail = f"'{project.title}', {project.task_number or 0} tasks"
    yield Finding(name="project", ok=True, detail=detail)
    try:
        question = question_of(project, settings.question, settings.text_field)
    except BridgeError as error:
        yield Finding(name="schema", ok=False, detail=error.what, fix=error.fix)
        return
    schema = question.schema
    shown = f"'{question.name}' ({schema.task}): {', '.join(schema.names)}"
    yield Finding(name="schema", ok=True, detail=shown)
    yield _finding("pool", lambda: _pool(client, settings, question))
    yield _finding("labels", lambda: _labels(client, settings, question))
    yield _finding("order", lambda: _order(settings, project))
    yield _finding("ML backend", lambda: _backends(client, settings))
    yield _finding("annotators", lambda: _overlap(project))


def _finding(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name=name, ok=True, detail=look())
    except BridgeError as error:
        return Finding(name=name, ok=False, detail=error.what, fix=error.fix)


def _key(client: Client) -> str:
    answer = client.call("GET", "/api/current-user/whoami", repeatable=True)
    return f"accepted, for {decoded(answer, User).email}"


def _server(client: Client) -> str:
    answer = client.call("GET", "/api/version", repeatable=True)
    return f"Label Studio {decoded(answer, _Release).release}"


def _pool(client: Client, settings: LabelStudioSettings, question: Question) -> str:
    tasks = first_tasks(client, settings.project, _LOOKED_AT)
    if not tasks:
        return "the project has no tasks yet"
    bad = []
    for task in tasks:
        try:
            item_of(task, key_of(task, settings.key_field), question)
        except Unreadable as error:
            bad.append(error.problem)
    if bad:
        raise DataError(
            f"{len(bad)} of the first {len(tasks)} tasks cannot be read; {bad[0].where}:"
            f" {bad[0].what}",
            bad[0].fix,
        )
    keyed = sum(1 for task in tasks if settings.key_field in task.data)
    named = f"{keyed} of the first {len(tasks)} tasks have a key in '{settings.key_field}'"
    return named if keyed else f"{named}; tasks count by their number"


def _labels(client: Client, settings: LabelStudioSettings, question: Question) -> str:
    path = f"/api/projects/{settings.project}/summary/"
    summary = decoded(client.call("GET", path, repeatable=True), _Summary)
    used = summary.created_labels.get(question.name, {})
    unknown = sorted(label for label in used if label not in question.names)
    if unknown:
        raise DataError(
            f"Annotations use labels that the labeling interface lacks: {', '.join(unknown)}.",
            "Add them there, or leave those answers out of training.",
        )
    return "annotations use known labels only"


def _order(settings: LabelStudioSettings, project: Project) -> str:
    if project.sampling != SAMPLING and is_ours(project.model_version, settings):
        raise DataError(
            f"Tasks are served by '{project.sampling}', which ignores Bridge's order.",
            "Let Bridge push again, which sets it, or set it through the API"
            f' ({{"sampling": "{SAMPLING}"}}).',
        )
    if is_ours(project.model_version, settings):
        return f"by score, of model version '{project.model_version}'"
    shown = f"; '{project.model_version}' is shown now" if project.model_version else ""
    return f"the first push sets '{SAMPLING}' and Bridge's model version{shown}"


def _backends(client: Client, settings: LabelStudioSettings) -> str:
    params = {"project": str(settings.project)}
    answer = client.call("GET", "/api/ml/", repeatable=True, params=params)
    backends = decoded(answer, list[_Backend])
    if backends:
        raise DataError(
            f"The ML backend '{backends[0].title}' is connected: it takes over the project's model"
            " version, and tasks come in random order.",
            "Disconnect it (Settings, Model): Bridge pushes predictions without one.",
        )
    return "none, as it should be"


def _overlap(project: Project) -> str:
    if project.maximum_annotations > 1:
        return (
            f"{project.maximum_annotations} per task: Label Studio serves started tasks first, at"
            " random; the order holds for fresh ones"
        )
    return "one per task"
