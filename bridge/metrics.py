"""A Prometheus text file about the loop, for node_exporter's textfile collector.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/. Every metric carries the
project, so that the files of several loops can lie in one directory. What is not known is absent.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection, select

from bridge._version import __version__
from bridge.config import Settings
from bridge.errors import BridgeError, StoreError
from bridge.results import LoopStatus
from bridge.status import status
from bridge.store.database import get_state
from bridge.store.registry import champion
from bridge.store.tables import runs, steps
from bridge.sync import store_of

__all__ = ["METRICS", "write_metrics"]

METRICS = {
    "bridge_build_info": "1; the label is the version of Bridge.",
    "bridge_last_success_timestamp_seconds": "When a run last ended well.",
    "bridge_last_run_timestamp_seconds": "When a run last ended, well or not.",
    "bridge_last_run_success": "1 if the last run ended well, else 0.",
    "bridge_last_run_exit_code": "Exit code of the last run.",
    "bridge_last_run_seconds": "Wall time of the steps of the last run, in all.",
    "bridge_last_run_step_seconds": "Wall time of each step of the last run.",
    "bridge_last_run_step_success": "1 if that step of the last run ended well, else 0.",
    "bridge_queue_items": "Items that are queued and unanswered.",
    "bridge_queue_target_items": "Items that should be queued after a sync (queue.depth).",
    "bridge_pool_items": "Items that have no answer and are not queued.",
    "bridge_labeled_items": "Items with an answer.",
    "bridge_queue_expected_seconds": "Annotators' time that the queue is expected to take.",
    "bridge_labeling_spent_seconds": "Annotators' time on all answers that the platform timed.",
    "bridge_hold_out_items": "Hold-out answers that the champion was measured on.",
    "bridge_hold_out_macro_f1": "Macro-F1 of the champion on the hold-out.",
    "bridge_hold_out_macro_f1_low": "Lower end of its 95 % interval.",
    "bridge_hold_out_macro_f1_high": "Upper end of its 95 % interval.",
    "bridge_champion_number": "Number of the model in use; it rises with each promotion.",
    "bridge_problems": "Rows that could not be read, in the last run that ended well.",
    "bridge_refused_items": "Items that the platform did not take in that run.",
}
"""Name -> what it says; all are gauges."""

_SUCCESS = "bridge_last_success_timestamp_seconds"


class _Gauges:
    """The gauges of one file."""

    def __init__(self, project: str) -> None:
        self.registry = CollectorRegistry()
        self._project = project
        self._known: dict[str, Gauge] = {}

    def set(self, name: str, value: float | None, **labels: str) -> None:
        """Set a value; one that is not known is left out."""
        if value is None:
            return
        if name not in self._known:
            self._known[name] = Gauge(
                name, METRICS[name], ["project", *labels], registry=self.registry
            )
        self._known[name].labels(project=self._project, **labels).set(value)


def write_metrics(settings: Settings, path: Path, exit_code: int) -> None:
    """Write the file at once, so that no reader finds half of it.

    Args:
        exit_code: of the run that has just ended in this process.

    Raises:
        StoreError: the file cannot be written. A store that cannot be read is no error: what it
            knows is then absent, but for the time of the last success, which the former file has.
    """
    try:
        with store_of(settings) as store:
            found = status(store)
            with store.begin() as connection:
                gauges = _from_store(connection, found)
    except BridgeError:
        project, success = _former(path)
        gauges = _Gauges(project)
        gauges.set(_SUCCESS, success)
    gauges.set("bridge_build_info", 1, version=__version__)
    gauges.set("bridge_last_run_timestamp_seconds", time.time())
    gauges.set("bridge_last_run_success", exit_code == 0)
    gauges.set("bridge_last_run_exit_code", exit_code)
    gauges.set("bridge_queue_target_items", settings.queue.depth)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_to_textfile(str(path), gauges.registry)
    except OSError as error:
        raise StoreError(
            f"The metrics file {path} cannot be written: {error.strerror}.",
            "Correct the path or its permissions.",
        ) from None


def _from_store(connection: Connection, found: LoopStatus) -> _Gauges:
    gauges = _Gauges(get_state(connection, "project") or "")
    gauges.set("bridge_queue_items", found.queue)
    gauges.set("bridge_pool_items", found.pool)
    gauges.set("bridge_labeled_items", found.labels)
    if found.effort is not None:
        gauges.set("bridge_queue_expected_seconds", found.effort.seconds_queued)
        gauges.set("bridge_labeling_spent_seconds", found.effort.seconds_spent)
    _quality(gauges, connection, found)
    _this_run(gauges, connection)
    _last_done(gauges, connection)
    return gauges


def _quality(gauges: _Gauges, connection: Connection, found: LoopStatus) -> None:
    model = found.champion
    row = champion(connection)
    if model is None or row is None:
        return
    gauges.set("bridge_champion_number", row["number"])
    gauges.set("bridge_hold_out_items", model.scores.items)
    f1 = model.scores.macro_f1
    if model.scores.known and f1 is not None:
        gauges.set("bridge_hold_out_macro_f1", f1.value)
        gauges.set("bridge_hold_out_macro_f1_low", f1.low)
        gauges.set("bridge_hold_out_macro_f1_high", f1.high)


def _this_run(gauges: _Gauges, connection: Connection) -> None:
    newest = select(runs.c.id).where(runs.c.pid == os.getpid()).order_by(runs.c.id.desc()).limit(1)
    run_id = connection.scalar(newest)
    taken = connection.execute(select(steps).where(steps.c.run_id == run_id)).mappings().all()
    for step in taken:
        gauges.set("bridge_last_run_step_seconds", step["seconds"], step=step["name"])
        gauges.set("bridge_last_run_step_success", step["state"] == "done", step=step["name"])
    gauges.set("bridge_last_run_seconds", sum(step["seconds"] or 0.0 for step in taken))


def _last_done(gauges: _Gauges, connection: Connection) -> None:
    query = select(runs).where(runs.c.state == "done").order_by(runs.c.id.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    if row is None:
        return
    result: dict[str, Any] = row["result"] or {}
    gauges.set(_SUCCESS, row["finished_at"].timestamp())
    gauges.set("bridge_problems", result.get("problem_count"))
    gauges.set("bridge_refused_items", result.get("pushed", {}).get("refused"))


def _former(path: Path) -> tuple[str, float | None]:
    """Return project and last success of the file that is there."""
    try:
        families = text_string_to_metric_families(path.read_text(encoding="utf-8"))
        samples = [sample for family in families for sample in family.samples]
    except (OSError, ValueError):  # none yet, or not ours
        return "", None
    project = next((sample.labels.get("project", "") for sample in samples), "")
    return project, next((sample.value for sample in samples if sample.name == _SUCCESS), None)
