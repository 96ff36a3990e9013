"""Prodigy's input and task hash.

The serialisation was worked out from published exports (explosion/prodigy-hf, prodigy-evaluate,
prodigy-recipes, projects), whose hashes it reproduces; which keys count is stated on
support.prodi.gy (topics 6006 and 7410). Not verified against Prodigy: tasks with several input
keys, non-empty ``options``, ``arcs``, and floats that another JSON writer formats differently.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

from bridge.errors import ConfigError

__all__ = ["IGNORED_KEYS", "input_hash", "question_hash", "task_hash"]

INPUT_KEYS = ("text", "image", "html", "input")
TASK_KEYS = ("spans", "label", "options", "arcs")
IGNORED_KEYS = frozenset(
    {
        "score",
        "rank",
        "model",
        "source",
        "pattern",
        "priority",
        "path",
        "_view_id",
        "_session_id",
        "_annotator_id",
        "answer",
    }
)


@cache
def _murmur() -> Callable[[str], int]:
    """MurmurHash3 x86 32-bit, signed, seed 0: mmh3, or murmurhash from Prodigy's own stack."""
    for name in ("mmh3", "murmurhash"):
        try:
            return cast(Callable[[str], int], importlib.import_module(name).hash)
        except ModuleNotFoundError:
            continue
    raise ConfigError(
        "Prodigy's hashes need the package mmh3, which is not installed.",
        "Install it: pip install 'label-bridge[prodigy]'.",
    )


def _stripped(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _stripped(v) for k, v in value.items() if k not in IGNORED_KEYS}
    if isinstance(value, list | tuple):
        return [_stripped(v) for v in value]
    return value


def _dumped(value: Any) -> str:
    return json.dumps(_stripped(value), sort_keys=True, separators=(",", ":"))


def _joined(task: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return "".join(f"{key}={_dumped(task[key])}" for key in keys if key in task)


def input_hash(task: Mapping[str, Any]) -> int:
    """Hash of what is asked about: a signed 32-bit integer."""
    return _murmur()(_joined(task, INPUT_KEYS))


def task_hash(task: Mapping[str, Any]) -> int:
    """Hash of the question: a signed 32-bit integer.

    Without any task key the whole task counts, ignored keys excepted.
    """
    own = input_hash(task)
    shown = {k: v for k, v in task.items() if k != "_task_hash"} | {"_input_hash": own}
    return _murmur()(str(own) + (_joined(task, TASK_KEYS) or _dumped(shown)))


def question_hash(own_input: int, key: str, label: str | None, again: str | None = None) -> int:
    """Task hash that Bridge gives its own tasks: of the input, the item and the label asked about.

    Prodigy keeps a hash that a task brings along. This one does not depend on options, prediction
    or rank, so that a new round is the same question; and it depends on the item, so that two
    items with the same text are two questions. ``again`` is the batch in which an item that has an
    answer is asked again: Prodigy would leave the same question out.
    """
    asked = {"bridge_key": key, "label": label} | ({} if again is None else {"again": again})
    return _murmur()(str(own_input) + _dumped(asked))
