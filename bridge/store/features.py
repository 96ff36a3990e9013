"""The feature store: what an encoder made of each item, encoded once and read memory-mapped.

::

    DIRECTORY/ENCODER-ID/manifest.json      lists the segments; replaced atomically
    DIRECTORY/ENCODER-ID/segment-00000007/  immutable raw .npy files

A row added later supersedes an earlier row of the same id. Small segments are merged, so that
their number grows with the logarithm of the number of rows. One writer at a time; a reader keeps
working on the segments it opened.
"""

from __future__ import annotations

import itertools
import math
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from bridge.errors import DataError, StoreError
from bridge.records import Item, Record
from bridge.store.segments import (
    ENCODE_AGAIN,
    Kind,
    Part,
    Segment,
    column_counts,
    sync_directory,
    write_segment,
    writing,
)

if TYPE_CHECKING:
    from bridge.learners.base import Encoder, Features

__all__ = ["Encode", "FeatureReader", "FeatureStore", "Span"]

CHUNK = 8192  # items encoded at a time
SPAN = 16384  # rows read at a time: what is computed of them stays in the processor's cache
TAKEN = 256  # single rows read at a time: each maps its surroundings, too
MOSTLY = 0.7  # share of the rows of a span from which they are read without a copy
FAN = 8  # segments of a size that are merged into one of the next size
LARGEST = 2**20  # rows; a segment of this size is left alone
MERGE_STEP = 65536  # rows copied at a time


Encode = Callable[[Iterable[list[Item]]], Iterable["Features"]]
"""Yields what an encoder makes of each list of items, in order."""


class _SegmentEntry(Record):
    name: str
    rows: int
    values: int


class _Manifest(Record):
    format: int = 1
    encoder: str
    kind: Kind = "sparse"
    dimensions: int = 0
    epoch: str = ""
    upto: int = 0
    ahead: int = 0
    next: int = 1
    segments: tuple[_SegmentEntry, ...] = ()


