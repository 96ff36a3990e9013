"""The two clients of ``sync_io.py``, and the engine: the same work, written as one would write it.

Run by ``sync_io.py``, which writes what is to be known to standard input:
python sync_io_clients.py sdk|adapter|engine pull|push
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

KEY = os.environ["LABELBOX_API_KEY"]

# The emulator makes the whole of an export before it answers.
PATIENT = {"poll_interval_s": 0.05, "read_timeout_s": 600, "retry_budget_s": 1200}


def _prediction(place: int) -> tuple[str, float]:
    """Class and probability that a model would say."""
    return ("spam" if place % 10 == 0 else "ham"), 0.5 + (place % 50) / 100


# -------------------------------------------------------------------------------------------- SDK


def sdk(do: str) -> Callable[..., Any]:
    # The SDK waits in steps of 2 s and more; the emulator is done at once.
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(min(seconds, 0.05))
    import labelbox as lb
    from labelbox.schema.identifiable import GlobalKey

    def client(given: dict[str, Any]) -> Any:
        rest = given["endpoint"].replace("/graphql", "/api/v1")
        return lb.Client(api_key=KEY, endpoint=given["endpoint"], rest_endpoint=rest)

    def pull(given: dict[str, Any]) -> dict[str, Any]:
        here = client(given)
        details = {"data_row_details": True}
        task = here.get_dataset(given["dataset"]).export(params=details)
        task.wait_till_done()
        items = 0
        for line in task.get_buffered_stream():
            row = line.json["data_row"]
            assert row["global_key"]
            assert row["row_data"]
            items += 1
        wanted = {"label_details": True, "project_details": True, "performance_details": True}
        task = here.get_project(given["project"]).export(params=details | wanted)
        task.wait_till_done()
        seen: Counter[str] = Counter()
        for line in task.get_buffered_stream():
            row = line.json
            for label in row["projects"][given["project"]]["labels"]:
                assert label["label_details"]["updated_at"]
                assert label["label_details"]["created_by"]
                for answer in label["annotations"]["classifications"]:
                    seen[answer["radio_answer"]["name"]] += 1
        return {"items": items, "labels": dict(seen)}

    def push(given: dict[str, Any]) -> dict[str, Any]:
        here = client(given)
        keys = given["keys"]
        project = here.get_project(given["project"])
        batch = project.create_batch("ours", global_keys=keys, priority=1)
        project.set_labeling_parameter_overrides(
            [(GlobalKey(key), place) for place, key in enumerate(keys)]
        )
        project.enable_model_assisted_labeling()
        lines = [
            {
                "uuid": str(uuid.uuid4()),
                "dataRow": {"globalKey": key},
                "name": "class",
                "answer": {"name": _prediction(place)[0]},
            }
            for place, key in enumerate(keys)
        ]
        done = lb.MALPredictionImport.create_from_objects(here, given["project"], "ours", lines)
        done.wait_till_done()
        shown = sum(status["status"] == "SUCCESS" for status in done.statuses)
        return {"queued": batch.size, "shown": shown}

    return partial(partial, pull if do == "pull" else push)


# ---------------------------------------------------------------------------------------- adapter


def adapter(do: str) -> Callable[..., Any]:
    from bridge.records import Batch, Item, Prediction, QueueItem
    from bridge_labelbox import LabelboxPlatform, LabelboxSettings

    def platform(given: dict[str, Any]) -> LabelboxPlatform:
        settings = {
            "api_key": KEY,
            "project": given["project"],
            "datasets": [given["dataset"]],
            "endpoint": given["endpoint"],
            **PATIENT,
        }
        return LabelboxPlatform(LabelboxSettings.model_validate(settings))

    def pull(given: dict[str, Any]) -> dict[str, Any]:
        items = 0
        seen: Counter[str] = Counter()
        for page in platform(given).pull(None):
            assert not page.problems
            for change in page.changes:
                if change.annotations is None:
                    assert change.item is not None
                    assert change.item.text
                    items += 1
                for annotation in change.annotations or ():
                    assert annotation.updated_at
                    assert annotation.annotator
                    seen[annotation.value.chosen[0]] += 1
        return {"items": items, "labels": dict(seen)}

    def batch_of(keys: list[str]) -> Batch:
        entries = []
        for place, key in enumerate(keys):
            name, p = _prediction(place)
            said = {"ham": 1 - p, "spam": 1 - p} | {name: p}
            prediction = Prediction(
                item_key=key, model_version="m1", probabilities=said, uncertainty=2 * (1 - p)
            )
            entry = QueueItem(
                item=Item(key=key, text="a text"),
                rank=place,
                source="uncertain",
                reason="uncertain",
                prediction=prediction,
            )
            entries.append(entry)
        return Batch(
            id="ours", created_at=datetime.now(UTC), model_version="m1", items=tuple(entries)
        )

    def push(given: dict[str, Any]) -> dict[str, Any]:
        here = platform(given)
        report = here.push(given["batch"], here.schema())
        return {"queued": report.accepted, "shown": report.pre_annotated}

    def prepared(given: dict[str, Any]) -> Callable[[], Any]:
        # The records come from the engine, which counts for itself.
        given["batch"] = batch_of(given["keys"]) if do == "push" else None
        return partial(pull if do == "pull" else push, given)

    return prepared


# ----------------------------------------------------------------------------------------- engine


def engine(do: str) -> Callable[..., Any]:
    assert do == "pull"
    from bridge import Bridge

    def pull(given: dict[str, Any]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="bridge-io-") as directory:
            settings = {
                "platform": {
                    "type": "labelbox",
                    "api_key": "${LABELBOX_API_KEY}",
                    "project": given["project"],
                    "datasets": [given["dataset"]],
                    "endpoint": given["endpoint"],
                    **PATIENT,
                }
            }
            with Bridge.from_settings(settings, directory=directory) as bridge:
                result = bridge.pull()
        return {"items": result.pulled.new_items, "labels": result.pulled.new_annotations}

    return partial(partial, pull)


# ------------------------------------------------------------------------------------ measurement


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    who, do = sys.argv[1:]
    given = json.load(sys.stdin)
    work = {"sdk": sdk, "adapter": adapter, "engine": engine}[who](do)(given)
    began, cpu, start = time.perf_counter(), _cpu(), _peak()
    said = work()
    told = {
        "wall": time.perf_counter() - began,
        "cpu": _cpu() - cpu,
        "start_cpu": cpu,
        "start_mib": start,
        "peak_mib": _peak(),
    }
    labels = said.get("labels", 0)
    labels = sum(labels.values()) if isinstance(labels, dict) else labels
    counts = {said["items"], labels} if do == "pull" else set(said.values())
    assert counts == {len(given["keys"])}, said
    print(json.dumps(told))


if __name__ == "__main__":
    main()
