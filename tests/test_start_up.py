"""What commands and embedded adapters load, and what they do not. Seconds are in the benchmarks."""

import gc
import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge_prodigy.emulator import Emulator
from labelbox_loop import labelbox_loop
from memory_platform import mail

SCIENCE = {"numpy", "scipy", "sklearn", "skops", "joblib"}
PROGRAM = """
import sys
from bridge.cli import main

sys.argv = ["bridge", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print()
print(*sys.modules)
"""


def run(code, *words, **environment):
    """Run code in a fresh interpreter; return what it said, and the modules in its last line."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr
    *said, modules = done.stdout.splitlines()
    return "\n".join(said), set(modules.split())


@pytest.fixture
def loop(tmp_path):
    with labelbox_loop(tmp_path) as made:
        yield made


def command(loop, name, *words):
    key = loop.emulator.api_key
    return run(PROGRAM, name, *words, "-c", loop.config, LABELBOX_API_KEY=key)


def test_a_sync_without_news_loads_no_science(loop):
    """With a champion, whose scores it tells; and it writes no metrics, hence has none made."""
    for _ in range(2):
        loop.sync()
        loop.answer_all()
    loop.sync()
    said, modules = command(loop, "sync", "--json")
    result = json.loads(said)
    assert (result["status"], result["labels"]) == ("unchanged", 24)
    assert result["champion"]
    assert modules & (SCIENCE | {"prometheus_client", "rich"}) == set()


def test_a_sync_with_files_alone_loads_no_http(tmp_path):
    emulator = Emulator(tmp_path, ("ham", "spam"))
    emulator.add_items(mail(20).values())
    config = tmp_path / "bridge.toml"
    config.write_text(
        '[platform]\ntype = "prodigy"\nsource = "pool.jsonl"\nqueue = "queue.jsonl"\n'
        f'database = "prodigy.db"\ndataset = "{emulator.options.dataset}"\n'
        'classes = ["ham", "spam"]\n'
    )
    for status in ("changed", "unchanged"):
        said, modules = run(PROGRAM, "sync", "--json", "-c", config)
        assert json.loads(said)["status"] == status
        assert "requests" not in modules


def test_status_asks_nobody_and_loads_what_would(loop):
    loop.sync()
    _, modules = command(loop, "status")
    unused = {"bridge.sync", "bridge.store.locks", "bridge_labelbox.platform"}
    unused |= {"requests", "sqlalchemy.dialects.postgresql", "rich"}
    assert modules & (SCIENCE | unused) == set()


@pytest.mark.parametrize(
    ("package", "platform", "not_needed"),
    [
        ("bridge_labelbox", "LabelboxPlatform", {"sqlalchemy"}),
        ("bridge_labelstudio", "LabelStudioPlatform", {"sqlalchemy"}),
        ("bridge_prodigy", "Prodigy", {"requests"}),
    ],
)
def test_an_adapter_alone_loads_no_engine(package, platform, not_needed):
    engine = {"bridge.api", "bridge.config", "bridge.sync", "bridge.store", "click", "rich"}
    _, modules = run(f"import sys\nfrom {package} import {platform}\nprint(*sys.modules)")
    assert modules & (SCIENCE | engine | not_needed) == set()
    _, modules = run(f"import sys\nfrom {package} import ADAPTER\nprint(*sys.modules)")
    assert modules & {"requests", f"{package}.platform"} == set()


def test_a_command_leaves_the_garbage_collector_as_it_was(tmp_path):
    before = gc.get_threshold()
    CliRunner().invoke(main, ["status", "-c", str(tmp_path / "none.toml")])
    assert gc.get_threshold() == before
