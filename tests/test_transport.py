"""Time, memory and addresses of bridge.http, on real sockets: no server can hold or fill us."""

from __future__ import annotations

import gzip
import socket
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from bridge.errors import BridgeError, PlatformError, Unreachable
from bridge.http import Http, TooLarge
from raw_server import RawServer, Say, plain, raw_server

pytestmark = pytest.mark.timeout(30)  # each would wait without end
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
KEY = "canary-7f3a-91c4"


@contextmanager
def client(**more: object) -> Iterator[Http]:
    with closing(Http(timeout=(2.0, 0.3), budget=0.2, **more)) as http:  # type: ignore[arg-type]
        yield http


def get(server: RawServer, **more: object) -> bytes:
    with client(**more) as http:
        return http.request("GET", f"{server.url}/path?sig=s", repeatable=True).body


# ------------------------------------------------------------------------------------------- time


DRIPS: dict[str, Callable[[RawServer], Say]] = {
    "status line": lambda s: s.drip(b"HTTP/1.1 200 OKOKOK"),
    "headers": lambda s: s.drip(OK + b"X-Slow: yes"),
    "many headers": lambda s: s.drip(OK + b"X: 1\r\n" * 90, 0.005),
    "body with a length": lambda s: s.drip(OK + b"Content-Length: 99999\r\n\r\n[1,"),
    "body without a length": lambda s: s.drip(OK + b"Connection: close\r\n\r\n[1]", 0.005),
    "chunks": lambda s: s.drip(CHUNKED + b"1\r\n \r\n" * 999, 0.003),
    "line of a chunk": lambda s: s.drip(CHUNKED + b"1;xxx", 0.003),
    "trailers": lambda s: s.drip(CHUNKED + b"0\r\n" + b"A: 1\r\n" * 999, 0.003),
    "an error's body": lambda s: s.drip(b"HTTP/1.1 500 No\r\nContent-Length: 9999\r\n\r\nx", 0.005),
    "interim answers": lambda s: s.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 99, 0.001),
}  # fmt: skip


@pytest.mark.parametrize("where", DRIPS)
def test_an_answer_that_drips_ends(where: str) -> None:
    with raw_server() as server:
        server.scripts = (DRIPS[where](server),)
        with pytest.raises(Unreachable, match=r"too slowly|in time|connection broke") as caught:
            get(server)
    assert caught.value.fix
    assert "sig=" not in str(caught.value)


@pytest.mark.parametrize("where", ["headers", "body with a length"])
def test_a_write_that_drips_is_not_repeated(where: str) -> None:
    with raw_server() as server, client() as http:
        server.scripts = (DRIPS[where](server),)
        with pytest.raises(Unreachable, match="may have been executed"):
            http.request("POST", server.url, repeatable=False)
        assert len(server.asked) == 1


def test_after_a_drip_the_call_is_made_again() -> None:
    with raw_server() as server, closing(Http(timeout=(2, 0.3), budget=20)) as http:
        server.scripts = (DRIPS["headers"](server), plain(b"whole"))
        assert http.request("GET", server.url, repeatable=True).body == b"whole"
        assert len(server.asked) == 2


def test_what_is_slow_and_gets_there_is_waited_for() -> None:
    """One byte every 0.05 s, and a budget that is enough: not the pace of an answer counts."""

    def slowly(connection: socket.socket) -> None:
        for byte in OK + b"Content-Length: 20\r\n\r\n":
            connection.sendall(bytes([byte]))
        for _ in range(20):
            time.sleep(0.05)
            connection.sendall(b"x")

    with raw_server(slowly) as server, closing(Http(timeout=(2, 0.3), budget=20)) as http:
        assert http.request("GET", server.url, repeatable=True).body == b"x" * 20


@pytest.mark.parametrize("pause", [0.001, 0.05])
def test_a_file_that_drips_for_ever_ends(pause: float) -> None:
    with raw_server() as server, client() as http:

        def say(connection: socket.socket) -> None:
            connection.sendall(OK + b"Content-Length: 10000000\r\n\r\n" + b"x" * 500)
            server.drip(b"x", pause)(connection)

        server.scripts = (say,)
        with pytest.raises(Unreachable, match="too slowly"):
            for _ in http.stream(server.url, length=10_000_000):
                pass


def test_a_file_at_a_fair_pace_takes_as_long_as_it_takes() -> None:
    """Eight time-outs in all, and so long a break of the reader that it would be cut off."""

    def fairly(connection: socket.socket) -> None:
        connection.sendall(OK + b"Content-Length: 24000\r\n\r\n")
        for _ in range(240):
            time.sleep(0.01)
            connection.sendall(b"x" * 100)

    with raw_server(fairly) as server, client() as http:
        got = 0
        for number, piece in enumerate(http.stream(server.url, length=24_000)):
            got += len(piece)
            if number == 2:
                time.sleep(0.5)
        assert got == 24_000


# ------------------------------------------------------------------------------------------ memory


