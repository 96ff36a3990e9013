"""Scores the pool, part by part, wherever ``[execution]`` says; keeps the best candidates.

A worker is told which model to load from where, and which rows of the feature store to read; it
returns the best of them. The parts are the same wherever they are computed, and so is the result.
"""

from __future__ import annotations

import math
import socket
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from bridge.acquisition.candidates import Best, Candidates, chosen
from bridge.acquisition.spec import Strategy
from bridge.errors import ExecutionError
from bridge.execution import ExecutionSettings, each
from bridge.learners.spec import LearnerSpec
from bridge.records import Item, LabelSchema
from bridge.steps.train import aligned
from bridge.steps.turn import ITEMS_A_CHUNK, Turn
from bridge.store.features import Span
from bridge.store.items import pool_among, pool_ids
from bridge.store.model_files import ModelFiles

if TYPE_CHECKING:
    from bridge.acquisition.cost import Weights
    from bridge.learners.base import Model

__all__ = ["Aligned", "score_pool"]


class Aligned:
    """A model whose columns are those of today's schema.

    Attributes:
        classes: the names of the columns.
    """

    def __init__(self, model: Model, schema: LabelSchema, renamed: Mapping[str, str]) -> None:
        self._model = model
        self.schema = schema
        self.renamed = renamed
        self.classes = schema.names
        if hasattr(model, "committee"):
            self.committee = self._committee

    def _committee(self, inputs: Any) -> NDArray[np.float32]:
        members = self._model.committee(inputs)  # type: ignore[attr-defined]  # asked above
        return np.stack([aligned(self, self._model, member) for member in members])

    def save(self, directory: Path) -> None:
        """Save the model as it is."""
        self._model.save(directory)

    def predict(self, inputs: Any) -> NDArray[np.float32]:
        """Return probabilities, (n, k)."""
        return aligned(self, self._model, self._model.predict(inputs))


def score_pool(
    turn: Turn, version: str, keep: int, weights: Weights | None, *, answered: int, queued: int
) -> Candidates:
    """Return the ``keep`` best of the pool.

    Where most of what is encoded belongs to the pool, all of it is scored, and only the best are
    looked up in the store: finding a million items there costs more than scoring them. What comes
    out is the same.

    Args:
        version: of the model.
        weights: what scores are multiplied by; None weighs all alike.
        answered, queued: about how many of the items that are encoded are not in the pool for this.

    Raises:
        ExecutionError: the workers cannot be reached, or died again and again.
        ModelError: the model cannot be used.
    """
    wide = _wide(turn, keep, answered, queued) if weights is None else None
    if wide is not None:
        found = _scored(turn, version, None, wide, None)
        with turn.store.begin() as connection:
            inside = pool_among(connection, found.ids.tolist())
        best = np.flatnonzero(np.isin(found.ids, inside))[:keep]
        if len(best) == keep or len(found) < wide:
            return found.take(best)
    with turn.store.begin() as connection:
        ids = pool_ids(connection)
    return _scored(turn, version, ids, keep, weights)


def _wide(turn: Turn, keep: int, answered: int, queued: int) -> int | None:
    """Return how many of all items to keep, so that enough of the pool are among them.

    None where too few belong to the pool, or where nothing is encoded.
    """
    encoded = 0 if turn.reader is None else turn.reader.count
    reserved = turn.settings.acquisition.hold_out_share
    share = (1 - reserved) * (1 - (answered + queued) / encoded) if encoded else 0.0
    # Those that wait are the least certain of all, and come on top.
    return math.ceil(SPARE * keep / share) + queued if share >= LEAST_SHARE else None


def _scored(
    turn: Turn, version: str, ids: NDArray[np.int64] | None, keep: int, weights: Weights | None
) -> Candidates:
    """Return the ``keep`` best of these row ids, ascending; None: of all that are encoded."""
    execution = turn.settings.execution
    if _size(turn, ids) <= (ITEMS_A_CHUNK if turn.reader is None else SMALL):
        execution = ExecutionSettings()
    scoring = _scoring(turn, version, keep)
    parts = turn.progress.track(_parts(turn, ids), "chunks ranked")
    held = Best(keep, scoring.seed)
    if execution.backend == "serial":
        model = scoring.aligned(turn.model(version))

        def here(part: _Part) -> Candidates:
            return _best_of(scoring, model, part, weights, held.least)

        results = each(execution, here, parts)
    else:
        turn.model_files.share(version)
        tasks = ((scoring, part, _only(weights, part)) for part in parts)
        results = each(execution, _anywhere, tasks)
    for result in results:
        held.add(result)
    return held.found(len(turn.schema.names))


