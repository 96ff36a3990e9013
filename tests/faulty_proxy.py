"""A proxy that answers wrongly at the level of bytes, which a well-behaved server cannot."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

from bridge_labelbox.emulator import Emulator

Sorts = Callable[[str, str, bytes], set[str]]
Kind = Literal[
    *("status", "hang", "reset", "lose", "drip", "slow head", "stall", "short length"),
    *("long length", "cut", "page", "babble"),
]


@dataclass
class Twist:
    """One wrong answer, to the nth request of a sort from now, and ``times`` in a row.

    ``status``: this status, and nothing done; ``hang``: nothing for ``seconds``, then the answer;
    ``reset``: the connection closed, and nothing done; ``lose``: done, and the connection closed;
    ``slow head``: the head of the answer byte by byte, with a pause of ``seconds``;
    ``drip``: the body in small pieces, with a pause of ``seconds`` between them; ``stall``: half of
    it, then nothing for ``seconds``; ``short length`` and ``long length``: fewer or more bytes
    announced than sent; ``cut``: a reset in the middle of the body; ``page``: a proxy's own page;
    ``babble``: no HTTP at all.
    """

    kind: Kind
    on: str = "call"
    nth: int = 1
    times: int = 1
    seconds: float = 0.01
    status: int = 503
    retry_after: str | None = None
    done: int = 0


@dataclass
class FaultyProxy:
    """Stands before a platform.

    Attributes:
        behind: the platform's host and port.
        sorts: tells, of method, path and body, of which sorts a request is.
        before: called with the sort of every request, before it is passed on.
    """

    behind: str
    sorts: Sorts
    twists: list[Twist] = field(default_factory=list)
    before: Callable[[set[str]], None] = lambda sorts: None

    def __enter__(self) -> FaultyProxy:
        self._lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                proxy.serve(self)

            do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815  # as the base class calls them

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, address: object) -> None:
                """Say nothing: clients that give up are what this is for."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def twist(self, twist: Twist) -> Twist:
        with self._lock:
            self.twists.append(twist)
        return twist

    # ------------------------------------------------------------------------------- inside

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        asked = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        sorts = self.sorts(handler.command, handler.path, asked)
        self.before(sorts)
        twist = self._met(sorts)
        if twist is not None and twist.kind in ("status", "reset", "hang"):
            if twist.kind == "hang":
                time.sleep(twist.seconds)
            if twist.kind == "status":
                retry = {} if twist.retry_after is None else {"retry-after": twist.retry_after}
                _answer(handler, None, twist.status, retry, b"{}")
                return
            if twist.kind == "reset":
                handler.close_connection = True
                return
        connection = http.client.HTTPConnection(self.behind, timeout=60)
        try:
            headers = {k: v for k, v in handler.headers.items() if k.lower() != "host"}
            connection.request(handler.command, handler.path, asked, headers)
            answer = connection.getresponse()
            body = answer.read()
        except (http.client.HTTPException, OSError):  # the emulator broke off: so do we
            handler.close_connection = True
            return
        finally:
            connection.close()
        if twist is not None and twist.kind == "lose":
            handler.close_connection = True
            return
        kept = {k: v for k, v in answer.getheaders() if k.lower() in ("content-type", "date")}
        retry = answer.getheader("retry-after")
        _answer(
            handler, twist, answer.status, kept | ({"retry-after": retry} if retry else {}), body
        )

    def _met(self, sorts: set[str]) -> Twist | None:
        with self._lock:
            for twist in [t for t in self.twists if t.on in sorts]:
                twist.nth -= 1
                if twist.nth < 1 and twist.done < twist.times:
                    twist.done += 1
                    return twist
        return None


@contextmanager
def before_labelbox(emulator: Emulator) -> Iterator[FaultyProxy]:
    """Stand before an emulated Labelbox; its signed files are fetched through here, too."""
    with FaultyProxy(urlsplit(emulator.url).netloc, _labelbox_sorts) as proxy:
        with emulator.world.lock:
            base, emulator.world.base = emulator.world.base, proxy.url
        try:
            yield proxy
        finally:
            with emulator.world.lock:
                emulator.world.base = base


def _labelbox_sorts(method: str, path: str, asked: bytes) -> set[str]:
    if path.startswith("/files/"):
        return {"file"}
    if b"mutation" not in asked:
        return {"call"}
    return {"call", "export"} if b"exportDataRows" in asked else {"call", "write"}


def labelstudio_sorts(method: str, path: str, asked: bytes) -> set[str]:
    if path.endswith("/token/refresh"):
        return {"token"}
    if method == "GET":
        return {"call", "page"} if path.startswith("/api/tasks/") else {"call"}
    return {"call", "write"}


def _answer(
    handler: BaseHTTPRequestHandler,
    twist: Twist | None,
    status: int,
    headers: dict[str, str],
    body: bytes,
) -> None:
    kind = None if twist is None else twist.kind
    announced = len(body)
    if kind == "page":
        status, headers, body = 200, {"content-type": "text/html"}, b"<html>Please log in</html>"
        announced = len(body)
    elif kind == "short length":
        announced -= 7
    elif kind == "long length":
        announced += 7
    elif kind == "babble":
        handler.wfile.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        handler.close_connection = True
        return
    handler.send_response_only(status)
    for name, value in (headers | {"content-length": str(announced)}).items():
        handler.send_header(name, value)
    if twist is not None and kind == "slow head":
        for byte in b"".join(handler._headers_buffer):  # type: ignore[attr-defined]
            handler.wfile.write(bytes([byte]))
            time.sleep(twist.seconds)
        handler._headers_buffer = []  # type: ignore[attr-defined]
    handler.end_headers()
    _send(handler, twist, body)


def _send(handler: BaseHTTPRequestHandler, twist: Twist | None, body: bytes) -> None:
    kind = None if twist is None else twist.kind
    half = len(body) // 2
    if twist is not None and kind == "drip":
        step = max(1, len(body) // 40)
        for start in range(0, len(body), step):
            handler.wfile.write(body[start : start + step])
            time.sleep(twist.seconds)
    elif twist is not None and kind == "stall":
        handler.wfile.write(body[:half])
        time.sleep(twist.seconds)
        handler.close_connection = True
    elif kind == "cut":
        handler.wfile.write(body[:half])
        linger = struct.pack("ii", 1, 0)  # closing sends a reset
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.connection.close()
        handler.close_connection = True
    else:
        handler.wfile.write(body)
        handler.close_connection = kind == "long length"
