"""Makes the stores of a released schema that `tests/test_store_migrations.py` opens.

Run once for each schema, with the code that knows it, before the next schema is begun::

    .venv/bin/python tests/make_stores.py

It writes ``tests/stores/schema-N.db`` (SQLite), ``schema-N.postgresql.sql`` (what ``pg_dump`` says
of the same loop; only where a server's programs are installed) and ``schema-N.json``, which lists
what must be found in them. The files of a schema that was released are never made again.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent
sys.path[:0] = [str(ROOT), str(ROOT.parent), str(ROOT.parent / "adapters")]

import postgres_server  # noqa: E402  # not installed: found by the line above
from bridge.errors import PlatformError  # noqa: E402
from bridge.store.database import open_store  # noqa: E402
from bridge.store.migrations import SCHEMA_VERSION  # noqa: E402
from memory_platform import MemoryPlatform, loop, mail, truth  # noqa: E402

STORES = ROOT / "stores"


def story(directory, **sections):
    """Run a loop of sixty mails that ends with a push that failed; return platform and loop."""
    platform = MemoryPlatform()
    platform.add(*mail(60).values())
    bridge = loop(platform, directory, **sections)
    for turn in range(4):
        bridge.sync()
        for place, key in enumerate(list(platform.queued)):
            if place == 0:
                platform.skip(key)
            else:
                platform.answer(key, truth(key))
            if place == 1:
                platform.answer(key, truth(key), annotator="bob")
            if place == 2:
                platform.answer(key, "ham", annotator="Zoë ☃", truth=True)
        if turn == 1:
            first = next(iter(platform.answers))
            platform.delete_answer(first)
        if turn == 2:
            platform.remove(next(key for key in platform.items if key not in platform.answers))
    platform.fail["push"] = PlatformError("the platform is down")
    try:
        bridge.sync()
    except PlatformError:
        return platform, bridge
    raise AssertionError("the last push was meant to fail")


def expected(platform, bridge):
    """Return what a store of the story must hold, as far as people can see it."""
    status = bridge.status()
    return {
        "answers": sorted(
            [a.item_key, a.annotator, a.status, a.value and list(a.value.chosen)]
            for mine in platform.answers.values()
            for a in mine.values()
        ),
        "champion": status.champion.version,
        "labels": status.labels,
        "models": status.models,
        "items": sorted(platform.items),
    }


def dumped(url):
    """Return the statements that make a PostgreSQL database again, without psql's own commands."""
    command = [postgres_server.BINARIES / "pg_dump", "--inserts", "--no-owner", "-d", url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    kept = [line for line in said.splitlines() if line and not line.startswith(("--", "\\"))]
    return "\n".join(kept) + "\n"


def main():
    name = f"schema-{SCHEMA_VERSION}"
    if (STORES / f"{name}.db").exists():
        sys.exit(f"{name} is there already, and a released schema does not change.")
    STORES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        platform, bridge = story(Path(folder))
        found = expected(platform, bridge)
        open_store(Path(folder) / ".bridge").close()  # the last one to close empties the log
        shutil.copyfile(Path(folder) / ".bridge" / "state.db", STORES / f"{name}.db")
    (STORES / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if not (postgres_server.BINARIES / "initdb").exists():
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        postgres_server.running(),
        postgres_server.new_database("store") as url,
    ):
        (Path(folder) / "url").write_text(postgres_server.driven(url))
        story(Path(folder), store={"url": f"file:{Path(folder) / 'url'}"})
        (STORES / f"{name}.postgresql.sql").write_text(dumped(url), encoding="utf-8")


if __name__ == "__main__":
    main()
