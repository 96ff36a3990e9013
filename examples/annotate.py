"""Plays annotators at an emulated Labelbox: answers what is asked first, as a file says.

    bridge emulate labelbox --port 8765 --data mail.jsonl
    python examples/annotate.py http://127.0.0.1:8765 mail.jsonl 50

People would do this in Labelbox's editor; the emulator takes answers over HTTP instead.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import requests

__all__ = ["annotate"]


def annotate(address: str, data: Path, number: int) -> int:
    """Answer up to ``number`` queued items of the emulator's first project; return how many."""

    def call(path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        method = "GET" if body is None else "POST"
        answer = requests.request(method, f"{address}/emulator/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return dict(answer.json())

    with data.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file if line.strip()]
    truth = {row.get("key", f"row-{place}"): row["label"] for place, row in enumerate(rows)}
    project = next(iter(call("state")["projects"]))
    asked = call(f"projects/{project}/queue")["keys"][:number]
    for key in asked:
        answer = {"key": key, "classes": [truth[key]], "annotator": "ann@example.com"}
        call(f"projects/{project}/answer", answer)
    return len(asked)


if __name__ == "__main__":
    answered = annotate(sys.argv[1].rstrip("/"), Path(sys.argv[2]), int(sys.argv[3]))
    print(f"{answered} items answered")
