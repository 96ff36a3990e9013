"""Every interface that classification, several labels and spans need, in Prodigy's own shapes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.platforms import Finding
from bridge.records import Annotation, Classes, Item, Span, Spans, digest
from bridge.testing import replay
from bridge_prodigy import ProdigySettings, connect
from bridge_prodigy.recipe import tokens_of
from bridge_prodigy.settings import View
from prodigy_shapes import Task, blocks, choice, classification, manual, review, saved, words

CLASSES = ("ham", "spam", "urgent")


@dataclass
class Told:
    """What one pull of some saved tasks tells."""

    items: dict[str, Item]
    annotations: list[Annotation]
    problems: list[str]
    findings: list[Finding]

    @property
    def values(self) -> list[object]:
        return [annotation.value for annotation in self.annotations]

    def finding(self, name: str) -> Finding:
        (found,) = [finding for finding in self.findings if finding.name == name]
        return found


def read(
    tasks: Sequence[Task], view: View = "choice", classes: Sequence[str] = CLASSES, **more: Any
) -> Told:
    """Write the tasks as ``prodigy db-out`` does, and pull them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pool.jsonl").write_text(more.pop("pool", ""))
        (folder / "out.jsonl").write_text("".join(json.dumps(task) + "\n" for task in tasks))
        platform = connect(
            ProdigySettings(
                dataset=more.pop("dataset", "news"),
                source=folder / "pool.jsonl",
                queue=folder / "queue.jsonl",
                export=folder / "out.jsonl",
                classes=tuple(classes),
                view=view,
                **more,
            )
        )
        pages = list(platform.pull(None))
        problems = [problem.what for page in pages for problem in page.problems]
        items, annotations, _ = replay(pages)
        answers = sorted(annotations.values(), key=lambda a: (a.item_key, a.revision))
        return Told(items, answers, problems, list(platform.check()))


def by_person(told: Told) -> dict[str | None, object]:
    return {annotation.annotator: annotation.value for annotation in told.annotations}


# ----------------------------------------------------------------------------------- the generator


@pytest.mark.parametrize(
    ("made", "published"),
    [
        # explosion/prodigy-hf, tests/datasets: textcat-binary.jsonl, textcat-multi.jsonl
        (classification("hi my name is 0", "foo"), (-784135307, -1606845795)),
        (choice("hi my name is 1", ["foo", "bar"], ["bar"]), (996120807, 1465835058)),
        # explosion/prodigy-evaluate, tests/test_evaluate.py
        (choice("My name is Freya.", ["a"], []), (896529854, -1486695581)),
        # explosion/prodigy-recipes, annotated news headlines: marked by hand after hashing
        (
            saved(
                choice(
                    "Uber’s Lesson: Silicon Valley’s Start-Up Machine Needs Fixing",
                    [],
                    [],
                    own={"meta": {"source": "The New York Times"}},
                ),
                "ner_manual",
            ),
            (1886699658, -1952856502),
        ),
        # explosion/projects, spanruler_restaurant_reviews, test_review.jsonl
        (
            review([manual("local fish tacos", [(0, 0, "Location"), (1, 2, "Dish")])]),
            (233421809, -2145664631),
        ),
    ],
)
def test_the_shapes_have_the_hashes_of_published_exports(
    made: Task, published: tuple[int, int]
) -> None:
    assert (made["_input_hash"], made["_task_hash"]) == published


def test_a_review_has_other_hashes_than_what_it_reviews() -> None:
    version = choice("a", CLASSES, ["ham"])
    decided = review([version], decided={"accept": ["spam"]})
    assert decided["_input_hash"] != version["_input_hash"]
    assert decided["_task_hash"] != version["_task_hash"]


# ------------------------------------------------------------------------------------ classes


def test_choice_with_one_class_and_with_several() -> None:
    assert read([choice("a", CLASSES, ["spam"])]).values == [Classes(chosen=("spam",))]
    several = choice("a", CLASSES, ["urgent", "ham"], style="multiple")
    assert read([several], multi=True).values == [Classes(chosen=("urgent", "ham"))]


def test_binary_answers_on_several_labels_of_one_text_are_judged_alone() -> None:
    given = {"ham": "accept", "spam": "reject", "urgent": "ignore"}
    tasks = [classification("a", label, answer) for label, answer in given.items()]
    assert len({task["_input_hash"] for task in tasks}) == 1
    assert len({task["_task_hash"] for task in tasks}) == 3
    told = read(tasks, multi=True)
    assert told.values == [
        Classes(chosen=("ham",), complete=False),
        Classes(rejected=("spam",), complete=False),
        None,
    ]
    assert list(told.items) == [digest(["text", "a", None])]
    assert {annotation.annotator for annotation in told.annotations} == {"ann"}