def deflated(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"\0" * 1_000_000
    return b"".join(packer.compress(block) for _ in range(size // 1_000_000)) + packer.flush()


def endless(connection: socket.socket) -> None:
    connection.sendall(OK + b"Connection: close\r\n\r\n")
    while True:
        connection.sendall(b"[" * 65536)


def one_endless_line(connection: socket.socket) -> None:
    connection.sendall(CHUNKED)
    while True:
        connection.sendall(b"1" * 65536)


BOMBS = {
    "gzip": plain(deflated(300_000_000), "Content-Encoding: gzip"),
    "gzip in gzip": plain(gzip.compress(deflated(300_000_000)), "Content-Encoding: gzip, gzip"),
    "announced": plain(b"", "Content-Length: 2000000000"),
    "endless": endless,
}


@pytest.mark.parametrize("kind", BOMBS)
def test_too_large_an_answer_ends_in_little_memory(kind: str) -> None:
    script = BOMBS[kind]
    if kind == "announced":
        script = lambda c: c.sendall(OK + b"Content-Length: 2000000000\r\n\r\n" + b"{" * 99999)  # noqa: E731
    with raw_server(script) as server:
        tracemalloc.start()
        try:
            with pytest.raises(TooLarge, match=r"more than 5 MB") as caught:
                get(server, largest=5_000_000)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert len(server.asked) == 1  # asking again would be the same
    assert "largest_answer_mb" in caught.value.fix
    assert peak < 20_000_000


def test_a_line_between_chunks_without_an_end_is_no_answer() -> None:
    with raw_server(one_endless_line) as server:
        tracemalloc.start()
        try:
            with pytest.raises(Unreachable):
                get(server)
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
        finally:
            tracemalloc.stop()


def test_an_answer_of_just_the_limit_is_read() -> None:
    body = b"x" * 100_000
    for script in (plain(body), plain(gzip.compress(body), "Content-Encoding: gzip")):
        with raw_server(script) as server:
            assert get(server, largest=100_000) == body
        with raw_server(script) as server, pytest.raises(TooLarge):
            get(server, largest=99_999)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 100_000])
def test_nesting_and_numbers_without_end_are_a_clear_error(body: bytes) -> None:
    with raw_server(plain(body)) as server, client() as http:
        answer = http.request("GET", server.url, repeatable=True)
        with pytest.raises(PlatformError, match="not JSON"):
            answer.json()


def test_a_broken_archive_is_a_broken_connection() -> None:
    packed = gzip.compress(b"whole " * 1000)
    bad = packed[:20] + b"\xff" * 20 + packed[40:]
    with raw_server(plain(bad, "Content-Encoding: gzip")) as server, pytest.raises(Unreachable):
        get(server)


# --------------------------------------------------------------------------------------- redirects


def to(address: str, body: bytes = b"") -> Say:
    return plain(body, f"Location: {address}", status="302 Found")


def test_a_redirect_within_the_same_place_keeps_the_key() -> None:
    with raw_server(to("/there"), plain(b"here")) as server:
        assert get(server, headers={"Authorization": KEY}) == b"here"
        assert server.asked[1].startswith("GET /there ")
        assert all(KEY in head for head in server.asked)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_key_never_follows_a_redirect_elsewhere(method: str) -> None:
    with raw_server(plain(b"")) as other, raw_server(to(f"{other.url}/grab")) as server:
        with client(headers={"Authorization": KEY}) as http, pytest.raises(PlatformError) as caught:
            http.request(method, server.url, repeatable=True)
        assert other.asked == []
    assert "redirected" in caught.value.what
    assert caught.value.fix == "Correct the address of the platform."


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://h/", "//["]
)
def test_a_redirect_to_something_else_than_the_web_is_refused(address: str) -> None:
    with raw_server(to(address)) as server, pytest.raises(PlatformError):
        get(server)


def test_redirects_in_a_circle_end() -> None:
    with raw_server(to("/again")) as server:
        with pytest.raises(PlatformError, match="redirected too often"):
            get(server)
        assert len(server.asked) == 6


def test_the_body_of_a_redirect_is_not_read() -> None:
    """It may be a bomb, or have no end."""

    def redirect_without_end(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with raw_server(redirect_without_end, plain(b"here")) as server:
        assert get(server) == b"here"


# --------------------------------------------------------------- addresses that an answer has named


PRIVATE = [
    "http://169.254.169.254/latest/meta-data/",
    "https://169.254.169.254/",
    "https://127.0.0.1:9/",
    "https://localhost:9/",
    "https://10.0.0.1/",
    "https://[::1]:9/",
    "https://[::ffff:127.0.0.1]:9/",
    "http://files.example/",
    "file:///etc/passwd",
    "https://127.0.0.1:9@[::1]:9/",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_from_an_answer_reaches_no_private_network(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with client(own_hosts=["platform.example"]) as http, pytest.raises(BridgeError) as caught:
        http.request("GET", address, repeatable=True)
    assert isinstance(caught.value, PlatformError)


def test_a_name_that_means_this_machine_is_refused_before_anything_is_sent() -> None:
    """Looked at where the connection stands: a name cannot mean one thing and then another."""
    with raw_server(plain(b"secret of this machine")) as server:
        port = server.url.rpartition(":")[2]
        with client(own_hosts=["platform.example"]) as http:
            with pytest.raises(PlatformError, match="not on the public internet") as caught:
                http.request("GET", f"https://localhost:{port}/", repeatable=True)
            with pytest.raises(PlatformError, match="not https"):
                http.request("GET", f"http://localhost:{port}/", repeatable=True)
        assert server.asked == []
    assert "file_hosts" in caught.value.fix


def test_a_redirect_from_an_own_host_is_looked_at_too() -> None:
    with raw_server(plain(b"secret of this machine")) as inside:
        port = inside.url.rpartition(":")[2]
        with raw_server(to(f"http://localhost:{port}/")) as server:
            with client(own_hosts=["127.0.0.1"]) as http, pytest.raises(PlatformError):
                http.request("GET", server.url, repeatable=True)
            with client(own_hosts=["127.0.0.1"]) as http, pytest.raises(PlatformError):
                list(http.stream(server.url, length=3))
        assert inside.asked == []


def test_own_hosts_are_reached() -> None:
    with raw_server(plain(b"a file")) as server:
        assert get(server, own_hosts=["127.0.0.1"]) == b"a file"
