"""Reads of a project and its tasks: keyset pages, so that no task is passed over while others move.

Source: the Data Manager's query (``GET /api/tasks/?query=…``) as Label Studio 1.23.2 answers it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

import msgspec

from bridge.errors import PlatformError
from bridge.http import TooLarge
from bridge.records import Problem
from bridge_labelstudio.client import Client, Missing, decoded
from bridge_labelstudio.wire import Project, Task, TaskPage, User, Version, Versions

__all__ = [
    "Listed",
    "Tasks",
    "changed_tasks",
    "first_tasks",
    "key_of",
    "number_of",
    "project_of",
    "tasks_by_id",
    "tasks_by_key",
    "tasks_with_version",
    "users_of",
    "versions_of",
]

_PAGE = 500
_URL_CHARACTERS = 3000  # of keys in one address; common servers stop at 4,096 to 8,192 in all
_IDS = 300
_IN_A_ROW = 30  # answers that are too large, and tasks to pass over in one address
_BY_ID = "task-"

# An answer's first task: the number is the first that is told of it.
_FIRST = re.compile(rb'"tasks"\s*:\s*\[\s*\{\s*"id"\s*:\s*(\d{1,18})\b')

T = TypeVar("T")
Condition = dict[str, Any]


class Named(msgspec.Struct):
    """What is needed of a task to tell its key."""

    id: int
    data: dict[str, Any] = {}


class Tasks(NamedTuple):
    """Tasks of one answer, each once.

    Attributes:
        problems: those that cannot be read.
        date: the server's clock; None if unknown.
        unread: tasks that are there and cannot be read, as far as they can.
    """

    tasks: list[Task]
    problems: list[Problem]
    date: datetime | None
    unread: Sequence[Task | Named] = ()


class Listed(NamedTuple):
    """Model versions by name, and the server's clock (None if unknown)."""

    versions: dict[str, Version]
    date: datetime | None

    def predictions(self, name: str) -> int:
        """Return how many predictions a version has."""
        return self.versions[name].count if name in self.versions else 0


def project_of(client: Client, project: int) -> Project:
    """Return the project as it is now.

    Raises:
        Missing: there is none of this number, or this key may not see it.
    """
    try:
        answer = client.call("GET", f"/api/projects/{project}/", repeatable=True)
    except Missing as error:
        raise Missing(
            f"Label Studio has no project {project}, or not for this key.",
            "Correct 'project' in the settings, or use a key of a member of its organization.",
        ) from error
    return decoded(answer, Project)


def versions_of(client: Client, project: int) -> Listed:
    """Return the project's model versions."""
    path = f"/api/projects/{project}/model-versions/"
    answer = client.call("GET", path, repeatable=True, params={"extended": "true"})
    found = {v.model_version: v for v in decoded(answer, Versions).static if v.model_version}
    return Listed(found, answer.date)


def users_of(client: Client) -> dict[int, str]:
    """Return e-mail addresses by user id."""
    answer = client.call("GET", "/api/users/", repeatable=True)
    return {user.id: user.email for user in decoded(answer, list[User]) if user.email}


