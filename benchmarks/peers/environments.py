"""Virtual environments of the peers, made when first needed from pinned requirements."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = ["CACHE", "HERE", "python_of"]

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "peers"


def python_of(name: str | None) -> Path:
    """Return the interpreter of a peer's environment; of this process where ``name`` is None.

    ``NAME.txt`` beside this file pins what is installed; a changed file is installed again.
    """
    if name is None:
        return Path(sys.executable)
    wanted = HERE / f"{name}.txt"
    home = CACHE / name
    python, stamp = home / "bin" / "python", home / "installed.txt"
    if not stamp.exists() or stamp.read_text() != wanted.read_text():
        print(f"Making the environment {home} ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", wanted], check=True)
        stamp.write_text(wanted.read_text())
    return python
