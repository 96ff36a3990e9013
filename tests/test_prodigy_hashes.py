"""The hashes are those that real Prodigy wrote into published test data."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import mmh3
import pytest

from bridge.errors import ConfigError
from bridge_prodigy import hashes
from bridge_prodigy.hashes import input_hash, task_hash
from prodigy_rig import prodigy_rig

# Task, input hash, task hash; as found in (license MIT):
VECTORS: list[tuple[dict[str, Any], int, int]] = [
    # explosion/prodigy-hf, tests/datasets/textcat-binary.jsonl
    ({"text": "hi my name is 0", "label": "foo"}, -784135307, -1606845795),
    ({"text": "hi my name is 1", "label": "foo"}, 996120807, 347984104),
    # explosion/prodigy-hf, tests/datasets/textcat-multi.jsonl (hashed before it had options)
    ({"text": "hi my name is 0"}, -784135307, -978533357),
    ({"text": "hi my name is 1"}, 996120807, 1465835058),
    # explosion/prodigy-evaluate, tests/test_evaluate.py
    ({"text": "My name is Freya."}, 896529854, -1486695581),
    # explosion/prodigy-recipes, annotated news headlines: not ASCII, and meta.source is ignored
    (
        {
            "text": "Uber’s Lesson: Silicon Valley’s Start-Up Machine Needs Fixing",
            "meta": {"source": "The New York Times"},
        },
        1886699658,
        -1952856502,
    ),
    # explosion/projects, spanruler_restaurant_reviews, test_review.jsonl
    (
        {
            "text": "local fish tacos",
            "spans": [
                {"start": 0, "end": 5, "label": "Location", "token_start": 0, "token_end": 0},
                {"start": 6, "end": 16, "label": "Dish", "token_start": 1, "token_end": 2},
            ],
        },
        233421809,
        -2145664631,
    ),
    # explosion/projects, nel_emerson: score, rank and source are ignored inside spans, too
    (
        {
            "text": "Emerson was born on a farm in Blackbutt, Queensland.",
            "spans": [
                {
                    "start": 0,
                    "end": 7,
                    "text": "Emerson",
                    "rank": 0,
                    "label": "ORG",
                    "score": 1,
                    "source": "en_core_web_lg",
                    "input_hash": 219289568,
                }
            ],
        },
        219289568,
        1251747481,
    ),
]


@pytest.mark.parametrize(("task", "expected_input", "expected_task"), VECTORS)
def test_vectors(task: dict[str, object], expected_input: int, expected_task: int) -> None:
    assert input_hash(task) == expected_input
    assert task_hash(task) == expected_task


def test_hashes_in_the_task_do_not_count() -> None:
    task, own, whole = VECTORS[2]
    assert task_hash({**task, "_input_hash": own, "_task_hash": 5}) == whole


def test_murmurhash_of_prodigys_stack_serves_too(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes._murmur.cache_clear()
    monkeypatch.setitem(sys.modules, "mmh3", None)
    monkeypatch.setitem(sys.modules, "murmurhash", SimpleNamespace(hash=lambda s: mmh3.hash(s)))
    assert input_hash(VECTORS[0][0]) == VECTORS[0][1]
    hashes._murmur.cache_clear()


def test_without_any_murmurhash_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashes._murmur.cache_clear()
    monkeypatch.setitem(sys.modules, "mmh3", None)
    monkeypatch.setitem(sys.modules, "murmurhash", None)
    with pytest.raises(ConfigError, match="label-bridge"):
        input_hash({"text": "a"})
    with prodigy_rig("single", ("a", "b")) as rig:
        bad = [finding for finding in rig.connect().check() if not finding.ok]
    assert [finding.name for finding in bad] == ["hashes"]
