"""The Labelbox adapter alone, in a script of your own: no store, no configuration, no engine.

With ``LABELBOX_API_KEY``, ``LABELBOX_PROJECT`` and ``LABELBOX_DATASET`` in the environment it reads
the answers of your project. Without a key it starts an emulator, asks and answers two questions
there, and reads those.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from bridge.records import Batch, Classes, Item, QueueItem
from bridge_labelbox import LabelboxPlatform, LabelboxSettings

__all__ = ["count_answers", "queue"]


def count_answers(settings: LabelboxSettings) -> Counter[str]:
    """Return how often each class was answered in a project."""
    platform = LabelboxPlatform(settings)
    changes = (change for page in platform.pull(None) for change in page.changes)
    values = (answer.value for change in changes for answer in change.annotations or ())
    names = (name for value in values if isinstance(value, Classes) for name in value.chosen)
    return Counter(names)


def queue(settings: LabelboxSettings, items: list[Item], name: str) -> int:
    """Put items into a project's queue, first one first; return how many it took."""
    entries = [
        QueueItem(item=item, rank=rank, source="random", reason="asked by a script")
        for rank, item in enumerate(items)
    ]
    batch = Batch(id=name, created_at=datetime.now(UTC), model_version=None, items=tuple(entries))
    platform = LabelboxPlatform(settings)
    return platform.push(batch, platform.schema()).accepted


@contextmanager
def emulated() -> Iterator[LabelboxSettings]:
    """Set up a project in which two items were queued and answered."""
    from bridge_labelbox.emulator import Emulator  # needs label-bridge[emulators]

    items = [Item(key="mail-1", text="Win money"), Item(key="mail-2", text="See you at noon")]
    with Emulator() as emulator:
        project, dataset = emulator.add_project(["ham", "spam"])
        emulator.add_items(project, [(item.key, item.text or "") for item in items])
        reached = {"project": project, "datasets": [dataset], "endpoint": emulator.url}
        settings = LabelboxSettings.model_validate({"api_key": emulator.api_key, **reached})
        queue(settings, items, "first")
        emulator.answer(project, "mail-1", ["spam"], "ann@example.com")
        emulator.answer(project, "mail-2", ["ham"], "ann@example.com")
        yield settings


def main() -> None:
    """Print how often each class was answered."""
    if "LABELBOX_API_KEY" not in os.environ:
        with emulated() as settings:
            print(dict(count_answers(settings)))
        return
    given = {
        "api_key": os.environ["LABELBOX_API_KEY"],
        "project": os.environ["LABELBOX_PROJECT"],
        "datasets": [os.environ["LABELBOX_DATASET"]],
    }
    print(dict(count_answers(LabelboxSettings.model_validate(given))))


if __name__ == "__main__":
    main()
