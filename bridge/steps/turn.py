"""What the steps of one sync share."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from bridge.config import Settings
from bridge.platforms import Platform
from bridge.progress import Progress, Silent
from bridge.records import LabelSchema, Problem
from bridge.safe_text import redacted
from bridge.store.database import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bridge.learners.base import Examples, Features, Learner, Model
    from bridge.records import Item
    from bridge.store.features import FeatureReader, FeatureStore
    from bridge.store.model_files import ModelFiles

__all__ = ["Turn"]

log = logging.getLogger(__name__)

ITEMS_A_CHUNK = 4096  # items in memory at once where a learner takes items themselves


@dataclass
class Turn:
    """One sync under way: the loop's parts, and what the steps found so far.

    Attributes:
        schema: the label schema as it is now on the platform.
        renamed: former class name -> name today.
        warnings: lines that a person should read.
        problems: rows that could not be read; the first of them, ``problem_count`` in all.
        encoded: how many items were encoded in this turn.
    """

    settings: Settings
    store: Store
    platform: Platform
    schema: LabelSchema
    run_id: int
    renamed: Mapping[str, str] = field(default_factory=dict)
    progress: Progress = field(default_factory=Silent)
    warnings: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    encoded: int = 0
    _models: dict[str, Model] = field(default_factory=dict)
    _reader: FeatureReader | None = None

    def now(self) -> datetime:
        """Return the present time, in UTC."""
        return datetime.now(UTC)

    def warn(self, message: str) -> None:
        """Note a line for people, once."""
        message = redacted(message)  # a platform may echo what it was sent
        if message not in self.warnings:
            self.warnings.append(message)
            self.progress.warn(message)
            log.warning("%s", message)

    @property
    def task(self) -> Literal["single", "multi"]:
        """What the learner is to decide: one class, or any number of them."""
        return "multi" if self.schema.task == "multi" else "single"

    @cached_property
    def learner(self) -> Learner:
        """The learner that the configuration names; imports what it needs only now."""
        from bridge.learners import make_learner

        return make_learner(self.settings.model)

    @cached_property
    def features(self) -> FeatureStore | None:
        """The feature store; None where the learner takes items themselves."""
        from bridge.store.features import FeatureStore

        encoder = self.learner.encoder
        if encoder is None:
            return None
        return FeatureStore(self.settings.store_directory / "features", encoder)

    @cached_property
    def model_files(self) -> ModelFiles:
        """Where the files of models lie."""
        from bridge.store.model_files import model_files

        return model_files(self.settings.store_directory, self.settings.shared_files)

    def model(self, version: str) -> Model:
        """Load a model version; kept for the rest of the turn."""
        from bridge.store.registry import model_row

        if version not in self._models:
            with self.store.begin() as connection:
                row = model_row(connection, version)
            digest = None if row is None else row["digest"]
            self._models[version] = self.model_files.load(version, self.learner, digest)
            self.model_files.share(version)
        return self._models[version]

    def keep(self, version: str, model: Model) -> None:
        """Keep a model that was just trained, so that it need not be read again."""
        self._models[version] = model

    @property
    def reader(self) -> FeatureReader | None:
        """What is encoded so far; None where the learner takes items themselves."""
        if self._reader is None and self.features is not None:
            self._reader = self.features.reader()
        return self._reader

    def encoded_more(self, count: int) -> None:
        """Look at the features anew, since so many items were encoded."""
        self.encoded += count
        self._reader = None

    def inputs(self, ids: Sequence[int]) -> Features | list[Item]:
        """Return what the learner takes, for these row ids in this order."""
        import numpy as np

        if self.reader is not None:
            return self.reader.rows(np.asarray(ids, dtype=np.int64))
        return self.items(ids)

    def examples(self, ids: Sequence[int], labels: NDArray[np.int8]) -> Examples:
        """Return what the learner is taught, all alike in weight.

        Args:
            labels: (len(ids), k), see :class:`bridge.learners.base.Examples`.
        """
        import numpy as np

        from bridge.learners.base import Examples

        inputs = self.inputs(ids)
        return Examples(
            labels=labels,
            weights=np.ones(len(ids), dtype=np.float32),
            classes=self.schema.names,
            task=self.task,
            features=None if self.features is None else inputs,
            items=inputs if self.features is None else None,  # type: ignore[arg-type]  # items then
        )

    def chunks(self, ids: Sequence[int]) -> Iterator[tuple[Any, Features | list[Item]]]:
        """Yield (row ids, what the learner takes) in chunks of bounded memory."""
        import numpy as np

        wanted = np.asarray(ids, dtype=np.int64)
        if self.reader is not None:
            yield from self.reader.chunks(wanted)
            return
        for start in range(0, len(wanted), ITEMS_A_CHUNK):
            chunk = wanted[start : start + ITEMS_A_CHUNK]
            yield chunk, self.items(chunk.tolist())

    def items(self, ids: Iterable[int]) -> list[Item]:
        """Return the items of these row ids, in this order."""
        from bridge.store.items import items_by_id

        listed = list(ids)
        with self.store.begin() as connection:
            found = items_by_id(connection, listed)
        return [found[row_id] for row_id in listed]
