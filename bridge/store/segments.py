"""Immutable segments of the feature store: raw ``.npy`` files that are read memory-mapped.

A segment is a folder with ``ids.npy`` (int64, ascending), ``frequency.npy`` (int64, (2, m): column
numbers and in how many rows each is not zero) and either ``data.npy`` (float32), ``indices.npy``
(int32) and ``indptr.npy`` (int64) of a CSR matrix, or ``dense.npy`` (float32, (n, d)).
"""

from __future__ import annotations

import mmap
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from bridge.errors import StoreError
from bridge.store.disk import sync_directory

if TYPE_CHECKING:
    from bridge.learners.base import Features

__all__ = ["Kind", "Part", "Segment", "sync_directory", "write_segment", "writing"]

Kind = Literal["sparse", "dense"]
Part = tuple[NDArray[np.int64], "Features"]
ENCODE_AGAIN = "Delete the directory {}; Bridge then encodes the items again."


@dataclass(frozen=True)
class Segment:
    """One segment on disk.

    Attributes:
        directory: its folder.
        kind: how features are stored.
        rows, values, dimensions: n, number of stored values (sparse) or n * d, and d.
    """

    directory: Path
    kind: Kind
    rows: int
    values: int
    dimensions: int

    @cached_property
    def ids(self) -> NDArray[np.int64]:
        """The item ids, ascending."""
        return self._open("ids", np.int64, (self.rows,))

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs to open the same files; maps stay here."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def release(self) -> None:
        """Give back the memory of what was read; it can be read again at any time.

        Pages of a mapped file count as memory of this process from their first use until the
        system is short of memory, so that reading all of a large file looks like holding it.
        """
        for name in ("_data", "_indices", "_dense"):
            mapped = getattr(self.__dict__.get(name), "base", None)
            if isinstance(mapped, np.memmap) and hasattr(mmap, "MADV_DONTNEED"):
                mapped._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]  # NumPy's

    def slice(self, start: int, stop: int) -> Features:
        """Return rows [start, stop) without copying; bounded memory.

        Raises:
            StoreError: the files are damaged.
        """
        if self.kind == "dense":
            return self._dense[start:stop]
        from scipy.sparse import csr_matrix

        pointers = self._indptr[start : stop + 1]
        first, last = int(pointers[0]), int(pointers[-1])
        if first < 0 or last > self.values or bool((np.diff(pointers) < 0).any()):
            raise self._damaged("indptr.npy", "its row limits are out of order")
        rows = csr_matrix((stop - start, self.dimensions), dtype=np.float32)
        # Put in by hand: the constructor copies what is less than half of a mapped file. The
        # pointers are int32, or SciPy would copy the indices to int64.
        rows.data, rows.indices = self._data[first:last], self._checked(self._indices[first:last])
        rows.indptr = (pointers - first).astype(np.int32)
        return rows

    def take(self, rows: NDArray[np.int64]) -> Features:
        """Return the rows at these ascending positions; copies them."""
        if self.kind == "dense":
            return np.asarray(self._dense[rows], dtype=np.float32)
        from scipy.sparse import csr_matrix

        starts = self._indptr[rows]
        lengths = self._indptr[rows + 1] - starts
        ends = starts + lengths
        if bool((starts < 0).any() or (lengths < 0).any() or (ends > self.values).any()):
            raise self._damaged("indptr.npy", "its row limits are out of order")
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        offsets = np.repeat(starts - indptr[:-1], lengths) + np.arange(indptr[-1])
        indices = self._checked(self._indices[offsets])
        shape = (len(rows), self.dimensions)
        return csr_matrix((self._data[offsets], indices, indptr.astype(np.int32)), shape=shape)

    def _checked(self, indices: NDArray[np.int32]) -> NDArray[np.int32]:
        # One pass: read as unsigned, what is below 0 is above all others.
        if indices.size and int(indices.view(np.uint32).max()) >= self.dimensions:
            raise self._damaged("indices.npy", "it holds columns that do not exist")
        return indices

    def frequency(self) -> NDArray[np.int64]:
        """Return in how many rows each column is not zero, (d,)."""
        stored = self._load("frequency.npy", np.int64)
        if stored.ndim != 2 or len(stored) != 2:
            raise self._damaged("frequency.npy", "it has another shape than expected")
        columns, counts = np.asarray(stored[0]), np.asarray(stored[1])
        if columns.size and (int(columns.min()) < 0 or int(columns.max()) >= self.dimensions):
            raise self._damaged("frequency.npy", "it holds columns that do not exist")
        full = np.zeros(self.dimensions, np.int64)
        full[columns] = counts
        return full

    @cached_property
    def _dense(self) -> NDArray[np.float32]:
        return self._open("dense", np.float32, (self.rows, self.dimensions))

    @cached_property
    def _data(self) -> NDArray[np.float32]:
        return self._open("data", np.float32, (self.values,))

    @cached_property
    def _indices(self) -> NDArray[np.int32]:
        return self._open("indices", np.int32, (self.values,))

    @cached_property
    def _indptr(self) -> NDArray[np.int64]:
        pointers: NDArray[np.int64] = self._open("indptr", np.int64, (self.rows + 1,))
        if int(pointers[0]) != 0 or int(pointers[-1]) != self.values:
            raise self._damaged("indptr.npy", "its row limits are out of order")
        return pointers

    def _open(self, name: str, dtype: type, shape: tuple[int, ...]) -> NDArray[Any]:
        array = self._load(f"{name}.npy", dtype)
        if array.shape != shape:
            raise self._damaged(f"{name}.npy", f"it has shape {array.shape}, expected {shape}")
        return array

    def _load(self, file: str, dtype: type) -> NDArray[Any]:
        path = self.directory / file
        try:
            # An empty file cannot be mapped, so arrays without values are read.
            mapped = np.load(path, mmap_mode="r" if path.stat().st_size > 128 else None)
        except (OSError, ValueError, EOFError) as error:
            raise self._damaged(file, str(error)) from error
        if not isinstance(mapped, np.ndarray) or mapped.dtype != dtype:
            raise self._damaged(file, "it does not hold the expected type of number")
        return mapped.view(np.ndarray)

    def _damaged(self, file: str, why: str) -> StoreError:
        return StoreError(
            f"The cached features in {self.directory / file} cannot be read: {why}.",
            ENCODE_AGAIN.format(self.directory.parent),
        )


