"""One project, two sides: a person with Labelbox's own SDK, and Bridge with its adapter."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge import Bridge
from bridge.records import Classes
from tests_real.labelbox.shared import Shared

TOML = """
[platform]
type = "labelbox"
api_key = "${{LABELBOX_API_KEY}}"
project = "{project}"
datasets = ["{dataset}"]
endpoint = "{endpoint}"
poll_interval_s = 0.05
metadata = true

[queue]
depth = 10
batch = 10
"""

HAM = "minutes of the meeting about the budget and the new office, number {}"
SPAM = "you have won a prize, click here to claim your free money now, number {}"
ODD = 'quote " and ünïcode 😀'  # a global key that has what JSON and GraphQL must escape


def rows(count: int) -> dict[str, str]:
    made = {f"mail-{n}": (HAM if n % 2 else SPAM).format(n) for n in range(count)}
    return made | {ODD: "a line\u2028and another, about the budget"}


def truth(key: str) -> str:
    return "spam" if key.startswith("mail-") and int(key.split("-")[1]) % 2 == 0 else "ham"


def test_a_project_of_the_sdk_goes_through_the_loop(
    shared: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.set_up(rows(60))
    labeled = [ODD, *(f"mail-{n}" for n in range(24))]
    assert shared.person("queue", keys=labeled)["size"] == 25
    shared.person("label", answers={key: [truth(key)] for key in labeled})

    config = tmp_path / "bridge.toml"
    values = {"project": shared.project, "dataset": shared.dataset}
    config.write_text(TOML.format(endpoint=shared.served.endpoint, **values), encoding="utf-8")
    monkeypatch.setenv("LABELBOX_API_KEY", shared.served.api_key)
    with Bridge.from_config(config) as bridge:
        first = bridge.sync()
    assert first.labels == 25
    assert first.champion is not None
    assert first.pushed.items == 10

    # The SDK sees the batch, its order, its pre-annotations, and the model's word on each row.
    seen = shared.person("read_back")
    (ours,) = [name for name in seen["batches"] if name.startswith("bridge-")]
    assert seen["batches"][ours] == 10
    ranked = sorted((p, key) for key, p in seen["priorities"].items() if p < 0)
    assert [priority for priority, _ in ranked] == list(range(-1_000_000, -1_000_000 + 10))
    (done,) = seen["imports"]
    assert done["state"].endswith("FINISHED")
    assert set(done["statuses"]) == {"SUCCESS"}
    shown = {line["dataRow"]["globalKey"] for line in done["inputs"]}
    assert shown == {key for key, said in seen["metadata"].items() if "bridge_model" in said}
    assert len(done["statuses"]) == len(shown) == first.pushed.pre_annotated
    assert not shown & set(labeled)

    # A person answers the first three; Bridge takes them, and asks for three more.
    answered = [key for _, key in ranked[:3]]
    shared.person("label", answers={key: [truth(key)] for key in answered})
    with Bridge.from_config(config) as bridge:
        second = bridge.sync()
        assert second.labels == 28
        assert second.pulled.new_annotations == 3
        assert bridge.sync().status == "unchanged"
    exported = shared.person("exported")["rows"]
    queued = {
        key
        for key, place in exported.items()
        if place["project_details"]["workflow_status"] == "TO_LABEL"
    }
    assert len(queued) == second.queue
    assert not queued & {*labeled, *answered}


def test_what_the_sdk_writes_is_understood(shared: Shared) -> None:
    keys = ["nested", "twice", "consensus", "gold", "skipped", "rework", "open"]
    shared.set_up({key: f"a text, {key}" for key in keys})
    shared.person("queue", keys=[key for key in keys if key != "consensus"])
    shared.person("queue", keys=["consensus"], consensus=2)
    shared.person("label", answers={"nested": ["spam", "tone", "spam"], "gold": ["ham"]})
    for name in ("ham", "spam"):
        shared.person("label", answers={"twice": [name]})
    for name, who in (("ham", "ann@example.com"), ("spam", "bob@example.com")):
        shared.play("answer", key="consensus", classes=[name], annotator=who)
    shared.play("answer", key="gold", classes=["spam"], annotator="ann@example.com")
    gold = shared.person("mark_benchmark", key="gold")["label"]
    shared.play("skip", key="skipped")
    shared.play("answer", key="rework", classes=["ham"])
    shared.play("review", key="rework", state="IN_REWORK")

    found = shared.annotations()
    (nested,) = found["nested"]
    # The nested answer "spam" is another question's.
    assert nested.value == Classes(chosen=("spam",))
    assert [a.value for a in found["twice"]] == [
        Classes(chosen=("ham",)),
        Classes(chosen=("spam",)),
    ]
    assert len({a.id for a in found["twice"]}) == 2
    assert {(a.annotator, str(a.value)) for a in found["consensus"]} == {
        ("ann@example.com", str(Classes(chosen=("ham",)))),
        ("bob@example.com", str(Classes(chosen=("spam",)))),
    }
    assert [a.id for a in found["gold"] if a.ground_truth] == [gold]
    assert len(found["gold"]) == 2
    assert [a.status for a in found["skipped"]] == ["skipped"]
    assert [a.status for a in found["rework"]] == ["rejected"]
    assert "open" not in found
    assert [a.status for a in shared.annotations(labels="all")["rework"]] == ["answered"]
