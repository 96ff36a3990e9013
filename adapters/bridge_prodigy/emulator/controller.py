"""A stand-in for the part of Prodigy between the recipe, the annotators and the database.

It plays what Prodigy's documentation and staff describe: questions are handed out per session,
seen ones are excluded by hash when a session asks, answers go to ``update``, then ``before_db``,
then into the database with two links.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from bridge_prodigy.emulator.database import StandInDatabase, with_hashes

__all__ = ["Controller"]


class Controller:
    """Serves one recipe to sessions.

    Args:
        components: what the recipe returned: dataset, view_id, stream, config, callbacks.
        database: where answers go.
        feed_overlap: every session is asked everything, or each task is asked once.
    """

    def __init__(
        self, components: Mapping[str, Any], database: StandInDatabase, *, feed_overlap: bool
    ) -> None:
        self.dataset: str = components["dataset"]
        self.view_id: str = components["view_id"]
        self.config: dict[str, Any] = dict(components.get("config") or {})
        self.db = database
        self.feed_overlap = feed_overlap
        self._components = components
        self._stream: Iterator[dict[str, Any]] = iter(components["stream"])
        self._drawn: list[dict[str, Any]] = []
        self._position: dict[str, int] = {}
        self._open: dict[str, list[dict[str, Any]]] = {}
        self._lock = threading.RLock()
        if on_load := components.get("on_load"):
            on_load(self)

    # ----------------------------------------------------------------------------- questions

    def get_questions(
        self, session_id: str, excludes: Collection[int] = ()
    ) -> list[dict[str, Any]]:
        """Return tasks for one session: the open ones, then new ones up to ``batch_size``.

        ``excludes`` are hashes of tasks that the browser has already.
        """
        with self._lock:
            field = f"_{self.config.get('exclude_by', 'task')}_hash"
            still_open = self._open.setdefault(session_id, [])
            held = [task for task in still_open if task[field] not in excludes]
            size = int(self.config.get("batch_size", 10))
            seen = self._answered(session_id) | {task[field] for task in still_open}
            fresh: list[dict[str, Any]] = []
            while len(held) + len(fresh) < size:
                task = self._next(session_id)
                if task is None:
                    break
                if task[field] not in seen:
                    seen.add(task[field])
                    fresh.append(task)
            still_open.extend(fresh)
            return copy.deepcopy(held + fresh)

    def _answered(self, session_id: str) -> set[int]:
        name = session_id if self.feed_overlap else self.dataset
        if self.config.get("exclude_by") == "input":
            return self.db.get_input_hashes(name)
        return self.db.get_task_hashes(name)

    def _next(self, session_id: str) -> dict[str, Any] | None:
        """The next task for a session: its own place in the feed, or the common one."""
        reader = session_id if self.feed_overlap else ""
        position = self._position.get(reader, 0)
        if position == len(self._drawn):
            task = next(self._stream, None)
            if task is None:
                return None
            self._drawn.append(with_hashes(task))
        self._position[reader] = position + 1
        return self._drawn[position]

    def reset_stream(self, stream: Any, *, prepend_old_wrappers: bool = False) -> None:
        """Put another stream in the place of the one that is served."""
        self._stream = iter(stream)

    # ------------------------------------------------------------------------------- answers

    def receive_answers(self, answers: Sequence[Mapping[str, Any]], session_id: str) -> Any:
        """Save answers; returns what ``update`` returned."""
        with self._lock:
            stored = [self._stamped(answer, session_id) for answer in answers]
            update = self._components.get("update")
            # Edits that the callback makes are not kept.
            result = update(copy.deepcopy(stored)) if update else None
            before_db = self._components.get("before_db")
            stored = before_db(stored) if before_db else stored
            self.db.add_dataset(self.dataset)
            self.db.add_dataset(session_id, session=True)
            self.db.add_examples(stored, datasets=[self.dataset, session_id])
            done = {task["_task_hash"] for task in stored}
            still_open = self._open.get(session_id, [])
            self._open[session_id] = [t for t in still_open if t["_task_hash"] not in done]
            return result

    def _stamped(self, answer: Mapping[str, Any], session_id: str) -> dict[str, Any]:
        return {
            **with_hashes(answer),
            "_view_id": self.view_id,
            "_session_id": session_id,
            "_annotator_id": session_id,
            "_timestamp": int(time.time()),
        }

    def total(self, session_id: str) -> int:
        """Answers of one session."""
        return len(self.db.get_dataset_examples(session_id))