# ----------------------------------------------------------------------------------------- writing


def write_segment(directory: Path, parts: Sequence[Part] | Iterable[Part]) -> Segment:
    """Write parts, in order, as one new segment; ids must ascend from part to part.

    Memory is bounded by the largest part. Plain writes, not a writable map: on a full disk a map
    kills the process, a write raises.

    Raises:
        StoreError: the disk is full or cannot be written; nothing is left of the folder.
    """
    shutil.rmtree(directory, ignore_errors=True)
    try:
        with writing(directory):
            directory.mkdir(parents=True)
            segment = _Writer(directory).write(parts)
            sync_directory(directory)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    return segment


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError while writing below ``path`` into a StoreError."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"Features cannot be written to {path}: {error.strerror or error}.",
            "Make room on the disk or correct its permissions, then run again; nothing was lost.",
        ) from error


class _Column:
    """One ``.npy`` file that grows; its header is written last, when the length is known."""

    # A version 1.0 header of 128 bytes in all has room for any shape; the format pads with spaces.
    _HEADER = 128

    def __init__(self, path: Path, dtype: type, width: int | None = None) -> None:
        self._file = path.open("wb")
        self._dtype = np.dtype(dtype)
        self._width = width
        self._file.write(b" " * self._HEADER)

    def append(self, values: NDArray[Any]) -> None:
        self._file.write(np.ascontiguousarray(values, dtype=self._dtype).data)

    def close(self) -> None:
        try:
            size = (self._file.tell() - self._HEADER) // self._dtype.itemsize
            shape = (size,) if self._width is None else (size // self._width, self._width)
            text = repr({"descr": self._dtype.str, "fortran_order": False, "shape": shape})
            room = self._HEADER - 10
            header = text.ljust(room - 1).encode() + b"\n"
            self._file.seek(0)
            self._file.write(b"\x93NUMPY\x01\x00" + room.to_bytes(2, "little") + header)
            self._file.flush()
            os.fsync(self._file.fileno())
        finally:
            self._file.close()


class _Writer:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, parts: Iterable[Part]) -> Segment:
        parts = iter(parts)
        first = next(parts)
        dimensions = int(first[1].shape[1])
        kind: Kind = "dense" if isinstance(first[1], np.ndarray) else "sparse"
        frequency = np.zeros(dimensions, np.int64)
        rows = values = 0
        with ExitStack() as stack:
            columns = self._columns(kind, dimensions, stack)
            for ids, features in chain([first], parts):
                rows += len(ids)
                columns["ids"].append(ids)
                values = self._append(columns, features, values)
                frequency += column_counts(features)
        self._write_frequency(frequency)
        return Segment(self._directory, kind, rows, values, dimensions)

    def _columns(self, kind: Kind, dimensions: int, stack: ExitStack) -> dict[str, _Column]:
        def column(name: str, dtype: type, width: int | None = None) -> _Column:
            made = _Column(self._directory / f"{name}.npy", dtype, width)
            stack.callback(made.close)
            return made

        columns = {"ids": column("ids", np.int64)}
        if kind == "dense":
            columns["dense"] = column("dense", np.float32, dimensions)
            return columns
        columns["data"] = column("data", np.float32)
        columns["indices"] = column("indices", np.int32)
        columns["indptr"] = column("indptr", np.int64)
        columns["indptr"].append(np.zeros(1, np.int64))
        return columns

    @staticmethod
    def _append(columns: dict[str, _Column], features: Features, values: int) -> int:
        if isinstance(features, np.ndarray):
            columns["dense"].append(features)
            return values + features.size
        columns["data"].append(features.data)
        columns["indices"].append(features.indices)
        columns["indptr"].append(features.indptr[1:].astype(np.int64) + values)
        return values + int(features.nnz)

    def _write_frequency(self, frequency: NDArray[np.int64]) -> None:
        present = np.flatnonzero(frequency)
        with (self._directory / "frequency.npy").open("wb") as file:
            np.save(file, np.stack([present, frequency[present]]).astype(np.int64))
            file.flush()
            os.fsync(file.fileno())


def column_counts(features: Features) -> NDArray[np.int64]:
    """Return in how many rows each column is not zero, (d,); no column twice in a row."""
    if isinstance(features, np.ndarray):
        return cast("NDArray[np.int64]", np.count_nonzero(features, axis=0).astype(np.int64))
    present = features.indices[features.data != 0]
    return np.bincount(present, minlength=features.shape[1])