class FeatureStore:
    """The features of one encoder, below ``directory``.

    Raises:
        StoreError: the manifest is damaged, or a newer version of Bridge wrote it.
    """

    def __init__(self, directory: Path, encoder: Encoder) -> None:
        self._directory = Path(directory) / encoder.id
        self._encoder = encoder
        self._manifest = self._read_manifest()

    @property
    def epoch(self) -> str:
        """What the ids are ids of, as :meth:`forget` was told; "" at first."""
        return self._manifest.epoch

    @property
    def upto(self) -> int:
        """The highest content sequence number that has been encoded; 0 at first."""
        return self._manifest.upto

    @property
    def ahead(self) -> int:
        """The content sequence number as of which all that is present is encoded, >= ``upto``.

        Between the two only some items were encoded, before it was their turn.
        """
        return max(self._manifest.upto, self._manifest.ahead)

    def add(
        self,
        items: Iterable[tuple[int, Item]],
        upto: int,
        encode: Encode | None = None,
        *,
        ahead: int = 0,
    ) -> int:
        """Encode items in chunks of bounded memory, and remember ``upto``.

        All or nothing: whatever fails, the former state stays as it was.

        Args:
            items: pairs of the item's id (>= 0) and the item; of an id given twice the last counts.
            upto: the content sequence number that is complete with these items.
            encode: yields what the encoder makes of each list of items, in order; by default the
                encoder is called here.
            ahead: the content sequence number as of which all that is present is encoded with
                these items, where it is higher than it was.

        Returns:
            The number of items encoded.

        Raises:
            StoreError: the disk is full or cannot be written.
            DataError: the encoder did not return one row per item.
        """
        segments = self._segments()
        number = self._manifest.next
        waiting: deque[NDArray[np.int64]] = deque()
        counts: list[int] = []

        def contents() -> Iterator[list[Item]]:
            for chunk in _chunks(items, CHUNK):
                counts.append(len(chunk))
                last = dict(chunk)
                waiting.append(np.array(sorted(last), dtype=np.int64))
                yield [last[i] for i in waiting[-1].tolist()]

        try:
            for features in (encode or self._encoded)(contents()):
                ids = waiting.popleft()
                self._check(features, len(ids))
                segments.append(self._write(number, [(ids, features)]))
                segments, number = self._merge(segments, number + 1)
            self._commit(segments, number, upto, max(ahead, self._manifest.ahead))
        finally:
            # Also after a failure: a full disk needs the room of what is not used.
            self._sweep()
        return sum(counts)

    def forget(self, epoch: str) -> None:
        """Drop everything that was encoded; what is added from now on is of this epoch.

        Raises:
            StoreError: it cannot be deleted.
        """
        self._manifest = _Manifest(encoder=self._encoder.id, epoch=epoch)
        self._commit([], self._manifest.next, upto=0, ahead=0)
        self._sweep()

    def reader(self) -> FeatureReader:
        """Return a view of the store as it is now; later additions do not change it."""
        return FeatureReader(self._segments())

    # ------------------------------------------------------------------------------------ writing

    def _encoded(self, contents: Iterable[list[Item]]) -> Iterator[Features]:
        return map(self._encoder.encode, contents)

    def _check(self, features: Features, count: int) -> None:
        known = self._manifest.segments
        dimensions = self._manifest.dimensions if known else features.shape[1]
        if features.shape != (count, dimensions):
            raise DataError(
                f"The encoder '{self._encoder.id}' returned features of shape {features.shape} "
                f"for {count} items, expected ({count}, {dimensions}).",
                "Correct the encoder. If what it returns has changed, give it another id, or name "
                "in model.encoder_params what changed: then everything is encoded anew.",
            )

    def _write(self, number: int, parts: Iterable[Part]) -> Segment:
        return write_segment(self._directory / f"segment-{number:08d}", parts)

    def _merge(self, segments: list[Segment], number: int) -> tuple[list[Segment], int]:
        """Merge the newest segments while there are FAN of them no larger than a size."""
        start = _mergeable(segments)
        while start is not None:
            tail = FeatureReader(segments[start:])
            merged = self._write(number, tail.sorted_parts(MERGE_STEP))
            segments, number = [*segments[:start], merged], number + 1
            start = _mergeable(segments)
        return segments, number

    def _commit(self, segments: list[Segment], number: int, upto: int, ahead: int) -> None:
        first = segments[0] if segments else None
        manifest = _Manifest(
            encoder=self._encoder.id,
            epoch=self._manifest.epoch,
            kind=first.kind if first else "sparse",
            dimensions=first.dimensions if first else 0,
            upto=upto,
            ahead=ahead,
            next=number,
            segments=tuple(
                _SegmentEntry(name=s.directory.name, rows=s.rows, values=s.values) for s in segments
            ),
        )
        with writing(self._directory):
            self._directory.mkdir(parents=True, exist_ok=True)
            temporary = self._directory / "manifest.json.new"
            with temporary.open("w", encoding="utf-8") as file:
                file.write(manifest.model_dump_json(indent=1))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._directory / "manifest.json")
            self._manifest = manifest
            sync_directory(self._directory)

    def _sweep(self) -> None:
        """Remove segments that the manifest does not list: merged, failed, or left by a crash."""
        listed = {entry.name for entry in self._manifest.segments}
        for path in self._directory.glob("segment-*"):
            if path.name not in listed:
                shutil.rmtree(path, ignore_errors=True)

    # ------------------------------------------------------------------------------------ reading

    def _segments(self) -> list[Segment]:
        manifest = self._manifest
        return [
            Segment(
                self._directory / entry.name,
                manifest.kind,
                entry.rows,
                entry.values,
                manifest.dimensions,
            )
            for entry in manifest.segments
        ]

    def _read_manifest(self) -> _Manifest:
        path = self._directory / "manifest.json"
        try:
            manifest = _Manifest.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return _Manifest(encoder=self._encoder.id)
        except (OSError, ValidationError) as error:
            raise StoreError(
                f"The list of cached features {path} cannot be read.",
                ENCODE_AGAIN.format(self._directory),
            ) from error
        if manifest.format != 1 or manifest.encoder != self._encoder.id:
            raise StoreError(
                f"The cached features in {self._directory} belong to encoder "
                f"'{manifest.encoder}' (format {manifest.format}).",
                ENCODE_AGAIN.format(self._directory),
            )
        return manifest


