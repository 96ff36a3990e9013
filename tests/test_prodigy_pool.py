"""The pool file, read as it is and as it grows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.errors import DataError
from bridge.platforms import Platform
from bridge.records import Item, Page, digest
from bridge.testing import replay
from bridge_prodigy import ProdigySettings, connect
from bridge_prodigy.emulator import Emulator
from bridge_prodigy.files import decoded


@pytest.fixture
def emulator(tmp_path: Path) -> Emulator:
    return Emulator(tmp_path, ("yes", "no"))


@pytest.fixture
def platform(emulator: Emulator) -> Platform:
    return connect(emulator.options)


def write(emulator: Emulator, *rows: object) -> None:
    lines = [r if isinstance(r, bytes) else json.dumps(r).encode() + b"\n" for r in rows]
    emulator.options.source.write_bytes(b"".join(lines))


def append(emulator: Emulator, data: bytes) -> None:
    with emulator.options.source.open("ab") as file:
        file.write(data)


def last_cursor(pages: list[Page]) -> str:
    cursors = [page.cursor for page in pages if page.cursor is not None]
    assert cursors, "no page had a cursor"
    return cursors[-1]


def problems(pages: list[Page]) -> list[str]:
    return [f"{p.where}: {p.what}" for page in pages for p in page.problems]


def told(pages: list[Page]) -> dict[str, Item]:
    return replay(pages)[0]


def test_identity_of_rows(emulator: Emulator, platform: Platform) -> None:
    write(
        emulator,
        {"text": "by key", "key": "a", "id": "b"},
        {"text": "by id", "id": 7},
        {"text": "by content", "id": None},
        {"text": "too long", "id": "x" * 600},
        {"image": "https://example.org/cat.png"},
    )
    items = told(list(platform.pull(None)))
    assert {key: item.text or item.url for key, item in items.items()} == {
        "a": "by key",
        "7": "by id",
        digest(["text", "by content", None]): "by content",
        digest("x" * 600): "too long",
        digest(["image", None, "https://example.org/cat.png"]): "https://example.org/cat.png",
    }


def test_key_field(emulator: Emulator) -> None:
    write(emulator, {"text": "one", "id": 1, "sku": "A-1"}, {"text": "none", "id": 2})
    settings = emulator.options.model_copy(update={"key_field": "sku"})
    items = told(list(connect(settings).pull(None)))
    assert set(items) == {"A-1", digest(["text", "none", None])}


def test_labels_of_rows_do_not_travel_with_the_item(emulator: Emulator, platform: Platform) -> None:
    row = {"text": "t", "id": 1, "label": "yes", "answer": "accept", "lang": "fi", "_x": 1}
    write(emulator, {**row, "meta": {"source": "mail"}})
    (item,) = told(list(platform.pull(None))).values()
    assert item.meta == {"id": 1, "lang": "fi", "meta": {"source": "mail"}}


def test_bad_rows_are_told_and_stop_nothing(emulator: Emulator, platform: Platform) -> None:
    write(
        emulator,
        b"\xef\xbb\xbf" + b'{"text": "with a byte order mark", "id": "bom"}\r\n',
        b'{"text": "caf\xe9", "id": "latin"}\n',
        b"\n",
        b'{"text": \n',
        b'["a list"]\n',
        {"id": "no content"},
        {"text": "  \n", "id": "blank"},
        {"text": 5, "id": "number"},
        {"text": "good", "id": "good"},
        b'{"text": "half a li',
    )
    pages = list(platform.pull(None))
    assert set(told(pages)) == {"bom", "good"}
    assert [line.partition(":")[0] for line in problems(pages)] == [
        f"pool.jsonl, line {n}" for n in (2, 4, 5, 6, 7, 8, 10)
    ]
    assert "not UTF-8" in problems(pages)[0]


def test_many_bad_rows_are_summed_up(emulator: Emulator, platform: Platform) -> None:
    write(emulator, *[b"{\n"] * 500, {"text": "good", "id": "good"})
    pages = list(platform.pull(None))
    assert set(told(pages)) == {"good"}
    assert len(problems(pages)) == 21
    assert "480 more" in problems(pages)[-1]


def test_duplicate_keys_are_told_and_the_last_row_holds(
    emulator: Emulator, platform: Platform
) -> None:
    many = [{"text": f"row {i}", "id": i} for i in range(1500)]
    write(emulator, *many, {"text": "new 3", "id": 3}, {"text": "new 1499", "id": "1499"})
    pages = list(platform.pull(None))
    items = told(pages)
    assert len(items) == 1500
    assert (items["3"].text, items["1499"].text) == ("new 3", "new 1499")
    assert [line.partition(":")[0] for line in problems(pages)] == [
        "pool.jsonl, line 1501",
        "pool.jsonl, line 1502",
    ]
    for page in pages:
        keys = [change.key for change in page.changes]
        assert len(set(keys)) == len(keys)


def test_a_duplicate_row_does_not_hide_answers(emulator: Emulator, platform: Platform) -> None:
    write(emulator, {"text": "old", "key": "a"}, {"text": "new", "key": "a"})
    emulator.answer("a", ["yes"])
    items, annotations, _ = replay(platform.pull(None))
    assert items["a"].text == "new"
    assert [a.item_key for a in annotations.values()] == ["a"]


def test_an_unchanged_file_is_not_told_again(emulator: Emulator, platform: Platform) -> None:
    write(emulator, {"text": "one", "id": 1})
    cursor = last_cursor(list(platform.pull(None)))
    assert list(platform.pull(cursor)) == []


def test_only_appended_rows_are_told(emulator: Emulator, platform: Platform) -> None:
    write(emulator, *[{"text": f"row {i}", "id": i} for i in range(3)])
    cursor = last_cursor(list(platform.pull(None)))
    append(emulator, b'{"text": "late", "id": "late"}\n')
    pages = list(platform.pull(cursor))
    assert set(told(pages)) == {"late"}
    assert list(platform.pull(last_cursor(pages))) == []


def test_a_last_line_that_is_completed_later_is_read_then(
    emulator: Emulator, platform: Platform
) -> None:
    write(emulator, {"text": "one", "id": 1}, b'{"text": "two", ')
    pages = list(platform.pull(None))
    assert len(problems(pages)) == 1
    append(emulator, b'"id": 2}\n')
    pages = list(platform.pull(last_cursor(pages)))
    assert set(told(pages)) == {"2"}
    assert problems(pages) == []


def test_a_last_line_without_its_end_counts_when_it_is_whole(
    emulator: Emulator, platform: Platform
) -> None:
    write(emulator, {"text": "one", "id": 1}, b'{"text": "two", "id": 2}')
    pages = list(platform.pull(None))
    assert set(told(pages)) == {"1", "2"}
    append(emulator, b'\n{"text": "three", "id": 3}\n')
    assert {"3"} <= set(told(list(platform.pull(last_cursor(pages))))) <= {"2", "3"}


def test_a_replaced_file_is_told_whole(emulator: Emulator, platform: Platform) -> None:
    write(emulator, {"text": "one", "id": 1}, {"text": "two", "id": 2})
    cursor = last_cursor(list(platform.pull(None)))
    write(emulator, {"text": "ONE", "id": 1}, {"text": "two", "id": 2}, {"text": "3", "id": 3})
    assert set(told(list(platform.pull(cursor)))) == {"1", "2", "3"}


def test_reading_goes_on_from_every_page(emulator: Emulator, platform: Platform) -> None:
    cursor = last_cursor(list(platform.pull(None)))
    write(emulator, *[{"text": f"row {i}", "id": i} for i in range(2500)])
    first, *rest = list(platform.pull(cursor))
    assert len(first.changes) == 1000
    again = list(connect(emulator.options).pull(first.cursor))
    assert set(told([first])) | set(told(again)) == {str(i) for i in range(2500)}
    assert len(told(again)) == 1500
    assert told(again) == told(rest)


def test_no_pool_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    Emulator(tmp_path, ("yes", "no"))
    (tmp_path / "pool.jsonl").unlink()
    settings = ProdigySettings(
        dataset="d",
        source=tmp_path / "pool.jsonl",
        queue=tmp_path / "q.jsonl",
        classes=("yes", "no"),
        database=tmp_path / "prodigy.db",
    )
    with pytest.raises(DataError, match=r"pool\.jsonl"):
        list(connect(settings).pull(None))
    bad = [f for f in connect(settings).check() if not f.ok]
    assert [f.name for f in bad] == ["source"]
    assert bad[0].fix


def test_after_an_unreadable_cursor_everything_is_told(
    emulator: Emulator, platform: Platform
) -> None:
    write(emulator, {"text": "one", "id": 1})
    assert set(told(list(platform.pull('{"from": "another version"}')))) == {"1"}


def test_a_row_that_is_nested_too_deeply_is_said_to_be() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        decoded(b'{"text": ' + b"[" * 100_000)
