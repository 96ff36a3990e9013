"""The recipe ``bridge.queue``: serves Bridge's ranked queue file, live.

::

    prodigy bridge.queue DATASET QUEUE_FILE --view choice

Bridge replaces the file at each sync; the recipe reads it again as soon as it is replaced, and
never writes it. Tasks are taken one at a time, so a new ranking reaches annotators after the few
tasks that are in their browsers already.

What was answered is left to Prodigy: each task carries a task hash that stays the same from round
to round and differs between items, and ``exclude_by`` tells Prodigy that it counts. (The input
hash does not do: of two items with the same text it would ask one only.) So a recipe that is
killed loses nothing, and one that is started again asks nothing twice.

When every task has been served, Prodigy says "no tasks available". The stream can go on after
that, but Prodigy's own wrappers may not ask it again (unverified, depends on the version), so the
recipe also hands Prodigy a fresh stream when answers come in and new tasks have arrived. With
``--wait`` a request for tasks waits that many seconds for the next sync before it ends.

The manual views snap to tokens, so tasks without any get words here; with ``--chars``, characters.
Offsets therefore count code points, whatever the browser counts.

This file needs nothing but Prodigy and the standard library, and can be given to ``-F``.
"""

from __future__ import annotations

import json
import logging
import os
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["FileStream", "queue", "tokens_of"]

_log = logging.getLogger("bridge.prodigy.recipe")
_POLL_SECONDS = 0.5
_TOKEN_VIEWS = ("ner_manual", "spans_manual")
_JOINER = "\u200d"
_EMOJI_MODIFIERS = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_State = tuple[int, int, int]


class FileStream:
    """Iterates over the tasks of a queue file that another program replaces.

    Each task comes at most once in the life of the stream. After ``StopIteration`` the stream goes
    on as soon as the file has tasks that were not served yet.

    Args:
        path: the queue file; absent is the same as empty.
        wait: seconds to wait for a task before the stream ends, for now.
        finish: called with each task before it is served.
    """

    def __init__(
        self,
        path: Path,
        wait: float = 0.0,
        finish: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    ) -> None:
        self.ended = False
        self._finish = finish or (lambda task: task)
        self._path = path
        self._wait = wait
        self._state: _State | None = None
        self._left: list[tuple[str, dict[str, Any]]] = []
        self._served: set[str] = set()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self

    def __next__(self) -> dict[str, Any]:
        deadline = time.monotonic() + self._wait
        while not self.has_next():
            if time.monotonic() >= deadline:
                self.ended = True
                raise StopIteration
            time.sleep(_POLL_SECONDS)
        self.ended = False
        identity, task = self._left.pop()
        self._served.add(identity)
        return self._finish(task)

    def has_next(self) -> bool:
        """Whether a task is there now; reads the file again if it was replaced."""
        state = _state(self._path)
        if state != self._state:
            self._read(state)
        return bool(self._left)

    def _read(self, state: _State | None) -> None:
        tasks = _tasks(self._path) if state is not None else []
        if tasks is None:  # tried again at the next task
            return
        self._state = state
        left = {i: task for i, task in tasks if i not in self._served}
        self._left = list(left.items())[::-1]  # popped from the end


