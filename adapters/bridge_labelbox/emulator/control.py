"""The control API under ``/emulator``: other processes play people, and order failures.

All bodies are JSON. Every route below is of one project, ``/emulator/projects/{project}/…``:

``POST items`` ``{"items": [{"key", "text"}]}``, ``DELETE items/{key}`` (percent-encoded),
``POST answer`` ``{"key", "classes", "annotator"?, "seconds"?}``, ``POST skip`` and
``POST delete_label`` ``{"key", "annotator"?}``, ``POST review`` ``{"key", "state"}``,
``POST benchmark`` ``{"key", "annotator"?, "on"?}``, ``GET queue`` (``{"keys": […]}``, in the order
of asking), ``GET pre_annotations`` (``{key: [[name, …], …]}``). Besides, ``POST /emulator/faults``
takes a :class:`~bridge_labelbox.emulator.faults.Fault`, ``DELETE`` cancels them, and
``GET /emulator/state`` tells ids.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge_labelbox.emulator.faults import Fault
from bridge_labelbox.emulator.play import Play
from bridge_labelbox.emulator.state import World

__all__ = ["control"]


def control(world: World) -> list[Route]:
    """Return the routes of the control API."""
    play = Play(world)

    def act(path: str, do: Callable[[str, dict[str, Any]], Any], method: str = "POST") -> Route:
        async def handle(request: Request) -> Response:
            given = json.loads(await request.body() or b"{}")
            given |= {k: v for k, v in request.path_params.items() if k != "project"}
            try:
                answer = do(request.path_params["project"], given)
            except (KeyError, TypeError, ValueError) as error:
                return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)
            return JSONResponse({} if answer is None else answer)

        return Route(f"/emulator/projects/{{project}}/{path}", handle, methods=[method])

    async def faults(request: Request) -> Response:
        with world.lock:
            if request.method == "DELETE":
                world.faults.clear()
            else:
                try:
                    world.faults.arm(msgspec.json.decode(await request.body(), type=Fault))
                except msgspec.MsgspecError as error:
                    return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({})

    async def clock(request: Request) -> Response:
        try:
            seconds = float((await request.json())["seconds"])
        except (KeyError, TypeError, ValueError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)
        with world.lock:
            world.offset += timedelta(seconds=seconds)
        return JSONResponse({})

    async def state(request: Request) -> Response:
        with world.lock:
            names = {one.id: one.name for one in world.projects.values()}
            sets = {one.id: one.name for one in world.datasets.values()}
        return JSONResponse({"projects": names, "datasets": sets})

    return [
        act("items", lambda p, v: play.add_items(p, [(i["key"], i["text"]) for i in v["items"]])),
        act("items/{key:path}", lambda p, v: play.remove_item(v["key"]), "DELETE"),
        act("answer", lambda p, v: play.answer(p, **v)),
        act("skip", lambda p, v: play.skip(p, **v)),
        act("delete_label", lambda p, v: play.delete_label(p, **v)),
        act("review", lambda p, v: play.review(p, **v)),
        act("benchmark", lambda p, v: play.benchmark(p, **v)),
        act("queue", lambda p, v: {"keys": play.queue(p)}, "GET"),
        act("pre_annotations", lambda p, v: play.pre_annotations(p), "GET"),
        Route("/emulator/faults", faults, methods=["POST", "DELETE"]),
        Route("/emulator/clock", clock, methods=["POST"]),
        Route("/emulator/state", state, methods=["GET"]),
    ]
