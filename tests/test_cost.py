"""What labels cost in seconds: learned, ranked by, and told."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.acquisition.candidates import best
from bridge.acquisition.cost import Cost, Timed, fit, weights
from bridge.acquisition.spec import AcquisitionSpec
from bridge.records import Item
from bridge.report import status_lines, summary_line
from memory_platform import MemoryPlatform, loop, truth

PEOPLE = {"ann": 1.0, "bob": 2.0}


def timed(count: int, *, breaks: int = 0, base: float = 5.0, rate: float = 0.02) -> list[Timed]:
    """Answers of a quick and a slow person, whose seconds scatter; some are interrupted."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        who = "bob" if number % 4 == 0 else "ann"
        length = int(rng.lognormal(6, 1))
        seconds = (base + rate * length) * PEOPLE[who] * rng.lognormal(0, 0.3)
        found.append(Timed(who, 3600.0 if number < breaks else seconds, length))
    return found


# ----------------------------------------------------------------------------------------- learning


@pytest.mark.parametrize("breaks", [0, 12])
def test_seconds_grow_with_length_as_the_answers_say(breaks: int) -> None:
    cost = fit(timed(400, breaks=breaks))
    assert cost is not None
    for length in (50, 400, 2000):
        # Of four answers three are ann's: the typical pace lies between hers and bob's.
        quick = 5 + 0.02 * length
        assert quick * 0.9 < cost.seconds(length) < quick * 1.8
    assert cost.paces["bob"] / cost.paces["ann"] == pytest.approx(2, rel=0.15)


def test_what_is_expected_adds_up_to_what_was_taken() -> None:
    answers = timed(400)
    cost = fit(answers)
    assert cost is not None
    taken = sum(answer.seconds for answer in answers)
    assert sum(cost.seconds(answer.length) for answer in answers) == pytest.approx(taken, rel=0.05)
    assert cost.counted(answers) == pytest.approx(taken, rel=0.02)


def test_a_lunch_break_counts_as_a_long_answer() -> None:
    answers = timed(400, breaks=4)
    cost = fit(answers)
    assert cost is not None
    without = sum(answer.seconds for answer in timed(400))
    counted = cost.counted(answers)
    assert sum(answer.seconds for answer in answers) > 1.5 * without
    assert counted == pytest.approx(without, rel=0.1)


def test_few_answers_say_nothing_of_length() -> None:
    assert fit([]) is None
    one = fit([Timed("", 7.0, 900)])
    assert one is not None
    assert one.seconds(10) == one.seconds(900) == pytest.approx(7)
    few = fit(timed(19))
    assert few is not None
    assert few.seconds(0) == few.seconds(10_000)


def test_a_text_longer_than_any_that_was_answered_costs_as_much_as_the_longest() -> None:
    cost = fit(timed(100))
    assert cost is not None
    assert cost.seconds(10**9) == cost.seconds(cost.longest) > cost.seconds(cost.longest // 2)


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["", "ann", "bob"]),
            st.floats(1e-3, 1e7),
            st.integers(0, 10**7),
        ),
        min_size=1,
        max_size=60,
    ),
    exponent=st.floats(0.01, 2),
    widest=st.floats(1.01, 100),
)
def test_whatever_was_taken_costs_are_finite_and_weights_bounded(
    rows: list[tuple[str, float, int]], exponent: float, widest: float
) -> None:
    cost = fit([Timed(*row) for row in rows])
    assert cost is not None
    assert 0 < cost.seconds(0) <= cost.seconds(10**8) < np.inf
    spec = AcquisitionSpec(cost="seconds", cost_exponent=exponent, cost_range=widest)
    found = weights(cost, np.arange(4), np.array([0, 10, 10**4, 10**8]), spec).values
    assert (found > 0).all()
    assert (found <= 1 + 1e-6).all()
    assert (np.diff(found) <= 0).all()
    assert found[0] / found[-1] <= widest ** (2 * exponent) * 1.001


