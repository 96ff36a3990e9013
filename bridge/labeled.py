"""Labeled data in files: JSON Lines, plain or packed with gzip or xz."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bridge.errors import DataError
from bridge.records import Item, LabelClass, LabelSchema

__all__ = ["Labeled", "read_labeled", "schema_of"]


@dataclass(frozen=True)
class Labeled:
    """An item and the classes that truly apply to it."""

    item: Item
    classes: tuple[str, ...]


def read_labeled(path: str | Path, *, text: str = "text", label: str = "label") -> list[Labeled]:
    """Read labeled items, one JSON object a line.

    Args:
        path: ``.jsonl``, ``.jsonl.gz`` or ``.jsonl.xz``, UTF-8.
        text: name of the field with the text.
        label: name of the field with the class name, or a list of them.

    Raises:
        DataError: the file cannot be read, or a line is not usable; names the line.
    """
    path = Path(path)
    try:
        with _opened(path) as lines:
            rows = list(_rows(path, lines, text, label))
    except (OSError, EOFError, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise DataError(f"{path} cannot be read: {error}.") from None
    if not rows:
        raise DataError(f"{path} has no lines.")
    return rows


def schema_of(rows: Sequence[Labeled], question: str = "label") -> LabelSchema:
    """Return the schema that the labels speak of; several classes on one item make it multi."""
    names = sorted({name for row in rows for name in row.classes})
    single = all(len(row.classes) == 1 for row in rows)
    return LabelSchema(
        task="single" if single else "multi",
        question=question,
        classes=tuple(LabelClass(id=name, name=name) for name in names),
    )


def _opened(path: Path) -> IO[bytes] | gzip.GzipFile | lzma.LZMAFile:
    if path.suffix == ".gz":
        return gzip.open(path, "rb")
    if path.suffix == ".xz":
        return lzma.open(path, "rb")
    return path.open("rb")


def _rows(path: Path, lines: Iterable[bytes], text: str, label: str) -> Iterator[Labeled]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row: Any = json.loads(line)
        except UnicodeDecodeError:
            raise DataError(f"{where} is not UTF-8.") from None
        except ValueError as error:
            raise DataError(f"{where} is not JSON: {error}.") from None
        if not isinstance(row, dict) or not str(row.get(text) or "").strip():
            raise DataError(f"{where} has no text in the field '{text}'.")
        if label not in row:
            raise DataError(f"{where} has no field '{label}'.")
        given = row[label] if isinstance(row[label], list) else [row[label]]
        key = str(row.get("key") or f"row-{number:06d}")
        yield Labeled(Item(key=key, text=str(row[text])), tuple(str(name) for name in given))
