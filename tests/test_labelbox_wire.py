"""What the adapter makes of Labelbox's ontologies and export rows."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from responses import RequestsMock

import labelbox_wire as lb
from bridge.errors import DataError, PlatformError, Unreachable
from bridge.records import Annotation, Boxes, Change, Classes, Page, Problem, Spans
from bridge_labelbox import cursor
from bridge_labelbox.imports import uuid5
from bridge_labelbox.keys import identifier, key_of
from bridge_labelbox.labels import Unreadable
from bridge_labelbox.ndjson import LongLine, lines
from bridge_labelbox.wire import decode_row


@pytest.fixture
def script() -> Iterator[lb.Script]:
    with RequestsMock(assert_all_requests_are_fired=False) as web:
        script = lb.Script(web)
        script.on("GetProjectOntology", lb.ontology(lb.RADIO))
        yield script


def changes(pages: list[Page]) -> dict[str, Change]:
    return {change.key: change for page in pages for change in page.changes}


def problems(pages: list[Page]) -> list[Problem]:
    return [problem for page in pages for problem in page.problems]


def only_annotation(script: lb.Script, label: Any, text: str = "a text") -> Annotation:
    script.exports([lb.row("k", text, labels=[label], status="IN_REVIEW")])
    (change,) = changes(lb.pulled(lb.platform())).values()
    assert change.annotations is not None
    (annotation,) = change.annotations
    return annotation


# ----------------------------------------------------------------------------------------- ontology

CHECKLIST = {**lb.RADIO, "type": "checklist", "name": "topics", "featureSchemaId": "q-2"}
NER = [{"tool": "named-entity", "name": "Person", "featureSchemaId": "t-1", "archived": 0}]
RECTANGLES = [{"tool": "rectangle", "name": "Car", "featureSchemaId": "t-2"}]


@pytest.mark.parametrize(
    ("parts", "tools", "task", "question", "names"),
    [
        ([lb.RADIO], [], "single", "sentiment", ("Good", "Bad")),
        ([CHECKLIST], [], "multi", "topics", ("Good", "Bad")),
        ([], NER, "spans", "named-entity", ("Person",)),
        ([], RECTANGLES, "boxes", "rectangle", ("Car",)),
        ([{"type": "text", "name": "note"}, lb.RADIO], [], "single", "sentiment", ("Good", "Bad")),
    ],
)
def test_schema(
    script: lb.Script, parts: Any, tools: Any, task: str, question: str, names: tuple[str, ...]
) -> None:
    script.on("GetProjectOntology", lb.ontology(*parts, tools=tools))
    schema = lb.platform().schema()
    assert (schema.task, schema.question, schema.names) == (task, question, names)


def test_class_ids_are_feature_schema_ids(script: lb.Script) -> None:
    assert [c.id for c in lb.platform().schema().classes] == ["c-good", "c-bad"]


def test_archived_parts_do_not_count(script: lb.Script) -> None:
    good, bad = lb.RADIO["options"]
    radio = {**lb.RADIO, "options": [good, {**bad, "archived": True}]}
    script.on("GetProjectOntology", lb.ontology(radio, {**CHECKLIST, "archived": 1}))
    assert lb.platform().schema().names == ("Good",)


@pytest.mark.parametrize("parts", [[], [{"type": "text", "name": "note"}]])
def test_no_question_is_an_error_with_advice(script: lb.Script, parts: Any) -> None:
    script.on("GetProjectOntology", lb.ontology(*parts))
    with pytest.raises(DataError, match="no question") as caught:
        lb.platform().schema()
    assert "radio" in caught.value.fix


def test_no_ontology_is_an_error(script: lb.Script) -> None:
    script.on("GetProjectOntology", {"project": {"ontology": None}})
    with pytest.raises(DataError):
        lb.platform().schema()


def test_several_questions_must_be_told_apart(script: lb.Script) -> None:
    script.on("GetProjectOntology", lb.ontology(lb.RADIO, CHECKLIST, tools=NER))
    with pytest.raises(DataError, match="'sentiment', 'topics', 'named-entity'"):
        lb.platform().schema()
    assert lb.platform(question="topics").schema().task == "multi"
    assert lb.platform(question="named-entity").schema().task == "spans"
    with pytest.raises(DataError, match="no question 'nope'") as caught:
        lb.platform(question="nope").schema()
    assert "topics" in caught.value.fix


def test_two_classes_of_one_name_are_an_error(script: lb.Script) -> None:
    good, bad = lb.RADIO["options"]
    radio = {**lb.RADIO, "options": [good, {**bad, "label": "Good"}]}
    script.on("GetProjectOntology", lb.ontology(radio))
    with pytest.raises(DataError, match="two classes of the same name"):
        lb.platform().schema()


def test_ontology_of_another_shape_is_an_error_of_ours(script: lb.Script) -> None:
    broken = {"project": {"ontology": {"normalized": {"classifications": "?"}}}}
    script.on("GetProjectOntology", broken)
    with pytest.raises(PlatformError, match="cannot be understood"):
        lb.platform().schema()


# --------------------------------------------------------------------------------------------- rows


def test_project_row(script: lb.Script) -> None:
    script.exports([lb.row("k", "a text", external_id="x-1")])
    (change,) = changes(lb.pulled(lb.platform())).values()
    assert change.item is not None
    assert change.item.text == "a text"
    assert change.item.meta == {"data_row_id": "id-k", "external_id": "x-1"}
    assert change.queued
    assert change.complete
    assert change.annotations == ()
    assert change.as_of == datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


def test_catalog_row_tells_the_item_alone(script: lb.Script) -> None:
    script.exports([], catalog=[lb.row("k", labels=None)])
    (change,) = changes(lb.pulled(lb.platform())).values()
    assert change.item is not None
    assert change.queued is False  # the project's export, which comes next, says which rows are
    assert change.annotations is None
    assert not change.complete


def test_catalog_row_of_a_later_pull_says_nothing_of_the_queue(script: lb.Script) -> None:
    platform = lb.platform()
    script.exports([], catalog=[lb.row("k", labels=None)])
    *_, last = platform.pull(None)
    script.exports([], catalog=[lb.row("k", labels=None)])
    (change,) = changes(list(platform.pull(last.cursor))).values()
    assert change.queued is None


@pytest.mark.parametrize(
    ("status", "labels", "queued"),
    [("TO_LABEL", 0, True), (None, 0, True), ("TO_LABEL", 1, False), ("DONE", 0, False),
     ("IN_REVIEW", 1, False), ("IN_REWORK", 0, False)],
)  # fmt: skip
def test_queued(script: lb.Script, status: str | None, labels: int, queued: bool) -> None:
    given = [lb.label(f"l-{n}", classifications=[lb.radio("Good")]) for n in range(labels)]
    script.exports([lb.row("k", labels=given, status=status)])
    (change,) = changes(lb.pulled(lb.platform())).values()
    assert change.queued is queued


@pytest.mark.parametrize("text", [None, "", "  ", {"conversation": []}, 7])
def test_row_without_text_is_a_problem_and_keeps_its_answers(script: lb.Script, text: Any) -> None:
    answered = lb.label("l", classifications=[lb.radio("Good", "c-good")])
    script.exports([lb.row("bad", text, labels=[answered]), lb.row("good")])
    pages = lb.pulled(lb.platform())
    assert changes(pages)["bad"].item is None
    assert changes(pages)["bad"].annotations
    assert changes(pages)["good"].item is not None
    (problem,) = problems(pages)
    assert "data row id-bad (global key 'bad')" in problem.where


def test_text_at_an_address_is_a_problem_and_never_fetched(script: lb.Script) -> None:
    script.exports([lb.row("k", "https://elsewhere.example/text.txt")])
    pages = lb.pulled(lb.platform())
    assert changes(pages)["k"].item is None
    assert "another address" in problems(pages)[0].what
    assert not [c for c in script.web.calls if "elsewhere" in c.request.url]


def test_addresses_can_be_the_text(script: lb.Script) -> None:
    script.exports([lb.row("k", "https://elsewhere.example/text.txt")])
    item = changes(lb.pulled(lb.platform(urls_are_text=True)))["k"].item
    assert item is not None
    assert item.text == "https://elsewhere.example/text.txt"


@pytest.mark.parametrize("media", [{"mime_type": "image/png", "width": 4, "height": 3}, None])
def test_images(script: lb.Script, media: Any) -> None:
    script.exports([{**lb.row("k", "https://elsewhere.example/a.png"), "media_attributes": media}])
    item = changes(lb.pulled(lb.platform()))["k"].item
    assert item is not None
    assert (item.kind, item.url) == ("image", "https://elsewhere.example/a.png")


@pytest.mark.parametrize(
    "line",
    [
        b'{"data_row": {"id": "id-x", "row_data": "trunc',
        b'{"data_row": {"id": "id-x", "row_data": "\xff\xfe"}}',
        b'{"data_row": {"id": "id-x", "row_data": "lone \\ud800 surrogate"}}',
        b'{"data_row": {"id": "id-x", "global_key": 7, "row_data": "t"}}',
    ],
)
def test_unreadable_line_is_a_problem_that_names_it(script: lb.Script, line: bytes) -> None:
    script.exports([lb.row("a"), line, lb.row("b")])
    pages = lb.pulled(lb.platform())
    assert set(changes(pages)) == {"a", "b"}
    (problem,) = problems(pages)
    assert "line 2" in problem.where
    assert "id-x" in problem.where
    assert pages[-1].cursor is not None


def test_line_separators_are_data(script: lb.Script) -> None:
    text = "a\u2028b\u2029c\x85d\x0be\r\nf"
    script.exports([lb.row("k", text), lb.row("other")])
    found = changes(lb.pulled(lb.platform()))
    assert found["k"].item is not None
    assert found["k"].item.text == text
    assert len(found) == 2


def test_fewer_rows_than_announced_is_an_error(script: lb.Script) -> None:
    script.exports([lb.row("a"), lb.row("b")], announced=3)
    with pytest.raises(PlatformError, match="2 rows where 3"):
        lb.pulled(lb.platform())


def test_file_that_stays_short_is_an_error(script: lb.Script) -> None:
    script.exports([lb.row("a")], size=5000)
    with pytest.raises(Unreachable, match="5000 were announced"):
        lb.pulled(lb.platform())


def test_a_key_twice_on_a_page(script: lb.Script) -> None:
    script.exports([lb.row("k", "first"), lb.row("k", "second", id="id-2")])
    pages = lb.pulled(lb.platform())
    item = changes(pages)["k"].item
    assert item is not None
    assert item.text == "second"
    assert "came twice" in problems(pages)[0].what


def test_rows_without_global_key(script: lb.Script) -> None:
    script.exports([lb.row("k", global_key=None)])
    (key,) = changes(lb.pulled(lb.platform()))
    assert identifier(key) == ("id-k", "ID")


def test_a_key_that_is_too_long_is_a_problem(script: lb.Script) -> None:
    script.exports([lb.row("k" * 600), lb.row("b")])
    pages = lb.pulled(lb.platform())
    assert set(changes(pages)) == {"b"}
    assert "600" in problems(pages)[0].what


@pytest.mark.parametrize("broken", [False, True])
def test_a_key_that_cannot_be_stored_is_a_problem(script: lb.Script, broken: bool) -> None:
    strange = lb.row("nul\x00key")
    if broken:
        strange["data_row"]["details"] = "none"
    script.exports([strange, lb.row("b")])
    pages = lb.pulled(lb.platform())
    assert set(changes(pages)) == {"b"}
    assert len(problems(pages)) == 1


@pytest.mark.parametrize("name", ["", "l" * 600, "nul\x00"])
def test_a_label_whose_id_cannot_be_kept_is_a_problem(script: lb.Script, name: str) -> None:
    script.exports([lb.row("k", labels=[lb.label(name), lb.label("l-1")])])
    pages = lb.pulled(lb.platform())
    change = changes(pages)["k"]
    assert [a.id for a in change.annotations or ()] == ["l-1"]
    assert not change.complete
    assert "id-k" in problems(pages)[0].where


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-99-99", "soon", ""])
def test_a_time_that_cannot_be_is_no_time(script: lb.Script, moment: str) -> None:
    script.exports([lb.row("k", details={"last_activity_at": moment})])
    (change,) = changes(lb.pulled(lb.platform())).values()
    assert change.as_of is None


def test_pages_are_bounded_and_only_the_last_moves_the_cursor(script: lb.Script) -> None:
    script.exports([lb.row(f"k{n}") for n in range(7)])
    pages = lb.pulled(lb.platform(page_rows=3))
    assert [len(page.changes) for page in pages if page.changes] == [3, 3, 1]
    assert [page.cursor is not None for page in pages][:-1] == [False] * (len(pages) - 1)
    assert pages[-1].cursor is not None


# ------------------------------------------------------------------------------------------- labels


def test_radio(script: lb.Script) -> None:
    given = lb.label("l-1", seconds=12.5, classifications=[lb.radio("Bad", "c-bad")])
    annotation = only_annotation(script, given)
    assert annotation.value == Classes(chosen=("Bad",))
    assert annotation.id == "l-1"
    assert annotation.annotator == "ann@example.com"
    assert annotation.seconds == 12.5
    # That of its row, which is later: a review changes what a label counts for.
    assert annotation.updated_at == datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


def test_renamed_class_is_told_by_its_name_of_today(script: lb.Script) -> None:
    given = lb.label("l", classifications=[lb.radio("Old name", "c-good")])
    assert only_annotation(script, given).value == Classes(chosen=("Good",))


def test_unknown_class_is_told_by_its_exported_name(script: lb.Script) -> None:
    given = lb.label("l", classifications=[lb.radio("Gone", "c-gone")])
    assert only_annotation(script, given).value == Classes(chosen=("Gone",))


def test_skip(script: lb.Script) -> None:
    given = lb.label("l", skipped=True, classifications=[lb.radio("Good")])
    annotation = only_annotation(script, given)
    assert (annotation.status, annotation.value) == ("skipped", None)


def test_radio_left_open_is_a_skip(script: lb.Script) -> None:
    other = {"name": "other", "feature_schema_id": "q-9", "radio_answer": {"name": "Good"}}
    assert only_annotation(script, lb.label("l", classifications=[other])).status == "skipped"


def test_checklist(script: lb.Script) -> None:
    script.on("GetProjectOntology", lb.ontology(CHECKLIST))
    ticks = [{"name": "Good", "feature_schema_id": "c-good"}, {"name": "Bad"}]
    answer = {"name": "topics", "feature_schema_id": "q-2", "checklist_answers": ticks}
    annotation = only_annotation(script, lb.label("l", classifications=[answer]))
    assert annotation.value == Classes(chosen=("Good", "Bad"))


def test_checklist_without_ticks_says_that_none_applies(script: lb.Script) -> None:
    script.on("GetProjectOntology", lb.ontology(CHECKLIST))
    assert only_annotation(script, lb.label("l")).value == Classes(chosen=())


def span(start: int, end: int, token: str | None = None) -> dict[str, Any]:
    location = {"start": start, "end": end, "token": token}
    return {"name": "Person", "feature_schema_id": "t-1", "location": location}


@pytest.mark.parametrize(
    ("text", "given", "bounds"),
    [
        ("Hello Bob", span(6, 8, "Bob"), (6, 9)),
        ("Hello Bob", span(6, 8), (6, 9)),
        ("😀 Bob", span(2, 4, "Bob"), (2, 5)),
        ("😀 Bob", span(3, 5, "Bob"), (2, 5)),  # counted in UTF-16 units
        ("x", span(0, 0, "x"), (0, 1)),
    ],
)
def test_spans(
    script: lb.Script, text: str, given: dict[str, Any], bounds: tuple[int, int]
) -> None:
    script.on("GetProjectOntology", lb.ontology(tools=NER))
    value = only_annotation(script, lb.label("l", objects=[given]), text).value
    assert isinstance(value, Spans)
    assert [(s.start, s.end, s.class_name) for s in value.spans] == [(*bounds, "Person")]


def test_span_that_does_not_fit_is_a_problem_and_not_a_deletion(script: lb.Script) -> None:
    script.on("GetProjectOntology", lb.ontology(tools=NER))
    good, bad = lb.label("l-1"), lb.label("l-2", objects=[span(0, 3, "Zorn")])
    script.exports([lb.row("k", "Hello Bob", labels=[good, bad])])
    pages = lb.pulled(lb.platform())
    change = changes(pages)["k"]
    assert [a.id for a in change.annotations or ()] == ["l-1"]
    assert not change.complete
    assert "l-2" in problems(pages)[0].where


def test_boxes(script: lb.Script) -> None:
    script.on("GetProjectOntology", lb.ontology(tools=RECTANGLES))
    place = {"top": 48.0, "left": 58.5, "height": 65.0, "width": 12.0}
    given = {"name": "Car", "feature_schema_id": "t-2", "bounding_box": place}
    value = only_annotation(script, lb.label("l", objects=[given])).value
    assert isinstance(value, Boxes)
    (box,) = value.boxes
    assert (box.top, box.left, box.height, box.width) == (48.0, 58.5, 65.0, 12.0)
    assert box.class_name == "Car"


# --------------------------------------------------------------------------------------- invariants


@given(st.text(min_size=1), st.text(min_size=1), st.none() | st.text(min_size=1))
def test_keys_mean_one_row(row_id: str, other: str, global_key: str | None) -> None:
    found = identifier(key_of(row_id, global_key))
    assert found in ((global_key, "GKEY"), (row_id, "ID"))
    if row_id != other:
        assert key_of(row_id, None) != key_of(other, global_key)


@given(
    st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\n", b"n")), max_size=12),
    st.lists(st.integers(1, 9), min_size=1),
    st.integers(1, 12),
)
def test_lines_do_not_depend_on_the_pieces(
    given_lines: list[bytes], sizes: list[int], limit: int
) -> None:
    body = b"\n".join(given_lines)
    pieces, at = [], 0
    while at < len(body):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(body[at : at + size])
        at += size
    assert list(lines(pieces, 10**6)) == list(lines([body], 10**6))
    kept = [line.strip(b"\r ") for line in given_lines]
    assert list(lines([body], 10**6)) == [line for line in kept if line]
    short = [line.strip(b"\r ") if len(line) <= limit else len(line) for line in given_lines]
    for cut in (pieces, [body]):
        found = [line.size if isinstance(line, LongLine) else line for line in lines(cut, limit)]
        assert found == [line for line in short if line]


@given(st.uuids(), st.text())
def test_uuids_are_those_of_the_standard(namespace: uuid.UUID, name: str) -> None:
    assert uuid5(namespace.bytes, name) == str(uuid.uuid5(namespace, name))


@given(st.text(max_size=40) | st.sampled_from(["{}", "null", '{"v": 2, "sources": {}}']))
def test_no_cursor_of_others_is_taken(text: str) -> None:
    with pytest.raises(DataError, match="cursor"):
        cursor.load(text)


TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(st.none() | TIMES, st.none() | TIMES, TIMES)
def test_watermark_never_passes_the_clock_nor_what_was_seen_of_late(
    previous: datetime | None, latest: datetime | None, clock: datetime
) -> None:
    moved = cursor.advance(previous, latest, clock)
    seen = [t for t in (previous, latest) if t is not None]
    assert (moved is None) == (not seen)
    if moved is not None:
        assert moved <= clock
        assert moved <= max(*seen, clock - timedelta(hours=1))


@given(st.dictionaries(st.text(), TIMES, min_size=1))
def test_cursor_is_read_as_it_was_written(sources: dict[str, datetime]) -> None:
    assert cursor.load(cursor.dump(sources)) == sources


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every part of a JSON value."""
    yield at
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, part in inner:
        yield from places(part, (*at, name))


