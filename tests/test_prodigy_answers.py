"""What Prodigy saves, as annotations."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.records import Annotation, Box, Boxes, Classes, Page, Span, Spans, digest
from bridge.testing import replay
from bridge_prodigy import connect
from bridge_prodigy.emulator import Emulator
from bridge_prodigy.settings import View

OPTIONS = [{"id": name, "text": name} for name in ("ham", "spam")]


class Desk:
    """One dataset into which answered tasks are saved as they are given."""

    def __init__(self, folder: Path, view: View = "choice", **settings: Any) -> None:
        classes = settings.pop("classes", ("ham", "spam"))
        self.emulator = Emulator(folder, classes, view=view, dataset="my-mails", **settings)
        self.pages: list[Page] = []

    def save(self, *tasks: dict[str, Any]) -> None:
        self.emulator.database.add_dataset("my-mails")
        self.emulator.database.add_examples(tasks, datasets=["my-mails"])

    def pull(self) -> list[Annotation]:
        self.pages = list(connect(self.emulator.options).pull(None))
        return list(replay(self.pages)[1].values())

    def read(self, task: dict[str, Any]) -> Annotation:
        self.save({"text": "a text", "answer": "accept", **task})
        (annotation,) = self.pull()
        return annotation

    def problems(self) -> list[str]:
        return [problem.what for page in self.pages for problem in page.problems]


@pytest.fixture
def single(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def multi(tmp_path: Path) -> Desk:
    return Desk(tmp_path, multi=True)


# ------------------------------------------------------------------------------------------ choice


def test_choice(single: Desk) -> None:
    annotation = single.read({"options": OPTIONS, "accept": ["spam"]})
    assert annotation.value == Classes(chosen=("spam",))


@pytest.mark.parametrize(("answer", "status"), [("ignore", "skipped"), ("reject", "rejected")])
def test_choice_that_is_not_accepted(single: Desk, answer: str, status: str) -> None:
    annotation = single.read({"options": OPTIONS, "accept": ["spam"], "answer": answer})
    assert (annotation.status, annotation.value) == (status, None)


def test_nothing_ticked_says_none_where_several_may_apply(multi: Desk) -> None:
    assert multi.read({"options": OPTIONS, "accept": []}).value == Classes()


def test_nothing_ticked_counts_as_skipped_where_one_must_apply(single: Desk) -> None:
    assert single.read({"options": OPTIONS, "accept": []}).status == "skipped"


def test_two_ticks_where_one_may_apply_are_told_and_teach_nothing(single: Desk) -> None:
    assert single.read({"options": OPTIONS, "accept": ["ham", "spam"]}).status == "skipped"
    assert len(single.problems()) == 1
    assert "2 classes" in single.problems()[0]


def test_a_class_that_was_not_on_offer_is_not_denied(multi: Desk) -> None:
    offered = [*OPTIONS[:1], {"id": "toast", "text": "toast"}]
    annotation = multi.read({"options": offered, "accept": ["ham"]})
    assert annotation.value == Classes(chosen=("ham",), rejected=("toast",), complete=False)


def test_options_with_numbers_for_ids_are_named_by_their_text(multi: Desk) -> None:
    options = [{"id": 1, "text": "ham"}, {"id": 2, "text": "spam"}, {"id": "x", "text": "Other"}]
    annotation = multi.read({"options": options, "accept": [2, "x"]})
    assert annotation.value == Classes(chosen=("spam", "x"))


def test_answers_that_make_no_sense_are_told(single: Desk) -> None:
    single.save(
        {"text": "1", "accept": ["ham"]},
        {"text": "2", "accept": ["ham"], "answer": "maybe"},
        {"text": "3", "accept": [["ham"]], "answer": "accept"},
        {"text": "4", "answer": "accept"},
        {"answer": "accept", "accept": ["ham"]},
        {"text": "5", "accept": ["ham"], "answer": "accept"},
    )
    assert [a.status for a in single.pull()] == ["skipped", "skipped", "answered"]
    assert len(single.problems()) == 5


# ------------------------------------------------------------------------------------------ binary


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("accept", Classes(chosen=("spam",), complete=False)),
        ("reject", Classes(rejected=("spam",), complete=False)),
        ("ignore", None),
    ],
)
def test_binary(tmp_path: Path, answer: str, value: Classes | None) -> None:
    desk = Desk(tmp_path, "classification", classes=("spam",))
    assert desk.read({"label": "spam", "answer": answer}).value == value
    assert connect(desk.emulator.options).schema().task == "multi"


def test_binary_with_a_name_for_no(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "classification", classes=("spam",), negative="ham")
    desk.save({"text": "a", "label": "spam", "answer": "accept"})
    desk.save({"text": "b", "label": "spam", "answer": "reject"})
    told = {a.item_key: a.value for a in desk.pull()}
    key_a, key_b = (digest(["text", text, None]) for text in "ab")
    assert told == {key_a: Classes(chosen=("spam",)), key_b: Classes(chosen=("ham",))}
    schema = connect(desk.emulator.options).schema()
    assert (schema.task, schema.names) == ("single", ("spam", "ham"))


def test_binary_answers_of_one_person_on_two_labels_are_two(multi: Desk) -> None:
    task = {"text": "a", "_session_id": "my-mails-ann"}
    multi.save({**task, "label": "ham", "answer": "reject"})
    multi.save({**task, "label": "spam", "answer": "accept"})
    multi.save({**task, "label": "spam", "answer": "reject"})
    assert [a.value for a in multi.pull()] == [
        Classes(rejected=("ham",), complete=False),
        Classes(rejected=("spam",), complete=False),
    ]


# ------------------------------------------------------------------------------------ spans, boxes


def test_spans(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "ner_manual", classes=("Dish",))
    span = {"start": 6, "end": 16, "label": "Dish", "token_start": 1, "token_end": 2}
    annotation = desk.read({"text": "local fish tacos", "spans": [span]})
    assert annotation.value == Spans(spans=(Span(start=6, end=16, class_name="Dish"),))


def test_no_span_is_an_answer(tmp_path: Path) -> None:
    assert Desk(tmp_path, "spans_manual", classes=("Dish",)).read({}).value == Spans()


@pytest.mark.parametrize(
    "task",
    [
        {"spans": [{"start": 0, "end": 99, "label": "Dish"}]},
        {"spans": [{"start": 3, "end": 1, "label": "Dish"}]},
        {"spans": [{"start": 0, "end": 1}]},
        {"spans": "all"},
        {"spans": [{"start": 0, "end": 1, "label": "Dish"}], "_view_id": "ner"},
    ],
)
def test_spans_that_cannot_be_used(tmp_path: Path, task: dict[str, Any]) -> None:
    desk = Desk(tmp_path, "ner_manual", classes=("Dish",))
    assert desk.read(task).status == "skipped"
    assert len(desk.problems()) == 1


def test_boxes(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "image_manual", classes=("cat",))
    shape = {"label": "cat", "x": 1.5, "y": 2, "width": 30, "height": 40, "type": "rect"}
    task = {"text": None, "image": "https://e.org/1.png", "width": 90, "height": 60}
    annotation = desk.read({**task, "spans": [shape]})
    box = Box(left=1.5, top=2, width=30, height=40, class_name="cat")
    assert annotation.value == Boxes(boxes=(box,))


def test_polygons_are_no_boxes(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "image_manual", classes=("cat",))
    shape = {"label": "cat", "points": [[0, 0], [1, 0], [1, 1]], "type": "polygon"}
    assert desk.read({"image": "https://e.org/1.png", "spans": [shape]}).status == "skipped"
    assert "rectangle" in desk.problems()[0]


# -------------------------------------------------------------------------------- who, when, where


@pytest.mark.parametrize(
    ("fields", "annotator"),
    [
        ({"_annotator_id": "my-mails-ann-lee", "_session_id": "my-mails-x"}, "ann-lee"),
        ({"_session_id": "my-mails-Ann%20%20(replace%20%3Cyour"}, "Ann  (replace <your"),
        ({"_session_id": "my-mails-J%C3%B6rg"}, "Jörg"),
        ({"_session_id": "my-mails-100%"}, "100%"),
        ({"_session_id": "my-mails-%ff"}, "%ff"),
        ({"_session_id": "merged-from-elsewhere-ann"}, "merged-from-elsewhere-ann"),
        ({"_session_id": "2023-10-27_16-50-06"}, None),
        ({"_session_id": "my-mails-2023-10-27_16-50-06"}, None),
        ({"_session_id": None}, None),
        ({}, None),
    ],
)
def test_annotators(single: Desk, fields: dict[str, Any], annotator: str | None) -> None:
    assert single.read({"accept": ["ham"], **fields}).annotator == annotator


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        (1700000000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (1e300, None),
        ("yesterday", None),
        (True, None),
    ],
)
def test_times(single: Desk, stamp: object, time: datetime | None) -> None:
    assert single.read({"accept": ["ham"], "_timestamp": stamp}).updated_at == time


def given(number: int, at: object, session: str = "my-mails-ann") -> dict[str, Any]:
    stamp = {} if at is None else {"_timestamp": at}
    task = {"text": f"mail {number}", "accept": ["ham"], "answer": "accept"}
    return {**task, "_session_id": session, **stamp}


def seconds_told(answers: list[Annotation]) -> list[float | None]:
    return [answer.seconds for answer in sorted(answers, key=lambda answer: answer.revision)]


def test_an_answer_took_the_time_since_the_one_before_in_its_session(single: Desk) -> None:
    bob = "my-mails-bob"
    single.save(given(0, 100), given(1, 107), given(2, 90, bob), given(3, 110), given(4, 150, bob))
    assert seconds_told(single.pull()) == [None, 7, None, 3, 60]


@pytest.mark.parametrize(
    ("stamps", "seconds"),
    [
        ([100, 107, 107, 107], [None, 7 / 3, 7 / 3, 7 / 3]),  # saved in one go: the time is shared
        ([100, 1900, 1901], [None, 1800, 1]),
        ([100, 1901, 1903], [None, None, 2]),  # away
        ([100, 90, 110], [None, None, 10]),  # a clock that went back
        ([100, None, 110], [None, None, 10]),
        ([100, 1e300, True, 104], [None, None, None, 4]),
    ],
)
def test_what_no_person_can_have_taken_is_unknown(
    single: Desk, stamps: list[object], seconds: list[float | None]
) -> None:
    single.save(*(given(number, at) for number, at in enumerate(stamps)))
    assert seconds_told(single.pull()) == pytest.approx(seconds)


def test_seconds_go_on_where_the_last_pull_ended(single: Desk) -> None:
    single.save(given(0, 100), given(1, 107))
    single.pull()
    single.save(given(2, 111))
    later = connect(single.emulator.options).pull(single.pages[-1].cursor)
    told = [a for page in later for change in page.changes for a in change.annotations or ()]
    assert told[-1].seconds == 4


def test_a_later_answer_of_the_same_person_replaces(single: Desk) -> None:
    for choice, person in (("ham", "ann"), ("spam", "bob"), ("spam", "ann")):
        task = {"text": "a", "accept": [choice], "answer": "accept"}
        single.save({**task, "_session_id": f"my-mails-{person}"})
    told = {a.annotator: a.value for a in single.pull()}
    assert told == {"ann": Classes(chosen=("spam",)), "bob": Classes(chosen=("spam",))}


def test_a_reviewed_answer_is_the_reference(single: Desk) -> None:
    task = {"accept": ["ham"], "versions": [{"accept": ["ham"], "sessions": ["my-mails-ann"]}]}
    assert single.read(task).ground_truth


def test_answers_of_tasks_loaded_outside_bridge_join_their_rows(single: Desk) -> None:
    single.emulator.options.source.write_text('{"text": "by content"}\n{"text": "b", "id": 9}\n')
    single.save({"text": "by content", "accept": ["ham"], "answer": "accept"})
    single.save({"text": "b", "id": 9, "accept": ["ham"], "answer": "accept"})
    single.save({"text": "not in the pool", "accept": ["ham"], "answer": "accept"})
    keys = {a.item_key for a in single.pull()}
    items = replay(single.pages)[0]
    outside = digest(["text", "not in the pool", None])
    assert keys == set(items) == {digest(["text", "by content", None]), "9", outside}
    assert items[outside].text == "not in the pool"
