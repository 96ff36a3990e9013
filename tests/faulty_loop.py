"""What every loop must be like when the wire is whole again, and what it says while it is not."""

from __future__ import annotations

import json
from typing import Any, Protocol

from click.testing import Result

from faulty_proxy import FaultyProxy
from memory_platform import truth

__all__ = ["Loop", "failed", "impatient", "people", "settled"]


class Loop(Protocol):
    """A loop over a platform on a real socket, every byte of which passes the proxy."""

    proxy: FaultyProxy
    said: dict[str, str]
    config: Any

    def bridge(self, *words: str) -> Result: ...
    def sync(self, *words: str) -> dict[str, Any]: ...
    def queue(self) -> list[str]: ...
    def shown(self) -> dict[str, int]: ...
    def answer(self, key: str, name: str) -> None: ...
    def heal(self) -> None: ...


def people(loop: Loop, count: int) -> None:
    """Answer what is asked, and let somebody change an earlier answer."""
    for key in sorted(loop.said)[:1]:
        _answer(loop, key, "spam" if loop.said[key] == "ham" else "ham")
    for key in loop.queue()[:count]:
        _answer(loop, key, truth(key))


def _answer(loop: Loop, key: str, name: str) -> None:
    loop.answer(key, name)
    loop.said[key] = name


def impatient(loop: Loop) -> None:
    """Give up soon: what stays broken is not worth waiting for."""
    text = loop.config.read_text()
    loop.config.write_text(text.replace("retry_budget_s = 2", "retry_budget_s = 0.2"))


def failed(ran: Result, code: int, *said: str, lines: int = 2) -> None:
    """Check that a run ended with this code and one message that says what and what to do."""
    assert ran.exit_code == code, ran.output
    assert ran.stderr.count("Error:") == 1
    message = ran.stderr[ran.stderr.index("Error:") :].strip()
    assert len(message.splitlines()) == lines, message
    assert len(message) < 600
    assert "Traceback" not in ran.output
    assert "emulated-" not in ran.output  # keys
    assert "canary" not in ran.output
    for words in said:
        assert words in message


def settled(loop: Loop) -> None:
    """Check, with the wire whole again, that nothing was lost or doubled."""
    loop.heal()
    loop.proxy.twists.clear()
    people(loop, 3)
    result = loop.sync()
    assert result["labels"] == len(loop.said)
    assert result["problems"] == []
    assert len(loop.queue()) == len(set(loop.queue())) == result["queue"] > 8
    shown = loop.shown()
    assert all(count == 1 for count in shown.values())
    verified = loop.bridge("verify", "--json")
    assert verified.exit_code == 0, verified.output
    assert json.loads(verified.stdout)["annotations"] == len(loop.said)
    assert loop.sync()["status"] == "unchanged"