@pytest.mark.parametrize(
    ("answer", "status"), [("accept", "answered"), ("reject", "rejected"), ("ignore", "skipped")]
)
@pytest.mark.parametrize("view", ["choice", "ner_manual", "spans_manual"])
def test_what_the_three_buttons_mean(view: View, answer: str, status: str) -> None:
    task = (
        choice("a b", CLASSES, ["ham"], answer)
        if view == "choice"
        else manual("a b", [(0, 0, "ham")], answer, view=view)
    )
    (annotation,) = read([task], view).annotations
    assert (annotation.status, annotation.value is None) == (status, status != "answered")


def test_a_flagged_answer_is_an_answer() -> None:
    told = read([{**choice("a", CLASSES, ["ham"]), "flagged": True}])
    assert told.values == [Classes(chosen=("ham",))]
    assert [item.meta for item in told.items.values()] == [{}]


# -------------------------------------------------------------------------------------- spans

WORDS = st.sampled_from(
    [
        "fish",
        "tacos",
        "👩🏽‍🍳",
        "🌮",
        "e\u0301te\u0301",
        "naïve",
        "नमस्ते",
        "𝔘𝔫𝔦",
        "a\u200db",
        "…",
        "文字",
    ]
)


@settings(max_examples=40)
@given(st.lists(WORDS, min_size=1, max_size=8), st.data())
def test_spans_are_what_was_marked_whatever_the_script(
    parts: list[str], data: st.DataObject
) -> None:
    text = " ".join(parts)
    numbers = st.integers(0, len(parts) - 1)
    marked = data.draw(st.lists(st.tuples(numbers, numbers, st.sampled_from(["Dish", "Place"]))))
    marked = [(min(a, b), max(a, b), label) for a, b, label in marked]
    for view in ("ner_manual", "spans_manual"):
        told = read([manual(text, marked, view=view)], view, ("Dish", "Place"))
        assert told.problems == []
        (value,) = told.values
        assert isinstance(value, Spans)
        read_back = {(text[s.start : s.end], s.class_name) for s in value.spans}
        assert read_back == {(" ".join(parts[a : b + 1]), label) for a, b, label in marked}


def test_spans_may_overlap_and_their_order_does_not_count() -> None:
    marks = [(0, 2, "Dish"), (1, 1, "Place"), (1, 2, "Dish")]
    tasks = [
        manual("old town tacos", order, view="spans_manual", session=name)
        for name, order in (("ann", marks), ("bob", marks[::-1]))
    ]
    ann, bob = read(tasks, "spans_manual", ("Dish", "Place")).values
    assert ann == bob
    assert isinstance(ann, Spans)
    assert [(s.start, s.end) for s in ann.spans] == [(0, 14), (4, 8), (4, 14)]


def test_the_last_token_of_a_span_is_inclusive_and_its_end_is_not() -> None:
    task = manual("local fish tacos", [(1, 2, "Dish")])
    assert (task["spans"][0]["token_end"], task["spans"][0]["end"]) == (2, 16)
    told = read([task], "ner_manual", ("Dish",))
    assert told.values == [Spans(spans=(Span(start=6, end=16, class_name="Dish"),))]


@pytest.mark.parametrize("told_by", ["tokens", "text"])
def test_offsets_in_utf16_units_are_told_and_teach_nothing(told_by: str) -> None:
    task = manual("🌮 fish tacos", [(1, 1, "Dish")])
    (mark,) = task["spans"]
    mark |= {"start": mark["start"] + 1, "end": mark["end"] + 1}
    if told_by == "text":
        mark["text"] = "fish"
        del task["tokens"]
    told = read([task], "ner_manual", ("Dish",))
    assert [annotation.status for annotation in told.annotations] == ["skipped"]
    assert [told_by[:4] in problem and "code points" in problem for problem in told.problems] == [
        True
    ]


@settings(max_examples=200)
@given(
    st.text(st.one_of(st.characters(), st.sampled_from(" \n\t\u200d\u0301🏽👍a_1.")), max_size=30)
)
def test_tokens_of_the_recipe_cover_the_text(text: str) -> None:
    for chars in (False, True):
        tokens = tokens_of(text, chars)
        assert "".join(t["text"] + " " * t["ws"] for t in tokens) == text
        assert all(text[t["start"] : t["end"]] == t["text"] != "" for t in tokens)
        assert [t["id"] for t in tokens] == list(range(len(tokens)))


def test_tokens_of_the_recipe_are_words_or_characters() -> None:
    text = "Zoe\u0308’s  fish_1, 👩🏽‍🍳!"
    said = [(t["text"], t["ws"]) for t in tokens_of(text)]
    assert [word for word, _ in said] == ["Zoe\u0308", "’", "s", " ", "fish_1", ",", "👩🏽‍🍳", "!"]
    assert [word for word, ws in said if ws] == ["s", ","]
    characters = [t["text"] for t in tokens_of("e\u0301t 👩🏽‍🍳", chars=True)]
    assert characters == ["e\u0301", "t", "👩🏽‍🍳"]


