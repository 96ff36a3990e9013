"""A server that says what a test says, byte by byte, on a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Say = Callable[[socket.socket], None]


@dataclass
class RawServer:
    """Answers the nth request with the nth script; the last one answers all that follow.

    Attributes:
        asked: the head of every request.
        over: set at the end; scripts that wait should wait for it.
    """

    scripts: tuple[Say, ...]
    url: str = ""
    asked: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                if not (piece := connection.recv(65536)):
                    return
                head += piece
            self.asked.append(head.partition(b"\r\n\r\n")[0].decode("latin-1"))
            self.scripts[min(len(self.asked), len(self.scripts)) - 1](connection)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def drip(self, whole: bytes, pause: float = 0.02) -> Say:
        """Say this byte by byte, and its last byte for ever."""

        def say(connection: socket.socket) -> None:
            rest = iter(whole)
            while not self.over.wait(pause):
                connection.sendall(bytes([next(rest, whole[-1])]))

        return say


@contextmanager
def raw_server(*scripts: Say) -> Iterator[RawServer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = RawServer(scripts, f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=server._accept, args=(listener,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def plain(body: bytes, *headers: str, status: str = "200 OK") -> Say:
    """Say a whole answer and close."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return lambda connection: connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
