"""What a killed run runs: one turn in a process of its own, which dies at an order."""

import os
import signal
from pathlib import Path

from bridge.api import Bridge
from bridge.effects import watch
from bridge.errors import BridgeError
from bridge.store import tidy


def _sync(bridge: Bridge) -> None:
    bridge.sync()


def _full(bridge: Bridge) -> None:
    """Pull everything, and keep so few models that an old one has to go."""
    tidy.MODELS_KEPT = 1
    bridge.sync(full=True)


def _rollback(bridge: Bridge) -> None:
    bridge.rollback()


ACTS = {"sync": _sync, "full": _full, "rollback": _rollback}


def act(
    name: str, config: str, environment: dict[str, str], record: str | None, kill_at: int | None
) -> None:
    """Do one of ACTS; write the effects passed to ``record``, or die at the ``kill_at``th moment.

    It ends with the exit code of the error if it fails.
    """
    os.environ |= environment
    passed: list[str] = []

    def watcher(when: str, name: str) -> None:
        passed.append(f"{when} {name}")
        if len(passed) - 1 == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    watch(watcher)
    code = 0
    try:
        with Bridge.from_config(config) as bridge:
            ACTS[name](bridge)
    except BridgeError as error:
        passed.append(f"failed: {error}")
        code = error.exit_code
    if record is not None:
        Path(record).write_text("\n".join(passed), encoding="utf-8")
    raise SystemExit(code)
