"""Labeling interfaces, tasks and annotations, as they come and as they should not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from responses import RequestsMock

import labelstudio_wire as ls
from bridge.errors import DataError, PlatformError
from bridge.records import Change, Classes, Page, Problem, Span, Spans
from bridge.testing import replay
from bridge_labelstudio.cursor import dump, load
from bridge_labelstudio.schema import question_of
from bridge_labelstudio.wire import Project


@pytest.fixture
def wire() -> Iterator[ls.Wire]:
    with RequestsMock(assert_all_requests_are_fired=False) as web:
        yield ls.Wire(web)


def pages(cursor: str | None = None, **more: Any) -> list[Page]:
    return list(ls.platform(**more).pull(cursor))


def problems(found: list[Page]) -> list[Problem]:
    return [problem for page in found for problem in page.problems]


def changes(found: list[Page]) -> dict[str, Change]:
    return replay(found)[2]


# ------------------------------------------------------------------------------------------ schema


def project(config: str = ls.CONFIG, **controls: dict[str, Any]) -> Project:
    return Project(id=7, label_config=config, parsed_label_config=controls)


def image(**more: Any) -> dict[str, Any]:
    shown = [{"type": "Image", "valueType": None, "value": "photo"}]
    return ls.control("RectangleLabels", ["cat"], to_name=["i"], inputs=shown, **more)


@pytest.mark.parametrize(
    ("config", "control", "task"),
    [
        ("<View/>", ls.control("Choices", ["a", "b"]), "single"),
        (
            '<View><Choices name="q" choice="single"/></View>',
            ls.control("Choices", ["a"]),
            "single",
        ),
        (
            '<View><Choices name="q" choice="multiple"/></View>',
            ls.control("Choices", ["a"]),
            "multi",
        ),
        ("<View/>", ls.control("Labels", ["a"]), "spans"),
        ("<View/>", image(), "boxes"),
    ],
)
def test_controls(config: str, control: dict[str, Any], task: str) -> None:
    question = question_of(project(config, q=control), None)
    assert (question.name, question.schema.task) == ("q", task)
    assert question.kind == ("image" if task == "boxes" else "text")
    assert question.field == ("photo" if task == "boxes" else "text")


def test_an_alias_is_the_label_and_the_value_is_the_name() -> None:
    attributes = {"s": {"value": "Sport", "alias": "s"}, "b": {"value": "b"}}
    question = question_of(
        project(q=ls.control("Choices", ["s", "b"], labels_attrs=attributes)), None
    )
    assert question.schema.names == ("Sport", "b")
    assert question.names == {"s": "Sport", "b": "b"}
    assert question.labels == {"Sport": "s", "b": "b"}


@pytest.mark.parametrize(
    "control",
    [
        ls.control("TextArea", []),
        ls.control("Choices", []),
        ls.control("Choices", ["a"], dynamic_labels=True),
        ls.control("Choices", ["a"], inputs=[{"type": "Audio", "valueType": None, "value": "x"}]),
        ls.control("Choices", ["a"], inputs=[{"type": "Text", "valueType": "url", "value": "x"}]),
        ls.control(
            "Labels", ["a"], inputs=[{"type": "HyperText", "valueType": None, "value": "x"}]
        ),
    ],
)
def test_controls_that_cannot_be_learned(control: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="no control that can be learned"):
        question_of(project("<View/>", q=control), None)


def test_choices_of_regions_are_no_question() -> None:
    config = '<View><Choices name="q" perRegion="true"/></View>'
    with pytest.raises(DataError):
        question_of(project(config, q=ls.control("Choices", ["a"])), None)


def test_several_controls_and_none_named() -> None:
    both = project("<View/>", one=ls.control("Choices", ["a"]), two=ls.control("Labels", ["b"]))
    with pytest.raises(DataError, match="'one', 'two'"):
        question_of(both, None)
    assert question_of(both, "two").schema.task == "spans"
    with pytest.raises(DataError, match="'three'") as caught:
        question_of(both, "three")
    assert "'one', 'two'" in caught.value.fix


def test_odd_interfaces() -> None:
    with pytest.raises(DataError, match="not XML"):
        question_of(project("<View", q=ls.control("Choices", ["a"])), None)
    twice = {"a": {"value": "same"}, "b": {"value": "same"}}
    with pytest.raises(DataError, match="same name"):
        question_of(project(q=ls.control("Choices", ["a", "b"], labels_attrs=twice)), None)
    with pytest.raises(PlatformError, match="understood"):
        question_of(Project(id=7, label_config="<View/>", parsed_label_config={"q": 3}), None)


def test_text_lies_in_another_field() -> None:
    inputs = [{"type": "Text", "valueType": "url", "value": "x"}]
    named = question_of(project(q=ls.control("Choices", ["a"], inputs=inputs)), None, "body")
    assert named.field == "body"


# ------------------------------------------------------------------------------------------- tasks


def test_items_and_answers(wire: ls.Wire) -> None:
    given = [ls.annotation(3, "späm"), ls.annotation(4, completed_by=9, was_cancelled=True)]
    wire.add("a", annotations=given, total_annotations=1, is_labeled=True)
    wire.add("b")
    items, annotations, last = replay(pages())
    assert {key: item.text for key, item in items.items()} == {"a": "text of a", "b": "text of b"}
    assert items["a"].meta == {"task_id": 1}
    first, second = annotations["ls-3"], annotations["ls-4"]
    assert (first.annotator, first.value, first.seconds) == (
        "ann@example.com",
        Classes(chosen=("späm",)),
        2.5,
    )
    assert (second.annotator, second.status, second.value) == ("user-9", "skipped", None)
    assert last["a"].complete
    assert last["b"].annotations is None  # nobody ever touched it


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"result": [{"from_name": "kind", "value": {"choices": "ham"}}]}, "cannot be read"),
        ({"result": [{"from_name": "kind", "value": {"choices": [["a", "b"]]}}]}, "cannot be read"),
        ({"id": "three"}, "cannot be read"),
        ({"updated_at": "2026-01-01T00:00:00"}, "cannot be read"),
    ],
)
def test_an_annotation_that_cannot_be_read_hides_no_other(
    wire: ls.Wire, more: dict[str, Any], what: str
) -> None:
    odd = ls.annotation(3, "ham") | more
    wire.add("a", annotations=[odd, ls.annotation(4, "no")], total_annotations=2)
    found = pages()
    assert [what in problem.what for problem in problems(found)] == [True]
    assert replay(found)[1].keys() == {"ls-4"}
    assert not changes(found)["a"].complete  # or it would look deleted


def test_two_choices_where_one_may_apply(wire: ls.Wire) -> None:
    wire.add("a", annotations=[ls.annotation(3, "ham", "no")], total_annotations=1)
    (problem,) = problems(pages())
    assert "2 choices" in problem.what
    assert "task 1, annotation 3" in problem.where


def test_an_answer_without_a_choice_is_a_skip(wire: ls.Wire) -> None:
    wire.add("a", annotations=[ls.annotation(3, result=[])], total_annotations=1)
    (annotation,) = replay(pages())[1].values()
    assert annotation.status == "skipped"


def test_a_task_that_cannot_be_read_hides_no_other(wire: ls.Wire) -> None:
    wire.add("a", "b")
    wire.tasks[1]["data"] = "text"
    found = pages()
    assert changes(found).keys() == {"b"}
    assert ["task 1" in problem.where for problem in problems(found)] == [True]


@pytest.mark.parametrize("data", [{}, {"text": None}, {"text": "  "}, {"other": "x"}])
def test_a_task_without_text(wire: ls.Wire, data: dict[str, Any]) -> None:
    wire.add("a")
    wire.tasks[1]["data"] = data
    found = pages()
    assert changes(found)["task-1"].item is None
    assert ["'text'" in problem.what for problem in problems(found)] == [True]


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("k", "k"),
        (17, "17"),
        (True, "task-1"),
        ("", "task-1"),
        ("task-9", "task-1"),
        ([], "task-1"),
    ],
)
def test_keys(wire: ls.Wire, value: Any, key: str) -> None:
    wire.add("a")
    wire.tasks[1]["data"] = {"text": "x", "id": value}
    assert changes(pages(key_field="id")).keys() == {key}


def test_users_that_this_key_may_not_see(wire: ls.Wire) -> None:
    wire.overrides["GET /api/users/"] = lambda request: ls.reply({}, 403)
    wire.add("a", annotations=[ls.annotation(3, "ham")], total_annotations=1)
    (annotation,) = replay(pages())[1].values()
    assert annotation.annotator == "user-1"


def test_waiting_is_told_from_pool_and_answered(wire: ls.Wire) -> None:
    wire.add("waits", "answered", "pool", "older")
    wire.tasks[2] |= {"annotations": [ls.annotation(3, "ham")], "total_annotations": 1}
    wire.project["model_version"] = "bridge-2"
    for task, version in ((1, "bridge-2"), (2, "bridge-2"), (4, "bridge-1")):
        row = {"task": task, "score": 0.1, "model_version": version, "result": []}
        wire.predictions.append(row)
    assert [key for key, change in changes(pages()).items() if change.queued] == ["waits"]


# ------------------------------------------------------------------------------------------- pages


def test_pages_go_on_from_the_last_time(wire: ls.Wire) -> None:
    wire.add(*(f"key-{i}" for i in range(11)))
    found = pages(page_tasks=4)
    assert replay(found)[0].keys() == {f"key-{i}" for i in range(11)}
    assert [load(page.cursor).isoformat() for page in found][-2:] == [
        "2026-01-01T00:00:11+00:00",
        "2026-01-02T03:04:05+00:00",  # the server's clock
    ]


def test_a_pull_reaches_back_behind_the_last_one(wire: ls.Wire) -> None:
    wire.add("a", "b")
    cursor = pages()[-1].cursor
    assert replay(pages(cursor, overlap_minutes=10))[0] == {}
    wire.tasks[1]["updated_at"] = "2026-01-02T02:55:00.000001Z"
    assert replay(pages(cursor, overlap_minutes=10))[0].keys() == {"a"}


def test_the_end_told_as_404(wire: ls.Wire) -> None:
    wire.overrides["GET /api/tasks/"] = lambda request: ls.reply({"detail": "Invalid page."}, 404)
    assert replay(pages())[0] == {}
    wire.overrides["GET /api/tasks/"] = lambda request: ls.reply({"detail": "No View"}, 404)
    with pytest.raises(PlatformError, match="nothing is there"):
        pages()


def test_a_server_that_gives_too_few_of_what_changed_at_once(wire: ls.Wire) -> None:
    wire.add(*(f"key-{i}" for i in range(9)))
    for row in wire.tasks.values():
        row["updated_at"] = "2026-01-01T00:00:00.000001Z"
    assert replay(pages(page_tasks=2))[0].keys() == {f"key-{i}" for i in range(9)}
    wire.most = 4
    with pytest.raises(PlatformError, match="at one moment") as caught:
        pages(page_tasks=2)
    assert "TASK_API_PAGE_SIZE_MAX" in caught.value.fix


@pytest.mark.parametrize("cursor", ["", "{}", "x", '{"v": 2, "at": "2026-01-01T00:00:00Z"}'])
def test_cursors_of_others(cursor: str) -> None:
    with pytest.raises(DataError, match="cursor"):
        load(cursor)


@given(st.datetimes(timezones=st.just(UTC)))
def test_cursors_keep_the_microsecond(moment) -> None:
    assert load(dump(moment)) == moment


# ------------------------------------------------------------------------------------------- marks


def marked(wire: ls.Wire, text: str, value: dict[str, Any]) -> list[Page]:
    wire.project["parsed_label_config"] = {"who": ls.control("Labels", ["P"])}
    region = {"from_name": "who", "to_name": "text", "type": "labels", "value": value}
    wire.add("a", annotations=[ls.annotation(3, result=[region])], total_annotations=1)
    wire.tasks[1]["data"]["text"] = text
    return pages()


@given(st.text(min_size=1, max_size=20), st.data())
def test_spans_in_either_count(text: str, data: Any) -> None:
    text = f"{text}x"
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))

    def units(part: str) -> int:
        return len(part.encode("utf-16-le")) // 2

    shown = text[start:end]
    for bounds in ((start, end), (units(text[:start]), units(text[:end]))):
        with RequestsMock(assert_all_requests_are_fired=False) as web:
            value = {"start": bounds[0], "end": bounds[1], "text": shown, "labels": ["P"]}
            (annotation,) = replay(marked(ls.Wire(web), text, value))[1].values()
        assert isinstance(annotation.value, Spans)
        (span,) = annotation.value.spans
        assert text[span.start : span.end] == shown


def test_spans_without_their_text_are_believed(wire: ls.Wire) -> None:
    found = marked(wire, "😀 Ann", {"start": 2, "end": 5, "labels": ["P", "martian"]})
    (annotation,) = replay(found)[1].values()
    named = [Span(start=2, end=5, class_name=name) for name in ("P", "martian")]
    assert annotation.value == Spans(spans=tuple(named))


@pytest.mark.parametrize(
    ("cut", "said"),
    [
        ("a\tb  c", "a b c"),
        ("😀\n  lead", "😀\\nlead"),
        ("in\r\nGen", "in\\n\\nGen"),
        ("C:\\new\u00a0\u00a0way", "C:\\new\u00a0\u00a0way"),
        ("𝒳yz  end\t😀", "𝒳yz end"),  # a prediction's, whose text the page cut short,
        ("way\n\n  last", ""),  # or left out
    ],
)
def test_spans_as_the_page_reports_their_text(wire: ls.Wire, cut: str, said: str) -> None:
    """Pairs that the page of Label Studio 1.23.2 sent for spans that were marked on it."""
    text = f"😀  before 😀 {cut} after"
    start, end = text.index(cut), text.index(cut) + len(cut)
    found = marked(wire, text, {"start": start, "end": end, "text": said, "labels": ["P"]})
    (annotation,) = replay(found)[1].values()
    assert annotation.value == Spans(spans=(Span(start=start, end=end, class_name="P"),))


def test_a_span_that_does_not_fit(wire: ls.Wire) -> None:
    value = {"start": 0, "end": 3, "text": "Bob", "labels": ["P"]}
    (problem,) = problems(marked(wire, "Ann", value))
    assert "does not fit" in problem.what


# ------------------------------------------------------------------------------------------- check


def bad(**more: Any) -> list[str]:
    return [finding.name for finding in ls.platform(**more).check() if not finding.ok]


def test_all_is_well(wire: ls.Wire) -> None:
    wire.add("a")
    findings = {finding.name: finding for finding in ls.platform().check()}
    assert [name for name, finding in findings.items() if not finding.ok] == []
    assert findings["annotators"].detail == "one per task"
    wire.project["maximum_annotations"] = 3
    findings = {finding.name: finding for finding in ls.platform().check()}
    assert "started tasks first" in findings["annotators"].detail


def test_what_is_not_well(wire: ls.Wire) -> None:
    wire.add("a")
    wire.overrides["GET /api/ml/"] = lambda request: ls.reply([{"title": "bert"}])
    assert bad() == ["ML backend"]
    del wire.overrides["GET /api/ml/"]
    wire.tasks[1]["data"] = {"wrong": "field"}
    assert bad() == ["pool"]
    wire.project["parsed_label_config"] = {}
    assert bad() == ["schema"]