@dataclass(frozen=True)
class Span:
    """Some rows of a segment.

    Attributes:
        low, high: rows [low, high) of the segment.
        packed: one bit for each row, whether it is wanted, as of ``numpy.packbits``; None: all are.
    """

    segment: Segment
    low: int
    high: int
    packed: NDArray[np.uint8] | None

    @property
    def wanted(self) -> NDArray[np.bool_] | None:
        """Whether each row is wanted, (high - low,); None: all are."""
        if self.packed is None:
            return None
        return np.unpackbits(self.packed, count=self.high - self.low).astype(bool)

    @property
    def ids(self) -> NDArray[np.int64]:
        """The ids of the wanted rows."""
        ids, wanted = np.asarray(self.segment.ids[self.low : self.high]), self.wanted
        return ids if wanted is None else ids[wanted]

    def read(self) -> tuple[Part, NDArray[np.bool_] | None]:
        """Return (ids, features) of the rows, and which of them are wanted; None: all are.

        Where few are wanted, only those are read. Where most are, others come too, since copying
        rows costs more than computing with some in vain.

        Raises:
            StoreError: the files are damaged.
        """
        wanted = self.wanted
        if wanted is None or wanted.mean() >= MOSTLY:
            ids = np.asarray(self.segment.ids[self.low : self.high])
            return (ids, self.segment.slice(self.low, self.high)), wanted
        rows = self.low + np.flatnonzero(wanted)
        return (self.segment.ids[rows], self.segment.take(rows)), None


