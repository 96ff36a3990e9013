"""The pool is scored whole and looked up late: what is chosen is as if it had been found first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bridge.steps import score
from memory_platform import MemoryPlatform, loop, mail, truth

EXACT = {"LEAST_SHARE": 2.0}  # never by the whole
WHOLE = {"LEAST_SHARE": 0.0}
SHORT = {"LEAST_SHARE": 0.0, "SPARE": 0.0}  # too few of the whole are kept


def planned(directory: Path, constants: dict[str, float], **raw: Any) -> list[Any]:
    """Run a loop whose items leave the pool in every way; return all that was planned."""
    directory.mkdir()
    platform = MemoryPlatform()
    platform.add(*mail(240).values())
    with pytest.MonkeyPatch.context() as patch, loop(platform, directory, **raw) as bridge:
        for name, value in constants.items():
            patch.setattr(score, name, value)
        bridge.sync()
        for turn in range(4):
            for number, key in enumerate(platform.queued[:8]):
                platform.skip(key) if number == 5 else platform.answer(key, truth(key))
            free = [key for key in sorted(platform.items) if key not in platform.queued]
            platform.remove(free[7 * turn])
            by_hand = free[7 * turn + 1]
            platform.queued.append(by_hand)
            platform.tick(by_hand)
            platform.refuse = {free[7 * turn + 2]}
            bridge.sync()
    with closing(sqlite3.connect(directory / ".bridge" / "state.db")) as connection:
        return connection.execute(
            "SELECT batch_id, item_id, rank, score, reason, prediction FROM batch_items"
            " ORDER BY batch_id, rank"
        ).fetchall()


class Spy:
    """Notes how the pool was scored: None for the whole, else the number of its items."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.ways: list[int | None] = []
        real = score._scored

        def scored(turn: Any, version: str, ids: Any, keep: int, weights: Any) -> Any:
            self.ways.append(None if ids is None else len(ids))
            return real(turn, version, ids, keep, weights)

        patch.setattr(score, "_scored", scored)


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spy]:
    return Spy(monkeypatch)


@pytest.mark.parametrize("prefilter", [2, 10])
def test_the_same_is_chosen_whichever_way(tmp_path: Path, spy: Spy, prefilter: int) -> None:
    raw = {"acquisition": {"prefilter": prefilter}}
    expected = planned(tmp_path / "exact", EXACT, **raw)
    assert spy.ways
    assert None not in spy.ways
    spy.ways.clear()
    assert planned(tmp_path / "whole", WHOLE, **raw) == expected
    assert set(spy.ways) == {None}
    spy.ways.clear()
    assert planned(tmp_path / "short", SHORT, **raw) == expected
    assert None in spy.ways
    assert set(spy.ways) != {None}, "where too few are found the pool is looked up"


def test_a_pool_of_which_most_is_answered_is_looked_up(tmp_path: Path, spy: Spy) -> None:
    platform = MemoryPlatform()
    platform.add(*mail(60).values())
    for key in sorted(platform.items)[:40]:
        platform.answer(key, truth(key))
    with loop(platform, tmp_path) as bridge:
        bridge.sync()
    assert spy.ways
    assert None not in spy.ways
