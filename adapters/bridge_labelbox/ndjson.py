"""Lines of an export, cut from a stream in bounded memory; a line without an end stops nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from bridge_labelbox.keys import key_of

__all__ = ["LongLine", "key_in", "lines"]

# Quotes inside of JSON's strings are escaped, so what has these marks before it is a name.
_ID = re.compile(rb'[{,\s]"id"\s*:\s*("(?:[^"\\]|\\.){1,64}")')
_KEY = re.compile(rb'[{,\s]"global_key"\s*:\s*(null|"(?:[^"\\]|\\.){0,6144}")')
_LONGEST = 8192  # what one of these may take


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
    rest: list[bytes] = []
    size = 0
    long: LongLine | None = None
    for piece in pieces:
        head, *more = piece.split(b"\n")
        for number, part in enumerate([head, *more]):
            if number:  # the part before ended its line
                yield from _whole(rest, long)
                rest, size, long = [], 0, None
            size += len(part)
            if long is None and size <= limit:
                rest.append(part)
                continue
            if long is None:
                long = LongLine()
                for held in rest:
                    long.add(held)
                rest = []
            long.add(part)
    yield from _whole(rest, long)


def _whole(parts: list[bytes], long: LongLine | None) -> Iterator[bytes | LongLine]:
    if long is not None:
        yield long
    elif line := b"".join(parts).strip(b"\r "):
        yield line


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