class FeatureReader:
    """A view of the newest row of every id, over a list of segments (older first)."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = list(segments)
        self._starts = np.cumsum([0, *(s.rows for s in segments)], dtype=np.int64)
        ids = [s.ids for s in segments]
        self._ids, self._places = _newest(np.concatenate(ids) if ids else np.empty(0, np.int64))

    @property
    def ids(self) -> NDArray[np.int64]:
        """The ids present, ascending, int64."""
        return self._ids

    @property
    def count(self) -> int:
        """How many ids are present."""
        return len(self._ids)

    @property
    def dimensions(self) -> int:
        """The number of columns d; 0 while nothing was added."""
        return self._segments[0].dimensions if self._segments else 0

    def rows(self, ids: Sequence[int] | NDArray[np.int64]) -> Features:
        """Return the features of these ids, (len(ids), d), float32, in the order asked.

        Raises:
            DataError: an id is not present.
        """
        places = self._find(np.asarray(ids, dtype=np.int64))
        order = np.argsort(places, kind="stable")
        ascending = places[order]
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        limits = np.searchsorted(ascending, self._starts)
        taken = []
        for segment, start, low, high in zip(
            self._segments, self._starts[:-1], limits[:-1], limits[1:], strict=True
        ):
            for first in range(low, high, TAKEN):
                taken.append(segment.take(ascending[first : min(first + TAKEN, high)] - start))
                segment.release()
        return _stack(taken, self._segments, self.dimensions)[back]

    def chunks(self, ids: NDArray[np.int64] | None = None, size: int = SPAN) -> Iterator[Part]:
        """Yield (ids, features) of at most ``size`` rows, memory-mapped; the order is fixed.

        A part is good until the next one is asked for.

        Args:
            ids: which ids, in any order; all by default.

        Raises:
            DataError: an id is not present.
        """
        for span in self.spans(ids, size):
            part, wanted = span.read()
            yield part if wanted is None else (part[0][wanted], part[1][wanted])
            span.segment.release()

    def spans(
        self, ids: NDArray[np.int64] | None = None, size: int | None = None
    ) -> Iterator[Span]:
        """Yield where the chunks of these ids lie; they can be read in any process.

        Args:
            ids: which ids, in any order; all by default.
            size: rows in one at most; as many as fit the processor's cache by default.

        Raises:
            DataError: an id is not present.
        """
        size = size or SPAN
        wanted = np.zeros(int(self._starts[-1]), dtype=bool)
        wanted[self._places if ids is None else self._find(np.asarray(ids, np.int64))] = True
        for segment, start in zip(self._segments, self._starts[:-1], strict=True):
            for low in range(0, segment.rows, size):
                high = min(low + size, segment.rows)
                keep = wanted[start + low : start + high]
                if keep.any():
                    yield Span(segment, low, high, None if keep.all() else np.packbits(keep))

    def sorted_parts(self, size: int) -> Iterator[Part]:
        """Yield everything with ids ascending throughout; each part is copied."""
        for low in range(0, self.count, size):
            ids = self._ids[low : low + size]
            yield ids, self.rows(ids)

    def document_frequency(self) -> NDArray[np.int64]:
        """Return in how many rows each column is not zero, (d,), int64."""
        total = np.zeros(self.dimensions, np.int64)
        dead = np.ones(int(self._starts[-1]), dtype=bool)
        dead[self._places] = False
        for segment, start in zip(self._segments, self._starts[:-1], strict=True):
            total += segment.frequency()
            gone = np.flatnonzero(dead[start : start + segment.rows])
            for some in np.array_split(gone, math.ceil(len(gone) / MERGE_STEP) or 1):
                total -= column_counts(segment.take(some))
        return total

    def _find(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        at = np.searchsorted(self._ids, ids)
        found = at < len(self._ids)
        found[found] = self._ids[at[found]] == ids[found]
        if not found.all():
            missing = ids[~found]
            raise DataError(
                f"{len(missing)} items have no cached features, the first is number {missing[0]}.",
                "Encode the new items before their features are asked for.",
            )
        places: NDArray[np.int64] = self._places[at]
        return places


def _chunks(items: Iterable[tuple[int, Item]], size: int) -> Iterator[tuple[tuple[int, Item], ...]]:
    iterator = iter(items)
    while chunk := tuple(itertools.islice(iterator, size)):
        yield chunk


def _mergeable(segments: Sequence[Segment]) -> int | None:
    """Return where the run of newest segments to merge starts, or None."""
    tiers = [int(math.log(max(s.rows, 1), FAN)) if s.rows < LARGEST else 99 for s in segments]
    for tier in sorted(set(tiers) - {99}):
        start = len(tiers)
        while start > 0 and tiers[start - 1] <= tier:
            start -= 1
        if len(tiers) - start >= FAN:
            return start
    return None


def _newest(ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct ids, ascending, and the last place of each."""
    if bool((np.diff(ids) > 0).all()):
        return ids, np.arange(len(ids), dtype=np.int64)
    order = np.argsort(ids, kind="stable").astype(np.int64)
    ordered = ids[order]
    last = np.append(ordered[1:] != ordered[:-1], True)
    return ordered[last], order[last]


def _stack(taken: Sequence[Features], segments: Sequence[Segment], dimensions: int) -> Features:
    if segments and segments[0].kind == "dense":
        empty = np.empty((0, dimensions), np.float32)
        return np.concatenate([empty, *taken])
    from scipy.sparse import csr_matrix, vstack

    if not taken:
        return csr_matrix((0, dimensions), dtype=np.float32)
    return csr_matrix(vstack(taken, format="csr")) if len(taken) > 1 else taken[0]
