"""What must be true at the end of the day; each line that is returned is a broken promise."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise

from benchmarks.cron_day.day import HOLD_OUT, Day
from bridge.store.changes import DRAW_RANGE, draw_of

__all__ = ["broken_promises"]

HARMLESS = {0, 75}
TROUBLED = {-9, 65, 69, 77}  # killed, a class or a row that changed under it, faults, a former key
SAID = """
SELECT items.key, annotations.annotator, annotations.value FROM annotations
JOIN items ON items.id = annotations.item_id
WHERE NOT annotations.deleted AND NOT items.removed
"""


def broken_promises(day: Day) -> list[str]:
    """Return what was promised and is not so."""
    with closing(sqlite3.connect(day.folder / ".bridge" / "state.db")) as store:
        found = [
            *_answers(day, store),
            *_queue(day, store),
            *_hold_out(day),
            *_one_at_a_time(day),
            *_endings(day, store),
        ]
    last = day.quiet_run()
    if last["status"] != "unchanged":
        found.append(f"a sync with nothing new said '{last['status']}'")
    return found


def _answers(day: Day, store: sqlite3.Connection) -> Iterator[str]:
    stored: dict[tuple[str, str], str | None] = {}
    for key, person, value in store.execute(SAID):
        read = None if value is None else json.loads(value)
        stored[key, person] = read["chosen"][0] if read else None
    # An answer keeps the name that its class had.
    former = {f"billing-{tick}": "billing" for tick in range(10_000)}
    names = [former.get(name, name) for name in day.team.names]
    said = {
        (key, person): None if which is None else names[which]
        for key, given in day.team.said.items()
        for person, which in given.items()
    }
    found = {of: None if name is None else former.get(name, name) for of, name in stored.items()}
    for of in said.keys() - found.keys():
        yield f"the answer of {of[1]} on {of[0]} is lost"
    for of in found.keys() - said.keys():
        yield f"the store has an answer of {of[1]} on {of[0]} that nobody gave, or that is deleted"
    for of in said.keys() & found.keys():
        if said[of] != found[of]:
            yield f"{of[1]} said {said[of]} on {of[0]}, the store has {found[of]}"


def _queue(day: Day, store: sqlite3.Connection) -> Iterator[str]:
    twice = store.execute(
        "SELECT items.key, count(*) FROM batch_items JOIN items ON items.id = item_id "
        "WHERE state IN ('open', 'answered') GROUP BY item_id HAVING count(*) > 1"
    )
    for key, number in twice:
        yield f"{key} is in {number} batches"
    world = day.emulator.world
    with world.lock:
        project = world.projects[day.project]
        placed, there = project.placed, len(project.members) + day.placed_and_gone
    if placed != there:
        yield f"{placed} rows were put into the project, which are {there} different ones"
    shown = day.emulator.pre_annotations(day.project)
    for key, predictions in shown.items():
        if len(predictions) > 1:
            yield f"{key} has {len(predictions)} pre-annotations"
        if _held_out(key):
            yield f"{key} is of the hold-out, and has a pre-annotation"
    waiting = [
        row[0]
        for row in store.execute(
            "SELECT items.key FROM batch_items JOIN items ON items.id = item_id "
            "WHERE state = 'open' AND NOT items.answered AND NOT items.removed ORDER BY rank"
        )
    ]
    asked = day.emulator.queue(day.project)
    if sorted(waiting) != sorted(asked):
        yield f"the store waits for {len(waiting)} items, the platform asks for {len(asked)}"
    elif waiting != asked:
        yield "the platform asks in another order"
    if store.execute("SELECT count(*) FROM batches WHERE state = 'planned'").fetchone()[0]:
        yield "a batch was planned and never pushed"


def _hold_out(day: Day) -> Iterator[str]:
    path = day.folder / "taught.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    day.happened["trainings"] = len(lines)
    for number, line in enumerate(lines, 1):
        taught = [key for key in json.loads(line) if _held_out(key)]
        if taught:
            yield f"training {number} was taught {len(taught)} items of the hold-out"


def _held_out(key: str) -> bool:
    return draw_of(key) < HOLD_OUT * DRAW_RANGE


def _one_at_a_time(day: Day) -> Iterator[str]:
    """Times are of one clock of the machine that nothing sets."""
    began: dict[int, float] = {}
    spans = []
    ends = {run.pid: run.ended for run in day.runs}
    log = day.folder / "runs.log"
    for line in map(json.loads, log.read_text("utf-8").splitlines()):
        if line["what"] == "run begun":
            began[line["pid"]] = line["at"]
        elif line["what"] == "killed":
            day.happened[f"killed at: {line['moment']}"] += 1
        if line["what"] != "run begun" and line["pid"] in began:
            spans.append((began.pop(line["pid"]), line["at"]))
    spans += [(at, ends[pid]) for pid, at in began.items()]
    overlaps = sum(after[0] < before[1] for before, after in pairwise(sorted(spans)))
    if overlaps:
        yield f"{overlaps} runs began while another was at work"


def _endings(day: Day, store: sqlite3.Connection) -> Iterator[str]:
    for run in day.runs:
        allowed = HARMLESS | (TROUBLED if run.troubled else set())
        if run.code not in allowed:
            yield f"a run ended with {run.code}: {run.said.strip()[-300:]}"
        elif "Traceback" in run.said:
            yield f"a run showed a traceback: {run.said.strip()[-300:]}"
    day.happened["runs in the journal"] = store.execute("SELECT count(*) FROM runs").fetchone()[0]
    if store.execute("SELECT count(*) FROM runs WHERE state = 'running'").fetchone()[0]:
        yield "the journal has a run that never ended"
