"""The same promises with Prodigy's tables on a PostgreSQL server.

The tables are the stand-in's: what Prodigy itself makes on PostgreSQL is unverified.
"""

from __future__ import annotations

import os
import socket
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from bridge.errors import AuthError, BridgeError, PlatformError, Unreachable
from bridge.records import Item, TaskType
from bridge.testing import PlatformSuite, batch_of, replay
from bridge_prodigy import Prodigy, ProdigySettings, connect
from bridge_prodigy.database import driver_url
from bridge_prodigy.emulator import Emulator, StandInDatabase
from postgres_server import PASSWORD, QUOTED, Server, execute, needs_postgres, new_database, running
from prodigy_rig import ProdigyRig

pytestmark = [pytest.mark.slow, needs_postgres]


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    with running():
        yield


@contextmanager
def postgres_rig(task: TaskType, classes: tuple[str, ...]) -> Iterator[ProdigyRig]:
    with new_database("prodigy") as url, tempfile.TemporaryDirectory() as folder:
        multi = task == "multi"
        yield ProdigyRig(Emulator(Path(folder), classes, multi=multi, database_url=url))


class TestProdigyOnPostgres(PlatformSuite, rig=postgres_rig):
    """The Prodigy adapter keeps Bridge's promises when the answers are on a server."""


def settings(tmp_path: Path, database: str) -> ProdigySettings:
    (tmp_path / "pool.jsonl").touch()
    return ProdigySettings(
        dataset="d",
        source=tmp_path / "pool.jsonl",
        queue=tmp_path / "queue.jsonl",
        classes=("a", "b"),
        database_url=SecretStr(database),
    )


def shown(platform: Prodigy) -> str:
    """All that a person or a log gets to see of a platform that does not work."""
    with pytest.raises(BridgeError) as caught:
        list(platform.pull(None))
    told = [f"{f.name}: {f.detail} {f.fix}" for f in platform.check() if not f.ok]
    assert [line.partition(":")[0] for line in told] == ["database"], "it is told once"
    trace = "".join(traceback.format_exception(caught.value))
    return " ".join([trace, repr(caught.value), *told])


def at(**parts: Any) -> str:
    """The server's URL with other parts, in the form in which it stands in bridge.toml."""
    url = sa.make_url(f"{Server.url}/postgres").set(**parts)
    return url.render_as_string(hide_password=False)


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("parts", "kind", "what", "fix"),
    [
        ({"password": "guess#1"}, AuthError, "refused the login", "the password"),
        ({"username": "nobody"}, AuthError, "refused the login", "the user"),
        ({"password": ""}, AuthError, "refused the login", "the password"),
        ({"database": "nowhere"}, PlatformError, "does not exist on its server", "the name"),
        ({}, PlatformError, "lacks one of Prodigy's tables", "start Prodigy"),
        ({"port": 0}, Unreachable, "cannot be read", "whether the server runs"),
        ({"host": "no-such-host.invalid"}, Unreachable, "cannot be read", "database_url"),
    ],
)
def test_what_does_not_work_is_told_with_advice_and_without_the_password(
    tmp_path: Path, parts: dict[str, Any], kind: type[BridgeError], what: str, fix: str
) -> None:
    parts = {**parts, "port": a_free_port()} if parts.get("port") == 0 else parts
    platform = connect(settings(tmp_path, at(**parts)))
    with pytest.raises(kind, match=what) as caught:
        list(platform.pull(None))
    assert type(caught.value) is kind
    assert fix in caught.value.fix
    text = shown(platform)
    for secret in (PASSWORD, QUOTED, "hunter2", "guess"):
        assert secret not in text


def test_check_names_the_missing_tables(tmp_path: Path) -> None:
    (finding,) = [f for f in connect(settings(tmp_path, at())).check() if f.name == "database"]
    assert "dataset, example, link" in finding.detail


@contextmanager
def reader_of(rig: ProdigyRig, *tables: str) -> Iterator[ProdigySettings]:
    """Settings of a role that may select from these tables and do nothing else."""
    own = rig.emulator.options
    role, admin = f"reader_{os.urandom(4).hex()}", own.url()
    execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    grants = [f"GRANT SELECT ON {table} TO {role}" for table in tables]
    execute(*grants, database=str(admin.database))
    url = admin.set(username=role).render_as_string(hide_password=False)
    yield own.model_copy(update={"database_url": SecretStr(url)})
    execute(f"DROP OWNED BY {role}", f"DROP ROLE {role}", database=str(admin.database))


def test_a_role_that_may_only_select_is_enough() -> None:
    with (
        postgres_rig("single", ("a", "b")) as rig,
        reader_of(rig, "dataset", "example", "link") as reading,
    ):
        items = [Item(key=f"k{n}", text=f"text {n}") for n in range(3)]
        rig.add_items(items)
        rig.answer("k0", ["a"], "ann")
        platform = connect(reading)
        platform.push(batch_of(items[1:], ("a", "b")), platform.schema())
        *_, last = list(platform.pull(None))
        rig.answer("k1", ["b"], "bob")
        news = replay(platform.pull(last.cursor))[1].values()
        assert {(a.item_key, a.annotator) for a in news} == {("k0", "ann"), ("k1", "bob")}
        assert [finding.detail for finding in platform.check() if not finding.ok] == []
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            StandInDatabase(driver_url(reading.url())).add_dataset("x")


def test_a_role_that_may_select_too_little_is_told_what_it_needs() -> None:
    with postgres_rig("single", ("a", "b")) as rig, reader_of(rig, "dataset", "link") as reading:
        rig.add_items([Item(key="k0", text="text")])
        rig.answer("k0", ["a"])
        platform = connect(reading)
        with pytest.raises(AuthError, match="does not let this user read it") as caught:
            list(platform.pull(None))
        assert "SELECT on the tables dataset, example and link" in caught.value.fix
        assert "SELECT on the tables" in shown(platform)


def test_a_server_that_goes_away_and_comes_back_loses_nothing() -> None:
    with postgres_rig("single", ("a", "b")) as rig:
        rig.add_items([Item(key="k0", text="text"), Item(key="k1", text="more")])
        rig.answer("k0", ["a"])
        platform = rig.connect()
        *_, last = list(platform.pull(None))
        name = rig.emulator.options.url().database
        execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        with pytest.raises(BridgeError, match="not currently accepting connections"):
            list(platform.pull(last.cursor))
        execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        rig.answer("k1", ["b"])
        told = replay(platform.pull(last.cursor))[1].values()
        assert {a.item_key for a in told} == {"k0", "k1"}
