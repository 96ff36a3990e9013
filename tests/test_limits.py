"""Rows, answers and exports that are absurdly large: told with the limit; nothing else stops."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from responses import RequestsMock

import labelbox_wire
import labelstudio_wire as ls
from bridge.errors import PlatformError
from bridge.records import Page
from bridge_labelbox.ndjson import LongLine, lines
from bridge_prodigy import ProdigySettings, connect
from bridge_prodigy.emulator import Emulator as Prodigy
from labelbox_exports import exported
from labelbox_loop import LabelboxLoop, labelbox_loop
from labelstudio_loop import LabelStudioLoop, labelstudio_loop
from memory_platform import mail, truth

pytestmark = pytest.mark.timeout(60)


def said(result: dict[str, Any], *words: str) -> None:
    """Check that there is one problem, and what it says."""
    (problem,) = result["problems"]
    told = f"{problem['where']} {problem['what']} {problem['fix']}"
    assert len(told) < 600
    for word in words:
        assert word in told


def answered(loop: LabelboxLoop | LabelStudioLoop) -> set[str]:
    """Let the loop ask, and people answer all of it."""
    loop.sync()
    keys = set(loop.queue())
    for key in keys:
        loop.answer(key, truth(key))
    assert loop.sync()["labels"] == len(keys)
    return keys


# ---------------------------------------------------------------------------------------- Labelbox


def fattened(row: dict[str, Any], where: str) -> dict[str, Any]:
    if where == "text":  # comes before the global key
        row["data_row"]["row_data"] = "x" * 200_000
    elif where == "label":
        row["attachments"] = [{"value": "y" * 200_000}]
    else:
        row["data_row"]["row_data"] = "MARK"
    return row


@pytest.mark.parametrize("where", ["text", "label", "nesting"])
def test_labelbox_row(tmp_path: Path, where: str) -> None:
    """Its answer is kept in a full pull, though the row cannot be read; and it is read again."""
    with labelbox_loop(tmp_path) as loop:
        loop.configure(platform="largest_row_mb = 0.1")
        keys = answered(loop)
        victim = sorted(keys)[0]

        def change(given: list[bytes]) -> list[bytes]:
            rows = [json.loads(line) for line in given]
            changed = [
                fattened(row, where) if row["data_row"]["global_key"] == victim else row
                for row in rows
            ]
            deep = b"[" * 3000 + b"]" * 3000
            return [json.dumps(row).encode().replace(b'"MARK"', deep) + b"\n" for row in changed]

        with exported(loop.emulator, change):
            told = loop.sync("--full")
            assert told["labels"] == len(keys)
            assert told["pulled"]["removed_items"] == 0
            assert {p["where"].rpartition(" ")[2] for p in told["problems"]} != set()
            for problem in told["problems"]:
                assert "data row" in problem["where"]
                if where != "nesting":
                    assert "more than 0.1 MB" in problem["what"]
                    assert "largest_row_mb" in problem["fix"]
            assert len(told["problems"]) == 2  # in the dataset's export, and the project's
            if where != "nesting":
                loop.configure(platform="largest_row_mb = 1")
                assert loop.sync("--full")["problems"] == []
        loop.configure()
        result = loop.sync("--full")
        assert result["problems"] == []
        assert result["labels"] == len(keys)


def pieces(*, megabytes: int) -> Iterator[bytes]:
    """Yield three rows in pieces; the second is large, and has its key behind its text."""
    yield b'{"data_row": {"id": "a", "global_key": "first"}}\n'
    yield b'{"data_row": {"id": "b", "row_data": "'
    for _ in range(megabytes * 16):
        yield b'x \\"global_key\\": \\"fake\\" ' * 2521
    yield b'", "glo'
    yield b'bal_key": "sec\\u006fnd"}}\n{"data_row": {"id": "c"}}'


def test_labelbox_line_of_gigabytes_takes_little_memory() -> None:
    tracemalloc.start()
    try:
        first, second, third = lines(pieces(megabytes=200), 1_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000
    assert isinstance(second, LongLine)
    assert (second.id, second.key) == ("b", "second")
    assert second.size > 200_000_000
    assert (first, third) == (
        b'{"data_row": {"id": "a", "global_key": "first"}}',
        b'{"data_row": {"id": "c"}}',
    )


def test_labelbox_many_large_rows_are_many_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge_labelbox.pull.PAGE_BYTES", 50_000)
    with RequestsMock(assert_all_requests_are_fired=False) as web:
        script = labelbox_wire.Script(web)
        script.on("GetProjectOntology", labelbox_wire.ontology(labelbox_wire.RADIO))
        rows = [labelbox_wire.row(f"r{n}", "x" * 20_000) for n in range(9)]
        script.exports(rows)
        pages = labelbox_wire.pulled(labelbox_wire.platform())
        assert [len(p.changes) for p in pages if p.changes] == [3, 3, 3]


def test_labelbox_export_of_petabytes_is_not_begun() -> None:
    with RequestsMock(assert_all_requests_are_fired=False) as web:
        script = labelbox_wire.Script(web)
        script.on("GetProjectOntology", labelbox_wire.ontology(labelbox_wire.RADIO))
        script.exports([labelbox_wire.row("a")], size=10**15)
        with pytest.raises(PlatformError, match=r"1,000,000\.0 GB") as caught:
            labelbox_wire.pulled(labelbox_wire.platform())
        assert "largest_export_gb" in caught.value.fix
        assert "GetExportFileFromOffset" not in [name for name, _ in script.asked]


# ------------------------------------------------------------------------------------ Label Studio


def test_labelstudio_page_that_is_too_large_is_asked_for_in_parts(tmp_path: Path) -> None:
    with labelstudio_loop(tmp_path) as loop:
        loop.configure(platform="page_tasks = 60\nlargest_answer_mb = 0.02")
        assert loop.sync()["pulled"]["new_items"] == 60
        assert loop.sync("--full")["problems"] == []


@pytest.mark.parametrize("page", [5, 60])
def test_labelstudio_tasks_of_one_moment_that_are_too_large_together(
    tmp_path: Path, page: int
) -> None:
    """They cannot be passed by their time, nor be read at once."""
    with labelstudio_loop(tmp_path) as loop:
        for number in range(20, 32):
            loop.server.tasks[number]["updated_at"] = loop.server.tasks[20]["updated_at"]
            loop.server.tasks[number]["data"]["long"] = "x" * 9_000
        loop.server.tasks[25]["data"]["long"] = "x" * 90_000
        loop.configure(platform=f"page_tasks = {page}\nlargest_answer_mb = 0.02")
        result = loop.sync()
        assert result["pulled"]["new_items"] == 59
        said(result, "task 25", "more than 0.02 MB")


@pytest.mark.parametrize("where", ["text", "annotation"])
def test_labelstudio_task(tmp_path: Path, where: str) -> None:
    with labelstudio_loop(tmp_path) as loop:
        small = "page_tasks = 10\nlargest_answer_mb = 0.1"
        loop.configure(platform=small)
        keys = answered(loop)
        victim = sorted(keys)[0]
        task = next(t for t in loop.server.tasks.values() if t["data"]["bridge_key"] == victim)
        if where == "text":
            task["data"]["long"] = "x" * 200_000
        else:
            task["annotations"][0]["note"] = "y" * 200_000
        result = loop.sync("--full")
        assert result["pulled"]["new_items"] == 0
        said(result, f"task {task['id']}", "more than 0.1 MB", "largest_answer_mb")
        if where == "annotation":
            assert result["labels"] == len(keys)
            assert result["pulled"]["removed_items"] == 0
        loop.configure()
        result = loop.sync("--full")
        assert result["problems"] == []
        assert result["labels"] == len(keys)


def test_labelstudio_tasks_that_cannot_be_read_do_not_look_deleted(tmp_path: Path) -> None:
    with labelstudio_loop(tmp_path) as loop:
        keys = answered(loop)
        victim = sorted(keys)[0]
        task = next(t for t in loop.server.tasks.values() if t["data"]["bridge_key"] == victim)
        task["annotations"] = "odd"
        result = loop.sync("--full")
        said(result, f"task {task['id']}", "cannot be read")
        assert result["labels"] == len(keys)
        assert result["pulled"]["removed_items"] == 0


def test_labelstudio_one_task_too_large_of_which_nothing_is_known(tmp_path: Path) -> None:
    """Where even its number is not to be seen, the run stops there, and says what to do."""
    with labelstudio_loop(tmp_path) as loop:
        loop.configure(platform="page_tasks = 10\nlargest_answer_mb = 0.1")
        loop.sync()
        loop.server.tasks[7] = {"note": "x" * 200_000} | loop.server.tasks[7]
        ran = loop.bridge("sync", "--full")
        assert ran.exit_code == 69
        assert "largest_answer_mb" in ran.stderr
        assert "more than 0.1 MB" in ran.stderr
        loop.configure()
        assert loop.sync("--full")["pulled"]["removed_items"] == 0


# ----------------------------------------------------------------------------------------- Prodigy


def prodigy(folder: Path, **more: Any) -> tuple[Prodigy, Any]:
    emulator = Prodigy(folder, ("ham", "spam"))
    emulator.add_items(mail(6).values())
    settings = {**emulator.settings, "largest_row_mb": 0.1, **more}
    return emulator, connect(ProdigySettings.model_validate(settings))


def items(pages: list[Page]) -> set[str]:
    return {c.key for page in pages for c in page.changes if c.item is not None}


def problem_of(pages: list[Page]) -> str:
    (problem,) = [p for page in pages for p in page.problems]
    return f"{problem.where} {problem.what}"


@pytest.mark.parametrize("end", [b"\n", b""])
def test_prodigy_pool_row(tmp_path: Path, end: bytes) -> None:
    emulator, platform = prodigy(tmp_path)
    with emulator.options.source.open("ab") as file:
        file.write(b'{"key": "big", "text": "' + b"x" * 3_000_000 + b'"}' + end)
    pages = list(platform.pull(None))
    assert len(items(pages)) == 6
    assert "line 7" in problem_of(pages)
    assert "3.0 MB, more than 'largest_row_mb'" in problem_of(pages)
    with emulator.options.source.open("ab") as file:
        file.write((b"" if end else b"\n") + b'{"key": "late", "text": "a text"}\n')
    more = list(platform.pull(pages[-1].cursor))
    assert items(more) == {"late"}  # what came before was read, and is not read again
    assert sum(len(page.problems) for page in more) == (0 if end else 1)


def test_prodigy_pool_row_of_gigabytes_takes_little_memory(tmp_path: Path) -> None:
    emulator, platform = prodigy(tmp_path)
    with emulator.options.source.open("r+b") as file:
        file.seek(300_000_000)  # a hole in the file: zeros without an end of line
        file.write(b'\n{"key": "late", "text": "a text"}\n')
    tracemalloc.start()
    try:
        pages = list(platform.pull(None))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000
    assert "late" in items(pages)


def test_prodigy_answer_in_the_database(tmp_path: Path) -> None:
    emulator, platform = prodigy(tmp_path)
    first, second, *_ = mail(6)
    long = {"key": first, "text": "a text", "note": "x" * 3_000_000, "accept": ["ham"]}
    emulator.database.add_dataset(emulator.options.dataset)
    emulator.database.add_examples([long | {"answer": "accept"}], [emulator.options.dataset])
    emulator.database.add_examples(
        [{"key": second, "text": "b", "accept": ["spam"], "answer": "accept"}],
        [emulator.options.dataset],
    )
    pages = list(platform.pull(None))
    assert "3.0 MB, more than 'largest_row_mb'" in problem_of(pages)
    told = [a.item_key for page in pages for c in page.changes for a in c.annotations or ()]
    assert told == [second]
    more = list(platform.pull(pages[-1].cursor))
    assert [p for page in more for p in page.problems] == []  # it is known already


def test_prodigy_answer_in_an_export(tmp_path: Path) -> None:
    export = tmp_path / "export.jsonl"
    row = {"key": "a", "text": "t", "accept": ["ham"], "answer": "accept"}
    rows = [row | {"note": "x" * 3_000_000}, row | {"key": "b"}]
    export.write_text("".join(json.dumps(one) + "\n" for one in rows))
    _, platform = prodigy(tmp_path, export=export, database=None)
    pages = list(platform.pull(None))
    assert "export.jsonl, line 1" in problem_of(pages)
    told = [a.item_key for page in pages for c in page.changes for a in c.annotations or ()]
    assert told == ["b"]


def test_labelstudio_wire_has_the_number_first() -> None:
    """The rig sends tasks as the real server does, whose rows begin with the id."""
    with RequestsMock(assert_all_requests_are_fired=False) as web:
        wire = ls.Wire(web)
        wire.add("a")
        assert next(iter(wire.tasks[1])) == "id"
