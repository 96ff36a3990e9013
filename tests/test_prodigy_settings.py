"""Settings, secrets, and what importing the package costs Prodigy."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pymysql
import pytest
import sqlalchemy.exc
from pydantic import ValidationError

import bridge_prodigy
from bridge.errors import AuthError, BridgeError, PlatformError, Unreachable
from bridge.platforms import adapter
from bridge.records import Item
from bridge_prodigy import ADAPTER, ProdigySettings, connect
from bridge_prodigy.emulator import Emulator
from bridge_prodigy.trouble import as_bridge_error

SECRET = "hunter2/@:é"


def make(**fields: Any) -> ProdigySettings:
    base = {"dataset": "d", "source": "pool.jsonl", "queue": "q.jsonl", "classes": ["a", "b"]}
    return ProdigySettings.model_validate({**base, **fields})


def test_the_adapter_is_found_by_its_entry_point() -> None:
    assert adapter("prodigy") is ADAPTER


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"classes": []}, "classes"),
        ({"classes": ["a", "a"]}, "twice"),
        ({"view": "text"}, "view"),
        ({"view": "classification"}, "one class"),
        ({"negative": "c"}, "negative"),
        ({"view": "classification", "classes": ["a"], "negative": "a"}, "negative"),
        ({"database": "x.db", "component": True}, "one of"),
        ({"database_url": "postgresql://me:hunter2@h:port/p"}, "no URL"),
        ({"database_url": "postgresql://h/p", "export": "out.jsonl"}, "one of"),
        ({"datbase": "x.db"}, "datbase"),
        ({"dataset": " "}, "dataset"),
    ],
)
def test_settings_that_make_no_sense(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make(**fields)


def test_every_setting_has_a_question() -> None:
    assert [n for n, f in ProdigySettings.model_fields.items() if not f.description] == []


def test_prodigys_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PRODIGY_HOME", str(tmp_path))
    assert make().url().database == str(tmp_path / "prodigy.db")
    monkeypatch.delenv("PRODIGY_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert make().url().database == str(tmp_path / ".prodigy" / "prodigy.db")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "mysql"])
def test_a_password_is_never_shown(scheme: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    quoted = "hunter2%2F%40%3A%C3%A9"
    settings = make(database_url=f"{scheme}://me:{quoted}@127.0.0.1:1/prodigy")
    assert settings.url().password == SECRET
    platform = connect(settings)
    with pytest.raises(BridgeError) as caught:
        list(platform.pull('{"source":{"type":"file"},"answers":{"type":"row","link":5}}'))
    shown = [repr(settings), str(settings), settings.model_dump_json(), repr(caught.value)]
    shown += [caught.value.what, caught.value.fix, repr(platform), platform.project, caplog.text]
    shown += [f.detail + f.fix for f in platform.check()]
    assert isinstance(caught.value, Unreachable)
    assert not [text for text in shown if "hunter2" in text]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (pymysql.err.OperationalError(1045, "Zugriff verweigert: hunter2/@:é"), AuthError),
        (pymysql.err.OperationalError(1044, "Access denied to database"), AuthError),
        (pymysql.err.OperationalError(1142, "SELECT command denied to user"), AuthError),
        (pymysql.err.OperationalError(1049, "Unknown database 'p'"), PlatformError),
        (pymysql.err.ProgrammingError(1146, "Table 'p.link' doesn't exist"), PlatformError),
        (pymysql.err.OperationalError(2013, "Lost connection hunter2/@:é"), Unreachable),
    ],
)
def test_what_mysql_says_is_told_with_advice_and_without_the_password(
    said: Exception, kind: type[BridgeError]
) -> None:
    url = make(database_url="mysql://me:hunter2%2F%40%3A%C3%A9@h/p").url()
    error = as_bridge_error(sqlalchemy.exc.OperationalError("SELECT", {}, said), url)
    assert type(error) is kind
    assert error.fix
    assert "hunter2" not in str(error)


def test_wrong_settings_do_not_show_the_password() -> None:
    with pytest.raises(ValidationError) as caught:
        make(database_url="postgresql://me:hunter2@h/p", view="text", multi="perhaps")
    assert "hunter2" not in str(caught.value)


def test_an_unknown_kind_of_database_is_told() -> None:
    with pytest.raises(BridgeError, match="oracledb2") as caught:
        connect(make(database_url="oracledb2://me:hunter2@h/p"))
    assert "hunter2" not in str(caught.value)


def test_the_example_of_the_package_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Emulator(tmp_path, ("yes", "no"), dataset="news")
    desk.add_items([Item(key="a", text="text")])
    desk.answer("a", ["yes"])
    monkeypatch.setenv("PRODIGY_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert bridge_prodigy.__doc__ is not None
    exec(textwrap.dedent(bridge_prodigy.__doc__.split("::\n")[1]), {})
    assert "yes" in capsys.readouterr().out


def test_every_public_name_is_there() -> None:
    assert [name for name in bridge_prodigy.__all__ if not hasattr(bridge_prodigy, name)] == []
    assert not hasattr(bridge_prodigy, "something_else")


def test_the_recipe_imports_nothing_heavy() -> None:
    code = (
        "import sys, bridge_prodigy.recipe; "
        "print([m for m in ('pydantic', 'sqlalchemy', 'msgspec', 'numpy') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