# ------------------------------------------------------------------------------------------ ranking

COST = Cost(base=1, rate=0.01, longest=10_000, smear=1, slack=3, typical=5, answers=50)


class Given:
    """A model whose input is how unsure it is."""

    classes = ("ham", "spam")

    def predict(self, inputs: Any) -> np.ndarray:
        top = 1 - np.asarray(inputs)[:, 0] / 2
        return np.stack([top, 1 - top], axis=1).astype(np.float32)


def test_a_little_less_unsure_and_much_shorter_comes_first() -> None:
    unsure = np.array([[0.9], [0.8], [0.02]], np.float32)
    lengths = np.array([9000, 200, 10])
    ids = np.arange(3)
    spec = AcquisitionSpec(cost="seconds", cost_exponent=1, cost_range=4)
    cheap = weights(COST, ids, lengths, spec)
    found = best(Given(), [(ids, unsure)], "margin", "single", 3, 0, cheap)  # type: ignore[arg-type]
    # The sure one is the cheapest of all, and stays last: prices count within a range.
    assert found.ids.tolist() == [1, 0, 2]
    np.testing.assert_allclose(found.scores, [0.8, 0.9, 0.02], atol=1e-6)
    np.testing.assert_allclose(found.values, found.scores * cheap.of(found.ids))


@settings(max_examples=40)
@given(seed=st.integers(0, 99), sizes=st.lists(st.integers(0, 40), max_size=6))
def test_nothing_is_cut_by_uncertainty_before_its_price_is_seen(
    seed: int, sizes: list[int]
) -> None:
    rng = np.random.default_rng(seed)
    unsure = rng.random((100, 1)).astype(np.float32)
    ids = np.sort(rng.choice(1000, 100, replace=False))
    spec = AcquisitionSpec(cost="seconds", cost_exponent=1)
    cheap = weights(COST, ids, rng.integers(0, 5000, 100), spec)
    edges = [0, *np.minimum(np.cumsum(sizes), 100).tolist(), 100]
    chunks = [(ids[a:b], unsure[a:b]) for a, b in itertools.pairwise(edges)]
    found = best(Given(), chunks, "margin", "single", 5, 0, cheap)  # type: ignore[arg-type]
    whole = best(Given(), [(ids, unsure)], "margin", "single", 100, 0, cheap)  # type: ignore[arg-type]
    assert found.ids.tolist() == whole.ids.tolist()[:5]
    np.testing.assert_array_equal(np.sort(whole.values)[::-1][:5], found.values)


# ----------------------------------------------------------------------------------------- the loop


class TimedPlatform(MemoryPlatform):
    """Its people take a second for every ten characters, and it says so."""

    def answer_timed(self, key: str, seconds: float | None = None) -> None:
        self.answer(key, truth(key))
        told = self.answers[key]["ann"]
        seconds = len(self.items[key].text or "") / 10 if seconds is None else seconds
        self.answers[key]["ann"] = told.model_copy(update={"seconds": seconds})


def long_and_short(count: int) -> list[Item]:
    """Texts of 1 to 100 words, one of which tells the class."""
    words = {"ham": "meeting", "spam": "win"}
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        kind = "spam" if number % 3 == 0 else "ham"
        more = [f"word{other}" for other in rng.integers(0, 300, rng.integers(100))]
        found.append(Item(key=f"{kind}-{number}", text=" ".join([words[kind], *more])))
    return found


def taught(tmp_path: Any, store: Any = None, **acquisition: Any) -> tuple[TimedPlatform, Any]:
    platform = TimedPlatform()
    platform.add(*long_and_short(160))
    shares = {"hold_out_share": 0.1, "diversity": "off"}
    bridge = loop(
        platform,
        tmp_path,
        store=store or {},
        acquisition={**shares, **acquisition},
        queue={"depth": 30, "batch": 5},
    )
    bridge.sync()
    for key in list(platform.queued):
        platform.answer_timed(key)
    return platform, bridge