SPANS_ROW = lb.row("k", "Hello Bob", labels=[lb.label("l", objects=[span(6, 8, "Bob")])])
RADIO_ROW = lb.row("k", labels=[lb.label("l", classifications=[lb.radio("Good", "c-good")])])


@given(st.data())
def test_no_row_stops_the_others(data: st.DataObject) -> None:
    """Whatever one row holds, the others are read, and what cannot be read is reported."""
    wanted, base = data.draw(st.sampled_from([("spans", SPANS_ROW), ("single", RADIO_ROW)]))
    strange = copy.deepcopy(base)
    *path, last = data.draw(st.sampled_from([p for p in places(base) if p]))
    parent = strange
    for name in path:
        parent = parent[name]
    parent[last] = data.draw(JSON)
    with RequestsMock(assert_all_requests_are_fired=False) as web:
        script = lb.Script(web)
        tools = NER if wanted == "spans" else []
        parts = [lb.RADIO] if wanted == "single" else []
        script.on("GetProjectOntology", lb.ontology(*parts, tools=tools))
        script.exports([lb.row("a"), strange, lb.row("b")])
        pages = lb.pulled(lb.platform())
    found = changes(pages)
    assert {"a", "b"} <= set(found)
    if "k" not in found:
        assert len(found) == 3 or problems(pages)
    # They were made without a second look, and a second look finds nothing.
    for change in found.values():
        checked = Change.model_validate(change.model_dump())
        assert checked == change
        assert repr(checked) == repr(change)


def test_a_row_that_is_nested_too_deeply_is_a_problem() -> None:
    with pytest.raises(Unreadable):
        decode_row(b'{"data_row": {"row_data": ' + b"[" * 100_000)