# ----------------------------------------------------------------------- several questions at once

MEAL = "two large pizzas"
PARTS = (
    manual(MEAL, [(2, 2, "product")], view="spans_manual"),
    choice(MEAL, ("greet", "purchase"), ["purchase"], style="multiple"),
    {"field_id": "note", "field_label": "Anything else?", "note": "no", "user_input": "no"},
)


@pytest.mark.parametrize(
    ("view", "classes", "value"),
    [
        ("choice", ("greet", "purchase"), Classes(chosen=("purchase",))),
        (
            "spans_manual",
            ("product",),
            Spans(spans=(Span(start=10, end=16, class_name="product"),)),
        ),
    ],
)
def test_of_several_blocks_the_configured_question_is_learned(
    view: View, classes: tuple[str, ...], value: object
) -> None:
    told = read([blocks(*PARTS)], view, classes)
    assert told.values == [value]
    assert told.problems == []
    assert told.finding("classes").ok


def test_a_binary_question_beside_a_choice() -> None:
    task = blocks({**classification(MEAL, "order")}, PARTS[1], answer="reject")
    told = read([task], "classification", ("order",))
    assert told.values == [Classes(rejected=("order",), complete=False)]
    assert read([task], "choice", ("greet", "purchase")).annotations[0].status == "rejected"


@pytest.mark.parametrize(
    ("view", "classes", "other"),
    [
        ("choice", CLASSES, manual("a b", [(0, 0, "Dish")])),
        ("choice", CLASSES, manual("a b", [], "ignore", view="spans_manual")),
        ("choice", CLASSES, saved({"text": "a b", "label": "Dish"}, "ner")),
        ("choice", CLASSES, saved({"text": "a b", "user_input": "x"}, "text_input")),
        ("choice", CLASSES, blocks(PARTS[0], PARTS[2])),
        ("ner_manual", ("Dish",), choice("a b", CLASSES, ["ham"])),
        ("ner_manual", ("Dish",), classification("a b", "ham", "reject")),
        ("ner_manual", ("Dish",), blocks(choice("a b", CLASSES, ["ham"]), PARTS[2])),
    ],
)
def test_answers_to_another_question_are_kept_out_quietly_and_hide_nothing(
    view: View, classes: tuple[str, ...], other: Task
) -> None:
    own = choice("a b", CLASSES, ["ham"]) if view == "choice" else manual("a b", [(1, 1, "Dish")])
    told = read([own, {**other, "_timestamp": own["_timestamp"] + 5}], view, classes)
    assert [annotation.status for annotation in told.annotations] == ["answered"]
    assert told.problems == []
    assert told.finding("classes").ok
    assert "left out: 1 of '" in told.finding("classes").detail


def test_a_dataset_without_any_answer_to_the_question_is_a_finding() -> None:
    told = read([manual("a b", [(0, 0, "ham")]), manual("c", [], view="spans_manual")])
    assert told.annotations == []
    finding = told.finding("classes")
    assert not finding.ok
    assert "1 of 'ner_manual', 1 of 'spans_manual'" in finding.detail
    assert "platform.view" in finding.fix


def test_binary_judgements_of_spans_are_told_and_teach_nothing() -> None:
    tasks = [
        {**manual("a b", [(0, 0, "Dish")], view="ner")},
        {**manual("c d", [(0, 0, "Dish")], view="spans")},
        {**manual("e f", [(0, 0, "Dish")]), "_is_binary": True},
        {**manual("g h", [(0, 0, "Dish")]), "_is_binary": False},
    ]
    told = read(tasks, "ner_manual", ("Dish",))
    answered = [a.item_key for a in told.annotations if a.status == "answered"]
    assert answered == [digest(["text", "g h", None])]
    assert (len(told.annotations), len(told.problems)) == (4, 3)


# ---------------------------------------------------------------------------------- annotators


def test_an_overlapping_feed_gives_one_answer_per_person() -> None:
    given = {"ann": "ham", "bob-lee": "spam", "J%C3%B6rg%20M": "ham"}
    tasks = [choice("a", CLASSES, [name], session=who) for who, name in given.items()]
    assert len({task["_task_hash"] for task in tasks}) == 1
    assert by_person(read(tasks)) == {
        "ann": Classes(chosen=("ham",)),
        "bob-lee": Classes(chosen=("spam",)),
        "Jörg M": Classes(chosen=("ham",)),
    }


