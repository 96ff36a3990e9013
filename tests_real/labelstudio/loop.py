"""Bridge's loop over a project on a real Label Studio, and annotators who take what is served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bridge.api import Bridge
from bridge.config import Settings, sections
from bridge.records import QueueItem
from bridge.store import tables
from bridge.store.batches import queue
from bridge.sync import store_of
from bridge_labelstudio import ADAPTER, LabelStudioPlatform
from tests_real.labelstudio.rig import LabelStudioRig

ANNOTATORS = ("ann", "bob", "cy")


class Loop:
    """One loop over one project, restarted for every turn, as cron does."""

    def __init__(
        self,
        rig: LabelStudioRig,
        directory: Path,
        raw: dict[str, Any],
        truth: Callable[[str], str],
    ) -> None:
        self.rig = rig
        self.truth = truth
        self.directory = directory
        self.settings = Settings.model_construct(
            adapter=ADAPTER,
            platform=rig.settings(),
            directory=directory,
            **sections(raw, directory=directory),
        )

    def bridge(self) -> Bridge:
        return Bridge(self.settings, platform=LabelStudioPlatform(self.rig.settings()))

    def sync(self, **options: bool) -> Any:
        with self.bridge() as bridge:
            return bridge.sync(**options)

    def queued(self) -> list[QueueItem]:
        """Return what Bridge wants to be asked, in order."""
        with store_of(self.settings) as store, store.begin() as connection:
            return [queued.entry for queued in queue(connection)]

    def expected(self) -> list[str]:
        """Return the keys that Bridge wants to be asked, in order."""
        return [entry.item.key for entry in self.queued()]

    def annotate(self, count: int) -> list[str]:
        """Let annotators in turn answer what they are served; return the keys."""
        keys = []
        for index in range(count):
            who = ANNOTATORS[index % 3]
            task = self.served_to(who)
            keys.append(task["data"]["bridge_key"])
            self.answer(task, who)
        return keys

    def served_to(self, who: str) -> Any:
        """Return the task that Label Studio shows somebody next."""
        task = self.rig.people.call("GET", f"/api/projects/{self.rig.project}/next", who)
        self.rig.tasks[task["data"]["bridge_key"]] = task["id"]
        return task

    def answer(self, task: Any, who: str) -> None:
        """Answer a task that was served, as the page does."""
        shown = task["predictions"]
        given = {
            "result": self.rig.result([self.truth(task["data"]["bridge_key"])]),
            "lead_time": 2.0,
            "parent_prediction": shown[0]["id"] if shown else None,
        }
        self.rig.people.call("POST", f"/api/tasks/{task['id']}/annotations/", who, json=given)

    def versions(self) -> dict[str, int]:
        path = f"/api/projects/{self.rig.project}/model-versions/"
        return self.rig.people.call("GET", path)

    def answers(self) -> dict[str, list[str]]:
        """Return the classes of every answer that Bridge has, by item."""
        with store_of(self.settings) as store, store.begin() as connection:
            rows = connection.execute(
                select(tables.items.c.key, tables.annotations.c.value)
                .join(tables.items, tables.items.c.id == tables.annotations.c.item_id)
                .where(tables.annotations.c.deleted.is_(False))
            )
            return {row.key: row.value["chosen"] for row in rows}

    def duplicates(self) -> int:
        """Return how many tasks have two predictions of one model version."""
        found = self.rig.people.call("GET", f"/api/predictions/?project={self.rig.project}")
        named = [(p["task"], p["model_version"]) for p in found]
        return len(named) - len(set(named))
