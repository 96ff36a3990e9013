"""The docs say what is true: commands parse, examples run, links resolve, generated parts agree."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

import bridge.errors
from bridge.api import Bridge
from bridge.cli import main
from bridge.config import Settings, from_mapping
from bridge.errors import BridgeError
from bridge.platforms import adapter_names
from bridge_labelbox import LabelboxSettings
from bridge_labelbox.emulator import Emulator
from memory_platform import mail, truth

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "examples/README.md")),
    *sorted((ROOT / "docs").glob("**/*.md")),
]
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [m[3].replace(f"\n{m[1]}", "\n") for m in found if m[2] == language]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def command(name: str) -> click.Command:
    found = main.get_command(click.Context(main), name)
    assert found is not None, f"there is no command 'bridge {name}'"
    return found


# ------------------------------------------------------------------------------------- generated


def test_generated_parts_are_current() -> None:
    made = generator()
    for page in made.pages():
        text = page.read_text(encoding="utf-8")
        assert made.filled(text) == text, f"run `make docs`: {name_of(page)}"


def test_a_stale_part_is_noticed() -> None:
    made = generator()
    stale = "<!-- generated: help sync -->\nformer text\n<!-- end -->"
    assert "Usage: bridge sync" in made.filled(stale)
    assert "former text" not in made.filled(stale)


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for name in main.list_commands(click.Context(main)):
        assert f"## `bridge {name}`" in text
        assert f"<!-- generated: help {name} -->" in text
        assert command(name).help
        options = [p for p in command(name).params if isinstance(p, click.Option)]
        assert [option.name for option in options if not option.help] == []


def test_every_section_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    sections = set(Settings.model_fields) - {"adapter", "platform", "directory"}
    for name in (*sections, *adapter_names()):
        assert f"<!-- generated: settings {name} -->" in text


def test_exit_codes_are_those_of_the_errors() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    errors = (getattr(bridge.errors, name) for name in bridge.errors.__all__)
    assert told == {error.exit_code for error in errors} | {0, 1, 2, 130, 143}


def test_a_failure_in_json_is_as_documented(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "sync", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
    )
    (documented,) = blocks(ROOT / "docs" / "json.md", "json")
    assert json.loads(done.stdout) == json.loads(documented)
    assert done.returncode == json.loads(documented)["exit_code"]


# ------------------------------------------------------------------------------------- shell


def shell_lines(page: Path) -> Iterator[list[str]]:
    """Yield the commands of a page's shell blocks as words."""
    for block in blocks(page, "sh"):
        text = re.sub(r"<<'END'\n.*?\nEND\n", "\n", block, flags=re.DOTALL)
        for line in text.replace("\\\n", " ").splitlines():
            for part in line.split(" && "):
                words = shlex.split(part, comments=True)
                if words:
                    yield words


def scheduled(page: Path) -> Iterator[list[str]]:
    for found in re.finditer(r"/(label-bridge [^>\n`]*)>>", page.read_text(encoding="utf-8")):
        yield found[1].split()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_shell_commands_exist(page: Path) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for words in [*shell_lines(page), *scheduled(page)]:
        if words[0] == "make":
            wanted = [word for word in words[1:] if "=" not in word and word != ".venv/ready"]
            assert set(wanted) <= set(targets)
        elif words[0] in ("bridge", "label-bridge"):
            command(words[1]).make_context(words[1], words[2:])
        elif words[0] == "python" and words[1].endswith(".py"):
            assert (ROOT / words[1]).exists()


def test_shell_commands_are_looked_at() -> None:
    """The test above sees commands: it would pass on nothing."""
    words = [line for page in PAGES for line in shell_lines(page)]
    assert sum(line[0] == "bridge" for line in words) > 10
    assert len(list(scheduled(ROOT / "README.md"))) == 1


# ------------------------------------------------------------------------------------- code


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with bridge.toml and a champion, and the environment that reaches the project."""
    endpoint = LabelboxSettings.model_fields["endpoint"]
    items = mail(60)
    with Emulator() as emulator:
        made, dataset = emulator.add_project(["ham", "spam"])
        emulator.add_items(made, [(item.key, item.text or "") for item in items.values()])
        monkeypatch.setattr(endpoint, "default", emulator.url)
        LabelboxSettings.model_rebuild(force=True)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("LABELBOX_API_KEY", emulator.api_key)
        monkeypatch.setenv("LABELBOX_PROJECT", made)
        monkeypatch.setenv("LABELBOX_DATASET", dataset)
        (tmp_path / "bridge.toml").write_text(
            '[platform]\ntype = "labelbox"\napi_key = "${LABELBOX_API_KEY}"\n'
            f'project = "{made}"\ndatasets = ["{dataset}"]\n'
            "[queue]\ndepth = 20\nbatch = 5\n"
        )
        rows = [{"text": item.text, "label": truth(key)} for key, item in items.items()]
        (tmp_path / "mail.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        with Bridge.from_config("bridge.toml") as loop:
            loop.sync()
            for key in emulator.queue(made):
                emulator.answer(made, key, [truth(key)], "ann@example.com")
            assert loop.sync().champion
        yield tmp_path
    monkeypatch.undo()
    LabelboxSettings.model_rebuild(force=True)


@pytest.mark.parametrize("page", ["README.md", "docs/python.md", "docs/emulators.md"])
def test_python_blocks_run(page: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    found = blocks(ROOT / page, "python")
    assert found
    for number, block in enumerate(found, start=1):
        exec(compile(block, f"{page}, block {number}", "exec"), names)
        assert capsys.readouterr().out or "print" not in block


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_are_well_formed(page: Path) -> None:
    for block in blocks(page, "python"):
        compile(block, str(page), "exec")
    for block in blocks(page, "toml"):
        tomllib.loads(block)
    for block in blocks(page, "json"):
        json.loads(block)


def test_the_configuration_shown_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABELBOX_API_KEY", "a-key")
    (shown,) = blocks(ROOT / "docs" / "configuration.md", "toml")
    settings = from_mapping(tomllib.loads(shown), directory=tmp_path)
    assert settings.queue.depth == 100
    broken = tomllib.loads(shown)
    broken["queue"]["dept"] = 3
    with pytest.raises(BridgeError, match=r"queue\.dept"):
        from_mapping(broken, directory=tmp_path)


# ------------------------------------------------------------------------------------- links, names


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.strip().lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_resolve(page: Path) -> None:
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_page_is_on_the_map() -> None:
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "index.md" or f"({page.name})" in text
    for page in (ROOT / "docs" / "platforms").glob("*.md"):
        assert f"(platforms/{page.name})" in text
    listed = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs" / "decisions").glob("0*.md"):
        assert f"({page.name})" in listed
        assert page.read_text(encoding="utf-8").startswith(f"# {page.name[:4]}: ")


def test_nothing_names_a_local_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    places = "|".join(("work", "home", "root", "Users"))
    local = re.compile(rf"(?<![\w.$}}])/(?:{places})/\w".encode())
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if path.is_file() and path.suffix not in (".xz", ".gz"):
            found = local.search(path.read_bytes())
            assert found is None, f"{name}: {found}"
