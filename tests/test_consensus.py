"""Resolution of several answers: annotators count as much as they can be trusted."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import settings as fuzz
from hypothesis import strategies as st

from bridge.config import AnswerSettings
from bridge.consensus import learn_trust
from bridge.records import Classes, LabelClass, LabelSchema
from bridge.steps.resolve import Resolved, resolve
from bridge.store.items import Answer

WEIGHTED, MAJORITY = AnswerSettings(), AnswerSettings(consensus="majority")


def schema(*names: str, task: str = "single") -> LabelSchema:
    classes = tuple(LabelClass(id=name, name=name) for name in names)
    return LabelSchema(task=task, question="q", classes=classes)  # type: ignore[arg-type]


HAM_SPAM = schema("ham", "spam")


def said(item: int, who: str | None, *classes: str, truth: bool = False, hold_out: bool = False):
    value = Classes(chosen=classes).model_dump(mode="json")
    return Answer(item, f"item-{item:04d}", hold_out, who, "answered", value, truth)


def resolved(answers: list[Answer], settings: AnswerSettings = WEIGHTED, of=HAM_SPAM) -> Resolved:
    return resolve(sorted(answers, key=lambda a: a.item_id), of, settings, {})


def classes_of(found: Resolved) -> dict[int, tuple[str, ...]]:
    return {row: target.value.chosen for row, target in found.taught}


def team(
    errors: dict[str, float], items: int, seed: int, names: tuple[str, ...] = ("ham", "spam")
) -> tuple[list[Answer], dict[int, str]]:
    """Answers of people who err, each on every item, and what is true."""
    rng = random.Random(seed)
    truth = {item: rng.choice(names) for item in range(items)}
    answers = [
        said(
            item,
            who,
            rng.choice([n for n in names if n != true]) if rng.random() < error else true,
        )
        for item, true in truth.items()
        for who, error in errors.items()
    ]
    return answers, truth


def right(found: Resolved, truth: dict[int, str]) -> float:
    """Share of all items that are decided, and rightly."""
    return sum(said == (truth[row],) for row, said in classes_of(found).items()) / len(truth)


def test_one_who_is_often_wrong_does_not_outvote_one_who_is_right() -> None:
    answers, truth = team({"ann": 0.03, "bob": 0.4, "cid": 0.1}, 300, 0)
    # Of two alone nobody can say who errs: a third shares a part of the items with them.
    answers = [a for a in answers if a.annotator != "cid" or a.item_id < 100]
    by_number, by_trust = resolved(answers, MAJORITY), resolved(answers)
    assert by_number.left_out["disagreement"] > 60
    assert by_trust.left_out["disagreement"] < 10
    assert right(by_trust, truth) > 0.9 > 0.75 > right(by_number, truth)
    assert any(target.how == "weighted" for _, target in by_trust.taught)


def test_two_bad_ones_do_not_outvote_a_good_one_with_many_classes() -> None:
    answers, truth = team({"ann": 0.02, "bob": 0.5, "cid": 0.5}, 400, 1, ("a", "b", "c", "d"))
    of = schema("a", "b", "c", "d")
    by_number, by_trust = resolved(answers, MAJORITY, of), resolved(answers, of=of)
    assert right(by_trust, truth) > 0.85 > 0.8 > right(by_number, truth)
    wrong = [len(found.taught) / 400 - right(found, truth) for found in (by_number, by_trust)]
    assert wrong[1] < wrong[0] / 2


def test_a_class_that_errors_alone_name_swallows_no_doubtful_items() -> None:
    rng = random.Random(6)
    answers = [
        said(item, who, "spam" if rng.random() < 0.14 else "ham")  # all of it is ham
        for item in range(300)
        for who in ("ann", "bob", "cid")
    ]
    found = resolved(answers)
    assert found.left_out["disagreement"] == 0
    assert right(found, dict.fromkeys(range(300), "ham")) > 0.9


def test_equals_who_disagree_stay_undecided() -> None:
    answers = [said(1, "ann", "ham"), said(1, "bob", "spam"), said(2, "ann", "ham")]
    found = resolved(answers)
    assert found.left_out == {"disagreement": 1}
    assert found.disputed == {1: "ham 1, spam 1"}
    assert classes_of(found) == {2: ("ham",)}


def test_few_common_answers_say_little_of_a_person() -> None:
    # One dispute that a third decided is no reason to overrule somebody from now on.
    answers = [
        *(said(1, who, kind) for who, kind in (("ann", "ham"), ("bob", "spam"), ("cid", "ham"))),
        said(2, "ann", "ham"),
        said(2, "bob", "spam"),
    ]
    found = resolved(answers)
    assert classes_of(found) == {1: ("ham",)}
    assert found.disputed == {2: "ham 1, spam 1"}


def test_what_is_known_of_an_annotator_grows_with_the_common_answers() -> None:
    def trusted(common: int, wrong: int) -> float:
        units = {
            (f"i{n:03d}", 0): [("ann", 0), ("eve", 1 if n < wrong else 0)] for n in range(common)
        }
        return learn_trust(units.items(), 3, dict.fromkeys(units, 0)).accuracy("eve")

    assert trusted(100, 40) < trusted(10, 4) < trusted(0, 0) < trusted(100, 0)
    assert 0.6 <= trusted(1000, 400) < 0.61
    assert trusted(100, 100) == 1 / 3  # guessing, and no reason to believe the opposite


def test_reference_answers_say_who_can_be_trusted() -> None:
    gold = [said(n, "boss", "ham", truth=True) for n in range(40)]
    ann = [said(n, "ann", "ham") for n in range(40)]
    bob = [said(n, "bob", "spam" if n % 2 else "ham") for n in range(40)]
    dispute = [said(99, "ann", "spam"), said(99, "bob", "ham")]
    found = resolved([*gold, *ann, *bob, *dispute])
    assert classes_of(found)[99] == ("spam",)
    assert classes_of(found)[1] == ("ham",)
    assert resolved(dispute).disputed == {99: "ham 1, spam 1"}


def test_one_who_was_asked_twice_and_wavers_is_no_majority() -> None:
    assert resolved([said(1, "ann", "ham"), said(1, "ann", "spam")]).disputed
    thrice = [said(1, "ann", "ham"), said(1, "ann", "spam"), said(1, "ann", "ham")]
    assert classes_of(resolved(thrice)) == {1: ("ham",)}
    twice_the_same = [said(1, "ann", "ham"), said(1, "ann", "ham"), said(1, "bob", "spam")]
    assert resolved(twice_the_same).disputed


def test_several_classes_an_item_are_decided_one_by_one() -> None:
    of = schema("a", "b", task="multi")
    rng = random.Random(3)
    answers = []
    truth = {}
    for item in range(200):
        truth[item] = tuple(name for name in ("a", "b") if rng.random() < 0.5)
        answers.append(said(item, "ann", *truth[item]))
        answers.append(said(item, "bob", *(n for n in ("a", "b") if rng.random() < 0.5)))
        if item < 100:
            answers.append(said(item, "cid", *truth[item]))
    found = resolved(answers, of=of)
    kept = classes_of(found)
    assert len(kept) == 200
    assert np.mean([kept[item] == true for item, true in truth.items()]) > 0.95
    assert resolved(answers, MAJORITY, of).left_out["disagreement"] > 10


def test_those_who_are_not_known_are_not_one_person() -> None:
    # However often nameless answers were wrong, one more may be from somebody else.
    answers, _ = team({"ann": 0.0, "bob": 0.0, "cid": 0.5}, 200, 4)
    dispute = [said(999, "ann", "ham"), said(999, "cid", "spam")]
    assert classes_of(resolved([*answers, *dispute]))[999] == ("ham",)
    names = [said(a.item_id, f"{a.item_id}", *a.value["chosen"]) for a in answers]
    strangers = [said(998, "somebody", "ham"), said(998, None, "spam")]
    assert 998 in resolved([*names, *strangers]).disputed


def test_more_agreement_decides_less_and_all_of_it_only_what_is_unanimous() -> None:
    answers, truth = team({"ann": 0.02, "bob": 0.3, "cid": 0.3}, 300, 5)
    found = [resolved(answers, AnswerSettings(min_agreement=m)) for m in (0.5, 0.9, 1.0)]
    wrong = [len(one.taught) / 300 - right(one, truth) for one in found]
    assert len(found[0].taught) > len(found[1].taught) > len(found[2].taught) == found[2].agreed
    assert wrong[0] >= wrong[1] >= wrong[2]
    assert found[0].agreed + found[0].differed == 300


@fuzz(max_examples=60)
@given(
    votes=st.lists(
        st.tuples(
            st.integers(0, 6), st.sampled_from(["ann", "bob", "cid", None]), st.integers(0, 2)
        ),
        max_size=40,
    ),
    order=st.randoms(use_true_random=False),
)
def test_the_result_does_not_depend_on_the_order(votes, order) -> None:
    of = schema("a", "b", "c")
    answers = [said(item, who, "abc"[kind]) for item, who, kind in votes]
    shuffled = list(answers)
    order.shuffle(shuffled)
    first, second = resolved(answers, of=of), resolved(shuffled, of=of)
    assert first == second
    items = {item for item, _, _ in votes}
    assert len(first.taught) + first.left_out.total() == len(items)
