"""The pool: items as tasks of the project."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.errors import DataError, Unreachable
from bridge.records import Item
from bridge_labelstudio.client import Client
from bridge_labelstudio.schema import Question
from bridge_labelstudio.settings import LabelStudioSettings
from bridge_labelstudio.tasks import key_of, number_of, tasks_by_key

__all__ = ["import_items"]

_AT_ONCE = 1000
_POLL_S = 2.0


def import_items(
    client: Client, settings: LabelStudioSettings, question: Question, items: Sequence[Item]
) -> int:
    """Make a task of each item that the project does not have; return how many were made."""
    _validate(items, question)
    made = 0
    for first in range(0, len(items), _AT_ONCE):
        part = items[first : first + _AT_ONCE]
        present = _present(client, settings, part)
        missing = [item for item in part if item.key not in present]
        if missing:
            _import(client, settings, question, missing)
            made += len(missing)
    return made


def _validate(items: Sequence[Item], question: Question) -> None:
    keys: set[str] = set()
    for item in items:
        if number_of(item.key) is not None:
            raise DataError(
                f"The key '{item.key}' looks like the number of a task.", "Give another key."
            )
        if item.key in keys:
            raise DataError(f"Two items have the key '{item.key}'.", "Keep one of them.")
        if item.kind != question.kind:
            raise DataError(
                f"Item '{item.key}' is of kind '{item.kind}', and the control '{question.name}' is"
                f" about kind '{question.kind}'.",
                "Import it into a project with another labeling interface.",
            )
        keys.add(item.key)


def _present(client: Client, settings: LabelStudioSettings, items: Sequence[Item]) -> set[str]:
    keys = [item.key for item in items]
    found = tasks_by_key(client, settings.project, settings.key_field, keys)
    return {key_of(task, settings.key_field) for task in found}


def _import(
    client: Client, settings: LabelStudioSettings, question: Question, items: Sequence[Item]
) -> None:
    """Import, and wait until all are there: other editions import in the background.

    Raises:
        Unreachable: they are not all there after a while.
    """
    rows = [
        {
            "data": {
                question.field: item.text if item.kind == "text" else item.url,
                settings.key_field: item.key,
            }
        }
        for item in items
    ]
    failed: Unreachable | None = None
    path = f"/api/projects/{settings.project}/import"
    try:
        timeout = settings.import_timeout_s
        client.call("POST", path, repeatable=False, json=rows, timeout=timeout)
    except Unreachable as error:  # it may have been executed, and only the answer was lost
        failed = error
    waited = 0.0
    while len(_present(client, settings, items)) < len(items):
        if waited >= settings.settle_s:
            raise failed or Unreachable(
                f"The import of {len(items)} tasks was not done after {waited:.0f} s.",
                "Run it again later; it finds what is there.",
            )
        client.wait(_POLL_S)
        waited += _POLL_S