def key_of(task: Task | Named, key_field: str) -> str:
    """Return the key of a task's item.

    A value that looks like the number of a task does not count: it would name two tasks.
    """
    value = task.data.get(key_field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and 0 < len(value) <= 512 and number_of(value) is None:
        return value
    return f"{_BY_ID}{task.id}"


def number_of(key: str) -> int | None:
    """Return the number of the task that a key of the kind ``task-12`` names; None for others."""
    number = key.removeprefix(_BY_ID)
    plain = key.startswith(_BY_ID) and number.isascii() and number.isdigit()
    return int(number) if plain and len(number) < 19 else None


# ------------------------------------------------------------------------------------------ queries


def changed_tasks(
    client: Client, project: int, since: datetime | None, size: int
) -> Iterator[Tasks]:
    """Yield full tasks that changed at ``since`` or later, in the order of their last change.

    The next answer begins at the time where the last one ended: a task that changes meanwhile goes
    to the end, and nothing is passed over as it would be by page numbers. Tasks may come twice.

    Where an answer is too large, fewer are asked for; a task that is too large alone is left out.
    """
    asked = few = size
    too_large: list[int] = []
    here: set[int] = (
        set()
    )  # read, and changed last at ``since``; passed over where one is asked for
    failures = 0
    while True:
        conditions = [] if since is None else [_condition("updated_at", since)]
        for number in (*too_large, *(here if asked == 1 else ())):
            conditions.append(_condition("id", number, "not_equal", "Number"))
        try:
            found, total = _page(client, project, conditions, "tasks:updated_at", asked)
        except TooLarge as error:
            failures += 1
            if failures > _IN_A_ROW:
                raise
            if asked > 1:
                asked = few = max(1, few // 2)
            else:
                number, one = _too_large(client, project, error)
                too_large.append(number)
                asked, few, failures = size, size, 0
                yield one
            continue
        yield found
        if len(found.tasks) + len(found.problems) >= total:
            return
        last = max((task.updated_at for task in found.tasks), default=None)
        if last is not None and (since is None or last > since):
            since, asked, failures = last, few, 0
            here = {task.id for task in found.tasks if task.updated_at == last}
        elif asked == 1 and len(here) < _IN_A_ROW and (found.tasks or found.unread):
            here |= {task.id for task in (*found.tasks, *found.unread)}
        elif len(found.tasks) + len(found.problems) < asked:
            raise PlatformError(
                f"More than {len(found.tasks)} tasks changed at one moment, and Label Studio"
                " gives no more at a time.",
                "Raise TASK_API_PAGE_SIZE_MAX on the server.",
            )
        else:
            asked *= 2  # all changed at the same moment: reach over them


def _too_large(client: Client, project: int, error: TooLarge) -> tuple[int, Tasks]:
    """Return the number of a task that is too large alone, and how to tell of it."""
    number = _first_of(error)
    problem = Problem(
        where=f"task {number}",
        what=f"The task cannot be read: {error.what}",
        fix="Make it smaller, or raise 'largest_answer_mb' and run with --full; others were read.",
    )
    # Without annotations, it may be small enough to tell its key.
    return number, Tasks([], [problem], None, list(tasks_by_id(client, project, [number])))


def _first_of(error: TooLarge) -> int:
    """Return the number of the first task of an answer that was not read on."""
    found = _FIRST.search(error.start)
    if found is None:
        raise error
    return int(found[1])


def first_tasks(client: Client, project: int, count: int) -> list[Task]:
    """Return the first tasks of a project, without annotations and predictions."""
    query = _query([], "tasks:id")
    return _asked(client, project, query, count, fields="task_only")[0].tasks


def tasks_with_version(client: Client, project: int, version: str) -> Iterator[Task]:
    """Yield the tasks that have a prediction of a model version, by id; predictions included.

    One that is too large to be read is left out.
    """
    condition = _condition("predictions_model_versions", [version], "contains", "List")
    last, size = 0, _PAGE
    while True:
        after = _condition("id", last, "greater", "Number")
        try:
            found, total = _page(client, project, [condition, after], "tasks:id", size)
        except TooLarge as error:
            last, size = (last, size // 2) if size > 1 else (_first_of(error), 1)
            continue
        _all_read(found)
        for task in found.tasks:
            if task.id > last:  # one that has the version twice comes twice
                last = task.id
                yield task
        if len(found.tasks) >= total:
            return


def tasks_by_id(client: Client, project: int, ids: Sequence[int]) -> Iterator[Task]:
    """Yield those of these tasks that the project has, without annotations and predictions.

    One that is too large to be read is left out.
    """
    first, size = 0, _IDS
    while first < len(ids):
        chosen = {"all": False, "included": list(ids[first : first + size])}
        query = {"selectedItems": chosen}
        try:
            found, _ = _asked(client, project, query, size, fields="task_only")
        except TooLarge:
            first, size = (first, size // 2) if size > 1 else (first + 1, 1)
            continue
        _all_read(found)
        yield from found.tasks
        first += size


def tasks_by_key(
    client: Client, project: int, key_field: str, keys: Sequence[str]
) -> Iterator[Task]:
    """Yield the tasks whose data has one of these keys, without annotations and predictions."""
    for chunk in _chunks(keys):
        values: list[str | int] = [*chunk, *(int(k) for k in chunk if _is_integer(k))]
        conditions = [_condition(f"data.{key_field}", values, "in_list", "String")]
        last, total, size = 0, 1, _PAGE
        while total:
            after = _condition("id", last, "greater", "Number")
            query = _query([*conditions, after], "tasks:id")
            try:
                found, total = _asked(client, project, query, size, fields="task_only")
            except TooLarge:
                if size == 1:
                    raise
                size //= 2
                continue
            _all_read(found)
            yield from found.tasks
            last = max((task.id for task in found.tasks), default=last)
            total -= len(found.tasks)


def _chunks(keys: Sequence[str]) -> Iterator[list[str]]:
    """Split keys so that each part fits into an address."""
    chunk: list[str] = []
    length = 0
    for key in keys:
        size = len(quote(_encoded(key)))
        if chunk and length + size > _URL_CHARACTERS:
            yield chunk
            chunk, length = [], 0
        chunk.append(key)
        length += size
    if chunk:
        yield chunk


def _is_integer(key: str) -> bool:
    return key.isascii() and key.isdigit() and str(int(key)) == key and len(key) < 16


def _condition(field: str, value: Any, operator: str = "", kind: str = "") -> Condition:
    if isinstance(value, datetime):
        # Any other format, even one digit less, is answered with 500.
        shown = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        value, operator, kind = shown, "greater_or_equal", "Datetime"
    return {"filter": f"filter:tasks:{field}", "operator": operator, "type": kind, "value": value}


def _query(conditions: Sequence[Condition], ordering: str) -> dict[str, Any]:
    filters = {"conjunction": "and", "items": list(conditions)}
    return {"filters": filters, "ordering": [ordering]}


def _page(
    client: Client, project: int, conditions: Sequence[Condition], ordering: str, size: int
) -> tuple[Tasks, int]:
    return _asked(client, project, _query(conditions, ordering), size, fields="all")


def _asked(
    client: Client, project: int, query: Mapping[str, Any], size: int, *, fields: str
) -> tuple[Tasks, int]:
    """Return tasks of one answer, and how many match in all."""
    params = {
        "project": str(project),
        "fields": fields,
        "page": "1",
        "page_size": str(size),
        "resolve_uri": "false",
        "query": _encoded(query),
    }
    try:
        answer = client.call("GET", "/api/tasks/", repeatable=True, params=params)
    except Missing as error:
        if "Invalid page" in error.what:  # how the end is told where page 1 is past it
            return Tasks([], [], None), 0
        raise
    page = decoded(answer, TaskPage)
    return _read(page.tasks)._replace(date=answer.date), page.total


def _encoded(query: Any) -> str:
    """Return JSON in which a percent sign is escaped once more: the server unquotes it twice."""
    return msgspec.json.encode(query).decode().replace("%", "%25")


def _read(rows: Sequence[msgspec.Raw]) -> Tasks:
    """Read tasks; of one that comes twice, as it was and as it is, the later state."""
    tasks: dict[int, Task] = {}
    problems: list[Problem] = []
    unread: list[Named] = []
    for row in rows:
        try:
            task = msgspec.json.decode(row, type=Task)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            unread += _named(row, Named)
            where = next((str(one.id) for one in _named(row, _Numbered)), "of unknown number")
            problems.append(
                Problem(
                    where=f"task {where}",
                    what=f"The task cannot be read: {error}.",
                    fix="Look at the task in Label Studio; the others were read.",
                )
            )
            continue
        other = tasks.get(task.id)
        if other is None or other.updated_at <= task.updated_at:
            tasks[task.id] = task
    return Tasks(list(tasks.values()), problems, None, unread)


class _Numbered(msgspec.Struct):
    id: int


def _named(row: msgspec.Raw, kind: type[T]) -> list[T]:
    try:
        return [msgspec.json.decode(row, type=kind)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []


def _all_read(found: Tasks) -> None:
    if found.problems:
        raise PlatformError(
            f"Label Studio's {found.problems[0].where}: {found.problems[0].what}",
            "The API may have changed; report this to the maintainers of Bridge.",
        )
