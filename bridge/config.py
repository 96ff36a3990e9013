"""``bridge.toml`` -> validated settings.

Any text value may hold ``${NAME}``, which is taken from the environment. A secret (a field of
type ``SecretStr``) must be given so, or as ``file:PATH``; one that stands in clear is refused.
Errors name the field and never show a value.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator

from bridge.acquisition.order import Order
from bridge.acquisition.spec import AcquisitionSpec
from bridge.errors import ConfigError
from bridge.execution import ExecutionSettings
from bridge.learners.spec import LearnerSpec
from bridge.platforms import Adapter, adapter
from bridge.records import Record
from bridge.safe_text import remember, secrets_in

__all__ = [
    "AnswerSettings",
    "OperationsSettings",
    "QueueSettings",
    "Settings",
    "StopSettings",
    "StoreSettings",
    "SyncSettings",
    "load",
]

COMMITTEE = 5  # members, where a committee is needed and its size not given
_OFFLINE = "https://not.needed/offline"  # a secret that is not asked for; some must be an address
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class StoreSettings(Record):
    """``[store]``: where the truth lies.

    Attributes:
        path: directory of state, features and models, relative to ``bridge.toml``.
        url: a database that takes the place of the SQLite file for the state.
        files: where several hosts share their models: a path, relative to ``bridge.toml``, or a URL
            that fsspec knows, such as ``s3://bucket/loop``; ``path`` keeps a copy then.
    """

    path: Path = Path(".bridge")
    url: SecretStr | None = None
    files: str | None = None

    @field_validator("files")
    @classmethod
    def _without_password(cls, value: str | None) -> str | None:
        if value is not None and "://" in value and urlsplit(value).password is not None:
            raise ValueError(
                "it must not hold a password; file systems read theirs from the environment"
            )
        return value


class QueueSettings(Record):
    """``[queue]``: how much work lies ready for annotators.

    Attributes:
        depth: items that should be queued and unanswered after a sync.
        batch: smallest batch worth pushing: the queue is topped up when so many places are free.
        order: ``informative``: what teaches most is asked first. ``interleaved``: the predicted
            classes come by turns. ``grouped``: what is alike is asked in a row, in pages of 50.
    """

    depth: int = Field(default=100, ge=1, le=100_000)
    batch: int = Field(default=20, ge=1, le=100_000)
    order: Order = "informative"


class AnswerSettings(Record):
    """``[answers]``: how several answers become one target.

    Attributes:
        min_annotators: answers an item needs before it is taught.
        min_agreement: share of annotators who must agree, above 0.5 to rule out ties; where they
            are weighted, how probable the answer must be.
        consensus: ``weighted``: annotators who disagree count as much as their answers on items
            that others answered, too, say that they can be trusted. ``majority``: they count alike.
        rename: old class name -> name today, for platforms without stable class ids.
    """

    min_annotators: int = Field(default=1, ge=1)
    min_agreement: float = Field(default=0.5, ge=0.0, le=1.0)
    consensus: Literal["weighted", "majority"] = "weighted"
    rename: Mapping[str, str] = Field(default_factory=dict)


class SyncSettings(Record):
    """``[sync]``: when to do what.

    Attributes:
        train_after: new or changed answers that make a training worth while.
        full_every_hours: how often everything is pulled again, which finds what change feeds do
            not tell; 0 never does.
        max_deleted_share: a full pull that would delete more than this share of answers or items is
            taken for a fault of the platform: nothing is deleted, and it says so.
        seed: of everything that is drawn at random.
    """

    train_after: int = Field(default=1, ge=1)
    full_every_hours: float = Field(default=24.0, ge=0)
    max_deleted_share: float = Field(default=0.5, ge=0.0, le=1.0)
    seed: int = Field(default=0, ge=0, lt=2**32)


class StopSettings(Record):
    """``[stop]``: when it is said that more labels would buy little.

    Attributes:
        mode: ``advise`` says so; ``pause`` queues nothing more from then on; ``off`` does not look.
        gain: macro-F1 that the next hundred labels must be expected to add, or it is time to stop.
        agreement: Cohen's kappa of the models of two rounds, from which they count as alike.
        rounds: how many rounds in a row must be alike; one has a twentieth more labels than the
            one before it, and at least twenty.
        sample: items of the pool on which models are compared.
    """

    mode: Literal["off", "advise", "pause"] = "advise"
    gain: float = Field(default=0.01, gt=0, lt=1)
    agreement: float = Field(default=0.99, gt=0, le=1)
    rounds: int = Field(default=3, ge=1, le=8)
    sample: int = Field(default=1000, ge=50, le=10_000)


class OperationsSettings(Record):
    """``[operations]``: how others watch the loop.

    Attributes:
        metrics_file: Prometheus text file that is written after every sync, relative to
            ``bridge.toml``.
        heartbeat_url: web address that is asked for after every sync that went well; nothing is
            sent after one that failed.
    """

    metrics_file: Path | None = None
    heartbeat_url: SecretStr | None = None

    @field_validator("heartbeat_url")
    @classmethod
    def _is_web_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("it must begin with https:// or http://")
        return value


class Settings(Record):
    """Everything in ``bridge.toml``.

    Attributes:
        platform: settings of the adapter, validated by its own model.
    """

    adapter: Adapter
    platform: BaseModel
    directory: Path
    store: StoreSettings = StoreSettings()
    model: LearnerSpec = LearnerSpec()
    acquisition: AcquisitionSpec = AcquisitionSpec()
    queue: QueueSettings = QueueSettings()
    answers: AnswerSettings = AnswerSettings()
    sync: SyncSettings = SyncSettings()
    stop: StopSettings = StopSettings()
    operations: OperationsSettings = OperationsSettings()
    execution: ExecutionSettings = ExecutionSettings()

    model_config = Record.model_config | {"arbitrary_types_allowed": True}

    @property
    def store_directory(self) -> Path:
        """Absolute directory of the store."""
        return (self.directory / self.store.path).resolve()

    @property
    def shared_files(self) -> str | None:
        """URL or absolute path where several hosts share their models; None if they do not."""
        files = self.store.files
        if files is None or "://" in files:
            return files
        return str((self.directory / Path(files).expanduser()).resolve())


_SECTIONS: dict[str, type[BaseModel]] = {
    "store": StoreSettings,
    "model": LearnerSpec,
    "acquisition": AcquisitionSpec,
    "queue": QueueSettings,
    "answers": AnswerSettings,
    "sync": SyncSettings,
    "stop": StopSettings,
    "operations": OperationsSettings,
    "execution": ExecutionSettings,
}


def load(path: str | Path, *, offline: bool = False) -> Settings:
    """Read and validate a configuration file.

    Args:
        offline: the platform will not be asked, so that its secrets need not be there.

    Raises:
        ConfigError: the file cannot be read, is no TOML, or a field is wrong; names the field.
    """
    path = Path(path)
    raw = _read(path)
    return from_mapping(raw, directory=path.resolve().parent, name=path.name, offline=offline)


def from_mapping(
    raw: Mapping[str, Any],
    *,
    directory: Path,
    name: str = "configuration",
    offline: bool = False,
) -> Settings:
    """Validate settings given as the mapping that ``bridge.toml`` would hold.

    Raises:
        ConfigError: a field is wrong; names the field.
    """
    unknown = sorted(raw.keys() - _SECTIONS.keys() - {"platform"})
    if unknown:
        guess = _closest(unknown[0], [*_SECTIONS, "platform"])
        raise ConfigError(f"{name}: there is no section [{unknown[0]}].", guess)
    section = raw.get("platform")
    if not isinstance(section, Mapping) or not isinstance(section.get("type"), str):
        raise ConfigError(
            f"{name}: platform.type is missing.",
            'Name the platform, such as type = "labelbox", or run `bridge init`.',
        )
    found = adapter(section["type"])
    options = {key: value for key, value in section.items() if key != "type"}
    return Settings.model_construct(
        adapter=found,
        platform=_validated(name, "platform", found.settings, options, directory, offline),
        directory=directory,
        **sections(raw, directory=directory, name=name, offline=offline),
    )


def sections(
    raw: Mapping[str, Any],
    *,
    directory: Path,
    name: str = "configuration",
    offline: bool = False,
) -> dict[str, Any]:
    """Validate all sections but ``[platform]``; one that is absent has its defaults.

    Raises:
        ConfigError: a field is wrong; names the field.
    """
    parsed: dict[str, Any] = {
        # The secret of [store] is needed offline, too; that of [operations] is not.
        key: _validated(
            name, key, model, raw.get(key, {}), directory, offline and key == "operations"
        )
        for key, model in _SECTIONS.items()
    }
    parsed["model"] = parsed["model"].relative_to(directory)
    remember(*secrets_in(parsed["model"].params), *secrets_in(parsed["model"].encoder_params))
    model, strategy = parsed["model"], parsed["acquisition"].strategy
    if strategy == "committee" and model.estimator == "auto" and not model.committee:
        parsed["model"] = parsed["model"].model_copy(update={"committee": COMMITTEE})
    return parsed


def _read(path: Path) -> dict[str, Any]:
    try:
        # Some editors begin a file with a byte order mark, which TOML does not know.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(
            f"There is no {path}.", "Run `bridge init` to make one, or name it with --config."
        ) from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from None


def _validated(
    name: str,
    section: str,
    model: type[BaseModel],
    raw: Any,
    directory: Path,
    offline: bool = False,
) -> BaseModel:
    if not isinstance(raw, Mapping):
        raise ConfigError(f"{name}: [{section}] must be a table.")
    values: dict[str, Any] = {}
    for key, value in raw.items():
        secret = _holds(model, key, SecretStr)
        if secret and offline:
            values[key] = _OFFLINE
        else:
            values[key] = _expanded(f"{name}: {section}.{key}", value, secret, directory)
    for key, value in values.items():  # cron starts elsewhere: paths are relative to the file
        if isinstance(value, str) and _holds(model, key, Path):
            values[key] = directory / Path(value).expanduser()
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _explained(name, section, model, error) from None


def _holds(model: type[BaseModel], key: str, kind: type) -> bool:
    field = model.model_fields.get(key)
    return field is not None and kind in (field.annotation, *get_args(field.annotation))


def _expanded(where: str, value: Any, secret: bool, directory: Path) -> Any:
    if isinstance(value, str):
        if secret:
            return _secret(where, value, directory)
        return VARIABLE.sub(lambda match: _environment(where, match[1]), value)
    if secret:
        raise ConfigError(f"{where} must be text.", 'Give it as "${NAME}" or "file:PATH".')
    if isinstance(value, list):
        return [_expanded(where, entry, False, directory) for entry in value]
    if isinstance(value, Mapping):
        return {k: _expanded(f"{where}.{k}", v, False, directory) for k, v in value.items()}
    return value


def _secret(where: str, value: str, directory: Path) -> str:
    secret = _resolved(where, value, directory)
    remember(secret)
    return secret


def _resolved(where: str, value: str, directory: Path) -> str:
    if value.startswith("file:"):
        path = directory / Path(value.removeprefix("file:")).expanduser()
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise ConfigError(f"{where}: the file {path} cannot be read.") from None
    if VARIABLE.search(value):
        return VARIABLE.sub(lambda match: _environment(where, match[1]), value)
    raise ConfigError(
        f"{where} holds a secret in clear.",
        'Put it into the environment and write "${NAME}", or into a file and write "file:PATH".',
    )


def _environment(where: str, variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise ConfigError(
            f"{where} needs the environment variable {variable}, which is not set.",
            f"Set it: export {variable}=…",
        )
    return value


def _explained(
    name: str, section: str, model: type[BaseModel], error: ValidationError
) -> ConfigError:
    found = error.errors(include_input=False, include_url=False)
    # A mistyped key is the likelier fault where another is missing.
    first = next((e for e in found if e["type"] == "extra_forbidden"), found[0])
    field = ".".join(str(part) for part in (section, *first["loc"]))
    if first["type"] == "extra_forbidden":
        guess = _closest(str(first["loc"][0]), list(model.model_fields))
        return ConfigError(f"{name}: there is no setting {field}.", guess)
    if first["type"] == "missing":
        described = model.model_fields[str(first["loc"][0])].description
        return ConfigError(f"{name}: {field} is missing.", described or "")
    message = first["msg"].removeprefix("Value error, ")
    return ConfigError(f"{name}: {field} is wrong: {message}.")


def _closest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"Known are: {', '.join(known)}."
