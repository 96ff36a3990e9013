"""Run the emulator: in a thread for tests, or in the foreground for people."""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn

from bridge.errors import ConfigError, DataError
from bridge_labelbox.emulator.app import make_app
from bridge_labelbox.emulator.faults import Faults
from bridge_labelbox.emulator.play import Play
from bridge_labelbox.emulator.state import World

__all__ = ["Emulator", "emulate"]

_START_S = 30.0


class Emulator(Play):
    """An emulator on a socket of its own, served from a thread; a context manager.

    Attributes:
        api_key: the key that it accepts.
        url: address of its GraphQL service, once started.
        faults: failures and standing conditions to set.
        world: everything it knows, for tests that look closer; hold ``world.lock``.
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, api_key: str | None = None
    ) -> None:
        self.api_key = api_key or f"emulated-{secrets.token_hex(8)}"
        self.world = World(self.api_key)
        super().__init__(self.world)
        self._host, self._port = host, port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None

    @property
    def faults(self) -> Faults:
        """Failures and standing conditions."""
        return self.world.faults

    @property
    def url(self) -> str:
        """Address of the GraphQL service."""
        return f"{self.world.base}/graphql"

    def shift_clock(self, seconds: float) -> None:
        """Put the platform's clock forward, or back."""
        with self.world.lock:
            self.world.offset += timedelta(seconds=seconds)

    def start(self) -> Emulator:
        """Serve, from a thread.

        Raises:
            ConfigError: the address cannot be used.
        """
        self._socket, self._server = self._prepare()
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise ConfigError("The emulator did not start.")
            time.sleep(0.005)
        return self

    def serve(self) -> None:
        """Serve in the foreground, until interrupted."""
        self._socket, server = self._prepare()
        server.run(sockets=[self._socket])

    def bind(self) -> None:
        """Take the socket, so that :attr:`url` is known before :meth:`serve`."""
        if self._socket is None:
            try:
                self._socket = socket.create_server((self._host, self._port))
            except OSError as error:
                raise ConfigError(
                    f"The emulator cannot listen on {self._host}:{self._port}: {error.strerror}.",
                    "Choose another port.",
                ) from None
            # Accepted connections inherit it; asyncio sets it only where the protocol is named,
            # and head and body in two segments would cost 40 ms a call.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.world.base = f"http://{self._host}:{self._socket.getsockname()[1]}"

    def _prepare(self) -> tuple[socket.socket, uvicorn.Server]:
        self.bind()
        assert self._socket is not None  # bind() made it
        config = uvicorn.Config(
            make_app(self.world),
            http="h11",
            ws="none",
            lifespan="off",
            # Broken answers are ordered here, and uvicorn would log each as an error.
            log_level="critical",
            access_log=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )
        return self._socket, uvicorn.Server(config)

    def stop(self) -> None:
        """Stop serving and free the socket."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(10)
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> Emulator:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def emulate(host: str, port: int, data: str | None) -> None:
    """Run an emulator in the foreground and print what to put into the settings.

    Args:
        data: path of a JSONL file of ``{"text", "key"?, "label"?}``; its labels become the classes
            of a project, and its texts the pool. None makes a project with three rows.

    Raises:
        DataError: the file cannot be used.
        ConfigError: the address cannot be used.
    """
    rows = _rows(data)
    classes = sorted({row["label"] for row in rows if row.get("label")}) or ["yes", "no"]
    emulator = Emulator(host=host, port=port)
    project, dataset = emulator.add_project(classes)
    emulator.add_items(
        project, [(row.get("key", f"row-{place}"), row["text"]) for place, row in enumerate(rows)]
    )
    emulator.bind()
    lines = {
        "endpoint": emulator.url,
        "api_key": emulator.api_key,
        "project": project,
        "datasets": [dataset],
    }
    print("Labelbox emulator (not Labelbox); Ctrl-C stops it and forgets everything.", flush=True)  # noqa: T201
    for name, value in lines.items():
        print(f"{name} = {json.dumps(value)}", flush=True)  # noqa: T201
    try:
        emulator.serve()
    except KeyboardInterrupt:
        return


def _rows(path: str | None) -> list[dict[str, Any]]:
    if path is None:
        return [{"text": f"Example text number {n}"} for n in range(1, 4)]
    try:
        lines = Path(path).read_bytes().split(b"\n")
    except OSError as error:
        raise DataError(f"'{path}' cannot be read: {error.strerror}.") from None
    return [_row(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _row(path: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
        if not isinstance(row["text"], str) or not row["text"].strip():
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise DataError(
            f"Line {number} of '{path}' is not an object with a text.",
            'Each line must be like {"text": "…", "label": "…"}.',
        ) from None
    return dict(row)
