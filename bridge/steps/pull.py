"""Pulls changes page by page; each page and its cursor are committed together."""

from __future__ import annotations

import json
import logging
from datetime import datetime

from sqlalchemy import Connection

from bridge.effects import effect
from bridge.errors import DataError
from bridge.records import LabelSchema, Page
from bridge.steps.turn import Turn
from bridge.store.batches import release_refused, withdraw_unseen
from bridge.store.changes import apply_page, finish_sweep
from bridge.store.database import get_state, set_state
from bridge.store.rows import Applied
from bridge.store.sweep import Sweep, begin_sweep, missing_from_sweep

__all__ = ["adopt_schema", "full_pull_due", "preview", "pull", "renames"]

log = logging.getLogger(__name__)

PROBLEMS_KEPT = 200
FEW = 20  # deletions up to so many are believed whatever their share


def pull(turn: Turn, *, full: bool) -> Applied:
    """Pull what changed, or everything.

    A full pull ends by deleting, as tombstones, what the platform no longer has.

    Raises:
        DataError: a full pull lacks so many answers that the platform is rather at fault.
        StoreError: the store is damaged.
    """
    if full:
        turn.store.check()  # so that damage is found before the backups from before it are gone
    with turn.store.begin() as connection:
        cursor = None if full else get_state(connection, "cursor")
        sweep = begin_sweep(connection) if cursor is None else None
    applied = Applied()
    pages = turn.platform.pull(cursor)
    for page in turn.progress.track(pages, "pages"):
        _note_problems(turn, page)
        with effect("page stored"), turn.store.begin() as connection:
            applied += apply_page(
                connection, page, hold_out=turn.settings.acquisition.hold_out_share, sweep=sweep
            )
            if page.cursor is not None:
                set_state(connection, "cursor", page.cursor)
            if full:
                # What is deleted is told now, but looked at in the end: if this pull does not get
                # there, the next one has to.
                set_state(connection, "full_pull", "due")
    if sweep is not None:
        applied += _finish(turn, sweep)
    return applied


def preview(turn: Turn) -> Applied:
    """Return what a pull would change, and change nothing."""
    applied = Applied()
    with turn.store.begin() as connection:
        cursor = get_state(connection, "cursor")
    for page in turn.progress.track(turn.platform.pull(cursor), "pages"):
        _note_problems(turn, page)
        with turn.store.begin() as connection, connection.begin_nested() as kept:
            applied += apply_page(
                connection, page, hold_out=turn.settings.acquisition.hold_out_share
            )
            kept.rollback()
    return applied


def full_pull_due(turn: Turn) -> bool:
    """Whether the last full pull is longer ago than the configuration allows, or did not end.

    It is also due when answers have other names than those they were pulled under.
    """
    hours = turn.settings.sync.full_every_hours
    with turn.store.begin() as connection:
        last = get_state(connection, "last_full_pull")
        if get_state(connection, "full_pull") == "due":
            return True
    if not hours:
        return False
    if last is None:
        return True
    # Of the future it is when our clock was set back; then nothing would be due for as long.
    return abs((turn.now() - datetime.fromisoformat(last)).total_seconds()) >= hours * 3600


def adopt_schema(connection: Connection, schema: LabelSchema) -> tuple[dict[str, str], list[str]]:
    """Store the schema of today; return what was renamed since ever, and what changed just now.

    A class is renamed when its stable id is known under another name. Former names keep their
    meaning for answers that were pulled under them, unless another class has that name today. When
    a name, the question or the task changed, a full pull is due, so that answers are read anew.
    """
    stored = get_state(connection, "label_schema")
    former = LabelSchema.model_validate_json(stored) if stored else None
    names_of = _load_names(get_state(connection, "class_names"))
    for known in schema.classes:
        given = names_of.setdefault(known.id, [])
        if known.name not in given:
            given.append(known.name)
    set_state(connection, "label_schema", schema.model_dump_json())
    set_state(connection, "class_names", _dump_names(names_of))
    if former is not None and _read_differently(former, schema):
        set_state(connection, "full_pull", "due")
    return renames(connection, schema), [] if former is None else _differences(former, schema)


def renames(connection: Connection, schema: LabelSchema) -> dict[str, str]:
    """Return former class name -> name today, as far as former names are not in use."""
    today = {known.id: known.name for known in schema.classes}
    return {
        name: today[class_id]
        for class_id, given in _load_names(get_state(connection, "class_names")).items()
        if class_id in today
        for name in given
        if name != today[class_id] and name not in schema.names
    }


def _load_names(stored: str | None) -> dict[str, list[str]]:
    return dict(json.loads(stored)) if stored else {}


def _dump_names(names_of: dict[str, list[str]]) -> str:
    return json.dumps(names_of, sort_keys=True)


def _read_differently(former: LabelSchema, schema: LabelSchema) -> bool:
    """Whether answers that were pulled under the former schema may say something else today."""
    before = {known.id: known.name for known in former.classes}
    if (former.task, former.question) != (schema.task, schema.question):
        return True
    return any(before.get(known.id, known.name) != known.name for known in schema.classes)


def _differences(former: LabelSchema, schema: LabelSchema) -> list[str]:
    before = {known.id: known.name for known in former.classes}
    after = {known.id: known.name for known in schema.classes}
    lines = [
        f"class '{before[i]}' is now called '{after[i]}'"
        for i in before.keys() & after.keys()
        if before[i] != after[i]
    ]
    lines += [f"class '{before[i]}' was removed" for i in before.keys() - after.keys()]
    lines += [f"class '{after[i]}' is new" for i in after.keys() - before.keys()]
    if former.task != schema.task:
        lines.append(f"the task changed from '{former.task}' to '{schema.task}'")
    return sorted(lines)


def _finish(turn: Turn, sweep: Sweep) -> Applied:
    settings = turn.settings.sync
    with effect("sweep finished"), turn.store.begin() as connection:
        found = missing_from_sweep(connection, sweep)
        for what, unseen in found.items():
            missing, live = len(unseen.ids), unseen.live
            if missing > FEW and missing > settings.max_deleted_share * live:
                raise DataError(
                    f"A full pull found {live - missing} of {live} {what}; deleting the other "
                    f"{missing} was refused, since the platform may be at fault.",
                    f"Look at the project; if the {what} were deleted on purpose, raise "
                    "sync.max_deleted_share for one run.",
                )
        applied = finish_sweep(connection, found)
        withdraw_unseen(connection)
        release_refused(connection)
        set_state(connection, "last_full_pull", turn.now().isoformat())
        set_state(connection, "full_pull", "done")
    return applied


def _note_problems(turn: Turn, page: Page) -> None:
    turn.problem_count += len(page.problems)
    kept = page.problems[: max(0, PROBLEMS_KEPT - len(turn.problems))]
    turn.problems += kept
    for problem in kept:
        log.warning("%s: %s", problem.where, problem.what)
