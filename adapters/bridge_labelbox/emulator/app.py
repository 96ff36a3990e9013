"""The HTTP face: GraphQL, signed files, and the failures that were ordered."""

from __future__ import annotations

import asyncio
import json
import logging
from email.utils import format_datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bridge_labelbox.emulator import (
    account,
    attachments,
    batches,
    catalog,
    exports,
    imports,
    labels,
    metadata,
    ontologies,
    projects,
    relations,
    rows,
    webhooks,
)
from bridge_labelbox.emulator.control import control
from bridge_labelbox.emulator.faults import Fault
from bridge_labelbox.emulator.graphql import Call, Refused, Upload, execute, is_write
from bridge_labelbox.emulator.rest import rest
from bridge_labelbox.emulator.state import World

__all__ = ["make_app"]

# Imported for the operations that they register.
AREAS = (
    *(account, attachments, batches, catalog, exports, imports, labels),
    *(metadata, ontologies, projects, relations, rows, webhooks),
)

log = logging.getLogger(__name__)


class _Broken(Response):
    """An answer that announces more than it sends; the server then closes the connection."""

    def __init__(self, body: bytes = b"", announced: int = 1 << 20) -> None:
        super().__init__(body, 200)
        self._announced = announced

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = str(self._announced).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})


def make_app(world: World) -> Starlette:
    """Return the ASGI application over a world."""

    async def graphql(request: Request) -> Response:
        text, variables, files = await _operation(request)
        with world.lock:
            refusal = _refusal(world, request)
            fault = None if refusal else world.faults.take(*_targets(text))
        if refusal is not None:
            return refusal
        early = await _meet(fault)
        if early is not None:
            return early
        with world.lock:
            body = _execute(Call(world, text, variables, files))
        late = _after(fault)
        return late or _json(world, body)

    async def file(request: Request) -> Response:
        with world.lock:
            found = world.files.get(request.path_params["name"])
            expired = found and found.expires_at and found.expires_at <= world.now()
            fault = world.faults.take("file")
        if found is None or expired:
            return Response("<Error><Code>ExpiredToken</Code></Error>", 403)
        early = await _meet(fault)
        if early is not None:
            return early
        if fault is not None and fault.kind == "truncate":
            return _Broken(found.body[: len(found.body) // 2], len(found.body))
        return Response(found.body, media_type=found.media_type)

    routes = [
        Route("/graphql", graphql, methods=["POST"]),
        Route("/_gql", graphql, methods=["POST"]),
        Route("/files/{name}", file, methods=["GET", "HEAD"]),
        *rest(world),
        *control(world),
    ]
    return Starlette(routes=routes)


async def _operation(request: Request) -> tuple[str, dict[str, Any], dict[str, Upload]]:
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        given = json.loads(await request.body() or b"{}")
        return given.get("query") or "", given.get("variables") or {}, {}
    form = await request.form()
    operations, files = json.loads(str(form["operations"])), {}
    for part, places in json.loads(str(form["map"])).items():
        upload = form[part]
        if isinstance(upload, str):
            files[places[0]] = Upload(part, upload.encode())
        else:
            files[places[0]] = Upload(upload.filename or part, await upload.read())
    await form.close()
    return operations["query"], operations["variables"], files


def _refusal(world: World, request: Request) -> Response | None:
    if request.headers.get("authorization") != f"Bearer {world.api_key}":
        refused = Refused("AUTHENTICATION_ERROR", "Invalid API key")
        return JSONResponse(refused.envelope(), 401)
    wait = world.faults.over_limit(world.now().timestamp())
    if wait is None:
        return None
    said = {"message": "You have exceeded the rate limit, try again later"}
    return JSONResponse(said, 429, headers={"Retry-After": str(int(wait) + 1)})


def _targets(text: str) -> tuple[Any, ...]:
    if not is_write(text):
        return ("call",)
    return ("call", "export") if "exportDataRows" in text else ("call", "write")


async def _meet(fault: Fault | None) -> Response | None:
    """Let a failure happen that comes before the work; return the answer that it leaves."""
    if fault is None:
        return None
    match fault.kind:
        case "reset":
            return _Broken()
        case "hang":
            await asyncio.sleep(fault.seconds)
            return None
        case "status":
            headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
            return JSONResponse({"message": "failure to order"}, fault.status, headers)
        case "internal":
            refused = Refused("INTERNAL_SERVER_ERROR", "failure to order", fault.status)
            return JSONResponse(refused.envelope())
        case _:
            return None


def _after(fault: Fault | None) -> Response | None:
    return _Broken() if fault is not None and fault.kind in ("lose", "truncate") else None


def _execute(call: Call) -> dict[str, Any]:
    try:
        return execute(call)
    except (KeyError, TypeError, ValueError, AttributeError, LookupError) as error:
        # A request of another shape than documented; the service would say as little.
        log.exception("The request cannot be served.")
        return Refused("INTERNAL_SERVER_ERROR", f"Cannot serve: {error!r}", 500).envelope()


def _json(world: World, body: dict[str, Any]) -> Response:
    date = format_datetime(world.now(), usegmt=True)
    return Response(
        json.dumps(body, ensure_ascii=False).encode(),
        media_type="application/json",
        headers={"Date": date},
    )
