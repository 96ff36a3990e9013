"""A whole annotation workplace in one folder: pool, queue, database, recipe and server."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from pydantic import SecretStr

from bridge.errors import DataError
from bridge.records import Item, TaskType
from bridge_prodigy.database import driver_url
from bridge_prodigy.emulator.controller import Controller
from bridge_prodigy.emulator.database import StandInDatabase
from bridge_prodigy.emulator.server import Server
from bridge_prodigy.files import decoded, read_pages
from bridge_prodigy.items import item_key
from bridge_prodigy.queue import read_queue
from bridge_prodigy.recipe import queue as queue_recipe
from bridge_prodigy.settings import ProdigySettings, View

__all__ = ["Emulator", "emulate", "staged"]


class Emulator:
    """Stands in for Prodigy with the shipped recipe, and for the people who annotate.

    Args:
        folder: where ``pool.jsonl``, ``queue.jsonl`` and ``prodigy.db`` are, or are made.
        classes: class names.
        view: annotation interface.
        multi: several classes may apply.
        negative: see :class:`bridge_prodigy.settings.ProdigySettings`.
        dataset: name of the dataset.
        database_url: another database than the folder's own.
        feed_overlap: every annotator is asked everything, or each item is asked once.
    """

    def __init__(
        self,
        folder: Path,
        classes: Sequence[str],
        *,
        view: View = "choice",
        multi: bool = False,
        negative: str | None = None,
        dataset: str = "bridge-demo",
        database_url: str | None = None,
        feed_overlap: bool = False,
    ) -> None:
        self.options = ProdigySettings(
            dataset=dataset,
            source=folder / "pool.jsonl",
            queue=folder / "queue.jsonl",
            classes=tuple(classes),
            view=view,
            multi=multi,
            negative=negative,
            database=folder / "prodigy.db" if database_url is None else None,
            database_url=None if database_url is None else SecretStr(database_url),
        )
        self.options.source.touch()
        self.options.queue.touch()
        self.database = StandInDatabase(driver_url(self.options.url()))
        self._feed_overlap = feed_overlap
        self._server: Server | None = None
        self.controller = self._controller(feed_overlap)

    def _controller(self, feed_overlap: bool) -> Controller:
        components = queue_recipe(
            self.options.dataset,
            str(self.options.queue),
            view=self.options.view,
            label=",".join(self.options.classes),
            multiple=self.options.multi,
        )
        return Controller(components, self.database, feed_overlap=feed_overlap)

    @property
    def settings(self) -> dict[str, Any]:
        """The keys of ``[platform]`` that reach it."""
        return self.options.model_dump(exclude_defaults=True)

    # -------------------------------------------------------------------------------- server

    def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Serve over HTTP and return the base URL; port 0 takes a free one."""
        self._server = Server(self.controller, host, port)
        return self._server.start()

    def wait(self) -> None:
        """Return when the server has ended."""
        if self._server is not None:
            self._server.wait()

    def stop(self) -> None:
        """End the server, if there is one."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def restart(self) -> None:
        """Start the recipe anew, as after a crash of Prodigy; open tasks are forgotten."""
        self.controller = self._controller(self._feed_overlap)

    # ---------------------------------------------------------------------------------- pool

    def add_items(self, items: Iterable[Item]) -> None:
        """Append items to the pool file."""
        with self.options.source.open("ab") as file:
            file.writelines(msgspec.json.encode(_row(item)) + b"\n" for item in items)

    def remove_item(self, key: str) -> None:
        """Delete an item's row from the pool file."""
        rows = [row for row in self._rows() if item_key(row) != key]
        self.options.source.write_bytes(b"".join(msgspec.json.encode(r) + b"\n" for r in rows))

    def _rows(self) -> list[dict[str, Any]]:
        lines = self.options.source.read_bytes().split(b"\n")
        return [decoded(line) for line in lines if line]

    # -------------------------------------------------------------------------------- people

    def answer(self, key: str, classes: Sequence[str], annotator: str = "ann") -> None:
        """Answer an item as a person does."""
        if self.options.view == "classification":
            accepted = self.options.classes[0] in classes
            self._give(key, annotator, {"answer": "accept" if accepted else "reject"})
        else:
            self._give(key, annotator, {"accept": list(classes), "answer": "accept"})

    def skip(self, key: str, annotator: str = "ann") -> None:
        """Press the grey button."""
        self._give(key, annotator, {"answer": "ignore"})

    def reject(self, key: str, annotator: str = "ann") -> None:
        """Press the red button."""
        self._give(key, annotator, {"answer": "reject"})

    def _give(self, key: str, annotator: str, answer: Mapping[str, Any]) -> None:
        task = {**self._task(key), **answer}
        self.controller.receive_answers([task], f"{self.options.dataset}-{annotator}")

    def _task(self, key: str) -> dict[str, Any]:
        """The task of an item: as it is queued, or made from its row."""
        for task in read_queue(self.options.queue)[0]:
            if task["bridge_key"] == key:
                return task
        row = next((row for row in self._rows() if item_key(row) == key), None)
        if row is None:
            raise DataError(f"Neither the queue nor the pool has an item '{key}'.")
        if self.options.view == "classification":
            return {**row, "label": self.options.classes[0]}
        return {**row, "options": [{"id": name, "text": name} for name in self.options.classes]}

    def delete_answer(self, key: str, annotator: str = "ann") -> None:
        """Delete a person's answers to an item from the database."""
        session = f"{self.options.dataset}-{annotator}"
        found = self.database.example_ids(session)
        ids = [own for own, task in found if item_key(task) == key]
        self.database.delete_examples(ids)

    def queue(self) -> list[str]:
        """Keys that a freshly started recipe would still ask about, in its order."""
        return [task["bridge_key"] for task in self.queued_tasks()]

    def queued_tasks(self) -> list[dict[str, Any]]:
        """Tasks that a freshly started recipe would still serve, in its order; takes none."""
        controller = self._controller(feed_overlap=False)
        controller.config["batch_size"] = sys.maxsize
        return controller.get_questions(f"{self.options.dataset}-nobody")


