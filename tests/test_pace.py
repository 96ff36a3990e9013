"""Simulated annotators whose answers take time, and what simulations tell of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bridge.labeled import Labeled, schema_of
from bridge.oracle import OraclePlatform
from bridge.pace import Pace
from bridge.records import Batch, Item, QueueItem
from bridge.report import simulation_lines
from bridge.simulation import simulate
from memory_platform import mail, truth

TEXT = "one two three four"


def test_long_texts_take_longer_and_noise_has_median_one() -> None:
    pace = Pace(base=5, per_word=0.25, spread=0.4)
    logs = [math.log(pace.seconds(f"k{number}", TEXT) / 6) for number in range(4000)]
    assert np.median(logs) == pytest.approx(0, abs=0.02)
    assert np.std(logs) == pytest.approx(0.4, rel=0.05)
    assert pace.seconds("k", TEXT * 10) > pace.seconds("k", TEXT)


def test_the_seconds_of_an_item_depend_on_the_seed_alone() -> None:
    assert Pace().seconds("k", TEXT) == Pace().seconds("k", TEXT)
    assert Pace(seed=1).seconds("k", TEXT) != Pace().seconds("k", TEXT)


def test_words_that_stood_in_the_text_before_are_read_faster() -> None:
    pace = Pace(base=5, per_word=1, spread=0, repeated=0.5)
    assert pace.seconds("k", TEXT) == 9
    assert pace.seconds("k", TEXT, before="two four six") == 8
    assert Pace(base=5, per_word=1, spread=0).seconds("k", TEXT, before=TEXT) == 9


def test_the_platform_in_memory_tells_the_seconds_of_each_answer() -> None:
    rows = [Labeled(item, (truth(key),)) for key, item in mail(6).items()]
    schema = schema_of(rows)
    platform = OraclePlatform(rows, schema, pace=Pace(spread=0, base=1, per_word=1, repeated=1))
    entries = [
        QueueItem(item=row.item, rank=rank, source="random", reason="")
        for rank, row in enumerate(rows)
    ]
    batch = Batch(id="b", created_at="2026-01-01T00:00:00Z", model_version=None, items=entries)
    platform.push(batch, schema)
    platform.answer(4)
    told = [
        annotation.seconds
        for page in platform.pull(None)
        for change in page.changes
        for annotation in change.annotations or ()
    ]
    assert len(told) == 4
    assert told[0] == 1 + len((rows[0].item.text or "").split())
    assert all(1 < seconds < told[0] for seconds in told[1:])  # "about number" comes again
    assert platform.seconds == sum(told)


def words(count: int) -> list[Labeled]:
    rng = np.random.default_rng(0)
    rows = []
    for number in range(count):
        kind = "spam" if number % 3 == 0 else "ham"
        more = [f"word{other}" for other in rng.integers(0, 300, rng.integers(60))]
        text = " ".join(["win" if kind == "spam" else "meeting", *more])
        rows.append(Labeled(Item(key=f"{kind}-{number}", text=text), (kind,)))
    return rows


def test_a_simulation_of_costs_tells_the_annotators_time() -> None:
    given = {"seeds": (0,), "batch": 20, "budget": 20}
    found = simulate(words(80), {"acquisition": {"cost": "seconds"}}, **given)
    for arm in found.arms:
        assert len(arm.seconds) == len(arm.curve)
        assert list(arm.seconds) == sorted(arm.seconds)
        assert arm.seconds[0] > 20 * 5 * 0.5
    lines = [line for line in simulation_lines(found) if line.startswith("annotators' time to")]
    assert [line.split()[3] for line in lines] == ["90%", "95%", "98%"]
    untimed = found.model_copy(
        update={"arms": tuple(arm.model_copy(update={"seconds": ()}) for arm in found.arms)}
    )
    assert not any("annotators' time" in line for line in simulation_lines(untimed))
