"""The platform protocol, over the client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from bridge.errors import BridgeError, DataError
from bridge.platforms import Capabilities, Finding, PushReport, Refusal
from bridge.records import Batch, LabelSchema, Page, QueueItem
from bridge_labelbox import metadata
from bridge_labelbox import operations as ops
from bridge_labelbox.batches import push_batch
from bridge_labelbox.client import Client, Missing, dig
from bridge_labelbox.imports import show_predictions
from bridge_labelbox.ontology import Question, question_of
from bridge_labelbox.priorities import prioritize
from bridge_labelbox.pull import pull
from bridge_labelbox.settings import LabelboxSettings

__all__ = ["LabelboxPlatform"]


class LabelboxPlatform:
    """One Labelbox project, as :class:`bridge.platforms.Platform`.

    Args:
        settings: what to reach, and how patiently. Nothing is called yet.
        sleep: how to wait; tests give their own.
    """

    def __init__(
        self, settings: LabelboxSettings, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._settings = settings
        self._client = Client(settings, sleep)

    def __repr__(self) -> str:
        return f"LabelboxPlatform({self.project!r})"

    @property
    def project(self) -> str:
        """``labelbox:`` and the project's id."""
        return f"labelbox:{self._settings.project}"

    @property
    def capabilities(self) -> Capabilities:
        """All tasks can be pulled; classes can be pre-annotated; priorities rank exactly.

        An export tells of a row's labels completely, so a deletion is noticed whenever its row is
        exported; whether a deletion alone makes Labelbox export the row is not documented.
        """
        return Capabilities(
            tasks=frozenset({"single", "multi", "spans", "boxes"}),
            pre_annotations=True,
            ranking="exact",
            deletions="full pull",
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
        """Read the ontology.

        Raises:
            DataError: no question can be learned, or several can and none was named.
        """
        return self._question().schema

    def _question(self) -> Question:
        ontology = dig(self._project(ops.GET_ONTOLOGY), "ontology")
        normalized = None if ontology is None else dig(ontology, "normalized")
        return question_of(normalized, self._settings.question)

    def _project(self, operation: ops.Operation) -> Any:
        data = self._client.execute(operation, {"param_0": self._settings.project})
        found = dig(data, "project")
        if found is None:
            raise Missing(
                f"Labelbox has no project {self._settings.project}.", "Correct 'project'."
            )
        return found

    def pull(self, cursor: str | None) -> Iterator[Page]:
        """Yield pool items, then the project's rows with their labels."""
        yield from pull(self._client, self._settings, self._question(), cursor)

    def push(self, batch: Batch, schema: LabelSchema) -> PushReport:
        """Create or complete the batch, set its priorities, write metadata and pre-annotations."""
        # Before anything else, since the account may have no room for the fields.
        fields = metadata.fields(self._client, self._settings) if self._settings.metadata else None
        kept, refused = push_batch(self._client, self._settings, batch)
        gone = prioritize(self._client, self._settings, {e.item.key: e.rank for e in kept})
        kept = [entry for entry in kept if entry.item.key not in gone]
        refused += _gone(gone)
        if fields is not None:
            refused += metadata.write(self._client, self._settings, fields, kept)
        shown = 0
        if self._settings.pre_annotate and any(e.prediction is not None for e in kept):
            shown, more = show_predictions(
                self._client, self._settings, batch, kept, self._question().id, schema
            )
            refused += more
        return PushReport(accepted=len(kept), pre_annotated=shown, refused=tuple(refused))

    def rerank(self, queue: Sequence[QueueItem], schema: LabelSchema) -> PushReport:
        """Set the priorities of what is queued, by place in ``queue``.

        Rows that a labeler holds reserved (three at a time, for 90 minutes) keep their place.
        """
        ranks = {entry.item.key: place for place, entry in enumerate(queue)}
        gone = prioritize(self._client, self._settings, ranks)
        return PushReport(accepted=len(ranks) - len(gone), refused=tuple(_gone(gone)))

    def check(self) -> Iterator[Finding]:
        """Try key, project, schema, datasets and pre-annotations; writes nothing."""
        yield self._finding("key", self._check_key)
        yield self._finding("project", self._check_project)
        yield self._finding("schema", self._check_schema)
        for dataset in self._settings.datasets:
            yield self._finding(f"dataset {dataset}", partial(self._check_dataset, dataset))
        yield self._finding("pre-annotations", self._check_imports)
        if self._settings.metadata:
            yield self._finding("metadata", lambda: metadata.present(self._client, self._settings))

    def _finding(self, name: str, look: Callable[[], str]) -> Finding:
        try:
            return Finding(name=name, ok=True, detail=look())
        except BridgeError as error:
            return Finding(name=name, ok=False, detail=error.what, fix=error.fix)

    def _check_key(self) -> str:
        user = dig(self._client.execute(ops.GET_USER, {}), "user")
        return f"accepted, for {user.get('email') or user.get('id')}"

    def _check_project(self) -> str:
        project = self._project(ops.GET_PROJECT)
        return f"'{project.get('name')}' ({project.get('allowedMediaType')})"

    def _check_schema(self) -> str:
        schema = self.schema()
        return f"'{schema.question}' ({schema.task}): {', '.join(schema.names)}"

    def _check_dataset(self, dataset: str) -> str:
        variables = {"id": dataset, "from": None, "first": 1, "where": None}
        found = dig(self._client.execute(ops.GET_DATASET_ROWS, variables), "datasetDataRows")
        if not dig(found, "nodes"):
            raise DataError(
                f"Dataset {dataset} is empty, or not visible to this key.",
                "Upload data rows to it, or correct 'datasets'.",
            )
        return "has data rows"

    def _check_imports(self) -> str:
        if not self._settings.pre_annotate:
            return "off in the settings"
        asked = {"projectId": self._settings.project, "name": "bridge-check"}
        try:
            self._client.execute(ops.GET_IMPORT, asked)
        except Missing:
            return "can be imported; switched on with the first batch"
        return "can be imported; switched on with the first batch"


def _gone(keys: Iterable[str]) -> list[Refusal]:
    return [Refusal(key=key, why="Labelbox has no data row of this key.") for key in sorted(keys)]
