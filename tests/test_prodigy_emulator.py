"""The stand-in's server, used over sockets as annotation clients use Prodigy's."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge.errors import DataError, PlatformError
from bridge.records import Classes, Item
from bridge.testing import batch_of, replay
from bridge_prodigy import ADAPTER, ProdigySettings, connect
from bridge_prodigy.emulator import Emulator, emulate

CLASSES = ("yes", "no")
ITEMS = [Item(key=f"k{i:02}", text=f"text {i}") for i in range(30)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Emulator]:
    desk = Emulator(tmp_path, CLASSES)
    desk.add_items(ITEMS)
    yield desk
    desk.stop()


class Bot:
    """An annotator that works over HTTP and says yes to even numbers."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._session = f"bridge-demo-{name}"
        self._http = requests.Session()

    def post(self, path: str, **body: Any) -> Any:
        response = self._http.post(f"{self._url}{path}", json=body, timeout=10)
        assert response.status_code == 200, response.text
        return response.json()

    def questions(self, excludes: tuple[int, ...] = ()) -> list[dict[str, Any]]:
        body = {"session_id": self._session, "excludes": list(excludes)}
        tasks: list[dict[str, Any]] = self.post("/get_session_questions", **body)["tasks"]
        return tasks

    def answer(self, tasks: list[dict[str, Any]]) -> None:
        answers = []
        for task in tasks:
            choice = "yes" if int(task["text"].split()[1]) % 2 == 0 else "no"
            answers.append({**task, "accept": [choice], "answer": "accept"})
        self.post("/give_answers", answers=answers, session_id=self._session)

    def work(self) -> None:
        while tasks := self.questions():
            self.answer(tasks)

    def close(self) -> None:
        self._http.close()


def push(desk: Emulator) -> None:
    platform = connect(desk.options)
    platform.push(batch_of(ITEMS, CLASSES), platform.schema())


def test_bots_at_work_answer_everything_once(desk: Emulator) -> None:
    push(desk)
    url = desk.start()
    bots = [Bot(url, name) for name in ("ann", "bob-lee", "cem")]
    threads = [threading.Thread(target=bot.work) for bot in bots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for bot in bots:
        bot.close()
    annotations = replay(connect(desk.options).pull(None))[1].values()
    told = {a.item_key: a.value for a in annotations}
    assert len(annotations) == 30
    assert told == {
        item.key: Classes(chosen=("yes" if n % 2 == 0 else "no",)) for n, item in enumerate(ITEMS)
    }
    assert {a.annotator for a in annotations} <= {"ann", "bob-lee", "cem"}
    assert all(a.updated_at for a in annotations)


def test_open_tasks_are_kept_for_a_reload(desk: Emulator) -> None:
    push(desk)
    bot = Bot(desk.start(), "ann")
    first = bot.questions()
    assert bot.questions() == first, "a browser that was reloaded has no task left"
    held = tuple(task["_task_hash"] for task in first)
    assert [t["bridge_key"] for t in bot.questions(held)] == [i.key for i in ITEMS[5:10]]
    bot.close()


def test_the_project_tells_view_and_configuration(desk: Emulator) -> None:
    url = desk.start()
    for path in ("/project", "/project/bridge-demo-ann"):
        project = requests.get(url + path, timeout=10).json()
        assert (project["view_id"], project["batch_size"]) == ("choice", 5)
        assert project["choice_style"] == "single"
    assert "stand-in" in requests.get(url + "/version", timeout=10).json()["name"]
    assert requests.get(url + "/get_questions", timeout=10).json()["tasks"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/give_answers", b"{"),
        ("/give_answers", b'{"answers": [{"text": "a"}]}'),
        ("/give_answers", b"\xff"),
        ("/get_session_questions", b"{}"),
    ],
)
def test_bad_requests_are_refused(desk: Emulator, path: str, body: bytes) -> None:
    response = requests.post(desk.start() + path, data=body, timeout=10)
    assert response.status_code == 422
    assert response.json()["detail"]


def test_a_port_that_is_taken_is_told(desk: Emulator, tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(PlatformError, match="cannot listen"),
    ):
        desk.start(port=taken.getsockname()[1])


def test_emulate_prepares_a_folder_and_serves(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    rows = [{"text": "good", "label": "pos"}, {"text": "bad", "label": "neg"}, {"text": "so so"}]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    code = f"from bridge_prodigy import ADAPTER; ADAPTER.emulate('127.0.0.1', 0, {str(data)!r})"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline()]
        while not said[-1].startswith("classes"):
            said.append(process.stdout.readline())
            assert said[-1], said
        (url,) = re.findall(r"http://\S+", said[0])
        project = requests.get(f"{url}/project", timeout=10).json()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    table = tomllib.loads("".join(said[said.index("[platform]\n") :]))["platform"]
    assert table.pop("type") == "prodigy"
    settings = ProdigySettings.model_validate(table)
    assert project["dataset"] == settings.dataset
    assert settings.classes == ("neg", "pos")
    items = replay(connect(settings).pull(None))[0]
    assert sorted(item.text or "" for item in items.values()) == ["bad", "good", "so so"]
    assert "label" not in Path(settings.source).read_text()


def test_emulate_refuses_data_that_cannot_be_read(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_bytes(b'{"text": "caf\xe9"}\n')
    with pytest.raises(DataError, match="line 1"):
        emulate("127.0.0.1", 0, str(data))
    with pytest.raises(DataError, match="cannot be read"):
        emulate("127.0.0.1", 0, str(tmp_path / "absent.jsonl"))


def test_a_rehearsal_is_set_up_and_taken_down() -> None:
    assert ADAPTER.stage is not None
    with ADAPTER.stage("multi", CLASSES) as project:
        project.add_items(ITEMS[:3])
        settings = ProdigySettings.model_validate(project.settings)
        platform = connect(settings)
        platform.push(batch_of(ITEMS[:3], CLASSES), platform.schema())
        assert project.queue() == ["k00", "k01", "k02"]
        project.answer("k00", [], "ann@example.com")
        project.skip("k01", "ann@example.com")
        assert project.queue() == ["k02"]
        annotations = replay(platform.pull(None))[1].values()
        assert {a.item_key: a.value for a in annotations} == {"k00": Classes(), "k01": None}
        folder = settings.source.parent
    assert not folder.exists()
    with pytest.raises(DataError, match="boxes"), ADAPTER.stage("boxes", CLASSES):
        pass
