"""The emulator on its own: its control API, and the command that runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge.errors import ConfigError, DataError
from bridge.records import Classes
from bridge.testing import batch_of, replay
from bridge_labelbox import ADAPTER, LabelboxPlatform, LabelboxSettings
from bridge_labelbox.emulator import Emulator

CLASSES = ("ham", "spam")


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def connect(emulator: Emulator, project: str, dataset: str) -> LabelboxPlatform:
    given = {
        "api_key": emulator.api_key,
        "project": project,
        "datasets": [dataset],
        "endpoint": emulator.url,
        "poll_interval_s": 0.05,
    }
    return LabelboxPlatform(LabelboxSettings.model_validate(given))


class Http:
    """The control API, as another process would use it."""

    def __init__(self, emulator: Emulator) -> None:
        self._base = emulator.url.removesuffix("/graphql") + "/emulator"
        self._session = requests.Session()

    def __call__(self, method: str, path: str, expect: int = 200, **body: Any) -> Any:
        url = f"{self._base}/{path}"
        with self._session.request(method, url, json=body or None, timeout=10) as answer:
            assert answer.status_code == expect, answer.text
            return answer.json()

    def close(self) -> None:
        self._session.close()


@pytest.fixture
def http(emulator: Emulator) -> Iterator[Http]:
    http = Http(emulator)
    yield http
    http.close()


def test_people_can_be_played_over_http(emulator: Emulator, http: Http) -> None:
    project, dataset = emulator.add_project(CLASSES)
    assert project in http("GET", "state")["projects"]
    at = f"projects/{project}"
    items = [{"key": key, "text": f"text of {key}"} for key in ("a/b", 'c"d', "e")]
    http("POST", f"{at}/items", items=items)
    platform = connect(emulator, project, dataset)
    found, _, _ = replay(platform.pull(None))
    platform.push(batch_of(list(found.values()), CLASSES), platform.schema())
    assert http("GET", f"{at}/queue") == {"keys": ["a/b", 'c"d', "e"]}
    assert http("GET", f"{at}/pre_annotations") == {"a/b": [["ham"]], 'c"d': [["spam"]]}
    http("POST", f"{at}/answer", key="a/b", classes=["spam"], annotator="bob", seconds=9)
    http("POST", f"{at}/skip", key='c"d')
    _, annotations, _ = replay(platform.pull(None))
    told = {a.item_key: (a.status, a.annotator, a.seconds) for a in annotations.values()}
    assert told == {"a/b": ("answered", "bob", 9), 'c"d': ("skipped", "ann@example.com", 0)}
    http("POST", f"{at}/delete_label", key="a/b", annotator="bob")
    assert http("GET", f"{at}/queue") == {"keys": ["a/b", "e"]}
    http("DELETE", f"{at}/items/a%2Fb")
    assert http("GET", f"{at}/queue") == {"keys": ["e"]}
    platform.close()


def test_failures_can_be_ordered_over_http(emulator: Emulator, http: Http) -> None:
    project, dataset = emulator.add_project(CLASSES)
    platform = connect(emulator, project, dataset)
    http("POST", "faults", kind="status", on="call", status=429, retry_after="0")
    assert platform.schema().names == CLASSES
    assert platform.calls == 2
    http("POST", "faults", kind="reset", on="call", times=50)
    http("DELETE", "faults")
    assert platform.schema().names == CLASSES
    platform.close()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("projects/nope/answer", {"key": "k", "classes": ["ham"]}),
        ("projects/{}/answer", {"key": "nope", "classes": ["ham"]}),
        ("projects/{}/answer", {"classes": ["ham"]}),
        ("faults", {"kind": "no such kind"}),
    ],
)
def test_wrong_orders_are_told(emulator: Emulator, http: Http, path: str, body: Any) -> None:
    project, _ = emulator.add_project(CLASSES)
    assert http("POST", path.format(project), 400, **body)["error"]


def test_unknown_operations_are_refused_as_labelbox_does(emulator: Emulator) -> None:
    headers = {"Authorization": f"Bearer {emulator.api_key}"}
    refused, not_parsed = "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"
    said = {"query NoSuchPyApi{x}": refused, "{user{id}}": refused, "asda": not_parsed}
    for text, code in said.items():
        with requests.post(
            emulator.url, json={"query": text}, headers=headers, timeout=10
        ) as answer:
            (error,) = answer.json()["errors"]
            assert error["extensions"]["code"] == code


def test_a_priority_outside_int32_is_refused(emulator: Emulator) -> None:
    project, _ = emulator.add_project(CLASSES)
    emulator.add_items(project, [("k", "text")])
    wanted = {"name": "b", "dataRowIds": [], "globalKeys": ["k"], "priority": 2**31}
    body = {
        "query": "mutation createBatchV2PyApi { x }",
        "variables": {"projectId": project, "batchInput": wanted},
    }
    headers = {"Authorization": f"Bearer {emulator.api_key}"}
    with requests.post(emulator.url, json=body, headers=headers, timeout=10) as answer:
        assert answer.json()["errors"]
    assert emulator.queue(project) == []


def test_a_taken_port_is_a_clear_error(emulator: Emulator) -> None:
    port = int(emulator.url.split(":")[2].split("/")[0])
    with pytest.raises(ConfigError, match="cannot listen"):
        Emulator(port=port).start()


# ------------------------------------------------------------------------------------- the command


def test_emulate_serves_a_file(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    rows = [{"text": f"Text\u2028 {n}", "label": ["no", "yes"][n % 2]} for n in range(5)]
    data.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    program = "from bridge_labelbox import ADAPTER; ADAPTER.emulate('127.0.0.1', 0, {!r})"
    command = [sys.executable, "-c", program.format(str(data))]
    paths = os.pathsep.join(path for path in sys.path if path)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths}
    ) as process:
        try:
            assert process.stdout is not None
            assert "not Labelbox" in process.stdout.readline()
            printed = [process.stdout.readline().split(" = ", 1) for _ in range(4)]
            given = {name: json.loads(value) for name, value in printed}
            platform = LabelboxPlatform(LabelboxSettings.model_validate(given))
            assert platform.schema().names == ("no", "yes")
            items, _, _ = replay(platform.pull(None))
            assert sorted(i.text or "" for i in items.values()) == [row["text"] for row in rows]
            platform.close()
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(15) == 0


@pytest.mark.parametrize("line", ["not json", '{"label": "a"}', '{"text": ""}', "[1]"])
def test_emulate_names_the_line_that_is_wrong(tmp_path: Path, line: str) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text(f'{{"text": "fine"}}\n{line}\n')
    assert ADAPTER.emulate is not None
    with pytest.raises(DataError, match="Line 2"):
        ADAPTER.emulate("127.0.0.1", 0, str(data))


def test_emulate_without_its_file(tmp_path: Path) -> None:
    assert ADAPTER.emulate is not None
    with pytest.raises(DataError, match="cannot be read"):
        ADAPTER.emulate("127.0.0.1", 0, str(tmp_path / "none.jsonl"))


def test_usable_in_five_lines(emulator: Emulator) -> None:
    project, dataset = emulator.add_project(CLASSES)
    (key,) = emulator.add_items(project, [("k", "a text")])
    platform = connect(emulator, project, dataset)
    (item,) = replay(platform.pull(None))[0].values()
    platform.push(batch_of([item], CLASSES), platform.schema())
    emulator.answer(project, key, ["ham"])
    (annotation,) = replay(platform.pull(None))[1].values()
    assert annotation.value == Classes(chosen=("ham",))
    platform.close()
