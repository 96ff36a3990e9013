"""A large export is read in bounded memory, while it arrives."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests_real.labelbox import sdk

MEGABYTES = 1000
MOST_MIB = 200

PULL = """
import json, resource, sys
from bridge_labelbox import LabelboxPlatform, LabelboxSettings

settings = {"api_key": "k", "project": "p", "datasets": ["d"], "endpoint": sys.argv[1]}
platform = LabelboxPlatform(LabelboxSettings.model_validate(settings))
rows = size = 0
for page in platform.pull(None):
    assert not page.problems, page.problems
    rows += len(page.changes)
    size += sum(len(change.item.text.encode()) for change in page.changes)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"rows": rows, "size": size, "peak_mib": peak}))
"""


@pytest.fixture
def endpoint() -> Iterator[str]:
    command = [sys.executable, str(sdk.HERE / "endless.py"), str(MEGABYTES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None  # it is a pipe
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@pytest.mark.timeout(600)
def test_a_large_export_needs_little_memory(endpoint: str) -> None:
    command = [sys.executable, "-c", PULL, endpoint]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["rows"] == MEGABYTES * 1_000_000 // 16384
    assert told["size"] > 0.98 * MEGABYTES * 1_000_000
    assert told["peak_mib"] < MOST_MIB, told
