"""The queue: a JSONL file of tasks in rank order, replaced in one step, never edited in place."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bridge.effects import effect
from bridge.errors import PlatformError
from bridge_prodigy.files import decoded

__all__ = ["merged", "read_queue", "write_queue"]


def read_queue(path: Path) -> tuple[list[dict[str, Any]], int]:
    """Return the tasks in the file, in order, and how many lines could not be read.

    An absent file is an empty queue.

    Raises:
        PlatformError: the file is there and cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise _trouble(path, "read", error) from error
    tasks: list[dict[str, Any]] = []
    damaged = 0
    for line in filter(None, map(bytes.strip, data.split(b"\n"))):
        try:
            tasks.append(decoded(line))
        except ValueError:
            damaged += 1
    return [task for task in tasks if isinstance(task.get("bridge_key"), str)], damaged


def write_queue(path: Path, tasks: Iterable[Mapping[str, Any]]) -> None:
    """Replace the file: a reader sees the old one or the new one, whatever dies when.

    Raises:
        PlatformError: the file cannot be written; the old one stays as it was.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        for left in path.parent.glob(f".{path.name}.*.part"):  # of a writer that was killed
            left.unlink(missing_ok=True)
        with part.open("wb") as file:
            file.writelines(msgspec.json.encode(task) + b"\n" for task in tasks)
            file.flush()
            os.fsync(file.fileno())
        with effect("file replaced"):
            part.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise _trouble(path, "written", error) from error


def _sync_folder(folder: Path) -> None:
    """Make the new name durable, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _trouble(path: Path, done: str, error: OSError) -> PlatformError:
    return PlatformError(
        f"The queue file {path} cannot be {done}: {error.strerror}.",
        "Correct platform.queue in bridge.toml, or the folder's permissions and free space.",
    )


def _rank(task: Mapping[str, Any]) -> int:
    meta = task.get("meta")
    rank = meta.get("rank") if isinstance(meta, Mapping) else None
    return rank if isinstance(rank, int) else 0


def merged(
    queued: Sequence[dict[str, Any]], added: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the queue with tasks added by rank; of equal ranks the queued one comes first.

    A task whose item is queued already stays as it is queued: it may have been re-ranked since. One
    that asks again takes the place of the answered one.
    """
    known = {_asked(task) for task in queued}
    new = [task for task in added if _asked(task) not in known]
    replaced = {task["bridge_key"] for task in new if task.get("bridge_relabel")}
    kept = [task for task in queued if task["bridge_key"] not in replaced]
    return sorted([*kept, *new], key=_rank)


def _asked(task: Mapping[str, Any]) -> tuple[Any, Any]:
    return task["bridge_key"], task.get("bridge_relabel")
