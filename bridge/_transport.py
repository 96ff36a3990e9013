"""Connections that nobody can hold: every wait for a server's bytes has an end.

The time-outs of requests run from one byte to the next, so that a server that sends one now and
then is waited for without end. Here an alarm cuts the connection off when the time of the whole is
over: of the head of an answer, of a body, of a piece of a long file.

Connections may also be bound to public addresses, for addresses that came out of an answer. The
address is looked at when the connection stands and before anything is sent, so that no name can
mean one machine when it is looked at and another one when it is used.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Iterator
from functools import partial
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, HTTPError, ReadTimeoutError

from bridge._alarm import Alarm
from bridge.errors import PlatformError

__all__ = ["Adapter", "Oversized", "TooSlow", "content", "pieces", "refuse_private"]

_PIECE = 1 << 16
_OWN_HOST = "If the platform's files lie there, add the host to 'file_hosts'."


class TooSlow(requests.Timeout):
    """What should have been complete in a time was not."""


class Oversized(Exception):
    """A body has more than the limit; holds how it begins."""

    def __init__(self, start: bytes) -> None:
        super().__init__()
        self.start = start


# ------------------------------------------------------------------------------------ connections


class _Timed(HTTPConnection):
    """Waits for the head of an answer no longer than its time-out, however it drips in."""

    def __init__(self, *given: Any, own_hosts: Collection[str] | None = None, **more: Any) -> None:
        super().__init__(*given, **more)
        self._own_hosts = own_hosts

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3's own
        cut = getattr(self.sock, "shutdown", None)
        if cut is None or not isinstance(self.timeout, int | float):
            return super().getresponse()
        alarm = Alarm(partial(cut, socket.SHUT_RDWR))
        with alarm.within(self.timeout):
            try:
                response = super().getresponse()
            except Exception as error:
                if alarm.rang:
                    raise TimeoutError from error
                raise
        if alarm.rang:  # a head that was cut off looks like a short one
            response.close()
            raise TimeoutError
        return response

    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        if self._own_hosts is not None and self.proxy is None and self.host not in self._own_hosts:
            try:
                refuse_private(self.host, made.getpeername()[0])
            except BaseException:
                made.close()
                raise
        return made


class _TimedTls(_Timed, HTTPSConnection):
    pass


def refuse_private(host: str, address: str) -> None:
    """Let pass what is public on the internet.

    Args:
        host: the name, to tell.
        address: what it means; anything that is no IP address passes.

    Raises:
        PlatformError: the address lies in a private network, or on this machine.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return
    mapped = getattr(found, "ipv4_mapped", None)
    if not (mapped or found).is_global:
        raise PlatformError(
            f"The platform named a file on {host} ({address}), which is not on the public internet;"
            " it was not fetched.",
            _OWN_HOST,
        )


class Adapter(HTTPAdapter):
    """Makes connections as above.

    Args:
        own_hosts: hosts that may be private; None if all may.
    """

    def __init__(self, own_hosts: Collection[str] | None) -> None:
        self._own_hosts = own_hosts
        super().__init__()

    def init_poolmanager(self, *given: Any, **more: Any) -> None:
        """Make connections by our own classes."""
        super().init_poolmanager(*given, **more)
        self.poolmanager.pool_classes_by_scheme = self._pools()

    def proxy_manager_for(self, *given: Any, **more: Any) -> Any:
        """Make connections through a proxy by our own classes, too."""
        manager = super().proxy_manager_for(*given, **more)
        manager.pool_classes_by_scheme = self._pools()
        return manager

    def _pools(self) -> dict[str, Any]:
        return {
            "http": partial(self._pool, HTTPConnectionPool, _Timed),
            "https": partial(self._pool, HTTPSConnectionPool, _TimedTls),
        }

    def _pool(self, kind: Any, connections: Any, *given: Any, **more: Any) -> Any:
        pool = kind(*given, **more)
        pool.ConnectionCls = partial(connections, own_hosts=self._own_hosts)
        return pool


# ----------------------------------------------------------------------------------------- bodies


def content(response: requests.Response, seconds: float, limit: int) -> bytes:
    """Return a whole body, unpacked.

    Args:
        seconds: how long it may take.
        limit: bytes that it may have.

    Raises:
        TooSlow, Oversized, requests.RequestException: as it says.
    """
    said = response.headers.get("content-length", "")
    announced = int(said) if said.isdigit() else 0
    read, size = [], 0
    alarm = Alarm(response.raw.shutdown)
    with alarm.within(seconds):
        for piece in _read(response, _PIECE, alarm):
            read.append(piece)
            size += len(piece)
            if max(size, announced) > limit:
                raise Oversized(read[0])
    return b"".join(read)


def pieces(
    response: requests.Response, size: int, slowest: float, seconds: float
) -> Iterator[bytes]:
    """Yield a body in pieces of at most ``size`` bytes.

    Args:
        slowest: bytes a second that must come, on average over ``seconds``. What is done with the
            pieces does not count.

    Raises:
        TooSlow, requests.RequestException: as it says.
    """
    size = max(1, min(size, int(slowest * seconds)))
    alarm = Alarm(response.raw.shutdown)
    body = _read(response, size, alarm)
    while True:
        with alarm.within(seconds):
            piece = next(body, b"")
        if not piece:
            return
        yield piece


def _read(response: requests.Response, size: int, alarm: Alarm) -> Iterator[bytes]:
    try:
        # Not raw.stream(), which reads the lines between chunks without a limit.
        while piece := response.raw.read(size, decode_content=True):
            yield piece
    except (HTTPError, OSError) as error:
        if alarm.rang:
            raise TooSlow from error
        raise _translated(error) from error
    if alarm.rang:  # where no length was announced, a body that was cut off looks complete
        raise TooSlow


def _translated(error: Exception) -> requests.RequestException:
    if isinstance(error, ReadTimeoutError | TimeoutError):
        return requests.ReadTimeout(error)
    if isinstance(error, DecodeError):
        return requests.exceptions.ContentDecodingError(error)
    return requests.ConnectionError(error)
