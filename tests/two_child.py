"""A process of its own that runs one command of the command line, and ends with its exit code."""

import os
import sys
from pathlib import Path
from threading import Barrier
from typing import Any

from bridge.cli import main


def command(
    words: list[str], environment: dict[str, str], output: str, gate: Barrier | None = None
) -> Any:
    """Run ``bridge WORDS…`` with its output in a file; wait at the gate first."""
    os.environ |= environment
    with Path(output).open("w", encoding="utf-8") as file:
        sys.stdout = sys.stderr = file
        if gate is not None:
            gate.wait(60)
        main(words, prog_name="bridge")
