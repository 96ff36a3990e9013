"""An emulator and a project in it that is used from two sides."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any

import requests

from bridge.records import Annotation
from bridge.testing import replay
from bridge_labelbox import LabelboxPlatform, LabelboxSettings
from tests_real.labelbox import sdk

# Python would otherwise speak UTF-8 whatever the locale.
PLAIN = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@dataclass
class Shared:
    """An emulator, and a project in it that the SDK made."""

    served: sdk.Served
    project: str = ""
    dataset: str = ""

    def person(self, step: str, *, locale: str = "C.UTF-8", **given: Any) -> Any:
        """Let a person take a step with the SDK."""
        given = {"project": self.project, **given}
        command = [str(sdk.PYTHON), str(sdk.HERE / "sdk_person.py"), step, json.dumps(given)]
        environment = sdk.environment(self.served, LC_ALL=locale, **PLAIN)
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    def play(self, do: str, **given: Any) -> None:
        """Do what only the pages of Labelbox can: answer as somebody else, skip, review."""
        address = f"{self.served.base}/emulator/projects/{self.project}/{do}"
        requests.post(address, json=given, timeout=10).raise_for_status()

    def set_up(self, given: dict[str, str]) -> None:
        made = self.person("set_up", rows=given)
        self.project, self.dataset = made["project"], made["dataset"]

    @property
    def settings(self) -> dict[str, Any]:
        """What the adapter needs to know."""
        return {
            "api_key": self.served.api_key,
            "project": self.project,
            "datasets": [self.dataset],
            "endpoint": self.served.endpoint,
            "poll_interval_s": 0.05,
        }

    def fail(self, **fault: Any) -> None:
        """Order a failure of the emulator."""
        address = f"{self.served.base}/emulator/faults"
        requests.post(address, json=fault, timeout=10).raise_for_status()

    def annotations(self, **settings: Any) -> dict[str, list[Annotation]]:
        """Pull as the adapter alone does."""
        platform = LabelboxPlatform(LabelboxSettings.model_validate(self.settings | settings))
        try:
            pages = list(platform.pull(None))
        finally:
            platform.close()
        assert not [problem for page in pages for problem in page.problems]
        found: dict[str, list[Annotation]] = {}
        for annotation in replay(pages)[1].values():
            found.setdefault(annotation.item_key, []).append(annotation)
        return found
