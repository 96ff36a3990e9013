"""Acquisition: scores, the best of a streamed pool, spread, and whole batches."""

from __future__ import annotations

import itertools
import math
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.stats import entropy

from bridge.acquisition.candidates import Candidates, best, chosen, tie_breaker
from bridge.acquisition.compose import Pick, compose
from bridge.acquisition.diversity import distinct, spread
from bridge.acquisition.hints import Hint
from bridge.acquisition.measuring import measuring
from bridge.acquisition.spec import AcquisitionSpec
from bridge.acquisition.uncertainty import score
from bridge.errors import ConfigError, ModelError
from bridge.learners.encoding import HashedText
from bridge.learners.scores import ENOUGH
from bridge.learners.text import TextLearner
from learning_data import NAMES, examples, one_hot, reader, single

STRATEGIES = ["margin", "least_confidence", "entropy"]


def simplex(n: int, k: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(k), n).astype(np.float32)


# ------------------------------------------------------------------------------------- uncertainty


def test_scores_are_their_formulas() -> None:
    p = simplex(50, 4)
    ordered = np.sort(p, axis=1)[:, ::-1]
    np.testing.assert_allclose(
        score("margin", p, "single"), 1 - ordered[:, 0] + ordered[:, 1], atol=1e-6
    )
    expected = (1 - ordered[:, 0]) * 4 / 3
    np.testing.assert_allclose(score("least_confidence", p, "single"), expected, atol=1e-6)
    np.testing.assert_allclose(score("entropy", p, "single"), entropy(p, axis=1, base=4), atol=1e-5)


def test_a_committee_scores_its_disagreement() -> None:
    members = np.stack([simplex(30, 3, seed) for seed in range(5)])
    mean = members.mean(axis=0)
    divergence = np.mean([entropy(m, mean, axis=1) for m in members], axis=0) / np.log(3)
    np.testing.assert_allclose(score("committee", mean, "single", members), divergence, atol=1e-5)
    split = np.array([[[1, 0]], [[0, 1]]], np.float32)
    assert score("committee", split.mean(axis=0), "single", split) == pytest.approx(1)
    assert score("committee", split[0], "single", split[:1]) == 0
    assert score("committee", split.mean(axis=0), "multi", split) == pytest.approx(1)
    with pytest.raises(ConfigError, match="committee"):
        score("committee", mean, "single")


@pytest.mark.parametrize("strategy", [*STRATEGIES, "committee"])
@pytest.mark.parametrize("task", ["single", "multi"])
def test_scores_lie_between_sure_and_undecided(strategy: Any, task: Any) -> None:
    sure = np.eye(3, dtype=np.float32)
    undecided = np.full((1, 3), 1 / 3 if task == "single" else 0.5, np.float32)
    p = np.concatenate([sure, undecided, simplex(200, 3)])
    committee = np.stack([p, np.roll(p, 1, axis=1)])
    found = score(strategy, p, task, committee)
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()
    if strategy != "committee":
        np.testing.assert_allclose(found[:3], 0, atol=1e-6)
        assert found[3] == pytest.approx(1, abs=1e-6)


def test_of_several_classes_the_most_unsure_counts() -> None:
    p = np.array([[0.99, 0.5, 0.01], [0.8, 0.8, 0.8], [0.99, 0.99, 0.99]], np.float32)
    for strategy in ("margin", "least_confidence"):
        np.testing.assert_allclose(score(strategy, p, "multi"), [1, 0.4, 0.02], atol=1e-6)  # type: ignore[arg-type]
    binary = np.mean([entropy([0.8, 0.2], base=2)] * 3)
    assert score("entropy", p, "multi")[1] == pytest.approx(binary, abs=1e-5)


def test_one_class_leaves_nothing_to_ask() -> None:
    assert score("margin", np.ones((3, 1), np.float32), "single").tolist() == [0, 0, 0]


# -------------------------------------------------------------------------------------- candidates


class Fixed:
    """A model whose input is already the probabilities."""

    classes: tuple[str, ...] = NAMES

    def predict(self, inputs: Any) -> np.ndarray:
        return np.asarray(inputs.toarray() if isinstance(inputs, csr_matrix) else inputs)

    def save(self, directory: Path) -> None:
        raise AssertionError


def cut(ids: np.ndarray, inputs: Any, sizes: Sequence[int]) -> Any:
    start = 0
    for size in [*sizes, len(ids)]:
        stop = min(start + size, len(ids))
        yield ids[start:stop], inputs[start:stop]
        start = stop


