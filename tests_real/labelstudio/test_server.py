"""What the adapter relies on, and what it does about what Label Studio does not do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from bridge.errors import AuthError, DataError, Unreachable
from bridge.records import Box, Boxes, Classes, Item, Span, Spans
from bridge.testing import batch_of, replay
from bridge_labelstudio import LabelStudioPlatform, import_items
from tests_real.labelstudio.rig import LabelStudioRig, People, labelstudio_rig, make_project

CLASSES = ("ham", "spam")


def texts(count: int) -> list[Item]:
    return [Item(key=f"key-{i}", text=f"Text number {i} 😀") for i in range(count)]


@pytest.fixture
def rig(people: People) -> Iterator[LabelStudioRig]:
    with labelstudio_rig(people, "single", CLASSES) as rig:
        yield rig


@contextmanager
def project(people: People, label_config: str) -> Iterator[tuple[LabelStudioRig, int]]:
    """Make a project with another labeling interface, behind the network of a rig."""
    with labelstudio_rig(people, "single", CLASSES) as rig:
        rig.project = make_project(people, label_config)
        yield rig, rig.project


def annotate(people: People, project: int, data: dict, result: list[dict]) -> None:
    path = f"/api/projects/{project}/import?return_task_ids=1"
    (task,) = people.call("POST", path, json=[{"data": data}])["task_ids"]
    people.call("POST", f"/api/tasks/{task}/annotations/", "ann", json={"result": result})


# ------------------------------------------------------------------------------------------- keys


def test_personal_access_token(rig: LabelStudioRig) -> None:
    rig.add_items(texts(1))
    platform = rig.connect(api_key=rig.people.personal_token())
    assert platform.schema().names == CLASSES
    assert {f.name for f in platform.check() if not f.ok} == set()
    before = rig.network.asked.count("POST /api/token/refresh")
    assert before == 1
    platform.push(batch_of(texts(1), CLASSES), platform.schema())
    assert rig.queue() == ["key-0"]
    platform.close()


def test_legacy_tokens_that_are_not_allowed(rig: LabelStudioRig) -> None:
    key = rig.people.personal_token()
    platform = rig.connect()
    path, allowed = "/api/jwt/settings", {"api_tokens_enabled": True}
    rig.people.call("POST", path, json=allowed | {"legacy_api_tokens_enabled": False})
    try:
        with pytest.raises(AuthError, match="does not allow legacy tokens") as caught:
            platform.schema()
        assert "personal access token" in caught.value.fix
        assert rig.connect(api_key=key).schema().names == CLASSES
    finally:
        with sqlite3.connect(rig.people.database, timeout=60) as database:
            database.execute("UPDATE jwt_auth_jwtsettings SET legacy_api_tokens_enabled = 1")
        database.close()
    assert platform.schema().names == CLASSES


def test_project_that_is_not_there(rig: LabelStudioRig) -> None:
    bad = [f for f in rig.connect(project=999_999).check() if not f.ok]
    assert [f.name for f in bad] == ["project"]
    assert "999999" in bad[0].detail


# ---------------------------------------------------------------------------------------- formats


def test_spans_count_code_points(people: People) -> None:
    config = (
        '<View><Labels name="who" toName="t"><Label value="person" alias="PER"/></Labels>'
        '<Text name="t" value="$body"/></View>'
    )
    text = "😀 Ann met\nBob"
    with project(people, config) as (rig, number):
        mark = {"from_name": "who", "to_name": "t", "type": "labels"}
        marks = [
            mark | {"value": {"start": 2, "end": 5, "text": "Ann", "labels": ["PER"]}},
            # what pages that count UTF-16 units would send
            mark | {"value": {"start": 11, "end": 14, "text": "Bob", "labels": ["PER"]}},
        ]
        annotate(people, number, {"body": text}, marks)
        platform = rig.connect()
        assert platform.schema().task == "spans"
        (annotation,) = replay(platform.pull(None))[1].values()
        first, second = (
            Span(start=text.index(name), end=text.index(name) + 3, class_name="person")
            for name in ("Ann", "Bob")
        )
        assert annotation.value == Spans(spans=(first, second))


def test_boxes_are_pixels(people: People) -> None:
    config = (
        '<View><Image name="i" value="$image"/><RectangleLabels name="b" toName="i">'
        '<Label value="cat"/></RectangleLabels></View>'
    )
    with project(people, config) as (rig, number):
        value = {"x": 10, "y": 20, "width": 50, "height": 25, "rotation": 0}
        box = {
            "from_name": "b",
            "to_name": "i",
            "type": "rectanglelabels",
            "original_width": 200,
            "original_height": 400,
            "image_rotation": 0,
            "value": value | {"rectanglelabels": ["cat"]},
        }
        annotate(people, number, {"image": "https://x.example/1.png"}, [box])
        items, annotations, _ = replay(rig.connect().pull(None))
        (item,) = items.values()
        assert (item.kind, item.url) == ("image", "https://x.example/1.png")
        assert item.key.startswith("task-")
        (annotation,) = annotations.values()
        assert annotation.value == Boxes(
            boxes=(Box(left=20, top=80, width=100, height=100, class_name="cat"),)
        )


def test_several_classes_and_their_aliases(people: People) -> None:
    config = (
        '<View><Text name="t" value="$text"/><Choices name="about" toName="t" choice="multiple">'
        '<Choice value="Sport" alias="s"/><Choice value="Späße" alias="p"/></Choices></View>'
    )
    with project(people, config) as (rig, _):
        rig.add_items(texts(3))
        platform = rig.connect()
        schema = platform.schema()
        assert (schema.task, schema.names) == ("multi", ("Sport", "Späße"))
        batch = batch_of(texts(3), schema.names)
        report = platform.push(batch, schema)
        assert (report.accepted, report.pre_annotated, report.refused) == (3, 2, ())
        assert list(rig.pre_annotations().values()) == [("s",), ("p",)]  # labels, not names
        picked = {"from_name": "about", "to_name": "t", "type": "choices"}
        path = f"/api/tasks/{rig.tasks['key-0']}/annotations/"
        given = {"result": [picked | {"value": {"choices": ["p", "s"]}}]}
        people.call("POST", path, "ann", json=given)
        (annotation,) = replay(platform.pull(None))[1].values()
        assert annotation.value == Classes(chosen=("Späße", "Sport"))


# ------------------------------------------------------------------------------------------- pull


def test_pages_pass_over_nothing_while_tasks_move(rig: LabelStudioRig) -> None:
    rig.add_items(texts(12))
    told = set()
    for index, page in enumerate(rig.connect(page_tasks=4).pull(None)):
        told |= {change.key for change in page.changes}
        if index == 0:
            rig.answer("key-1", ["ham"])  # it was told, and moves to the end
    assert told == {item.key for item in texts(12)}


def test_many_tasks_that_changed_at_one_moment(rig: LabelStudioRig) -> None:
    rig.add_items(texts(23))
    with closing(sqlite3.connect(rig.people.database, timeout=60)) as database, database:
        database.execute(
            "UPDATE task SET updated_at = '2026-01-02 03:04:05.678901' WHERE project_id = ?",
            [rig.project],
        )
    items, _, _ = replay(rig.connect(page_tasks=5).pull(None))
    assert items.keys() == {item.key for item in texts(23)}


@pytest.mark.parametrize("together", [False, True])
def test_a_task_that_is_too_large_is_told_and_left_out(rig: LabelStudioRig, together: bool) -> None:
    """Answers are cut off, yet tell its number; also where all changed at one moment."""
    large = Item(key="large", text="x" * 300_000)
    rig.add_items([*texts(12), large])
    if together:
        with closing(sqlite3.connect(rig.people.database, timeout=60)) as database, database:
            database.execute(
                "UPDATE task SET updated_at = '2026-01-02 03:04:05.678901' WHERE project_id = ?",
                [rig.project],
            )
    pages = list(rig.connect(page_tasks=5, largest_answer_mb=0.1).pull(None))
    assert replay(pages)[0].keys() == {item.key for item in texts(12)}
    (problem,) = [problem for page in pages for problem in page.problems]
    assert problem.where == f"task {rig.tasks['large']}"
    assert "more than 0.1 MB" in problem.what


def test_tasks_imported_twice_delete_no_answers(rig: LabelStudioRig) -> None:
    rig.add_items(texts(2))
    first = dict(rig.tasks)
    rig.answer("key-0", ["ham"])
    platform = rig.connect()
    *_, last = platform.pull(None)
    rig.add_items(texts(2))
    pages = list(platform.pull(last.cursor))
    changes = [c for page in pages for c in page.changes if c.key == "key-0"]
    assert changes
    assert not any(c.complete and not c.annotations for c in changes)
    rig.answer("key-0", ["spam"], "bob")
    pages = list(platform.pull(last.cursor))
    assert any("same key 'key-0'" in p.what for page in pages for p in page.problems)
    assert not any(c.complete for page in pages for c in page.changes if c.key == "key-0")
    full = list(platform.pull(None))
    assert any("same key 'key-1'" in p.what for page in full for p in page.problems)
    assert len(replay(full)[1]) == 2
    assert first.keys() == rig.tasks.keys()


# ------------------------------------------------------------------------------------------- push


def test_versions_of_other_origin_are_replaced_and_kept(rig: LabelStudioRig) -> None:
    rig.add_items(texts(6))
    rows = [
        {"task": task, "score": 0.5, "model_version": "m-1", "result": rig.result(["ham"])}
        for task in rig.tasks.values()
    ]
    path = f"/api/projects/{rig.project}/"
    rig.people.call("POST", f"{path}import/predictions", json=rows)
    rig.people.call("PATCH", path, json={"model_version": "m-1"})
    platform = rig.connect()
    assert not any(c.queued for c in replay(platform.pull(None))[2].values())

    batch = batch_of(texts(3), CLASSES)
    platform.push(batch, platform.schema())
    assert rig.queue() == list(batch.keys)
    rig.people.call("PATCH", path, json={"model_version": "m-1"})  # somebody switches back
    assert {c.key for c in replay(platform.pull(None))[2].values() if c.queued} == set(batch.keys)
    more = batch_of(texts(4)[3:], CLASSES)
    platform.push(more, platform.schema())
    assert sorted(rig.queue()) == sorted([*batch.keys, *more.keys])
    assert rig.people.call("GET", f"{path}model-versions/")["m-1"] == 6


def test_a_repeated_push_writes_nothing(rig: LabelStudioRig) -> None:
    rig.add_items(texts(5))
    platform = rig.connect()
    batch = batch_of(texts(5), CLASSES)
    platform.push(batch, platform.schema())
    rig.answer("key-0", ["ham"])
    rig.network.asked.clear()
    platform.push(batch, platform.schema())
    platform.rerank(batch.items[1:], platform.schema())
    assert {call.partition(" ")[0] for call in rig.network.asked} == {"GET"}


def test_former_versions_are_deleted_late(rig: LabelStudioRig) -> None:
    """And why: the answer to a task that shows a deleted prediction is refused."""
    rig.add_items(texts(4))
    platform = rig.connect()
    platform.push(batch_of(texts(2), CLASSES), platform.schema())
    ((key, shown), *_) = rig.serve()
    platform.push(batch_of(texts(3)[2:], CLASSES), platform.schema())
    path = f"/api/projects/{rig.project}/model-versions/"
    assert len(rig.people.call("GET", path)) == 2

    soon = rig.settings().model_copy(update={"keep_versions_hours": -1.0})
    hasty = LabelStudioPlatform(soon)
    hasty.push(batch_of(texts(4)[3:], CLASSES), hasty.schema())
    now = rig.people.call("GET", f"/api/projects/{rig.project}/")["model_version"]
    assert rig.people.call("GET", path) == {now: 4}
    late = {"result": rig.result(["ham"]), "parent_prediction": shown[0]["id"]}
    with pytest.raises(AssertionError, match="Invalid pk"):
        rig.people.call("POST", f"/api/tasks/{rig.tasks[key]}/annotations/", "ann", json=late)


def test_several_annotators_per_task(people: People) -> None:
    with labelstudio_rig(people, "single", CLASSES, maximum_annotations=2) as rig:
        rig.add_items(texts(4))
        platform = rig.connect()
        batch = batch_of(texts(4), CLASSES)
        platform.push(batch, platform.schema())
        rig.answer("key-1", ["ham"], "ann")
        platform.rerank([batch.items[i] for i in (3, 0, 2)], platform.schema())
        order = rig.queue()
        assert order[0] == "key-1"  # started, so first; and it still shows its pre-annotation
        assert order[1:] == ["key-3", "key-0", "key-2"]
        assert "key-1" in rig.pre_annotations()
        rig.answer("key-1", ["spam"], "bob")
        assert "key-1" not in rig.queue()


def test_a_skip_asks_somebody_else(people: People) -> None:
    """Label Studio's default: the task stays in the queue, for those who did not skip it."""
    with labelstudio_rig(people, "single", CLASSES, skip_queue="REQUEUE_FOR_OTHERS") as rig:
        rig.add_items(texts(3))
        platform = rig.connect()
        batch = batch_of(texts(3), CLASSES)
        platform.push(batch, platform.schema())
        rig.skip("key-1", "ann")
        platform.rerank([batch.items[2], batch.items[0]], platform.schema())
        assert sorted(rig.queue()) == ["key-0", "key-1", "key-2"]
        (annotation,) = replay(platform.pull(None))[1].values()
        assert annotation.status == "skipped"
        rig.answer("key-1", ["ham"], "bob")
        assert rig.queue() == ["key-2", "key-0"]


