"""What more labels would buy, and when it is time to stop: told when known, never too readily."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.learners.forecast import Point, agreement, forecast
from bridge.report import outlook_line, status_lines, summary_line
from bridge.results import Outlook
from memory_platform import MemoryPlatform, loop, mail, truth


def curve(labels: float) -> float:
    return 0.9 - 1.5 * labels**-0.5


def points(sizes, error: float, seed: int = 0, score=curve) -> list[Point]:
    rng = np.random.default_rng(seed)
    return [Point(n, float(score(n) + rng.normal(0, error)), error) for n in sizes]


def test_a_steep_curve_promises_much_and_a_flat_one_little() -> None:
    steep = forecast(points(range(20, 120, 20), 0.01), 100)
    flat = forecast(points(range(20, 1200, 60), 0.01), 100)
    assert steep is not None
    assert flat is not None
    assert steep.low < curve(200) - curve(100) < steep.high
    assert flat.value < 0.01 < steep.value
    assert steep.low <= steep.value <= steep.high


@pytest.mark.parametrize("error", [0.01, 0.05])
def test_the_interval_holds_what_the_labels_then_bought(error: float) -> None:
    held = []
    for seed in range(40):
        found = forecast(points(range(20, 320, 20), error, seed), 100)
        assert found is not None
        held.append(found.low <= curve(400) - curve(300) <= found.high)
    assert np.mean(held) >= 0.9


def test_it_is_not_known_from_few_models_or_about_one_size() -> None:
    assert forecast([], 100) is None
    assert forecast(points((20, 40, 80), 0.01), 100) is None
    assert forecast(points((100, 101, 102, 103, 104), 0.01), 100) is None


def test_it_is_not_known_where_quality_itself_is_not() -> None:
    sizes = range(20, 140, 20)
    assert forecast(points(sizes, 0.01), 100) is not None
    assert forecast(points(sizes, 0.2), 100) is None


def test_a_class_that_is_found_late_is_not_taken_for_the_end() -> None:
    def late(labels: float) -> float:
        return 0.48 + 0.45 / (1 + (150 / labels) ** 3)

    for last in (120, 160, 240, 800):
        found = forecast(points(range(20, last + 1, 20), 0.02, score=late), 100)
        assert found is not None
        assert found.low <= late(last + 100) - late(last) <= found.high


def test_agreement_counts_chance_out() -> None:
    one = np.array([0] * 95 + [1] * 5)
    other = np.array([0] * 90 + [1] * 5 + [0] * 5)
    assert agreement(one, one) == 1
    assert agreement(one, other) == pytest.approx(-0.05, abs=0.01)  # 90 % the same, all by chance
    assert agreement(np.zeros(50, int), np.zeros(50, int)) is None
    several = np.eye(2, dtype=np.int64)[one]
    assert agreement(several, several) == 1


# ------------------------------------------------------------------------------------ in the loop


def run_until(bridge, platform, turns: int) -> list:
    results = []
    for _ in range(turns):
        results.append(bridge.sync())
        for key in list(platform.queued):
            platform.answer(key, truth(key))
    return results


def bridge_of(platform, directory, **stop):
    return loop(
        platform,
        directory,
        model={"estimator": "word_learner:Words"},
        queue={"depth": 30, "batch": 5},
        stop={"sample": 50, **stop},
    )


@pytest.fixture
def platform() -> MemoryPlatform:
    made = MemoryPlatform()
    made.add(*mail(400).values())
    return made


def test_easy_mail_is_enough_soon_and_the_advice_stops_nothing(platform, tmp_path) -> None:
    bridge = bridge_of(platform, tmp_path)
    results = run_until(bridge, platform, 10)
    outlooks = [result.outlook for result in results]
    assert outlooks[0] is None
    assert outlooks[2].gain is None
    assert not outlooks[2].enough
    assert outlooks[-1].gain is not None
    assert outlooks[-1].enough
    assert all(result.pushed.items for result in results)
    assert "it may be time to stop" in summary_line(results[-1])
    assert results[-1].outlook == bridge.status().outlook
    assert "kappa at least" in outlooks[-1].reason
    assert ("outlook", outlook_line(outlooks[-1])) in status_lines(bridge.status())


def test_pause_queues_nothing_more_and_says_so(platform, tmp_path) -> None:
    bridge = bridge_of(platform, tmp_path, mode="pause")
    results = run_until(bridge, platform, 11)
    assert results[-1].outlook.enough
    assert not platform.queued
    assert results[-1].pushed.items == results[-1].queue == 0
    assert any("stop.mode" in line for line in results[-1].warnings)
    assert bridge.sync().status == "unchanged"
    again = bridge_of(platform, tmp_path, mode="advise").sync()
    assert again.pushed.items == 30


def test_off_looks_at_nothing(platform, tmp_path) -> None:
    results = run_until(bridge_of(platform, tmp_path, mode="off"), platform, 3)
    assert results[-1].outlook is None
    assert results[-1].trained is not None


def test_models_that_differ_by_few_labels_do_not_count_as_agreeing(platform, tmp_path) -> None:
    bridge = bridge_of(platform, tmp_path)
    run_until(bridge, platform, 3)
    before = bridge.status().outlook.agreements
    for key in list(platform.queued)[:6]:
        platform.answer(key, truth(key))
        bridge.train()
        bridge.pull()
    bridge.train()
    assert len(bridge.status().outlook.agreements) <= len(before) + 1


def test_what_was_measured_of_another_question_does_not_count(platform, tmp_path) -> None:
    bridge = bridge_of(platform, tmp_path)
    run_until(bridge, platform, 6)
    assert bridge.status().outlook.agreements
    platform.classes.append(platform.classes[0].model_copy(update={"id": "id-x", "name": "other"}))
    outlook = bridge.sync().outlook
    assert outlook.gain is None
    assert outlook.agreements == ()


def test_a_sample_of_which_an_item_is_gone_is_drawn_anew(platform, tmp_path) -> None:
    bridge = bridge_of(platform, tmp_path)
    run_until(bridge, platform, 5)
    assert len(bridge.status().outlook.agreements) >= 2
    for key in [key for key in platform.items if key not in platform.answers][:150]:
        platform.remove(key)
    outlook = bridge.sync(full=True, force_train=True).outlook
    assert outlook.agreements == ()


def test_an_outlook_survives_as_json() -> None:
    outlook = Outlook(labels=100, gain=None, agreements=(0.5,), enough=False, reason="why")
    assert Outlook.model_validate_json(outlook.model_dump_json()) == outlook
    assert outlook_line(outlook) == outlook_line(None) == ""
