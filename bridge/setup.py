"""``bridge init``: asks what an adapter's settings need, and writes ``bridge.toml``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bridge.config import VARIABLE, from_mapping
from bridge.errors import ConfigError
from bridge.platforms import Adapter, adapter, adapter_names

__all__ = ["write_config"]

_TAIL = """
[store]
path = ".bridge"        # state, features and models; belongs to this project alone

[queue]
depth = 100             # items that should lie ready for annotators
batch = 20              # top up when so many places are free

# Further sections with their defaults: [model], [acquisition], [answers], [sync].
"""


def write_config(
    path: Path, platform: str | None, given: Sequence[str], *, force: bool = False
) -> None:
    """Ask for what was not given, validate, and write the file.

    Raises:
        ConfigError: the file exists or cannot be written, or an answer is wrong.
    """
    if path.exists() and not force:
        raise ConfigError(f"{path} exists.", "Use --force to overwrite it.")
    name = platform or click.prompt("Platform", type=click.Choice(adapter_names()))
    found = adapter(name)
    values = _answers(found, dict(_pair(text) for text in given))
    # Validate as far as it goes without the secrets, which may not be set yet on this machine.
    _validate(found, values, path.resolve().parent)
    try:
        path.write_text(_document(name, values), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign:
        raise ConfigError(f"--set {text} is not KEY=VALUE.")
    return key, value


def _answers(found: Adapter, given: dict[str, str]) -> dict[str, Any]:
    fields = found.settings.model_fields
    unknown = given.keys() - fields.keys()
    if unknown:
        raise ConfigError(
            f"The platform '{found.name}' has no setting '{min(unknown)}'.",
            f"Known are: {', '.join(fields)}.",
        )
    answers: dict[str, Any] = {}
    for key, field in fields.items():
        if key in given:
            answers[key] = _parsed(field, given[key])
        elif field.is_required() and _is_secret(field):
            variable = f"{found.name}_{key}".upper()
            said = click.prompt(
                f"{field.description or key}: name of the environment variable that holds it",
                default=variable,
            )
            if not VARIABLE.fullmatch(f"${{{said}}}"):
                # Not told again: somebody may have pasted the secret itself.
                raise ConfigError(
                    f"What was given for platform.{key} is not the name of a variable.",
                    f"Put the secret into a variable such as {variable}, and give its name.",
                )
            answers[key] = f"${{{said}}}"
        elif field.is_required():
            answers[key] = _parsed(field, click.prompt(field.description or key))
    return answers


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in (field.annotation, *get_args(field.annotation))


def _parsed(field: FieldInfo, text: str) -> Any:
    """Read an answer: lists are given with commas between; numbers and truth values as in TOML."""
    kinds = {field.annotation, *get_args(field.annotation)}
    if any(getattr(kind, "__origin__", kind) in (tuple, list) for kind in kinds) or (
        getattr(field.annotation, "__origin__", None) in (tuple, list)
    ):
        return [part.strip() for part in text.split(",") if part.strip()]
    if bool in kinds:
        return text.strip().lower() in ("true", "yes", "1")
    if int in kinds and text.lstrip("-").isdigit():
        return int(text)
    return text


def _validate(found: Adapter, values: dict[str, Any], directory: Path) -> None:
    fields = found.settings.model_fields
    public = {key: value for key, value in values.items() if not _is_secret(fields[key])}
    secret = [key for key in values if _is_secret(fields[key])]
    for key in secret:
        if not values[key].startswith(("${", "file:")):
            raise ConfigError(
                f"platform.{key} is a secret and must not be written into the file.",
                'Give it as "${NAME}" or "file:PATH".',
            )
    try:
        from_mapping({"platform": {"type": found.name, **public}}, directory=directory)
    except ConfigError as error:
        if not any(f"platform.{key} is missing" in error.what for key in secret):
            raise


def _document(name: str, values: dict[str, Any]) -> str:
    import tomlkit

    document = tomlkit.document()
    table = tomlkit.table()
    table.add("type", name)
    for key, value in values.items():
        table.add(key, value)
    document.add("platform", table)
    return tomlkit.dumps(document) + _TAIL
