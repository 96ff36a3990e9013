"""The order of asking: by value, by turns, or like after like; the hold-out evenly in all."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from bridge.acquisition.order import PAGE, Order, Waiting, arranged, merged
from bridge.errors import ConfigError
from memory_platform import MemoryPlatform, loop, mail, truth

ORDERS: tuple[Order, ...] = get_args(Order)


def waiting(*values: float, kind: str = "ham") -> list[Waiting]:
    return [Waiting(value, kind) for value in values]


def test_informative_first() -> None:
    assert arranged(waiting(0.1, 0.9, 0.5, 0.9), "informative") == [1, 3, 2, 0]


def test_classes_come_by_turns_each_by_value() -> None:
    items = [*waiting(0.9, 0.8, 0.7, 0.6), *waiting(0.3, 0.2, kind="spam")]
    found = arranged(items, "interleaved")
    assert [items[place].kind for place in found] == ["ham", "spam", "ham", "ham", "spam", "ham"]
    for kind in ("ham", "spam"):
        values = [items[place].value for place in found if items[place].kind == kind]
        assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("sparse", [True, False])
def test_like_follows_like(sparse: bool) -> None:
    rng = np.random.default_rng(0)
    topics = np.arange(30) % 3
    rows = np.eye(3)[topics] + rng.random((30, 3)) * 0.1
    features = csr_matrix(rows) if sparse else rows
    items = waiting(*rng.random(30))
    found = arranged(items, "grouped", features)
    changes = sum(topics[a] != topics[b] for a, b in itertools.pairwise(found))
    assert changes == 2
    assert items[found[0]].value == max(item.value for item in items)


def test_without_features_those_of_one_class_are_alike() -> None:
    items = [*waiting(0.9, 0.5), *waiting(0.7, 0.6, kind="spam")]
    assert arranged(items, "grouped") == [0, 1, 2, 3]
    items = [Waiting(0.1, "ham"), *waiting(0.7, 0.6, kind="spam"), Waiting(0.65, "ham")]
    assert arranged(items, "grouped") == [1, 2, 3, 0]


def test_grouping_keeps_what_teaches_most_on_the_first_page() -> None:
    values = np.random.default_rng(0).random(3 * PAGE)
    features = np.random.default_rng(1).random((3 * PAGE, 4))
    found = arranged(waiting(*values), "grouped", features)
    for page in range(2):
        here, later = found[page * PAGE : (page + 1) * PAGE], found[(page + 1) * PAGE :]
        assert values[here].min() > values[later].max()


def test_rows_that_are_all_zero_are_ordered_too() -> None:
    assert arranged(waiting(0.1, 0.3, 0.2), "grouped", csr_matrix((3, 5))) == [1, 2, 0]
    assert arranged(waiting(0.1, 0.3, 0.2), "grouped", np.zeros((3, 0))) == [1, 2, 0]


def test_few_among_many() -> None:
    assert merged("ab", "123456") == list("12a345b6")
    assert merged("", "12") == ["1", "2"]
    assert merged("ab", "") == ["a", "b"]


@settings(max_examples=80)
@given(
    sorts=st.lists(st.sampled_from(["held", "drawn", "ham", "spam"]), max_size=70),
    order=st.sampled_from(ORDERS),
    seeds=st.tuples(st.integers(0, 9), st.integers(10, 19)),
    with_features=st.booleans(),
)
def test_places_of_the_hold_out_depend_on_no_model(
    sorts: list[str], order: Order, seeds: tuple[int, int], with_features: bool
) -> None:
    """Two models say different things of the same items: those of the hold-out stay in place."""
    places = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        items = []
        for sort in sorts:
            chosen = sort in ("ham", "spam")
            kind = str(rng.choice(["ham", "spam"])) if chosen else None
            items.append(Waiting(rng.random() if chosen else 0.0, kind, sort == "held"))
        features = rng.random((len(sorts), 3)) if with_features else None
        found = arranged(items, order, features)
        assert sorted(found) == list(range(len(items)))
        held = [rank for rank, place in enumerate(found) if items[place].hold_out]
        assert [p for p in found if items[p].hold_out] == [
            p for p, sort in enumerate(sorts) if sort == "held"
        ]
        assert all(abs((b - a) - len(items) / len(held)) <= 1 for a, b in itertools.pairwise(held))
        places.append(held)
    assert places[0] == places[1]


# ----------------------------------------------------------------------------------- in the loop


def full_queue(platform: MemoryPlatform, directory: Path, order: str) -> Any:
    """A loop whose queue was ranked by a model."""
    platform.add(*mail(90).values())
    bridge = loop(
        platform,
        directory,
        queue={"depth": 24, "batch": 4, "order": order},
        acquisition={"hold_out_share": 0.25, "diversity": "off"},
    )
    bridge.sync()
    for key in list(platform.queued):
        platform.answer(key, truth(key))
    bridge.sync()
    return bridge


def seen(bridge: Any, platform: MemoryPlatform) -> list[tuple[float, str | None, bool]]:
    """What the platform serves, in its order: score, predicted class, hold-out."""
    found = []
    for key in platform.queued:
        explained = bridge.explain(key)
        said = explained.places[0].probabilities
        kind = max(said, key=lambda name: said[name]) if said else None
        found.append((explained.places[0].score, kind, explained.hold_out))
    return found


@pytest.mark.parametrize("order", ORDERS)
def test_a_queue_that_is_topped_up_and_ranked_anew_keeps_its_order(
    order: Order, tmp_path: Path
) -> None:
    platform = MemoryPlatform()
    bridge = full_queue(platform, tmp_path, order)
    for _ in range(2):
        served = seen(bridge, platform)
        held = [rank for rank, (_, _, hold_out) in enumerate(served) if hold_out]
        chosen = [(score, kind) for score, kind, hold_out in served if not hold_out]
        kinds = [kind for _, kind in chosen]
        assert len(held) >= 4
        assert {b - a for a, b in itertools.pairwise(held)} <= {
            int(len(served) / len(held)),
            int(len(served) / len(held)) + 1,
        }
        if order == "informative":
            assert [score for score, _ in chosen] == sorted((s for s, _ in chosen), reverse=True)
        elif order == "interleaved":
            rarer = min(kinds.count("ham"), kinds.count("spam"))
            half = kinds[: len(kinds) // 2]
            assert abs(min(half.count("ham"), half.count("spam")) - rarer / 2) <= 1
        else:
            switches = sum(a != b for a, b in itertools.pairwise(kinds))
            assert switches <= 4
        for key in platform.queued[:6]:
            platform.answer(key, truth(key))
        assert bridge.sync().pushed.reranked


def test_an_order_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"queue\.order"):
        loop(MemoryPlatform(), tmp_path, queue={"order": "easy"})


def test_random_items_are_not_last_when_the_queue_is_topped_up(tmp_path: Path) -> None:
    platform = MemoryPlatform(classes=("ham", "spam", "eggs"))
    platform.add(*mail(90).values())
    bridge = loop(
        platform,
        tmp_path,
        queue={"depth": 24, "batch": 4},
        acquisition={"hold_out_share": 0.0, "explore_share": 0.3},
    )
    bridge.sync()
    for key in list(platform.queued):
        platform.answer(key, truth(key))
    bridge.sync()
    for key in platform.queued[:6]:
        platform.answer(key, truth(key))
    for step in (bridge.pull, bridge.rank, bridge.push):  # the same model as before
        step()
    served = seen(bridge, platform)
    random = [rank for rank, (_, kind, _) in enumerate(served) if kind is None]
    assert len(served) == 24
    assert len(random) >= 5
    assert min(random) < 5
    assert max(random) > 18
    assert {b - a for a, b in itertools.pairwise(random)} <= {2, 3, 4, 5}