@settings(max_examples=50)
@given(
    levels=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    sizes=st.lists(st.integers(0, 12), max_size=8),
    keep=st.integers(1, 20),
    shuffle=st.integers(0, 9),
    sparse=st.booleans(),
)
def test_the_best_do_not_depend_on_chunks_or_order(
    levels: list[int], sizes: list[int], keep: int, shuffle: int, sparse: bool
) -> None:
    top = 0.4 + 0.15 * np.array(levels, np.float32)
    p = np.stack([top, (1 - top), np.zeros_like(top)], axis=1).astype(np.float32)
    ids = np.arange(len(levels), dtype=np.int64) * 3
    order = np.random.default_rng(shuffle).permutation(len(ids))
    inputs = csr_matrix(p) if sparse else p
    whole = best(Fixed(), [(ids, inputs)], "margin", "single", keep, seed=1)
    parts = best(Fixed(), cut(ids[order], inputs[order], sizes), "margin", "single", keep, seed=1)
    assert parts.ids.tolist() == whole.ids.tolist()
    np.testing.assert_array_equal(parts.scores, whole.scores)
    np.testing.assert_array_equal(parts.probabilities, p[parts.ids // 3])
    found = parts.features
    dense = found.toarray() if isinstance(found, csr_matrix) else found
    np.testing.assert_array_equal(dense, p[parts.ids // 3])
    assert (np.diff(parts.scores) <= 0).all()
    everything = np.sort(score("margin", p, "single"))[::-1]
    np.testing.assert_array_equal(parts.scores, everything[:keep])


def test_memory_does_not_grow_with_the_pool() -> None:
    class Wide(Fixed):
        classes = tuple(f"c{number}" for number in range(77))

    def peak(chunks: int) -> int:
        def pool() -> Any:
            for number in range(chunks):
                start = 500 * number
                yield np.arange(start, start + 500), simplex(500, 77, seed=number)

        tracemalloc.start()
        assert len(best(Wide(), pool(), "margin", "single", 100, seed=0)) == 100
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(100) < 1.2 * peak(5)


def test_rows_that_are_not_wanted_are_never_chosen() -> None:
    p = simplex(200, 3)
    wanted = np.arange(200) % 3 == 0
    found = chosen(Fixed(), np.arange(200), p, "margin", "single", 50, 0, wanted=wanted)
    only = best(Fixed(), [(np.arange(200)[wanted], p[wanted])], "margin", "single", 50, seed=0)
    assert found.ids.tolist() == only.ids.tolist()
    assert found.scores.tolist() == only.scores.tolist()


def test_ties_are_broken_by_a_seeded_hash_not_by_position() -> None:
    p = np.full((1000, 3), 1 / 3, np.float32)
    ids = np.arange(1000)
    picks = [best(Fixed(), [(ids, p)], "margin", "single", 100, seed).ids for seed in (0, 1)]
    assert set(picks[0].tolist()) != set(picks[1].tolist())
    assert 350 < picks[0].mean() < 650
    assert len(np.unique(tie_breaker(ids, 7))) == 1000


def test_models_that_take_items() -> None:
    items, _ = single(10, 0)
    p = simplex(10, 3)

    class OnItems(Fixed):
        def predict(self, inputs: Any) -> np.ndarray:
            return p[[int(item.key[1:]) for item in inputs]]

    chunks = [(np.arange(5), items[:5]), (np.arange(5, 10), items[5:])]
    found = best(OnItems(), chunks, "margin", "single", 4, seed=0)
    assert found.features is None
    np.testing.assert_array_equal(found.probabilities, p[found.ids])


def test_an_empty_pool_has_no_candidates() -> None:
    assert len(best(Fixed(), [], "margin", "single", 4, seed=0)) == 0


@pytest.mark.parametrize(
    "wrong", [np.full((2, 3), np.nan, np.float32), np.ones((2, 2), np.float32)]
)
def test_a_model_that_does_not_return_probabilities_is_told(wrong: np.ndarray) -> None:
    with pytest.raises(ModelError, match="finite"):
        best(Fixed(), [(np.arange(2), wrong)], "margin", "single", 4, seed=0)


def test_a_committee_is_asked_for_its_votes() -> None:
    class Voting(Fixed):
        def committee(self, inputs: np.ndarray) -> np.ndarray:
            return np.stack([inputs, inputs[:, ::-1]])

    p = np.array([[0.4, 0.2, 0.4], [0.9, 0.1, 0.0]], np.float32)
    found = best(Voting(), [(np.array([5, 6]), p)], "committee", "single", 2, seed=0)
    assert found.ids.tolist() == [6, 5]
    with pytest.raises(ConfigError):
        best(Fixed(), [(np.array([5, 6]), p)], "committee", "single", 2, seed=0)


# --------------------------------------------------------------------------------------- diversity


def blobs(sparse: bool) -> tuple[Any, np.ndarray]:
    """Sixty rows in three tight groups of 40, 15 and 5."""
    groups = np.repeat([0, 1, 2], [40, 15, 5])
    rng = np.random.default_rng(0)
    rows = np.repeat(np.eye(3), 4, axis=1)[groups] + rng.random((60, 12)) * 0.3
    return (csr_matrix(rows.astype(np.float32)) if sparse else rows.astype(np.float32)), groups


@pytest.mark.parametrize("sparse", [True, False])
def test_a_spread_batch_has_every_kind(sparse: bool) -> None:
    features, groups = blobs(sparse)
    scores = np.linspace(1, 0.5, 60).astype(np.float32)
    places = spread(features, scores, 3, seed=0)
    assert sorted(groups[places]) == [0, 1, 2]
    assert (np.diff(scores[places]) <= 0).all()
    np.testing.assert_array_equal(places, spread(features, scores, 3, seed=0))
    assert spread(features[:2], scores[:2], 3, seed=0).tolist() == [0, 1]


@pytest.mark.parametrize("sparse", [True, False])
def test_near_duplicates_come_last(sparse: bool) -> None:
    rows = np.eye(4, dtype=np.float32)[[0, 0, 1, 2, 2]]
    rows[1, 3] = 0.05
    features = csr_matrix(rows) if sparse else rows
    assert distinct(features, range(5), 3, 0.95) == [0, 2, 3]
    assert distinct(features, range(5), 5, 0.95) == [0, 2, 3, 1, 4]
    assert distinct(features, range(5), 3, 1.0)[:2] == [0, 1]
    assert distinct(None, range(5), 3, 0.95) == [0, 1, 2]


def test_empty_and_equal_rows_still_fill_a_batch() -> None:
    same = csr_matrix(np.zeros((30, 5), np.float32))
    assert len(distinct(same, range(30), 10, 0.95)) == 10
    found = choose(candidates(p=simplex(30, 3), features=same), size=10, diversity="on")
    assert len({pick.id for pick in found}) == 10


# ----------------------------------------------------------------------------------------- compose


def candidates(
    n: int = 30,
    p: np.ndarray | None = None,
    features: Any = None,
    classes: tuple[str, ...] = NAMES,
) -> Candidates:
    p = simplex(n, 3) if p is None else p
    features = csr_matrix(np.eye(len(p), dtype=np.float32)) if features is None else features
    return best(
        Passing(p, classes), [(np.arange(100, 100 + len(p)), features)],
        "margin", "single", 1000, seed=0,
    )  # fmt: skip


class Passing(Fixed):
    def __init__(self, p: np.ndarray, classes: tuple[str, ...]) -> None:
        self.p, self.classes = p, classes

    def predict(self, inputs: Any) -> np.ndarray:
        return self.p


def choose(found: Candidates | None, size: int = 20, **given: Any) -> list[Pick]:
    inputs = {
        name: given.pop(name)
        for name in ("hold_out", "cold", "unseen", "hints", "novel", "task", "classes", "measure")
        if name in given
    }
    return compose(
        candidates=found,
        hold_out=inputs.pop("hold_out", []),
        cold=inputs.pop("cold", []),
        size=size,
        measure=inputs.pop("measure", 0),
        spec=AcquisitionSpec(**given),
        classes=inputs.pop("classes", NAMES),
        task=inputs.pop("task", "single"),
        **inputs,
    )


def test_a_batch_holds_its_random_share_evenly() -> None:
    found = choose(candidates(), hold_out=range(1000, 1100), measure=4)
    assert len(found) == 20
    ranks = [rank for rank, pick in enumerate(found) if pick.hold_out]
    assert [found[rank].id for rank in ranks] == [1000, 1001, 1002, 1003]
    assert {b - a for a, b in itertools.pairwise(ranks)} == {5}
    for pick in found:
        assert (pick.source == "random") == pick.hold_out
        assert (pick.probabilities is None) == pick.hold_out
    asked = [pick.score for pick in found if not pick.hold_out]
    assert asked == sorted(asked, reverse=True)
    assert asked[0] > 0.9


def asked_and_held(share: float, size: int, upto: int) -> list[tuple[int, int]]:
    """Return (items asked, those of the hold-out) after each batch."""
    found, asked, held = [], 0, 0
    while asked < upto:
        held += measuring(asked=asked, held=held, size=size, share=share)
        asked += size
        found.append((asked, held))
    return found


@settings(max_examples=60)
@given(share=st.floats(0.02, 0.5), size=st.integers(1, 150))
def test_the_hold_out_is_told_as_early_as_with_an_even_share(share: float, size: int) -> None:
    told_from = ENOUGH / share
    for asked, held in asked_and_held(share, size, int(3 * told_from) + 1):
        assert held <= math.ceil(share * asked)
        if asked <= told_from / 2:
            assert held == 0, "too few to say anything"
        if asked >= told_from + 2 * size:
            assert held == math.floor(share * asked + 1e-9)


def test_a_hold_out_that_is_behind_or_ahead_comes_into_line_again() -> None:
    assert measuring(asked=1000, held=150, size=20, share=0.15) == 3
    assert measuring(asked=1000, held=0, size=20, share=0.15) == 6, "the share was raised"
    assert measuring(asked=1000, held=400, size=20, share=0.15) == 0, "the share was lowered"
    assert measuring(asked=1000, held=10, size=20, share=0.0) == 0
    assert measuring(asked=1000, held=0, size=20, share=0.9) == 20


def test_a_cold_start_is_random_and_says_so() -> None:
    cold = [9, 2, 8, 7, 6, 5, 4, 3, 10, 11, 12, 13]
    found = choose(None, 10, hold_out=[1, 2, 3], measure=2, cold=cold)
    asked = [pick for pick in found if not pick.hold_out]
    assert [pick.id for pick in asked][:3] == [9, 8, 7]
    assert {pick.source for pick in asked} == {"cold-start"}
    assert asked[0].reason == "cold start: no model yet"
    assert {pick.reason for pick in found if pick.hold_out} <= {"random: for the hold-out"}
    assert len({pick.id for pick in found}) == 10


def test_the_strategy_random_asks_no_model() -> None:
    found = choose(candidates(), 5, cold=[7, 6, 5, 4, 3, 2], strategy="random")
    assert [pick.id for pick in found] == [7, 6, 5, 4, 3]
    assert {pick.source for pick in found} == {"random"}
    assert choose(None, 1, cold=[7], strategy="random")[0].reason == "random: as configured"


def test_reasons_have_numbers() -> None:
    p = np.array([[0.51, 0.48, 0.01]], np.float32)
    assert choose(candidates(p=p), 1)[0].reason == "margin 0.03 between sport 0.51 and money 0.48"
    several = choose(candidates(p=p), 1, task="multi")[0].reason
    assert several == "margin 0.97, least sure of sport 0.51"
    assert "nearest sport 0.51" in choose(candidates(p=p), 1, strategy="entropy")[0].reason


def test_while_a_class_is_unseen_a_share_is_random() -> None:
    found = choose(candidates(), 10, cold=range(100, 130), unseen=["music"], explore_share=0.4)
    explored = [pick for pick in found if pick.source == "cold-start"]
    assert [pick.id for pick in explored] == [100, 101, 102, 103]
    assert explored[0].reason == "random: no label yet of music"
    assert len({pick.id for pick in found}) == 10
    assert all(p.source == "diverse" for p in choose(candidates(), 10, cold=range(100, 130)))


def test_a_model_that_knows_one_class_only_chooses_nothing() -> None:
    pool = candidates(p=np.tile(np.array([[0.8, 0.1, 0.1]], np.float32), (30, 1)))
    found = choose(pool, 10, cold=range(100, 130), unseen=["money", "music"])
    assert [pick.id for pick in found] == list(range(100, 110))
    assert {pick.reason for pick in found} == {"random: no label yet of money, music"}
    assert len(choose(pool, 10, cold=[], unseen=["money"])) == 10


def test_a_batch_is_spread_unless_it_is_switched_off() -> None:
    features, _ = blobs(sparse=True)
    pool = candidates(p=simplex(60, 3), features=features)
    assert {pick.source for pick in choose(pool, 4)} == {"diverse"}
    assert {pick.source for pick in choose(pool, 4, diversity="off")} == {"uncertain"}


@pytest.mark.parametrize(
    ("share", "hinted", "sought"),
    [(0.5, 2, (2, 4)), (1, 2, (2, 8)), (0, 2, (2, 0)), (0.5, 0, (0, 5))],
)
def test_what_is_sought_for_a_class_without_labels(
    share: float, hinted: int, sought: tuple[int, int]
) -> None:
    """Hints come first, and of what they leave a share goes to novel items; the rest is random."""
    hints = [Hint(200 + n, "music") for n in range(hinted)]
    for pool in (None, candidates(p=np.tile(np.array([[0.8, 0.1, 0.1]], np.float32), (30, 1)))):
        found = choose(
            pool,
            10,
            cold=range(100, 130),
            unseen=["music"],
            hints=hints,
            novel=[200, *range(300, 330)],
            novel_share=share,
        )
        sources = Counter(pick.source for pick in found)
        assert (sources["hint"], sources["novel"]) == sought
        assert sources["cold-start"] == 10 - sum(sought)
        assert len({pick.id for pick in found}) == 10, "a hint that is novel comes once"


def test_near_duplicates_do_not_fill_a_batch() -> None:
    p = np.repeat(np.array([[0.5, 0.5, 0], [0.6, 0.4, 0], [0.9, 0.1, 0]], np.float32), 10, axis=0)
    features = csr_matrix(np.repeat(np.eye(3, dtype=np.float32), 10, axis=0))
    found = choose(candidates(p=p, features=features), 3)
    assert sorted(pick.score for pick in found) == pytest.approx([0.2, 0.8, 1.0])


def test_what_is_short_is_filled_from_what_is_left() -> None:
    found = choose(candidates(5), 12, hold_out=range(1000, 1100), measure=1)
    assert len(found) == 12
    assert sum(not pick.hold_out for pick in found) == 5
    assert len(choose(candidates(5), 12)) == 5
    assert choose(candidates(5), 0) == []
    assert choose(None, 3) == []


@settings(max_examples=60)
@given(
    n=st.integers(0, 40),
    held=st.integers(0, 10),
    cold=st.integers(0, 40),
    size=st.integers(0, 30),
    share=st.floats(0, 0.9),
    model=st.booleans(),
    unseen=st.booleans(),
    diversity=st.sampled_from(["on", "off"]),
)
def test_a_batch_has_no_item_twice_and_repeats_exactly(
    n: int, held: int, cold: int, size: int, share: float, model: bool, unseen: bool, diversity: str
) -> None:
    def batch() -> list[Pick]:
        return choose(
            candidates(n) if model else None,
            size,
            hold_out=range(95, 95 + held),
            cold=range(90, 90 + cold),
            measure=int(share * size),
            unseen=["music"] if unseen else [],
            diversity=diversity,
        )

    found = batch()
    assert len(found) <= size
    assert len({pick.id for pick in found}) == len(found)
    assert all(pick.hold_out == (95 <= pick.id < 95 + held) for pick in found)
    assert [(p.id, p.source, p.reason) for p in found] == [
        (p.id, p.source, p.reason) for p in batch()
    ]


def test_the_whole_way_from_texts_to_a_batch(tmp_path: Path) -> None:
    """Margin asks for the items between two topics that the model was never shown."""
    encoder = HashedText(columns=2**12)
    items, numbers = single(400, 3, NAMES[:2])
    pool = reader(tmp_path, encoder, items)
    learner = TextLearner(encoder)
    taught = examples(encoder, items[:10], one_hot(numbers[:10], 2), classes=NAMES[:2])
    model = learner.fit(taught, pool, seed=0)
    found = best(model, pool.chunks(np.arange(40, 400), 64), "margin", "single", 200, seed=0)
    picks = compose(
        candidates=found,
        hold_out=[],
        cold=[],
        size=20,
        measure=0,
        spec=AcquisitionSpec(),
        classes=NAMES[:2],
        task="single",
    )
    wrong = (
        model.predict(pool.rows([p.id for p in picks])).argmax(axis=1)
        != numbers[[p.id for p in picks]]
    )
    everywhere = model.predict(pool.rows(np.arange(40, 400))).argmax(axis=1) != numbers[40:]
    assert everywhere.any(), "a model that never errs shows nothing"
    assert wrong.mean() > everywhere.mean()
