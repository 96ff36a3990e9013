"""What a killed run runs: one sync in a process of its own, which dies at an order."""

import os
import signal
from pathlib import Path

from bridge.api import Bridge
from bridge.effects import watch
from bridge.errors import BridgeError


def sync(config: str, environment: dict[str, str], record: str | None, kill_at: int | None) -> None:
    """Sync once; write the effects passed to ``record``, or die at the ``kill_at``th moment."""
    os.environ |= environment
    passed: list[str] = []

    def watcher(when: str, name: str) -> None:
        passed.append(f"{when} {name}")
        if len(passed) - 1 == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    watch(watcher)
    try:
        with Bridge.from_config(config) as bridge:
            bridge.sync()
    except BridgeError as error:
        passed.append(f"failed: {error}")
    if record is not None:
        Path(record).write_text("\n".join(passed), encoding="utf-8")
