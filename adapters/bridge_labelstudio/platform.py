"""The platform protocol, over the client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from bridge.platforms import Capabilities, Finding, PushReport
from bridge.records import Batch, Item, LabelSchema, Page, QueueItem
from bridge_labelstudio import pool, push
from bridge_labelstudio.checks import findings
from bridge_labelstudio.client import Client
from bridge_labelstudio.pull import pull
from bridge_labelstudio.schema import Question, question_of
from bridge_labelstudio.settings import LabelStudioSettings
from bridge_labelstudio.tasks import project_of
from bridge_labelstudio.wire import Project

__all__ = ["LabelStudioPlatform", "import_items"]


class LabelStudioPlatform:
    """One Label Studio project, as :class:`bridge.platforms.Platform`.

    Args:
        settings: what to reach, and how patiently. Nothing is called yet.
        sleep: how to wait; tests give their own.
    """

    def __init__(
        self, settings: LabelStudioSettings, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._settings = settings
        self._client = Client(settings, sleep)

    def __repr__(self) -> str:
        return f"LabelStudioPlatform({self.project!r})"

    @property
    def project(self) -> str:
        """``labelstudio:``, the server's address without ``https://``, and the project's number.

        The number alone would not do: every server counts from 1.
        """
        address = self._settings.url.partition("://")[2]
        return f"labelstudio:{address}/{self._settings.project}"

    @property
    def capabilities(self) -> Capabilities:
        """All tasks can be pulled; classes can be pre-annotated; scores rank exactly.

        A task's time of change moves when an annotation of it is deleted, so deleted answers are in
        the feed; deleted tasks are not.
        """
        return Capabilities(
            tasks=frozenset({"single", "multi", "spans", "boxes"}),
            pre_annotations=True,
            ranking="exact",
            deletions="in feed",
            annotators=True,
        )

    @property
    def calls(self) -> int:
        """Requests so far."""
        return self._client.calls

    def close(self) -> None:
        """Free the connections."""
        self._client.close()

    def schema(self) -> LabelSchema:
        """Read the labeling interface.

        Raises:
            DataError: no control can be learned, or several can and none was named.
        """
        return self._asked()[1].schema

    def _asked(self) -> tuple[Project, Question]:
        project = project_of(self._client, self._settings.project)
        return project, question_of(project, self._settings.question, self._settings.text_field)

    def pull(self, cursor: str | None) -> Iterator[Page]:
        """Yield the tasks that changed, each with all its annotations."""
        project, question = self._asked()
        yield from pull(self._client, self._settings, project, question, cursor)

    def push(self, batch: Batch, schema: LabelSchema) -> PushReport:
        """Add the batch to the queue, as one new model version that has all of it."""
        return push.push(self._client, self._settings, batch.items)

    def rerank(self, queue: Sequence[QueueItem], schema: LabelSchema) -> PushReport:
        """Make this the queue, as one new model version.

        Tasks that somebody has on the screen stay there, for as long as Label Studio's lock holds.
        """
        return push.rerank(self._client, self._settings, queue)

    def check(self) -> Iterator[Finding]:
        """Try key, project, schema, pool and what rules the order; writes nothing."""
        yield from findings(self._client, self._settings)


def import_items(platform: LabelStudioPlatform, items: Sequence[Item]) -> int:
    """Make a task of each item that the project does not have yet; return how many were made.

    Label Studio itself does not look for duplicates; this does, by key, before it writes.

    Raises:
        DataError: two items have the same key, or one a key that only a task's number may be.
        Unreachable: it is not known whether the tasks were made; a repeat finds out.
        BridgeError: as any call.
    """
    return pool.import_items(platform._client, platform._settings, platform._asked()[1], items)