def test_when_the_queue_runs_dry(rig: LabelStudioRig) -> None:
    """Others wait while the last queued tasks are on a screen; then the pool comes, unordered."""
    rig.add_items(texts(4))
    platform = rig.connect()
    platform.push(batch_of(texts(2), CLASSES), platform.schema())
    path = f"/api/projects/{rig.project}/next"
    on_screen = [rig.people.call("GET", path, who) for who in ("ann", "bob")]
    assert [task["data"]["bridge_key"] for task in on_screen] == ["key-0", "key-1"]
    with pytest.raises(AssertionError, match="404"):
        rig.people.call("GET", path, "cy")
    rig.answer("key-0", ["ham"], "ann")
    rig.answer("key-1", ["ham"], "bob")
    task = rig.people.call("GET", path, "cy")
    assert task["data"]["bridge_key"] in ("key-2", "key-3")
    assert task["predictions"] == []


def test_an_empty_queue(rig: LabelStudioRig) -> None:
    rig.add_items(texts(2))
    platform = rig.connect()
    batch = batch_of(texts(2), CLASSES)
    platform.push(batch, platform.schema())
    rig.remove_item("key-0")
    report = platform.rerank(batch.items[:1], platform.schema())
    assert [r.key for r in report.refused] == ["key-0"]
    assert rig.queue() == []


