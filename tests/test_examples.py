"""Every example runs, and the example adapter keeps the promises of every adapter."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import click
import numpy as np
import pytest
import responses

from bridge.api import Bridge
from bridge.cli import main
from bridge.config import Settings, sections
from bridge.errors import DataError, ModelError
from bridge.learners import LearnerSpec, make_learner
from bridge.platforms import Platform
from bridge.records import Item, TaskType
from bridge.testing import PlatformSuite
from bridge_labelbox import LabelboxSettings
from bridge_labelbox.emulator import Emulator
from learning_data import NAMES, TOPICS, examples, one_hot, single
from memory_platform import MemoryPlatform, loop, mail, truth

EXAMPLES = Path(__file__).parent.parent / "examples"


def example(name: str) -> ModuleType:
    """Import an example, as its reader would by name."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


# ------------------------------------------------------------------------------- adapter alone


def test_embedded_adapter_runs_without_a_key() -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / "embedded_adapter.py"],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": ""},
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout == "{'spam': 1, 'ham': 1}\n" or done.stdout == "{'ham': 1, 'spam': 1}\n"


def test_annotate_answers_what_is_asked_first(tmp_path: Path) -> None:
    items = mail(12)
    rows = [{"key": key, "text": i.text, "label": truth(key)} for key, i in items.items()]
    data = tmp_path / "mail.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with Emulator() as emulator:
        project, dataset = emulator.add_project(["ham", "spam"])
        emulator.add_items(project, [(key, item.text or "") for key, item in items.items()])
        reached = {"project": project, "datasets": [dataset], "endpoint": emulator.url}
        settings = LabelboxSettings.model_validate({"api_key": emulator.api_key, **reached})
        example("embedded_adapter").queue(settings, list(items.values()), "all")
        asked = emulator.queue(project)
        address = emulator.url.removesuffix("/graphql")
        assert example("annotate").annotate(address, data, 5) == 5
        assert emulator.queue(project) == asked[5:]
        counts = example("embedded_adapter").count_answers(settings)
        assert counts == Counter(truth(key) for key in asked[:5])


# ------------------------------------------------------------------------------------- own adapter

own_adapter = example("own_adapter")


class CsvRig:
    """A folder, and people with a spreadsheet."""

    keyed = False
    writes_can_be_lost = False

    def __init__(self, folder: Path, task: TaskType, classes: tuple[str, ...]) -> None:
        self.folder = folder
        self.options = own_adapter.Settings(folder=folder, classes=classes, multi=task == "multi")
        self._save("pool.csv", ("key", "text"), [])
        self._save("answers.csv", ("key", "annotator", "answer"), [])

    def _rows(self, name: str) -> list[dict[str, str]]:
        path = self.folder / name
        if not path.exists():
            return []
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def _save(self, name: str, columns: Sequence[str], rows: list[dict[str, str]]) -> None:
        with (self.folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)

    def _append(self, name: str, *cells: str) -> None:
        with (self.folder / name).open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow(cells)

    def connect(self, *, wrong_key: bool = False) -> Platform:
        assert not wrong_key, "a folder has no key"
        connected: Platform = own_adapter.ADAPTER.connect(self.options)
        return connected

    def add_items(self, items: Sequence[Item]) -> None:
        for item in items:
            self._append("pool.csv", item.key, item.text or "")

    def remove_item(self, key: str) -> None:
        rows = [row for row in self._rows("pool.csv") if row["key"] != key]
        self._save("pool.csv", ("key", "text"), rows)

    def answer(self, key: str, classes: Sequence[str], annotator: str = "ann") -> None:
        self._append("answers.csv", key, annotator, ";".join(classes))

    def skip(self, key: str, annotator: str = "ann") -> None:
        self._append("answers.csv", key, annotator, "?")

    def delete_answer(self, key: str, annotator: str = "ann") -> None:
        rows = self._rows("answers.csv")
        left = [row for row in rows if (row["key"], row["annotator"]) != (key, annotator)]
        self._save("answers.csv", ("key", "annotator", "answer"), left)

    def queue(self) -> list[str]:
        answered = {row["key"] for row in self._rows("answers.csv")}
        return [r["key"] for r in self._rows("queue.csv") if r["key"] not in answered]

    def pre_annotations(self) -> Mapping[str, tuple[str, ...]]:
        rows = self._rows("queue.csv")
        assert len({row["key"] for row in rows}) == len(rows), "an item is queued twice"
        shown = {row["key"]: row["suggestion"] for row in rows}
        return {key: tuple(said.split(";")) for key, said in shown.items() if said}

    def called(self, annotator: str) -> str:
        return annotator

    def lose_write(self, nth: int) -> None:
        raise AssertionError("a file is replaced in one step: no write can be lost")


