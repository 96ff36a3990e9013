"""What do pull and push cost, beside Labelbox's own SDK? Run: python benchmarks/sync_io.py

Against the emulated Labelbox in a process of its own, for each number of rows: all of them and
their labels are pulled (the texts from the dataset, the labels from the project), and all of them
are pushed to a fresh project (a batch, an order, a pre-annotation each). The adapter and the SDK
take turns. The SDK lives in a virtual environment of its own (installed when missing, 400 MB in
.cache/labelbox); the code around either is what one would write, in ``sync_io_clients.py``. Then
the engine pulls the same rows into a store, once.

Each measurement is a process of its own. CPU and wall seconds are those of the work alone, after
imports, which are told apart; memory is the greatest resident memory of the process. Calls and
bytes (of bodies, both ways) are counted at the server. Both sides wait as briefly as they can,
since the emulator is done at once.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.sync_costs import texts  # noqa: E402
from tests_real.labelbox import sdk  # noqa: E402

CLASSES = ("ham", "spam")
CLIENTS = HERE / "sync_io_clients.py"


# ----------------------------------------------------------------------------------------- server


class Counting:
    """Counts calls and bytes of bodies; ``GET /counts`` tells them and begins anew."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._counts = {"calls": 0, "bytes": 0}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/counts":
            await self._tell(send)
            return
        self._counts["calls"] += 1

        async def counted_receive() -> Any:
            message = await receive()
            self._counts["bytes"] += len(message.get("body", b""))
            return message

        async def counted_send(message: Any) -> None:
            self._counts["bytes"] += len(message.get("body", b""))
            await send(message)

        await self._app(scope, counted_receive, counted_send)

    async def _tell(self, send: Any) -> None:
        body = json.dumps(self._counts).encode()
        self._counts = {"calls": 0, "bytes": 0}
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def serve(rows: int, empty: int) -> None:
    """Serve a project of so many labeled rows, and empty projects to push to."""
    from bridge_labelbox import operations as ops
    from bridge_labelbox.emulator import server
    from bridge_labelbox.emulator.graphql import Call, execute

    make = server.make_app
    server.make_app = lambda world: Counting(make(world))  # type: ignore[assignment,return-value]
    emulator = server.Emulator()
    project, dataset = emulator.add_project(CLASSES)
    drawn = texts(rows)
    emulator.add_items(project, [(row["key"], row["text"]) for row in drawn])
    keys = [row["key"] for row in drawn]
    given = {"name": "all", "dataRowIds": [], "globalKeys": keys, "priority": 5}
    variables = {"projectId": project, "batchInput": given}
    execute(Call(emulator.world, ops.CREATE_BATCH.text, variables, {}))
    for n, row in enumerate(drawn):
        emulator.answer(project, row["key"], [row["label"]], f"person-{n % 5}@example.com")
    more = [emulator.add_project(CLASSES)[0] for _ in range(empty)]
    emulator.bind()
    said = {"endpoint": emulator.url, "api_key": emulator.api_key, "dataset": dataset}
    print(json.dumps({**said, "project": project, "empty": more, "keys": keys}), flush=True)
    emulator.serve()


@contextmanager
def serving(rows: int, empty: int) -> Iterator[dict[str, Any]]:
    command = [sys.executable, __file__, "--serve", str(rows), str(empty)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())
        finally:
            server.terminate()


# ------------------------------------------------------------------------------------ measurements


def measured(who: str, do: str, served: dict[str, Any], project: str) -> dict[str, float]:
    """Let one side do one thing in a process of its own."""
    counts = served["endpoint"].replace("/graphql", "/counts")
    python = str(sdk.PYTHON) if who == "sdk" else sys.executable
    given = {name: served[name] for name in ("endpoint", "dataset", "keys")} | {"project": project}
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    requests.get(counts, timeout=60).raise_for_status()
    ran = subprocess.run(
        [python, str(CLIENTS), who, do],
        input=json.dumps(given),
        env=kept | {"LABELBOX_API_KEY": served["api_key"]},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise SystemExit(ran.stdout[-2000:] + ran.stderr[-4000:])
    told: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return told | requests.get(counts, timeout=60).json()


def compare(rows: int, repeats: int) -> None:
    with serving(rows, 2 * repeats) as served:
        fresh = iter(served["empty"])
        found: dict[tuple[str, str], list[dict[str, float]]] = {}
        for do in ("pull", "push"):
            for _ in range(repeats):
                for who in ("sdk", "adapter"):
                    project = served["project"] if do == "pull" else next(fresh)
                    found.setdefault((do, who), []).append(measured(who, do, served, project))
        found["pull", "engine"] = [measured("engine", "pull", served, served["project"])]
    for (do, who), several in found.items():
        report(rows, do, who, several)
    for do in ("pull", "push"):
        ratios = [
            theirs["cpu"] / ours["cpu"]
            for theirs, ours in zip(found[do, "sdk"], found[do, "adapter"], strict=True)
        ]
        print(f"  {do}: {_spread(ratios)} times as many rows in a CPU second as the SDK")


def report(rows: int, do: str, who: str, several: Sequence[dict[str, float]]) -> None:
    def of(name: str) -> list[float]:
        return [one[name] for one in several]

    print(
        f"  {do} {who:8} rows/CPU s {_spread([rows / cpu for cpu in of('cpu')], 0):25}"
        f" rows/s {_spread([rows / wall for wall in of('wall')], 0):25}"
        f" {max(of('calls')):4.0f} calls {max(of('bytes')) / 1e6:7.1f} MB"
        f" peak {max(of('peak_mib')):6.1f} MiB (start {max(of('start_mib')):.1f} MiB,"
        f" {statistics.median(of('start_cpu')):.2f} CPU s)"
    )


def _spread(values: Sequence[float], digits: int = 1) -> str:
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{middle:,.{digits}f} ({least:,.{digits}f} to {most:,.{digits}f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--serve", type=int, nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(*given.serve)
        return
    sdk.install()
    for rows in given.rows:
        print(f"\n{rows:,} rows, each with a label; median and range of {given.repeats}")
        compare(rows, given.repeats)


if __name__ == "__main__":
    main()
