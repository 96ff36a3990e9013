"""The built-in encoder: hashed counts of words, word runs and the shapes of numbers, sublinear.

It keeps no vocabulary, so an item's features never change and can be cached for good. What depends
on the collection (inverse document frequency, row length) belongs to the head.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bridge.records import Item

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["HashedText"]

# Kana and Chinese characters: these scripts put no space between words.
UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
TOKEN = rf"[^\W{UNSPACED}]+|\S"
DIGIT = re.compile(r"\d")
LONG = re.compile(r"0{6,}")
SHAPE = "\x01"  # before a shape, since no word begins with it
LONGEST = 64  # characters of a word that has a shape; longer ones are no numbers


@dataclass(frozen=True)
class HashedText:
    """Hashing encoder for items of kind ``text``; other items get an empty row.

    A word is a run of letters, digits and underscores in lower case; every other visible character
    is a word by itself ("!!!" and "£" tell spam from mail), and so is each Chinese character and
    kana. Each value is ``1 + ln(count)``, so it
    is never below 1; signs are not alternated, which keeps document frequencies meaningful.

    A word with digits also counts as its shape, in which every digit is a 0, and a longer run of
    digits than five as one of five: telephone numbers, prices and dates are all different, and few
    labels would say nothing of the next one. (Measured with ``benchmarks/head.py --data`` on short
    messages.)

    Attributes:
        ngrams: shortest and longest run of words that counts as one feature.
        columns: d, the number of hashed columns.
    """

    ngrams: tuple[int, int] = (1, 1)
    columns: int = 2**18

    @property
    def id(self) -> str:
        """For example ``hashed-text-1-1-262144-v2``; the version changes when the values do."""
        return f"hashed-text-{self.ngrams[0]}-{self.ngrams[1]}-{self.columns}-v2"

    @cached_property
    def _vectorizer(self) -> Any:
        from sklearn.feature_extraction.text import HashingVectorizer

        words = HashingVectorizer(token_pattern=TOKEN, ngram_range=self.ngrams).build_analyzer()
        return HashingVectorizer(
            analyzer=partial(_features, words),
            n_features=self.columns,
            norm=None,
            alternate_sign=False,
            dtype=np.float32,
        )

    def encode(self, items: Sequence[Item]) -> csr_matrix:
        """Return a CSR matrix (n, columns), float32, with int32 indices sorted in each row."""
        from scipy.sparse import csr_matrix

        if not items:
            return csr_matrix((0, self.columns), dtype=np.float32)
        counts = self._vectorizer.transform([item.text or "" for item in items])
        data = (1.0 + np.log(counts.data)).astype(np.float32)
        indices = counts.indices.astype(np.int32, copy=False)
        indptr = counts.indptr.astype(np.int32, copy=False)
        rows = csr_matrix((data, indices, indptr), shape=counts.shape)
        rows.sort_indices()
        return rows


def _features(words: Callable[[str], list[str]], text: str) -> list[str]:
    """Return the words and word runs of a text, and the shapes of its words with digits."""
    found = words(text)
    numbers = (word for word in found if not word.isalpha() and len(word) <= LONGEST)
    return found + [shape for word in numbers for shape in _shapes(word)]


@lru_cache(maxsize=2**16)  # marks and dates come again and again
def _shapes(word: str) -> tuple[str, ...]:
    if " " in word or not DIGIT.search(word):  # a run of words, or a mark
        return ()
    shape = DIGIT.sub("0", word)
    short = LONG.sub("00000", shape)
    return (SHAPE + shape,) if short == shape else (SHAPE + shape, SHAPE + short)
