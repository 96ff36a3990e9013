"""Settings of ``[platform] type = "prodigy"``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from bridge.limits import RowSettings

__all__ = ["ProdigySettings", "View"]

View = Literal["choice", "classification", "ner_manual", "spans_manual", "image_manual"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class ProdigySettings(RowSettings):
    """Where one Prodigy dataset, its pool and its queue are."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    dataset: Name = Field(description="Name of the Prodigy dataset that receives the answers")
    source: Path = Field(
        description='Pool of items: a JSONL file, one {"text": …} or {"image": …} per line'
    )
    queue: Path = Field(
        description="JSONL file that Bridge writes and the recipe bridge.queue serves"
    )
    classes: tuple[Name, ...] = Field(
        min_length=1,
        description="Class names, separated by commas, in the order in which annotators see them",
    )
    view: View = Field(default="choice", description="Prodigy's annotation interface (view_id)")
    multi: bool = Field(default=False, description="May several classes apply to one item?")
    negative: Name | None = Field(
        default=None,
        description="For view 'classification': name of the class that a reject stands for",
    )
    key_field: Name | None = Field(
        default=None,
        description="Field of the pool rows that identifies an item; empty for key, id or content",
    )
    database: Path | None = Field(
        default=None,
        description="Prodigy's SQLite file; empty for prodigy.db in PRODIGY_HOME or ~/.prodigy",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="Where Prodigy uses a server: postgresql://user:password@host/name or mysql://…",
    )
    export: Path | None = Field(
        default=None, description="File written by 'prodigy db-out', instead of the database"
    )
    component: bool = Field(
        default=False,
        description="Read through the installed prodigy package instead of the database",
    )

    @field_validator("database_url")
    @classmethod
    def _is_url(cls, value: SecretStr | None) -> SecretStr | None:
        try:
            if value is not None:
                make_url(value.get_secret_value())
        except (ArgumentError, ValueError):
            raise ValueError("it is no URL such as postgresql://user:password@host/name") from None
        return value

    @model_validator(mode="after")
    def _consistent(self) -> ProdigySettings:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("a class is named twice")
        places = (self.database, self.database_url, self.export, self.component or None)
        if sum(place is not None for place in places) > 1:
            raise ValueError("give one of database, database_url, export and component")
        if self.view == "classification" and len(self.classes) != 1:
            raise ValueError("view 'classification' asks about one class; use 'choice' for several")
        if self.negative is not None and self.view != "classification":
            raise ValueError("negative is for view 'classification' only")
        if self.negative in self.classes:
            raise ValueError("negative needs a name that no class has")
        return self

    def url(self) -> URL:
        """URL of the database, with its password."""
        if self.database_url is not None:
            return make_url(self.database_url.get_secret_value())
        path = self.database or _home() / "prodigy.db"
        return URL.create("sqlite", database=str(path.expanduser()))


def _home() -> Path:
    """Prodigy's home folder (its documented default and variable)."""
    return Path(os.environ.get("PRODIGY_HOME") or Path.home() / ".prodigy").expanduser()
