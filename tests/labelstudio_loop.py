"""A loop over a small Label Studio on a real socket, driven through the command line."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from click.testing import CliRunner, Result

import labelstudio_wire as ls
from bridge.cli import main
from memory_platform import mail

KEY = "canary.personal.token"
CLASSES = ("ham", "spam")

TOML = """
[platform]
type = "labelstudio"
api_key = "${{LABELSTUDIO_API_KEY}}"
url = "{url}"
project = {project}
retry_budget_s = 2
settle_s = 0
{platform}

[queue]
depth = 12
batch = 4
{rest}
"""


class LabelStudio(ls.Wire):
    """What the real one does, with a clock that moves, people, and tokens that run out.

    Attributes:
        key: the personal access token that is accepted; None for none.
        listed: what becomes of the rows of a page before they are sent.
        late_s: how long an answer stays out of every list, though it has its time.
    """

    def __init__(self) -> None:
        super().__init__(SimpleNamespace(add_callback=lambda *_: None))  # type: ignore[arg-type]
        self.project["parsed_label_config"] = {"kind": ls.control("Choices", list(CLASSES))}
        self.lock = threading.RLock()
        self.key: str | None = KEY
        self.tokens: set[str] = set()
        self.ahead = timedelta()
        self.late_s = 0.0
        self.listed: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda rows: rows
        self._late: list[tuple[datetime, Callable[[], None]]] = []
        self._numbers = iter(range(1, 10**9))

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def put(self, key: str, text: str) -> None:
        with self.lock:
            self.add(key, updated_at=_shown(self.now()))
            self.tasks[len(self.tasks)]["data"]["text"] = text

    def answer(self, key: str, name: str) -> None:
        with self.lock:
            task = next(t for t in self.tasks.values() if t["data"]["bridge_key"] == key)
            moment = _shown(self.now())
            given = ls.annotation(next(self._numbers), name, created_at=moment, updated_at=moment)
            if task["annotations"]:  # the person changes it
                given["id"] = task["annotations"][0]["id"]
            news = {
                "annotations": [given],
                "updated_at": moment,
                "is_labeled": True,
                "total_annotations": 1,
                "updated_by": [{"user_id": 1}],
            }
            self._late.append(
                (self.now() + timedelta(seconds=self.late_s), lambda: task.update(news))
            )

    def take(self, rows: list[dict[str, Any]]) -> int:
        self.made_at |= {row["model_version"]: _shown(self.now()) for row in rows}
        return super().take(rows)

    def reply(self, method: str, url: str, headers: Any, body: bytes) -> ls.Reply:
        with self.lock:
            due = [change for at, change in self._late if at <= self.now()]
            self._late = [one for one in self._late if one[0] > self.now()]
            for change in due:
                change()
            if url.endswith("/api/token/refresh"):
                return self._token(json.loads(body))
            if headers.get("Authorization") not in {f"Bearer {token}" for token in self.tokens}:
                return ls.reply({"detail": "Token is invalid or expired"}, 401)
            if (method, url) == ("POST", f"/api/projects/{ls.PROJECT}/import"):
                for row in json.loads(body):
                    self.put(row["data"]["bridge_key"], row["data"]["text"])
                return ls.reply({}, 201)
            asked = SimpleNamespace(method=method, url=ls.URL + url, body=body)
            return self._answer(asked)  # type: ignore[arg-type]

    def _token(self, body: dict[str, str]) -> ls.Reply:
        if body["refresh"] != self.key:
            return ls.reply({"detail": "Token is invalid or expired"}, 401)
        token = f"canary.access.{next(self._numbers)}"
        self.tokens.add(token)
        return ls.reply({"access": token})

    def _listed(self, request: Any) -> ls.Reply:
        status, headers, body = super()._listed(request)
        page = json.loads(body)
        page["tasks"] = self.listed(page["tasks"])
        return status, headers, json.dumps(page)


def _shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@contextmanager
def served(server: LabelStudio) -> Iterator[str]:
    """Serve it, and yield its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            asked = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, more, text = server.reply(self.command, self.path, self.headers, asked)
            body = text.encode()
            self.send_response_only(status)
            self.send_header("Content-Type", "application/json")
            if "Location" in more:
                self.send_header("Location", more["Location"])
            self.send_header("Date", format_datetime(server.now(), usegmt=True))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815  # names that the base class calls

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, address: object) -> None:
            """Say nothing: clients that give up are what this is for."""

    http = Server(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_port}"
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


@dataclass
class LabelStudioLoop:
    """A project with sixty mails, and a bridge.toml that reaches it."""

    server: LabelStudio
    url: str
    directory: Path
    said: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.directory / "bridge.toml"

    def configure(self, *, platform: str = "", url: str = "", rest: str = "") -> None:
        values = {"url": url or self.url, "project": ls.PROJECT, "platform": platform, "rest": rest}
        self.config.write_text(TOML.format(**values), encoding="utf-8")

    def bridge(self, *words: str, key: str = KEY) -> Result:
        """Run a command as from a shell."""
        return CliRunner().invoke(
            main,
            [*words, "--config", str(self.config)],
            env={"LABELSTUDIO_API_KEY": key},
            prog_name="bridge",
        )

    def sync(self, *words: str) -> dict[str, Any]:
        """Run `bridge sync --json`, which must go well."""
        ran = self.bridge("sync", "--json", *words)
        assert ran.exit_code == 0, ran.output
        result: dict[str, Any] = json.loads(ran.stdout)
        return result

    def queue(self) -> list[str]:
        with self.server.lock:
            tasks = self.server.tasks
            waiting = [tasks[task] for task, _ in self.server.shown()]
            return [t["data"]["bridge_key"] for t in waiting if not t["annotations"]]

    def shown(self) -> dict[str, int]:
        """Return how many predictions of the version that is shown each item has."""
        with self.server.lock:
            tasks = [task for task, _ in self.server.shown()]
            return {self.server.tasks[t]["data"]["bridge_key"]: tasks.count(t) for t in tasks}

    def answer(self, key: str, name: str) -> None:
        self.server.answer(key, name)

    def heal(self) -> None:
        """Let the server be itself again."""
        self.server.listed = lambda rows: rows
        self.server.late_s = 0.0


@contextmanager
def labelstudio_loop(directory: Path, *, count: int = 60) -> Iterator[LabelStudioLoop]:
    server = LabelStudio()
    for item in mail(count).values():
        server.put(item.key, item.text or "")
    with served(server) as url:
        loop = LabelStudioLoop(server, url, directory)
        loop.configure()
        yield loop
