"""A project on a real Label Studio, the people at it, and a network that loses answers."""

from __future__ import annotations

import http.server
import re
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import requests

from bridge.records import Item, TaskType
from bridge_labelstudio import LabelStudioPlatform, LabelStudioSettings
from tests_real.labelstudio.server import Server

PASSWORD = "a-password-for-loopback"  # everybody's, on a throw-away server
CHOICE = {"single": "single", "multi": "multiple"}


class People:
    """A running server and the people who have an account there."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._keys = {"owner": server.token}
        self._personal = ""
        self.calls = 0
        self._session = requests.Session()
        self._session.trust_env = False

    def call(self, method: str, path: str, who: str = "owner", **more: Any) -> Any:
        """Make a call as somebody, and return the decoded answer."""
        headers = {"Authorization": f"Token {self.key(who)}"}
        self.calls += 1
        self._session.cookies.clear()  # the key alone says who calls
        answer = self._session.request(method, self.server.url + path, headers=headers, **more)
        assert answer.ok, (method, path, answer.status_code, answer.text[:500])
        return answer.json() if answer.content else None

    def key(self, who: str) -> str:
        """Return somebody's key; let them sign up first."""
        if who not in self._keys:
            self._keys[who] = self._sign_up(who)
        return self._keys[who]

    def personal_token(self) -> str:
        """Return the owner's personal access token; there is at most one."""
        self._personal = self._personal or str(self.call("POST", "/api/token/")["token"])
        return self._personal

    def _sign_up(self, who: str) -> str:
        invited = self.server.url + self.call("GET", "/api/invite")["invite_url"]
        with requests.Session() as session:
            session.trust_env = False
            page = session.get(invited).text
            hidden = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
            assert hidden, page[:500]
            form = {
                "csrfmiddlewaretoken": hidden[1],
                "email": f"{who}@example.com",
                "password": PASSWORD,
                "allow_newsletters": "false",
                "how_find_us": "other",
            }
            session.post(invited, data=form, headers={"Referer": invited})
            return str(session.get(f"{self.server.url}/api/current-user/token").json()["token"])

    @property
    def database(self) -> Path:
        return Path(self.server.data) / "label_studio.sqlite3"


