"""JSONL files that others append to or replace, read from where an earlier reading stopped."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from bridge.errors import DataError
from bridge.limits import MB, PAGE_BYTES, RowSettings

__all__ = ["FileMark", "Line", "continues", "decoded", "read_pages", "too_large", "unchanged"]

_CHUNK = 1 << 20
_SHOWN = 100


class FileMark(msgspec.Struct, frozen=True, tag="file"):
    """How far a file has been read.

    Attributes:
        offset: bytes of whole lines that were read.
        lines: how many lines these are.
        digest: of these bytes, so that a file that only grew is told from one that changed.
        size, mtime_ns: of the file, once it was read to its end; -1 before.
    """

    offset: int = 0
    lines: int = 0
    digest: str = ""
    size: int = -1
    mtime_ns: int = -1


@dataclass(frozen=True)
class Line:
    """One line that is not blank.

    Attributes:
        data: the line; of one that is too large, how it begins.
        whole: False for a last line without its end.
        size: its bytes.
    """

    number: int
    data: bytes
    whole: bool
    size: int = 0

    def decoded(self) -> dict[str, Any]:
        """Decode it.

        Raises:
            ValueError: it is too large, or as :func:`decoded`.
        """
        if self.size > len(self.data):
            raise too_large(self.size)
        return decoded(self.data)


def _hasher() -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=16)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}.",
            "Correct the path in bridge.toml, or put the file there.",
        ) from error


def _digest_until(file: BinaryIO, offset: int) -> hashlib.blake2b:
    hasher = _hasher()
    left = offset
    while left > 0 and (chunk := file.read(min(left, _CHUNK))):
        hasher.update(chunk)
        left -= len(chunk)
    return hasher


def unchanged(path: Path, mark: FileMark) -> bool:
    """Whether the file has the size and time that it had when it was read to its end."""
    with _open(path) as file:
        status = os.fstat(file.fileno())
    return (status.st_size, status.st_mtime_ns) == (mark.size, mark.mtime_ns)


def continues(path: Path, mark: FileMark) -> bool:
    """Whether the file still starts with the bytes that were read."""
    with _open(path) as file:
        if os.fstat(file.fileno()).st_size < mark.offset:
            return False
        return mark.offset == 0 or _digest_until(file, mark.offset).hexdigest() == mark.digest


def read_pages(
    path: Path, mark: FileMark | None, per_page: int, largest: int = RowSettings().row_bytes
) -> Iterator[tuple[list[Line], FileMark]]:
    """Yield the lines after ``mark``, at most ``per_page`` at a time, with the mark after them.

    A last line without its end is yielded and not counted in the mark: it may be half written. Of a
    line of more than ``largest`` bytes only the beginning is held.

    Raises:
        DataError: the file cannot be opened.
    """
    with _open(path) as file:
        status = os.fstat(file.fileno())
        start = mark or FileMark()
        hasher = _digest_until(file, start.offset)
        offset, number = start.offset, start.lines
        lines: list[Line] = []
        held = 0
        while raw := file.readline(largest + 1):
            before = hasher.copy()  # of whole lines alone
            hasher.update(raw)
            size, last = len(raw), raw
            while not last.endswith(b"\n") and (last := file.readline(_CHUNK)):
                hasher.update(last)
                size += len(last)
            whole = (last or raw).endswith(b"\n")
            if whole:
                offset, number = offset + size, number + 1
            else:
                hasher = before
            at = number if whole else number + 1
            if size > largest + whole:
                lines.append(Line(at, raw[:_SHOWN], whole, size))
            elif data := raw.removeprefix(b"\xef\xbb\xbf").strip():
                lines.append(Line(at, data, whole))
                held += size
            if len(lines) >= per_page or held >= PAGE_BYTES:
                yield lines, FileMark(offset, number, hasher.hexdigest())
                lines, held = [], 0
        end = FileMark(offset, number, hasher.hexdigest(), status.st_size, status.st_mtime_ns)
        yield lines, end


def too_large(size: int) -> ValueError:
    """Return what to raise for a row of so many bytes."""
    return ValueError(f"it has {size / MB:,.1f} MB, more than 'largest_row_mb' allows")


def decoded(data: bytes | str) -> dict[str, Any]:
    """Decode one JSON object.

    Raises:
        ValueError: not UTF-8, not JSON, or not an object; says which, and shows none of it.
    """
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except msgspec.ValidationError:
        raise ValueError("it is not a JSON object") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"it is not valid JSON ({error})") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