@contextmanager
def staged(task: TaskType, classes: tuple[str, ...]) -> Iterator[Emulator]:
    """Set up a workplace in a folder of its own, and remove it at exit.

    Raises:
        DataError: the task is not one of choosing classes.
    """
    if task not in ("single", "multi"):
        raise DataError(f"The stand-in's people choose classes; they cannot answer '{task}'.")
    with tempfile.TemporaryDirectory(prefix="bridge-prodigy-") as folder:
        yield Emulator(Path(folder), classes, multi=task == "multi")


def _row(item: Item) -> dict[str, Any]:
    content = {"text": item.text} if item.kind == "text" else {"image": item.url}
    return {**content, "key": item.key, **item.meta}


def _data_rows(data: Path) -> Iterator[dict[str, Any]]:
    for lines, _ in read_pages(data, None, 1000):
        for line in lines:
            try:
                yield decoded(line.data)
            except ValueError as error:
                raise DataError(f"{data}, line {line.number}: {error}.") from None


def _pool_from(data: Path, pool: Path) -> tuple[str, ...]:
    """Make the pool from data whose labels stay behind, and return the distinct labels."""
    labels: set[str] = set()
    with pool.open("wb") as out:
        for row in _data_rows(data):
            label = row.pop("label", None)
            labels.update([] if label is None else [str(label)])
            out.write(msgspec.json.encode(row) + b"\n")
    return tuple(sorted(labels))


def emulate(host: str, port: int, data: str | None) -> None:
    """Run the stand-in in the foreground until it is interrupted.

    Args:
        host: address to listen at.
        port: 0 takes a free one.
        data: JSONL of ``{"text": …}`` rows that become the pool; the distinct values of ``label``,
            where rows have it, become the classes.

    Raises:
        DataError: the data cannot be read.
        PlatformError: the port is taken.
    """
    folder = Path(tempfile.mkdtemp(prefix="bridge-prodigy-"))
    classes = _pool_from(Path(data), folder / "pool.jsonl") if data is not None else ()
    emulator = Emulator(folder, classes or ("yes", "no"))
    url = emulator.start(host, port)
    print(_instructions(emulator.options, url), flush=True)  # noqa: T201  # for the terminal
    try:
        emulator.wait()
    except KeyboardInterrupt:
        emulator.stop()


def _instructions(settings: ProdigySettings, url: str) -> str:
    classes = msgspec.json.encode(settings.classes).decode()
    return (
        f"A stand-in for Prodigy serves '{settings.dataset}' at {url}\n\nFor bridge.toml:\n\n"
        f'[platform]\ntype = "prodigy"\ndataset = "{settings.dataset}"\n'
        f'source = "{settings.source}"\nqueue = "{settings.queue}"\n'
        f'database = "{settings.database}"\nclasses = {classes}\n'
    )
