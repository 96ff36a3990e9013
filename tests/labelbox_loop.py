"""A loop over the emulated Labelbox on a real socket, driven through the command line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from bridge.cli import main
from bridge_labelbox.emulator import Emulator
from memory_platform import mail, truth

TOML = """
[platform]
type = "labelbox"
api_key = "${{LABELBOX_API_KEY}}"
project = "{project}"
datasets = ["{dataset}"]
endpoint = "{endpoint}"
retry_budget_s = 2
poll_interval_s = 0.05
{platform}

[queue]
depth = 12
batch = 4
{rest}
"""


@dataclass
class LabelboxLoop:
    """An emulated project with sixty mails, and a bridge.toml that reaches it."""

    emulator: Emulator
    project: str
    dataset: str
    directory: Path

    @property
    def config(self) -> Path:
        return self.directory / "bridge.toml"

    def configure(self, *, platform: str = "", rest: str = "", **other: str) -> None:
        values = {
            "project": self.project,
            "dataset": self.dataset,
            "endpoint": self.emulator.url,
            "platform": platform,
            "rest": rest,
        }
        self.config.write_text(TOML.format(**values | other), encoding="utf-8")

    def bridge(self, *words: str, key: str | None = None) -> Result:
        """Run a command as from a shell."""
        return CliRunner().invoke(
            main,
            [*words, "--config", str(self.config)],
            env={"LABELBOX_API_KEY": key or self.emulator.api_key},
            prog_name="bridge",
        )

    def sync(self, *words: str) -> dict:
        """Run `bridge sync --json`, which must go well."""
        ran = self.bridge("sync", "--json", *words)
        assert ran.exit_code == 0, ran.output
        return json.loads(ran.stdout)

    def queue(self) -> list[str]:
        return self.emulator.queue(self.project)

    def shown(self) -> dict[str, int]:
        """Return how many pre-annotations each item has."""
        shown = self.emulator.pre_annotations(self.project)
        return {key: len(predictions) for key, predictions in shown.items()}

    def answer(self, key: str, name: str) -> None:
        self.emulator.answer(self.project, key, [name])

    def heal(self) -> None:
        self.emulator.faults.clear()

    def answer_all(self) -> None:
        for key in self.queue():
            self.emulator.answer(self.project, key, [truth(key)])


@contextmanager
def labelbox_loop(
    directory: Path, *, count: int = 60, classes=("ham", "spam"), task: str = "single"
) -> Iterator[LabelboxLoop]:
    with Emulator() as emulator:
        project, dataset = emulator.add_project(classes, task=task)
        emulator.add_items(project, [(i.key, i.text or "") for i in mail(count).values()])
        loop = LabelboxLoop(emulator, project, dataset, directory)
        loop.configure()
        yield loop