class Forwarder(http.server.ThreadingHTTPServer):
    """Passes calls on to the server; may execute one and lose its answer."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Forward)
        self.target = target
        self.lose_in = 0
        self.on_loss: Callable[[], None] = lambda: None
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def loses(self, method: str, path: str) -> bool:
        """Note a call, and tell whether its answer is to be lost."""
        self.asked.append(f"{method} {path.partition('?')[0]}")
        if method == "GET" or path.startswith("/api/token"):
            return False
        self.lose_in -= 1
        return self.lose_in == 0


class _Forward(http.server.BaseHTTPRequestHandler):
    server: Forwarder

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {n: v for n, v in self.headers.items() if n.lower() not in ("host", "connection")}
        url = self.server.target + self.path
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(self.command, url, data=body, headers=headers)
        if self.server.loses(self.command, self.path):
            self.close_connection = True
            self.server.on_loss()
            return
        self.send_response(answer.status_code)
        for name in ("Content-Type", "Date", "Retry-After", "Set-Cookie"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PATCH = do_DELETE = _pass  # noqa: N815

    def log_message(self, *args: object) -> None:
        pass

    def send_response(self, code: int, message: str | None = None) -> None:
        self.send_response_only(code, message)  # the server's own date, not ours


_LOCK_AGAIN = """
INSERT INTO tasks_tasklock (task_id, user_id, expire_at)
SELECT task_id, user_id, expire_at FROM tasks_tasklock WHERE task_id = ? LIMIT 1
"""


class LabelStudioRig:
    """One project; see :class:`bridge.testing.Rig`."""

    keyed = True
    writes_can_be_lost = True

    def __init__(self, people: People, network: Forwarder, project: int, overlap: int = 1) -> None:
        self.overlap = overlap
        self.people = people
        self.network = network
        self.project = project
        self.tasks: dict[str, int] = {}
        self._annotations: dict[tuple[str, str], int] = {}

    def settings(self, **more: Any) -> LabelStudioSettings:
        given = {
            "url": self.network.url,
            "api_key": self.people.server.token,
            "project": self.project,
            "retry_budget_s": 5,
            "settle_s": 10,
        }
        return LabelStudioSettings.model_validate(given | more)

    def connect(self, *, wrong_key: bool = False, **more: Any) -> LabelStudioPlatform:
        if wrong_key:
            more["api_key"] = "wrong-key"
        return LabelStudioPlatform(self.settings(**more))

    def noted(self) -> tuple[dict[str, int], dict[tuple[str, str], int]]:
        """Return what is noted of tasks and annotations here, for :meth:`note`."""
        return dict(self.tasks), dict(self._annotations)

    def note(self, noted: tuple[dict[str, int], dict[tuple[str, str], int]]) -> None:
        """Go back to what was noted, after the server's database was."""
        self.tasks, self._annotations = dict(noted[0]), dict(noted[1])

    # ------------------------------------------------------------------------------------- people

    def add_items(self, items: Sequence[Item]) -> None:
        rows = [{"data": {"text": item.text, "bridge_key": item.key}} for item in items]
        path = f"/api/projects/{self.project}/import?return_task_ids=1"
        made = self.people.call("POST", path, json=rows)["task_ids"]
        self.tasks |= dict(zip((item.key for item in items), made, strict=True))

    def remove_item(self, key: str) -> None:
        self.people.call("DELETE", f"/api/tasks/{self.tasks[key]}/")

    def result(self, classes: Sequence[str]) -> list[dict[str, Any]]:
        value = {"choices": list(classes)}
        return [{"from_name": "kind", "to_name": "text", "type": "choices", "value": value}]

    def answer(self, key: str, classes: Sequence[str], annotator: str = "ann") -> None:
        given = {"result": self.result(classes), "lead_time": 1.5}
        known = self._annotations.get((key, annotator))
        if known is None:
            self._annotate(key, annotator, given)
        else:
            self.people.call("PATCH", f"/api/annotations/{known}/", annotator, json=given)

    def skip(self, key: str, annotator: str = "ann") -> None:
        self._annotate(key, annotator, {"result": [], "was_cancelled": True})

    def _annotate(self, key: str, annotator: str, given: Mapping[str, Any]) -> None:
        path = f"/api/tasks/{self.tasks[key]}/annotations/"
        made = self.people.call("POST", path, annotator, json=given)
        self._annotations[key, annotator] = made["id"]

    def delete_answer(self, key: str, annotator: str = "ann") -> None:
        number = self._annotations.pop((key, annotator))
        self.people.call("DELETE", f"/api/annotations/{number}/")

    # -------------------------------------------------------------------------------------- queue

    def serve(self, most: int = 1000) -> list[tuple[str, list[Any]]]:
        """Return (key, predictions shown) as Label Studio serves them, until its queue is empty.

        What was served is taken for being on other people's screens: its lock is given to another
        user in the database, as many times as the project wants answers, so that the next call
        serves the next task. All locks are lifted at the end.
        """
        served = []
        with closing(sqlite3.connect(self.people.database, timeout=60)) as database:
            while len(served) < most:
                task = self._next()
                if task is None or not task["predictions"]:
                    break
                served.append((task["data"]["bridge_key"], task["predictions"]))
                with database:
                    database.execute("UPDATE tasks_tasklock SET user_id = 1")
                    for _ in range(self.overlap - 1):
                        database.execute(_LOCK_AGAIN, [task["id"]])
            with database:
                database.execute("DELETE FROM tasks_tasklock")
        return served

    def _next(self) -> Any | None:
        url = f"{self.people.server.url}/api/projects/{self.project}/next"
        key = self.people.key("watcher")
        answer = requests.get(url, headers={"Authorization": f"Token {key}"}, timeout=120)
        return answer.json() if answer.ok else None

    def queue(self) -> list[str]:
        return [key for key, _ in self.serve()]

    def pre_annotations(self) -> Mapping[str, tuple[str, ...]]:
        shown = {}
        for key, predictions in self.serve():
            assert len(predictions) == 1, (key, predictions)
            regions = predictions[0]["result"]
            if regions:
                shown[key] = tuple(regions[0]["value"]["choices"])
        return shown

    def called(self, annotator: str) -> str:
        """People are known by their addresses."""
        return f"{annotator}@example.com"

    def lose_write(self, nth: int) -> None:
        self.network.lose_in = nth


def interface(task: TaskType, classes: Sequence[str]) -> str:
    """Return a labeling interface of Choices."""
    choices = "".join(f'<Choice value="{name}"/>' for name in classes)
    return (
        '<View><Text name="text" value="$text"/>'
        f'<Choices name="kind" toName="text" choice="{CHOICE[task]}">{choices}</Choices></View>'
    )


def make_project(people: People, label_config: str, **more: Any) -> int:
    """Make a project and return its number."""
    # Skips end a task, instead of asking somebody else (Label Studio's default).
    given = {"title": f"test {uuid.uuid4().hex[:12]}", "skip_queue": "IGNORE_SKIPPED"}
    made = people.call("POST", "/api/projects/", json=given | {"label_config": label_config} | more)
    return int(made["id"])


@contextmanager
def labelstudio_rig(
    people: People, task: TaskType, classes: Sequence[str], **more: Any
) -> Iterator[LabelStudioRig]:
    """Make a project behind a network of its own."""
    project = make_project(people, interface(task, classes), **more)
    network = Forwarder(people.server.url)
    thread = threading.Thread(target=network.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield LabelStudioRig(people, network, project, more.get("maximum_annotations", 1))
    finally:
        network.shutdown()
        network.server_close()
        thread.join()
