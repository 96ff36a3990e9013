"""Lines of an export, cut from a stream in bounded memory; a line without an end stops nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import msgspec

from bridge_labelbox.keys import key_of

__all__ = ["LongLine", "blocks", "key_in", "lines"]

# Quotes inside of JSON's strings are escaped, so what has these marks before it is a name.
_ID = re.compile(rb'[{,\s]"id"\s*:\s*("(?:[^"\\]|\\.){1,64}")')
_KEY = re.compile(rb'[{,\s]"global_key"\s*:\s*(null|"(?:[^"\\]|\\.){0,6144}")')
_LONGEST = 8192  # what one of these may take
_BLANK = b"\r "


@dataclass
class LongLine:
    """What is known of a line that is too long to be held.

    Attributes:
        size: its bytes.
        id: of its data row; empty where it was not seen.
        key: of its item; None where it was not seen.
    """

    size: int = 0
    id: str = ""
    key: str | None = None
    _tail: bytes = b" "

    def add(self, piece: bytes) -> None:
        """Look through the next piece of it."""
        self.size += len(piece)
        if self.key is None:
            seen = self._tail + piece
            self.id = self.id or _id(seen)
            self.key = _key(self.id, seen)
            self._tail = seen[-_LONGEST:]


def lines(pieces: Iterable[bytes], limit: int) -> Iterator[bytes | LongLine]:
    """Cut a stream into lines, without blank ones.

    Lines end at b"\\n" and nowhere else: U+2028 and its kin are data.

    Args:
        limit: bytes that a line may have; of a longer one only what :class:`LongLine` says is kept.
    """
    return chain.from_iterable(blocks(pieces, limit))


def blocks(pieces: Iterable[bytes], limit: int) -> Iterator[list[bytes | LongLine]]:
    """Yield the lines of :func:`lines` as they come, many at a time."""
    begun = _Begun(limit)
    for piece in pieces:
        head, *more = piece.split(b"\n")
        begun.add(head)
        if not more:
            continue
        whole = begun.end()
        last = more.pop()
        if len(piece) <= limit:
            whole += [line for part in more if (line := part.strip(_BLANK))]
        else:
            for part in more:
                begun.add(part)
                whole += begun.end()
        begun.add(last)
        if whole:
            yield whole
    if rest := begun.end():
        yield rest


class _Begun:
    """The line whose end has not come yet."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._long: LongLine | None = None

    def add(self, part: bytes) -> None:
        self._size += len(part)
        if self._long is None and self._size <= self._limit:
            self._parts.append(part)
            return
        if self._long is None:
            self._long = LongLine()
            for held in self._parts:
                self._long.add(held)
            self._parts = []
        self._long.add(part)

    def end(self) -> list[bytes | LongLine]:
        """Return it, or nothing if it is blank, and begin the next one."""
        line = self._long or b"".join(self._parts).strip(_BLANK)
        self._parts, self._size, self._long = [], 0, None
        return [line] if line else []


def key_in(line: bytes) -> str | None:
    """Return the key of the item of a line that cannot be decoded; None where it cannot be seen."""
    seen = b" " + line
    return _key(_id(seen), seen)


# Looking for plain bytes first is hundreds of times as fast, and these lines are long.


def _id(seen: bytes) -> str:
    found = _ID.search(seen) if b'"id"' in seen else None
    return "" if found is None else _decoded(found[1]) or ""


def _key(row_id: str, seen: bytes) -> str | None:
    found = _KEY.search(seen) if row_id and b'"global_key"' in seen else None
    if found is None:
        return None
    return key_of(row_id, None if found[1] == b"null" else _decoded(found[1]))


def _decoded(text: bytes) -> str | None:
    try:
        return msgspec.json.decode(text, type=str)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
