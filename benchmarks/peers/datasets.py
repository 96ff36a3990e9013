"""Data sets of the benchmark, split by seed into folders that every contender reads.

Stratified 70/30 into pool and test; the test part is never asked. Where a class is thinned, the
pool loses items of it; the test part keeps them all and weighs them down to the same share, which
measures the same with less noise.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split

from bridge.demo import demo_mail
from bridge.labeled import read_labeled
from bridge.records import digest

__all__ = ["BUILT_IN", "DIGITS", "Rows", "prepare", "read"]

BUILT_IN = ("mail", "mail-5", "mail-1", "digits")
DIGITS = "digits"
VERSION = 1  # of what a folder holds


@dataclass(frozen=True)
class Rows:
    """A data set in memory.

    Attributes:
        texts: what is labeled; of the digits 64 numbers, apart by spaces.
        labels: class names.
        share: what the rarest class is thinned to in the pool; None leaves it.
        folder: where its splits and cells are kept; of a file it changes with the content.
    """

    name: str
    texts: list[str]
    labels: list[str]
    folder: str
    share: float | None = None


def read(name: str, data: Path | None = None) -> Rows:
    """Return a data set by its name, or a JSONL file of ``text`` and ``label``."""
    if data is not None:
        rows = read_labeled(data)
        texts, labels = [str(row.item.text) for row in rows], [row.classes[0] for row in rows]
        return Rows(name, texts, labels, f"{name}-{digest([texts, labels])[:8]}")
    if name == DIGITS:
        digits = load_digits()
        texts = [" ".join(str(int(pixel)) for pixel in image) for image in digits.data]
        return Rows(name, texts, [str(label) for label in digits.target], name)
    mail = demo_mail()
    _, _, percent = name.partition("-")
    return Rows(
        name,
        [str(row.item.text) for row in mail],
        [row.classes[0] for row in mail],
        name,
        int(percent) / 100 if percent else None,
    )


def prepare(rows: Rows, seed: int, root: Path) -> Path:
    """Write one split, unless it is there; return its folder."""
    folder = root / rows.folder / f"seed-{seed}"
    facts = folder / "facts.json"
    if facts.exists() and json.loads(facts.read_text()).get("version") == VERSION:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    classes = sorted(set(rows.labels))
    labels = np.array([classes.index(label) for label in rows.labels])
    counts = np.bincount(labels)
    positive = int(counts.argmin()) if len(classes) == 2 else None
    pool, test = train_test_split(
        np.arange(len(labels)), test_size=0.3, stratify=labels, random_state=seed
    )
    weights = np.ones(len(test))
    if rows.share is not None and positive is not None:
        pool = _thinned(pool, labels, positive, rows.share, seed)
        odds = rows.share / (1 - rows.share)
        chosen = labels[test] == positive
        weights[chosen] = odds * (~chosen).sum() / chosen.sum()
    _write_features(rows, folder, pool, test)
    np.savez(folder / "labels.npz", pool=labels[pool], test=labels[test], weights=weights)
    texts = {"pool": [rows.texts[i] for i in pool], "test": [rows.texts[i] for i in test]}
    (folder / "texts.json").write_text(json.dumps(texts))
    told = {"version": VERSION, "seed": seed, "classes": classes, "positive": positive}
    facts.write_text(
        json.dumps(told | {"pool": len(pool), "counts": _named(labels[pool], classes)})
    )
    return folder


def _thinned(
    pool: np.ndarray, labels: np.ndarray, positive: int, share: float, seed: int
) -> np.ndarray:
    found, others = pool[labels[pool] == positive], pool[labels[pool] != positive]
    wanted = round(len(others) * share / (1 - share))
    rng = np.random.default_rng(seed)
    return rng.permutation(np.concatenate([others, rng.choice(found, wanted, replace=False)]))


def _named(labels: np.ndarray, classes: list[str]) -> dict[str, int]:
    return {classes[number]: count for number, count in sorted(Counter(labels.tolist()).items())}


def _write_features(rows: Rows, folder: Path, pool: np.ndarray, test: np.ndarray) -> None:
    """TF-IDF of 30,000 words of the pool for texts; the pixels, scaled to [0, 1], of digits."""
    if rows.name == DIGITS:
        pixels = np.array([text.split() for text in rows.texts], np.float32) / 16
        np.save(folder / "pool.npy", pixels[pool])
        np.save(folder / "test.npy", pixels[test])
        return
    words = TfidfVectorizer(max_features=30_000, sublinear_tf=True, dtype=np.float32)
    sparse.save_npz(folder / "pool.npz", words.fit_transform([rows.texts[i] for i in pool]))
    sparse.save_npz(folder / "test.npz", words.transform([rows.texts[i] for i in test]))
