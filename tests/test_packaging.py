"""What is installed: names in the wheel, scripts, plug-ins, and how little a start loads."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import bridge
from memory_platform import MemoryPlatform, loop, mail

ROOT = Path(__file__).parent.parent
PACKAGES = {"bridge", "bridge_labelbox", "bridge_labelstudio", "bridge_prodigy"}
PARTS = ("pyproject.toml", "README.md", "LICENSE", "bridge", "adapters", "examples")


def python(
    *arguments: str, cwd: Path | None = None, timeout: int = 60
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=timeout, cwd=cwd
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy of the tree."""
    tree, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("dist")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, tree / part, ignore=ignored)
        else:
            shutil.copy(source, tree / part)
    done = python(
        "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(tree), timeout=110
    )
    assert done.returncode == 0, done.stderr
    (built,) = out.glob("*.whl")
    assert built.name == f"label_bridge-{bridge.__version__}-py3-none-any.whl"
    return zipfile.ZipFile(built)


def test_top_level_names(wheel: zipfile.ZipFile) -> None:
    """Nothing else is installed: the name `adapters` belongs to another library."""
    names = {name.split("/")[0] for name in wheel.namelist()}
    assert names == PACKAGES | {f"label_bridge-{bridge.__version__}.dist-info"}
    assert not (ROOT / "adapters" / "__init__.py").exists()


def test_typed_and_with_data(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)
    assert names.count("bridge/data/spamassassin.jsonl.xz") == 1
    packed = wheel.read("bridge/data/spamassassin.jsonl.xz")
    assert packed == (ROOT / "examples" / "data" / "spamassassin.jsonl.xz").read_bytes()
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_every_module_is_in_it(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for base in (ROOT, ROOT / "adapters"):
        for package in PACKAGES:
            for path in (base / package).glob("**/*.py"):
                assert str(path.relative_to(base)) in names


def test_scripts_and_plugins(wheel: zipfile.ZipFile) -> None:
    text = wheel.read(f"label_bridge-{bridge.__version__}.dist-info/entry_points.txt").decode()
    lines = set(text.splitlines())
    assert {"bridge = bridge.cli:main", "label-bridge = bridge.cli:main"} <= lines
    assert {"labelbox = bridge_labelbox:ADAPTER", "prodigy = bridge_prodigy:ADAPTER"} <= lines
    assert "bridge.queue = bridge_prodigy.recipe:queue" in lines


def test_the_wheel_runs_on_its_own(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """From the unpacked wheel, not from the checkout: commands, plug-ins, and the demo's mail."""
    wheel.extractall(tmp_path)
    code = (
        "import sys; sys.path.insert(0, '.')\n"
        "import bridge, bridge.demo, bridge.platforms, pathlib\n"
        "assert pathlib.Path(bridge.__file__).parent == pathlib.Path.cwd() / 'bridge'\n"
        "print(len(bridge.demo.demo_mail()))\n"
    )
    done = python("-P", "-c", code, cwd=tmp_path)
    assert (done.stdout, done.returncode) == ("5919\n", 0), done.stderr


@pytest.mark.parametrize("script", ["bridge", "label-bridge"])
def test_installed_scripts(script: str) -> None:
    (point,) = entry_points(group="console_scripts", name=script)
    assert point.value == "bridge.cli:main"


def test_version() -> None:
    done = python("-m", "bridge", "--version")
    assert done.stdout == f"bridge, version {bridge.__version__}\n"


def test_public_names() -> None:
    """The public surface changes on purpose only."""
    assert bridge.__all__ == [
        "Annotation",
        "Batch",
        "Bridge",
        "BridgeError",
        "Item",
        "LabelSchema",
        "Prediction",
        "SyncResult",
        "__version__",
    ]
    for name in bridge.__all__:
        assert getattr(bridge, name) is not None
    with pytest.raises(AttributeError, match="Bridges"):
        _ = bridge.Bridges  # type: ignore[attr-defined]  # the point of the test


# ------------------------------------------------------------------------------------- lightness


def loaded(arguments: Sequence[str], cwd: Path | None = None) -> set[str]:
    """Run a command in a fresh interpreter; return the top-level modules that it loaded."""
    code = (
        "import sys\n"
        "from bridge.cli import main\n"
        f"sys.argv = ['bridge', *{list(arguments)!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "print('\\nmodules:', *{name.split('.')[0] for name in sys.modules})\n"
    )
    done = python("-c", code, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("modules:")[2].split())


SCIENCE = {"numpy", "scipy", "sklearn", "skops", "joblib"}
HEAVY = SCIENCE | {"pydantic", "sqlalchemy", "requests", "rich", "msgspec", "tomlkit"}


@pytest.mark.parametrize("arguments", [["--help"], ["sync", "--help"], ["--version"]])
def test_help_is_light(arguments: list[str]) -> None:
    assert loaded(arguments) & HEAVY == set()


def test_importing_is_light() -> None:
    done = python("-c", "import sys, bridge; print(*sys.modules)")
    assert set(done.stdout.split()) & (HEAVY | {"click", "bridge.api"}) == set()


def test_status_loads_no_science(tmp_path: Path) -> None:
    (tmp_path / "pool.jsonl").write_text('{"text": "Win money"}\n')
    (tmp_path / "bridge.toml").write_text(
        '[platform]\ntype = "prodigy"\ndataset = "mail"\nsource = "pool.jsonl"\n'
        'queue = "queue.jsonl"\nclasses = ["ham", "spam"]\ndatabase = "prodigy.db"\n'
    )
    assert loaded(["status"], cwd=tmp_path) & SCIENCE == set()


def test_status_with_a_champion_loads_no_science(tmp_path: Path) -> None:
    """Also once there is a model whose scores are shown."""
    platform = MemoryPlatform()
    items = mail(60)
    platform.add(*items.values())
    bridge_ = loop(platform, tmp_path, queue={"depth": 40, "batch": 5})
    bridge_.sync()
    for key in list(platform.queued):
        platform.answer(key, key.split("-")[0])
    assert bridge_.sync().champion
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from bridge.report import scores_table, status_lines\n"
        "from bridge.status import status\n"
        "from bridge.store.database import open_store\n"
        "store = open_store(Path('.bridge'))\n"
        "found = status(store)\n"
        "store.close()\n"
        "assert found.champion is not None\n"
        "status_lines(found)\n"
        "scores_table(found.champion.scores)\n"
        "print(*{name.split('.')[0] for name in sys.modules})\n"
    )
    done = python("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) & SCIENCE == set()