def _size(turn: Turn, ids: NDArray[np.int64] | None) -> int:
    if ids is not None:
        return len(ids)
    return 0 if turn.reader is None else turn.reader.count


LEAST_SHARE = 0.5  # of what is encoded: with less in the pool too much is scored in vain
SPARE = 1.2  # times as many as are needed on average
SMALL = 65536  # items that are scored sooner than workers have started

_Part = Span | tuple[NDArray[np.int64], list[Item]]


@dataclass(frozen=True)
class _Scoring:
    """What a worker needs to know besides the part."""

    learner: LearnerSpec
    files: ModelFiles
    version: str
    digest: str | None
    schema: LabelSchema
    renamed: Mapping[str, str]
    strategy: Strategy
    keep: int
    seed: int

    def aligned(self, model: Model) -> Aligned:
        return Aligned(model, self.schema, self.renamed)


def _scoring(turn: Turn, version: str, keep: int) -> _Scoring:
    from bridge.store.registry import model_row

    with turn.store.begin() as connection:
        row = model_row(connection, version)
    settings = turn.settings
    return _Scoring(
        learner=settings.model,
        files=turn.model_files,
        version=version,
        digest=None if row is None else row["digest"],
        schema=turn.schema,
        renamed=dict(turn.renamed),
        strategy=settings.acquisition.scoring,
        keep=keep,
        seed=settings.sync.seed,
    )


def _parts(turn: Turn, ids: NDArray[np.int64] | None) -> Iterator[_Part]:
    if turn.reader is not None:
        yield from turn.reader.spans(ids)
        return
    assert ids is not None  # only what is encoded can be scored as a whole
    for low in range(0, len(ids), ITEMS_A_CHUNK):
        chunk = ids[low : low + ITEMS_A_CHUNK]
        yield chunk, cast("list[Item]", turn.inputs(chunk.tolist()))


def _best_of(
    scoring: _Scoring,
    model: Aligned,
    part: _Part,
    weights: Weights | None,
    least: np.float32 | None = None,
) -> Candidates:
    inputs: Any
    if isinstance(part, Span):
        (ids, inputs), wanted = part.read()
    else:
        (ids, inputs), wanted = part, None
    found = chosen(
        model,
        ids,
        inputs,
        scoring.strategy,
        "multi" if scoring.schema.task == "multi" else "single",
        scoring.keep,
        scoring.seed,
        weights,
        wanted,
        least,
    )
    if isinstance(part, Span):
        part.segment.release()
    return found


# ------------------------------------------------------------------------------------- in a worker


def _anywhere(task: tuple[_Scoring, _Part, Weights | None]) -> Candidates:
    scoring, part, weights = task
    if isinstance(part, Span) and not part.segment.directory.is_dir():
        raise ExecutionError(
            f"The worker on {socket.gethostname()} does not find {part.segment.directory}.",
            "Put store.path where all workers see it under the same path.",
        )
    return _best_of(scoring, scoring.aligned(_model(scoring)), part, weights)


_kept: tuple[str, Model] | None = None


def _model(scoring: _Scoring) -> Model:
    """Load the model, unless it was the last that was loaded in this process."""
    global _kept
    from bridge.learners import make_learner

    key = f"{scoring.version} {scoring.digest} {scoring.learner.model_dump_json()}"
    kept = _kept
    if kept is None or kept[0] != key:
        kept = _kept = (key, _files(scoring, make_learner(scoring.learner)))
    return kept[1]


def _files(scoring: _Scoring, learner: Any) -> Model:
    files = scoring.files
    if files.shared is None or (files.root / scoring.version).is_dir():
        return files.load(scoring.version, learner, scoring.digest)
    # Fetched to a place of this worker alone: its neighbours may be fetching, too.
    with tempfile.TemporaryDirectory(prefix="bridge-model-") as own:
        return replace(files, root=Path(own)).load(scoring.version, learner, scoring.digest)


def _only(weights: Weights | None, part: _Part) -> Weights | None:
    """Return the weights that a worker needs for a part."""
    if weights is None:
        return None
    ids = part.ids if isinstance(part, Span) else part[0]
    return replace(weights, ids=ids, values=weights.of(ids))
