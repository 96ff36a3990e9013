"""Settings of ``[platform] type = "prodigy"``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

__all__ = ["ProdigySettings", "View"]

View = Literal["choice", "classification", "ner_manual", "spans_manual", "image_manual"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _parted(database: str) -> tuple[str, str | None]:
    """Split the password from a database URL."""
    if "://" not in database:
        return database, None
    try:
        url = make_url(database)
    except (ArgumentError, ValueError):
        raise ValueError("database is not a path or a URL such as postgresql://host/name") from None
    # hide_password=False writes the URL for a driver; the password is no longer in it here.
    bare = URL.create(
        url.drivername, url.username, None, url.host, url.port, url.database, url.query
    )
    return bare.render_as_string(hide_password=False), url.password


class ProdigySettings(BaseModel):
    """Where one Prodigy dataset, its pool and its queue are.

    A password inside ``database`` is moved to ``database_password`` on reading, so that the URL
    can be shown and the password cannot.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    dataset: Name = Field(description="Name of the Prodigy dataset that receives the answers")
    source: Path = Field(
        description='Pool of items: a JSONL file, one {"text": …} or {"image": …} per line'
    )
    queue: Path = Field(
        description="JSONL file that Bridge writes and the recipe bridge.queue serves"
    )
    classes: tuple[Name, ...] = Field(
        min_length=1, description="Class names, in the order in which annotators see them"
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
    database: str | None = Field(
        default=None,
        description="Prodigy's database: a path, or a postgresql:// or mysql:// URL; "
        "empty for prodigy.db in PRODIGY_HOME or ~/.prodigy",
    )
    database_password: SecretStr | None = Field(
        default=None, description="Password of the database, where it needs one"
    )
    export: Path | None = Field(
        default=None, description="File written by 'prodigy db-out', instead of the database"
    )
    component: bool = Field(
        default=False,
        description="Read through the installed prodigy package instead of the database",
    )

    @model_validator(mode="before")
    @classmethod
    def _password_apart(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or not isinstance(data.get("database"), str):
            return data
        database, password = _parted(data["database"])
        parted = {**data, "database": database}
        if password is not None:
            parted["database_password"] = password
        return parted

    @model_validator(mode="after")
    def _consistent(self) -> ProdigySettings:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("a class is named twice")
        if sum((self.database is not None, self.export is not None, self.component)) > 1:
            raise ValueError("give one of database, export and component")
        if self.view == "classification" and len(self.classes) != 1:
            raise ValueError("view 'classification' asks about one class; use 'choice' for several")
        if self.negative is not None and self.view != "classification":
            raise ValueError("negative is for view 'classification' only")
        if self.negative in self.classes:
            raise ValueError("negative needs a name that no class has")
        return self

    def database_url(self) -> URL:
        """URL of the database with its password; SQLite's for a path."""
        place = self.database or str(_home() / "prodigy.db")
        if "://" not in place:
            return URL.create("sqlite", database=str(Path(place).expanduser()))
        url = make_url(place)
        if self.database_password is not None:
            url = url.set(password=self.database_password.get_secret_value())
        return url


def _home() -> Path:
    """Prodigy's home folder (its documented default and variable)."""
    return Path(os.environ.get("PRODIGY_HOME") or Path.home() / ".prodigy").expanduser()