@contextmanager
def csv_rig(task: TaskType, classes: tuple[str, ...]) -> Iterator[CsvRig]:
    with TemporaryDirectory() as folder:
        yield CsvRig(Path(folder), task, classes)


class TestCsvFolder(PlatformSuite, rig=csv_rig):
    """The example adapter keeps Bridge's promises."""


def csv_loop(folder: Path, classes: tuple[str, ...] = ("ham", "spam")) -> tuple[Bridge, CsvRig]:
    rig = CsvRig(folder, "single", classes)
    raw = {"queue": {"depth": 10, "batch": 5}}
    settings = Settings.model_construct(
        adapter=own_adapter.ADAPTER,
        platform=rig.options,
        directory=folder,
        **sections(raw, directory=folder),
    )
    return Bridge(settings), rig


def test_own_adapter_carries_a_loop(tmp_path: Path) -> None:
    bridge, rig = csv_loop(tmp_path)
    items = mail(60)
    rig.add_items(list(items.values()))
    for _ in range(4):
        bridge.sync()
        for key in rig.queue():
            rig.answer(key, [truth(key)])
    result = bridge.sync()
    assert result.labels == 40
    assert result.trained is not None
    assert result.pushed.items == 10
    assert len(rig.queue()) == 10
    again = bridge.sync()
    assert again.status == "unchanged"


def test_own_adapter_edited_in_place(tmp_path: Path) -> None:
    """An answer that was changed in its row replaces the former one, whatever the class."""
    bridge, rig = csv_loop(tmp_path)
    rig.add_items(list(mail(20).values()))
    bridge.sync()
    key = rig.queue()[0]
    for name in ("ham", "spam", "ham"):
        rig.delete_answer(key)
        rig.answer(key, [name])
        bridge.sync()
        assert [line.split(" at ")[0] for line in bridge.explain(key).answers] == [f"ann: {name}"]


def test_own_adapter_names_bad_rows(tmp_path: Path) -> None:
    bridge, rig = csv_loop(tmp_path)
    rig._append("pool.csv", "a", "a text")
    rig._append("pool.csv", "b", " ")
    result = bridge.sync()
    assert result.pulled.new_items == 1
    assert [problem.where for problem in result.problems] == ["pool.csv, item 2"]
    assert [finding.name for finding in bridge.check() if not finding.ok] == ["folder"]


def test_own_adapter_without_a_pool(tmp_path: Path) -> None:
    bridge, _ = csv_loop(tmp_path)
    (tmp_path / "pool.csv").unlink()
    with pytest.raises(DataError, match="No such file") as caught:
        bridge.sync()
    assert caught.value.fix


# ------------------------------------------------------------------------------------- own models


@pytest.mark.parametrize(
    ("file", "factory", "params"),
    [
        ("own_estimator", "characters", {"longest": 3}),
        ("own_estimator", "margins", {}),
        ("own_learner", "naive_bayes", {"smoothing": 0.5}),
    ],
)
def test_own_models_run_in_the_loop(
    tmp_path: Path, file: str, factory: str, params: dict[str, Any]
) -> None:
    """The snippet of the file's docstring, through bridge.toml's validation."""
    platform = MemoryPlatform()
    items = mail(60)
    platform.add(*items.values())
    (tmp_path / f"{file}.py").write_bytes((EXAMPLES / f"{file}.py").read_bytes())
    model = {"estimator": f"{file}.py:{factory}", "params": params}
    bridge = loop(platform, tmp_path, model=model, queue={"depth": 40, "batch": 5})
    bridge.sync()
    for key in list(platform.queued):
        platform.answer(key, truth(key))
    result = bridge.sync()
    assert result.trained is not None
    assert result.trained.status == "champion"
    said = bridge.predict([Item(key="x", text="win money prize offer"), items["ham-1"]])
    assert [prediction.top for prediction in said] == ["spam", "ham"]


def vector_of(text: str) -> list[float]:
    """The sum of a random vector of each word, as a model of an embeddings service."""
    words = (np.random.default_rng(zlib.crc32(w.encode())).normal(size=16) for w in text.split())
    return [float(number) for number in sum(words, np.zeros(16))]


