"""A web server on a free port that counts what it is asked for."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class WebCounter:
    """Answers every request with ``status`` and ``body``; ``asked`` holds method and path."""

    url: str = ""
    status: int = 200
    body: bytes = b"ok"
    asked: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def web_counter() -> Iterator[WebCounter]:
    counter = WebCounter()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            counter.asked.append((self.command, self.path))
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(counter.status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(counter.body)))
            self.end_headers()
            self.wfile.write(counter.body)

        do_GET = do_POST = do_HEAD = answer  # noqa: N815  # names of the standard library

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        counter.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield counter
        finally:
            server.shutdown()
            thread.join()
