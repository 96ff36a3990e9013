"""The heartbeat: a call to a dead man's switch after every sync that went well.

Nothing is sent when a sync fails: the switch tells people when it hears nothing, whatever the
reason, also when the machine is gone.
"""

from __future__ import annotations

from bridge.http import Http

__all__ = ["beat"]

_PATIENCE_S = 10.0


def beat(url: str) -> None:
    """GET the address; any 2xx answer is fine.

    Raises:
        BridgeError: no such answer came within about ten seconds; no part of the address that
            may hold a token is in the message.
    """
    http = Http(secrets=(url,), timeout=(_PATIENCE_S, _PATIENCE_S), budget=_PATIENCE_S)
    try:
        http.request("GET", url, repeatable=True)
    finally:
        http.close()