def asked(platform: TimedPlatform) -> list[float]:
    """Seconds of what is queued by the model."""
    keys = [key for key in platform.queued if key in platform.pre_annotated]
    return [len(platform.items[key].text or "") / 10 for key in keys]


def test_with_costs_on_the_loop_asks_for_cheaper_items_and_says_their_price(tmp_path: Any) -> None:
    means, reasons = {}, {}
    for cost in ("off", "seconds"):
        platform, bridge = taught(tmp_path / cost, cost=cost, cost_exponent=1.0)
        bridge.sync()
        means[cost] = np.mean(asked(platform))
        places = [bridge.explain(key).places[0] for key in platform.queued[:15]]
        reasons[cost] = [place.reason for place in places if place.probabilities]
        assert all(" s" not in place.reason for place in places if not place.probabilities)
    assert means["seconds"] < 0.7 * means["off"]
    assert all(", about " in reason for reason in reasons["seconds"])
    assert not any(", about " in reason for reason in reasons["off"])


def test_a_new_model_ranks_the_queue_by_value_for_the_price(tmp_path: Any, place: Any) -> None:
    costs = {"cost": "seconds", "cost_exponent": 1.0, "hold_out_share": 0.0}
    platform, bridge = taught(tmp_path, place.section, **costs)
    bridge.sync()
    for key in platform.queued[:3]:
        platform.answer_timed(key)
    result = bridge.sync()
    assert result.pushed.reranked
    assert result.effort is not None
    assert result.effort.answers == 33
    places = [bridge.explain(key).places[0] for key in platform.queued]
    scores = [place.score for place in places]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]
    # Uncertainty itself is told apart from what it is worth.
    for place in places:
        assert place.probabilities is not None
        assert (
            place.score <= 1 - abs(place.probabilities["ham"] - place.probabilities["spam"]) + 1e-5
        )


def test_the_report_says_what_was_spent_and_what_is_to_come(tmp_path: Any) -> None:
    platform, bridge = taught(tmp_path)
    before = bridge.status().effort
    assert before is None
    spent = sum(a["ann"].seconds or 0 for a in platform.answers.values())
    result = bridge.sync()
    assert result.effort is not None
    assert result.effort.answers == 30
    assert result.effort.seconds_spent == pytest.approx(spent, rel=0.01)
    lengths = [len(platform.items[key].text or "") / 10 for key in platform.queued]
    assert result.effort.seconds_queued == pytest.approx(sum(lengths), rel=0.15)
    assert f"{result.queue} queued (about " in summary_line(result)
    assert bridge.status().effort == result.effort
    assert ("time spent", f"{spent / 60:.0f} min on timed answers") in status_lines(bridge.status())


def test_without_times_nothing_is_said_of_them(tmp_path: Any) -> None:
    platform = MemoryPlatform()
    platform.add(*long_and_short(40))
    bridge = loop(platform, tmp_path, acquisition={"cost": "seconds"})
    for _ in range(2):
        result = bridge.sync()
        for key in list(platform.queued):
            platform.answer(key, truth(key))
    assert result.effort is None
    assert "of work" not in summary_line(result)


def test_answers_that_are_gone_take_their_time_with_them(tmp_path: Any) -> None:
    platform, bridge = taught(tmp_path)
    bridge.sync()
    for key in list(platform.answers):
        platform.delete_answer(key)
    assert bridge.sync().effort is None


def test_a_clock_that_says_nothing_teaches_nothing(tmp_path: Any) -> None:
    platform, bridge = taught(tmp_path)
    for seconds in (0.0, 1e300):
        key = next(key for key in platform.items if key not in platform.answers)
        platform.answer_timed(key, seconds)
    result = bridge.sync()
    assert result.effort is not None
    assert result.effort.answers == 30