# ------------------------------------------------------------------------------------------- pool


def test_items_are_imported_once(rig: LabelStudioRig) -> None:
    platform = rig.connect()
    rig.lose_write(1)
    assert import_items(platform, texts(70)) == 70
    assert import_items(platform, texts(71)) == 1
    items, _, _ = replay(platform.pull(None))
    assert {key: item.text for key, item in items.items()} == {i.key: i.text for i in texts(71)}
    assert rig.people.call("GET", f"/api/projects/{rig.project}/")["task_number"] == 71
    with pytest.raises(DataError, match="Two items"):
        import_items(platform, [*texts(1), *texts(1)])
    with pytest.raises(DataError, match="number of a task"):
        import_items(platform, [Item(key="task-7", text="x")])


def test_an_import_that_nobody_confirms(rig: LabelStudioRig) -> None:
    """What is not known to be done is not done again at once."""
    rig.network.target = "http://127.0.0.1:9"  # discard: nothing answers there
    with pytest.raises(Unreachable):
        import_items(rig.connect(retry_budget_s=0), texts(1))


def test_check_names_labels_that_are_unknown(rig: LabelStudioRig) -> None:
    rig.add_items(texts(1))
    rig.answer("key-0", ["martian"])
    (bad,) = [f for f in rig.connect().check() if not f.ok]
    assert (bad.name, "martian" in bad.detail) == ("labels", True)


def test_check_tells_of_an_order_that_was_switched_off(rig: LabelStudioRig) -> None:
    rig.add_items(texts(1))
    platform = rig.connect()
    platform.push(batch_of(texts(1), CLASSES), platform.schema())
    path = f"/api/projects/{rig.project}/"
    rig.people.call("PATCH", path, json={"sampling": "Uniform sampling"})
    (bad,) = [f for f in platform.check() if not f.ok]
    assert bad.name == "order"
