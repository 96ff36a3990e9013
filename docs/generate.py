"""Fills the parts of the docs that the code knows: help texts, settings, JSON fields.

A part stands between ``<!-- generated: KIND NAME -->`` and ``<!-- end -->``; kinds are ``help`` (a
command), ``settings`` (a section of ``bridge.toml``, or an adapter), ``record`` (a JSON object) and
``metrics``.
Descriptions are those of the fields, else of ``Attributes:`` in the docstring of the class.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from bridge.cli import main as cli
from bridge.config import Settings
from bridge.metrics import METRICS
from bridge.platforms import adapter, adapter_names

__all__ = ["filled", "pages"]

ROOT = Path(__file__).parent.parent
PART = re.compile(r"(<!-- generated: (\w+) ?(\S*) -->\n).*?(<!-- end -->)", re.DOTALL)
HOMES = (
    "bridge.results",
    "bridge.learners.scores",
    "bridge.platforms",
    "bridge.simulation",
    "bridge.doctor",
    "bridge.verify",
    "bridge.records",
)
BOUNDS = {Ge: "at least {}", Gt: "above {}", Le: "at most {}", Lt: "below {}"}
Row = tuple[str, ...]
WORDS = {
    Any: "anything",
    NoneType: "null",
    Path: "path",
    SecretStr: "secret",
    bool: "`true` or `false`",
    datetime: "time",
    float: "number",
    int: "whole number",
    str: "text",
}


def pages() -> list[Path]:
    """Return the Markdown pages, README first."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def filled(text: str) -> str:
    """Return a page with its generated parts as they are today.

    Raises:
        KeyError: a marker names a part that does not exist.
    """
    return PART.sub(lambda found: f"{found[1]}{KINDS[found[2]](found[3])}\n{found[4]}", text)


# ------------------------------------------------------------------------------------- help


def _help(name: str) -> str:
    top = click.Context(cli, info_name="bridge", terminal_width=80, **cli.context_settings)
    if not name:
        return _block(cli.get_help(top))
    command = cli.commands[name]
    return _block(command.get_help(click.Context(command, info_name=name, parent=top)))


def _block(text: str) -> str:
    return f"\n```text\n{text.rstrip()}\n```\n"


# ------------------------------------------------------------------------------------- tables


def _settings(name: str) -> str:
    rows = []
    for key, field, said in _fields(_settings_model(name)):
        default = "required" if field.is_required() else _default(field)
        rows.append((f"`{key}`", _with_range(field), default, said))
    return _table(("key", "value", "default", "meaning"), rows)


def _settings_model(name: str) -> type[BaseModel]:
    if name in adapter_names():
        return adapter(name).settings
    model = Settings.model_fields[name].annotation
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    return model


def _record(name: str) -> str:
    home = next(module for module in map(import_module, HOMES) if hasattr(module, name))
    model = getattr(home, name)
    rows = [(f"`{key}`", _type(field.annotation), said) for key, field, said in _fields(model)]
    summary = _markdown((inspect.getdoc(model) or "").partition("\n\n")[0])
    text = f"\n{summary}\n{_table(('field', 'value', 'meaning'), rows)}"
    return re.sub(r"\bNone\b", "`null`", text)


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo, str]]:
    documented = _attributes(model)
    # Inherited ones last, which pydantic puts first.
    own = model.__annotations__
    for key, field in sorted(model.model_fields.items(), key=lambda named: named[0] not in own):
        yield key, field, field.description or documented.get(key, "")


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in (inspect.getdoc(model) or "").partition("Attributes:\n")[2].splitlines():
        if begun := re.match(r"    (\w+): (.*)", line):
            name = begun[1]
            found[name] = begun[2]
        elif name:
            found[name] += f" {line.strip()}"
    return {key: _markdown(text) for key, text in found.items()}


def _markdown(text: str) -> str:
    return re.sub(r":\w+:(?=`)", "", text.strip()).replace("``", "`")


def _table(headings: Row, rows: Sequence[Row]) -> str:
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n" + "\n".join(f"| {' | '.join(_cells(line))} |" for line in lines) + "\n"


def _cells(row: Row) -> list[str]:
    return [cell.replace("|", r"\|") for cell in row]


# ------------------------------------------------------------------------------------- values


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None:
        return ""
    return f"`{json.dumps(str(value) if isinstance(value, Path) else value)}`"


def _with_range(field: FieldInfo) -> str:
    bounds: dict[type, Any] = {type(mark): mark for mark in field.metadata}
    said = [
        word.format(getattr(bounds[kind], kind.__name__.lower()))
        for kind, word in BOUNDS.items()
        if kind in bounds
    ]
    return ", ".join([_type(field.annotation, absent=""), *said])


def _type(kind: Any, absent: str = "null") -> str:
    """Return a type in plain words; ``absent`` is the word for None, "" leaves it out."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _type(inner[0], absent)
    if origin is Literal:
        return " or ".join(f"`{json.dumps(value)}`" for value in inner)
    if origin in (Union, UnionType):
        said = [absent if one is NoneType else _type(one) for one in inner]
        return " or ".join(word for word in said if word)
    if origin in (tuple, list):
        several = inner[-1] is Ellipsis or len(inner) == 1
        return f"list of {_type(inner[0])}" if several else f"[{', '.join(map(_type, inner))}]"
    if origin in (dict, Mapping) or origin is not None:
        return f"mapping of {_type(inner[0])} to {_type(inner[1])}"
    if inspect.isclass(kind) and issubclass(kind, BaseModel):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    return WORDS[kind]


def _metrics(_: str) -> str:
    rows = [(f"`{name}`", said) for name, said in METRICS.items()]
    return _table(("gauge", "value"), rows)


KINDS: dict[str, Callable[[str], str]] = {
    "help": _help,
    "metrics": _metrics,
    "record": _record,
    "settings": _settings,
}


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if a page is not current.")
def main(check: bool) -> None:
    """Write what the docs take from the code."""
    stale = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        now = filled(text)
        if now != text:
            stale.append(str(page.relative_to(ROOT)))
            if not check:
                page.write_text(now, encoding="utf-8")
    if stale:
        click.echo(f"{'Not current' if check else 'Written'}: {', '.join(stale)}")
    if stale and check:
        sys.exit("Run: make docs")


if __name__ == "__main__":
    main()