def _state(path: Path) -> _State | None:
    try:
        status = os.stat(path)  # noqa: PTH116  # one call, one exception to handle
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _tasks(path: Path) -> list[tuple[str, dict[str, Any]]] | None:
    """Tasks by identity, in order; None if the file cannot be read now."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        _log.warning("The queue file %s cannot be read: %s", path, error.strerror)
        return None
    tasks = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            task = json.loads(line)
            tasks.append((_identity(task), task))
        except (ValueError, TypeError, KeyError):
            _log.warning("Line %d of the queue file %s is damaged and left out.", number, path)
    return tasks


def _identity(task: dict[str, Any]) -> str:
    """What makes a task the same one in the next version of the file."""
    if not ("text" in task or "image" in task):
        raise KeyError("text")
    return json.dumps([task["bridge_key"], task.get("label"), task.get("bridge_relabel")])


def tokens_of(text: str, chars: bool = False) -> list[dict[str, Any]]:
    """Split a text into tokens as the manual views need them.

    A token is a word, one other character, or white space beyond one plain space; with ``chars``
    any one character. Combining marks, emoji modifiers and what a joiner joins stay together.
    Joining each ``text``, and a space where ``ws`` is true, gives the text again (spaCy's rule).

    Returns:
        ``text``, ``start``, ``end`` (code points, the end exclusive), ``id``, ``ws``.
    """
    tokens: list[dict[str, Any]] = []
    for start, end in _pieces(text, chars):
        piece = text[start:end]
        if piece == " " and tokens and not tokens[-1]["ws"] and not tokens[-1]["text"].isspace():
            tokens[-1]["ws"] = True
            continue
        own = {"text": piece, "start": start, "end": end, "id": len(tokens), "ws": False}
        tokens.append(own)
    return tokens


def _pieces(text: str, chars: bool) -> Iterator[tuple[int, int]]:
    start = 0
    for at in range(1, len(text)):
        if not _together(text[at - 1], text[at], chars):
            yield start, at
            start = at
    if text:
        yield start, len(text)


def _together(left: str, right: str, chars: bool) -> bool:
    """Whether two neighbouring characters belong to one token."""
    if left.isspace() or right.isspace():
        return False
    if _is_mark(right) or _JOINER in (left, right) or right in _EMOJI_MODIFIERS:
        return True
    return not chars and _in_word(left) and _in_word(right)


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_" or _is_mark(character)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _with_tokens(chars: bool) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def finish(task: dict[str, Any]) -> dict[str, Any]:
        if isinstance(task.get("text"), str):
            task.setdefault("tokens", tokens_of(task["text"], chars))
        return task

    return finish


def _config(view: str, labels: list[str], multiple: bool, batch: int, instant: bool) -> Any:
    config: dict[str, Any] = {
        "batch_size": 1 if instant else batch,
        "exclude_by": "task",
        "auto_exclude_current": True,
        "instant_submit": instant,
    }
    if labels:
        config["labels"] = labels
    if view == "choice":
        config["choice_style"] = "multiple" if multiple else "single"
    return config


def _update(stream: FileStream, held: dict[str, Any]) -> Callable[[Any], None]:
    """A callback for each batch of answers; Prodigy saves them itself, after this returns."""

    def update(answers: Any) -> None:
        try:
            _log.info("%d answers were given.", len(answers))
            if stream.ended and stream.has_next():
                _revive(stream, held.get("controller"))
        except Exception:  # noqa: BLE001  # logged with its traceback
            # An exception here would keep Prodigy from saving the answers.
            _log.exception("The queue file could not be followed; the answers are not affected.")

    return update


def _revive(stream: FileStream, controller: Any) -> None:
    """Give Prodigy (1.12 or later) a fresh stream in place of the one that ended."""
    reset = getattr(controller, "reset_stream", None)
    if reset is None:
        return
    from prodigy.components.stream import Stream

    reset(Stream.from_iterable(stream), prepend_old_wrappers=True)
    stream.ended = False


def queue(
    dataset: str,
    queue_file: str,
    view: str = "choice",
    label: str = "",
    multiple: bool = False,
    batch_size: int = 5,
    instant: bool = False,
    wait: float = 0.0,
    chars: bool = False,
) -> dict[str, Any]:
    """Annotate what Bridge ranked highest, in its order."""
    path = Path(queue_file).expanduser()
    stream = FileStream(path, wait, _with_tokens(chars) if view in _TOKEN_VIEWS else None)
    held: dict[str, Any] = {}
    if not path.exists():
        _log.warning("There is no queue file %s yet; 'bridge sync' writes it.", path)
    labels = [name.strip() for name in label.split(",") if name.strip()]
    return {
        "dataset": dataset,
        "view_id": view,
        "stream": stream,
        "update": _update(stream, held),
        "on_load": lambda controller: held.update(controller=controller),
        "config": _config(view, labels, multiple, batch_size, instant),
    }


try:
    import prodigy
except ImportError:  # Bridge and its tests import this module without Prodigy
    pass
else:
    queue = prodigy.recipe(
        "bridge.queue",
        dataset=("Dataset that receives the answers", "positional", None, str),
        queue_file=("Queue file that Bridge writes", "positional", None, str),
        view=("Annotation interface", "option", "v", str),
        label=("Class names for the manual views, with commas", "option", "l", str),
        multiple=("Several options may be ticked", "flag", "m", bool),
        batch_size=("Tasks per request", "option", "b", int),
        instant=("Save each answer at once, without undo", "flag", "i", bool),
        wait=("Seconds to wait for a task when the queue is empty", "option", "w", float),
        chars=("Mark single characters in the manual views, not words", "flag", "c", bool),
    )(queue)
