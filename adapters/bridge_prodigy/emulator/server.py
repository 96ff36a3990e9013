"""The stand-in's web server: the endpoints that annotation clients use.

Paths and bodies follow public clients and a network trace on support.prodi.gy (topic 7615).
Unverified: the key ``excludes``, ``session_id`` in the body of ``/give_answers``, and the body of
``/version``.
"""

from __future__ import annotations

import socket
import threading
import time
from functools import partial
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.errors import PlatformError
from bridge_prodigy.emulator.controller import Controller

__all__ = ["Server", "app"]


class _Questions(msgspec.Struct):
    session_id: str
    excludes: list[int] = []


class _Answers(msgspec.Struct):
    answers: list[dict[str, Any]]
    session_id: str | None = None


def _bad(error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, status_code=422)


def app(controller: Controller) -> Starlette:
    """The web application around one controller."""

    def served(session_id: str, excludes: list[int]) -> Response:
        tasks = controller.get_questions(session_id, excludes)
        body = {
            "tasks": tasks,
            "total": controller.total(session_id),
            "progress": None,
            "progress_kind": None,
            "session_id": session_id,
        }
        return JSONResponse(body)

    async def version(request: Request) -> Response:
        return JSONResponse({"name": "stand-in for prodigy", "version": "0.0.0"})

    async def project(request: Request) -> Response:
        shown = {"dataset": controller.dataset, "view_id": controller.view_id, "version": "0.0.0"}
        return JSONResponse({**controller.config, **shown})

    async def questions(request: Request) -> Response:
        return await run_in_threadpool(served, f"{controller.dataset}-default", [])

    async def session_questions(request: Request) -> Response:
        try:
            asked = msgspec.json.decode(await request.body(), type=_Questions)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return _bad(error)
        return await run_in_threadpool(served, asked.session_id, asked.excludes)

    async def give_answers(request: Request) -> Response:
        try:
            given = msgspec.json.decode(await request.body(), type=_Answers)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return _bad(error)
        if bad := [a for a in given.answers if a.get("answer") not in _ANSWERS]:
            return _bad(ValueError(f"{len(bad)} tasks have no answer"))
        session = given.session_id or f"{controller.dataset}-default"
        await run_in_threadpool(controller.receive_answers, given.answers, session)
        return JSONResponse({"progress": None})

    return Starlette(
        routes=[
            Route("/version", version),
            Route("/project", project),
            Route("/project/{session_id:path}", project),
            Route("/get_questions", questions),
            Route("/get_session_questions", session_questions, methods=["POST"]),
            Route("/give_answers", give_answers, methods=["POST"]),
        ]
    )


_ANSWERS = ("accept", "reject", "ignore")


class Server:
    """The web server in a thread of its own.

    Args:
        controller: what it serves.
        host: address to listen at.
        port: 0 takes a free one.
    """

    def __init__(self, controller: Controller, host: str = "127.0.0.1", port: int = 0) -> None:
        config = uvicorn.Config(app(controller), log_level="warning", lifespan="off")
        self._server = uvicorn.Server(config)
        self._host, self._port = host, port
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Start, and return the base URL once it answers.

        Raises:
            PlatformError: the address cannot be listened at.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            listening = socket.create_server((self._host, self._port), family=family)
        except OSError as error:
            raise PlatformError(
                f"The stand-in cannot listen at {self._host}:{self._port}: {error.strerror}.",
                "Take another port; 0 takes a free one.",
            ) from error
        run = partial(self._server.run, sockets=[listening])
        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        host = f"[{self._host}]" if family == socket.AF_INET6 else self._host
        return f"http://{host}:{listening.getsockname()[1]}"

    def wait(self) -> None:
        """Return when the server has ended."""
        if self._thread is not None:
            self._thread.join()

    def stop(self) -> None:
        """End the server; requests that run are finished."""
        self._server.should_exit = True
        self.wait()