@pytest.mark.parametrize("dataset", ["news", "news-2024", "news-2024-pilot"])
def test_dashes_in_names_of_datasets(dataset: str) -> None:
    tasks = [
        choice("a", CLASSES, ["ham"], dataset=dataset, session="ann-2024"),
        choice("a", CLASSES, ["spam"], dataset=dataset, session="2024-01-02_03-04-05"),
        choice("b", CLASSES, ["spam"], dataset=dataset, session=None, at=None),
    ]
    told = read(tasks, dataset=dataset)
    said = {(a.annotator, a.value, a.updated_at is None) for a in told.annotations}
    ham, spam = (Classes(chosen=(name,)) for name in ("ham", "spam"))
    assert said == {("ann-2024", ham, False), (None, spam, False), (None, spam, True)}


# -------------------------------------------------------------------------------------- review


def reviewed_choice(**more: Any) -> Task:
    ann, bob = (
        choice("a", CLASSES, [name], session=who, own={"id": 7})
        for who, name in (("ann", "ham"), ("bob", "spam"))
    )
    return review([ann], [bob], decided={"accept": ["spam"]}, **more)


def test_a_review_is_the_reference_and_joins_the_item() -> None:
    told = read([reviewed_choice()], dataset="news-reviewed", pool='{"text": "a", "id": 7}\n')
    (annotation,) = told.annotations
    assert annotation.ground_truth
    assert (annotation.item_key, annotation.annotator) == ("7", "rev")
    assert annotation.value == Classes(chosen=("spam",))


def test_a_reviewed_task_that_lost_its_key_is_joined_by_its_versions_or_its_content() -> None:
    version = choice("a", CLASSES, ["ham"], own={"bridge_key": "k1"})
    task = review([version], decided={})
    del task["bridge_key"]
    (annotation,) = read([task], dataset="news-reviewed").annotations
    assert annotation.item_key == "k1"
    bare = review([choice("a", CLASSES, ["ham"])], decided={})
    (annotation,) = read([bare], dataset="news-reviewed").annotations
    assert annotation.item_key == digest(["text", "a", None])


def test_versions_that_all_agree_are_accepted_unseen_and_the_reference() -> None:
    """As in a published export: one version of two annotators, no time, the view of the version."""
    same = [manual("a b", [(0, 0, "Dish")], session=who) for who in ("ann", "model")]
    task = review(same)
    assert task["_view_id"] == "ner_manual"
    assert "_timestamp" not in task
    (annotation,) = read([task], "ner_manual", ("Dish",), dataset="news-reviewed").annotations
    assert annotation.ground_truth
    assert annotation.annotator is None, "nobody looked at it"
    assert annotation.value == Spans(spans=(Span(start=0, end=1, class_name="Dish"),))


def test_an_older_review_is_not_taken_for_the_annotator_whom_it_names() -> None:
    """As in a published export of 2023: the name is that of the pre-selected version."""
    task = reviewed_choice(reviewer=None)
    assert task["_annotator_id"] == "news-ann"
    (annotation,) = read([task]).annotations
    assert (annotation.annotator, annotation.ground_truth) == (None, True)


def test_a_review_in_the_same_dataset_replaces_no_answer_and_is_replaced_by_none() -> None:
    ann = choice("a", CLASSES, ["ham"], own={"id": 7})
    decided = reviewed_choice(dataset="news", reviewer="ann")
    later = choice("a", CLASSES, ["urgent"], own={"id": 7}, at=1_800_000_000)
    told = read([ann, decided, later])
    assert {(a.ground_truth, a.value) for a in told.annotations} == {
        (True, Classes(chosen=("spam",))),
        (False, Classes(chosen=("urgent",))),
    }


def test_a_second_review_replaces_the_first() -> None:
    first = reviewed_choice()
    second = {**reviewed_choice(at=1_700_010_000), "accept": ["urgent"]}
    assert read([first, second], dataset="news-reviewed").values == [Classes(chosen=("urgent",))]


def test_a_reviewed_binary_answer() -> None:
    version = classification("a", "spam", "accept")
    task = review([version], decided={}, answer="reject")
    (annotation,) = read([task], multi=True, dataset="news-reviewed").annotations
    assert annotation.ground_truth
    assert annotation.value == Classes(rejected=("spam",), complete=False)


def test_a_reviewed_answer_to_another_question_is_kept_out() -> None:
    task = review([manual("a b", [(0, 0, "Dish")])], decided={"spans": []})
    assert read([task], dataset="news-reviewed").annotations == []


def test_versions_in_a_pool_row_are_not_a_review() -> None:
    told = read([], pool='{"text": "a", "versions": [{"id": 1}]}\n{"text": "b", "versions": [1]}\n')
    assert set(told.items) == {digest(["text", text, None]) for text in "ab"}


def test_words_of_the_generator_cover_the_text() -> None:
    assert [(t["text"], t["start"], t["end"], t["ws"]) for t in words("🌮 b")] == [
        ("🌮", 0, 1, True),
        ("b", 2, 3, False),
    ]