@responses.activate
def test_own_encoder_runs_in_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The protocol of ``POST /v1/embeddings``: rows may come in any order, and a call may fail."""
    asked: list[str] = []

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        assert request.headers["Authorization"] == "Bearer secret"
        body = json.loads(request.body)
        assert body["model"] == "small"
        asked.extend(body["input"])
        rows = [{"index": n, "embedding": vector_of(t)} for n, t in enumerate(body["input"])]
        return 200, {}, json.dumps({"data": rows[::-1]})

    url = "https://embeddings.example.org/v1/embeddings"
    responses.post(url, status=503)
    responses.add_callback(responses.POST, url, callback=answer)
    monkeypatch.setenv("EMBEDDINGS_API_KEY", "secret")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    platform = MemoryPlatform()
    platform.add(*mail(60).values())
    (tmp_path / "own_encoder.py").write_bytes((EXAMPLES / "own_encoder.py").read_bytes())
    model = {"encoder": "own_encoder.py:embeddings"}
    params = {"encoder_params": {"url": url, "model": "small"}}
    bridge = loop(platform, tmp_path, model=model | params, queue={"depth": 40, "batch": 5})
    bridge.sync()
    for key in list(platform.queued):
        platform.answer(key, truth(key))
    result = bridge.sync()
    assert result.trained is not None
    assert sorted(asked) == sorted(item.text or "" for item in mail(60).values())
    said = bridge.predict([Item(key="x", text="win money prize offer")])
    assert said[0].decided == ("spam",)


def test_own_learner_keeps_the_contract(tmp_path: Path) -> None:
    estimator = f"{EXAMPLES / 'own_learner.py'}:naive_bayes"
    learner = make_learner(LearnerSpec(estimator=estimator))
    items, numbers = single(120, 1)
    data = examples(None, items, one_hot(numbers))
    model = learner.fit(data, None, seed=0)
    said = model.predict(items)
    assert said.dtype == np.float32
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
    assert (said.argmax(axis=1) == numbers).mean() > 0.9
    model.save(tmp_path)
    np.testing.assert_array_equal(learner.load(tmp_path).predict(items), said)
    assert model.predict([Item(key="q", text="???")]).shape == (1, len(NAMES))
    with pytest.raises(DataError, match="one class"):
        learner.fit(examples(None, items, one_hot(numbers), task="multi"), None, seed=0)
    (tmp_path / "arrays.npz").write_bytes(b"not arrays")
    with pytest.raises(ModelError, match="cannot be read"):
        learner.load(tmp_path)


def test_own_learner_knows_its_topics() -> None:
    learner = example("own_learner").naive_bayes()
    items, numbers = single(120, 2)
    model = learner.fit(examples(None, items, one_hot(numbers)), None, seed=0)
    topics = [Item(key=name, text=" ".join(TOPICS[name])) for name in NAMES]
    assert model.predict(topics).argmax(axis=1).tolist() == [0, 1, 2]


# ------------------------------------------------------------------------------------- schedules


def commands() -> list[str]:
    """The label-bridge commands in examples/cron."""
    texts = [path.read_text(encoding="utf-8") for path in (EXAMPLES / "cron").iterdir()]
    found = [m[1] for text in texts for m in re.finditer(r"/label-bridge ([^>\n]*)", text)]
    return [command.strip() for command in found]


def test_scheduled_commands_exist() -> None:
    found = commands()
    assert len(found) == 2
    for command in found:
        name, *arguments = command.split()
        sub = main.get_command(click.Context(main), name)
        assert sub is not None
        sub.make_context(name, arguments)


def test_units_name_each_other() -> None:
    service, timer = ConfigParser(strict=False, interpolation=None), ConfigParser()
    for parser, kind in ((service, "service"), (timer, "timer")):
        parser.optionxform = str  # type: ignore[assignment,method-assign]  # keep the case of names
        parser.read(EXAMPLES / "cron" / f"label-bridge.{kind}", encoding="utf-8")
    assert service["Service"]["Type"] == "oneshot"
    assert service["Service"]["SuccessExitStatus"] == "75"
    assert timer["Install"]["WantedBy"] == "timers.target"


def test_the_list_of_examples_is_whole() -> None:
    listed = set(re.findall(r"\]\(([^)]+)\)", (EXAMPLES / "README.md").read_text()))
    there = {p.name for p in EXAMPLES.glob("*.py")} | {"cron/", "data/"}
    assert listed - {"../docs/quickstart.md"} == there
