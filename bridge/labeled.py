"""Labeled data in files: JSON Lines, plain or packed with gzip or xz."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

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
            rows = list(_distinct(path, _rows(path, lines, text, label)))
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
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where} is not JSON: {error}.") from None
        if not isinstance(row, dict):
            raise DataError(f"{where} is not a JSON object.")
        yield Labeled(_item(row, number, text, where), _classes(row, label, where))


def _item(row: Mapping[str, Any], number: int, text: str, where: str) -> Item:
    said = row.get(text)
    if not isinstance(said, str) or not said.strip():
        raise DataError(f"{where} has no text in the field '{text}'.")
    key = str(row.get("key") or f"row-{number:06d}")
    try:
        f"{key}{said}".encode()
        return Item(key=key, text=said)
    except UnicodeEncodeError:
        raise DataError(f"{where} holds half of a surrogate pair, which is no character.") from None
    except ValidationError:
        raise DataError(f"{where} has a key of more than 512 characters.") from None


def _classes(row: Mapping[str, Any], label: str, where: str) -> tuple[str, ...]:
    if label not in row:
        raise DataError(f"{where} has no field '{label}'.")
    given = row[label] if isinstance(row[label], list) else [row[label]]
    if not all(isinstance(name, str | int | float) for name in given):
        raise DataError(f"{where} has no class name in the field '{label}'.")
    return tuple(dict.fromkeys(str(name) for name in given))


def _distinct(path: Path, rows: Iterable[Labeled]) -> Iterator[Labeled]:
    keys: set[str] = set()
    for row in rows:
        if row.item.key in keys:
            raise DataError(
                f"{path} has the key '{row.item.key}' more than once.",
                "Give each item one line; several classes of one item are a list.",
            )
        keys.add(row.item.key)
        yield row
