"""What a person does with Labelbox's own SDK. Runs in its virtual environment, and prints JSON.

python sdk_person.py STEP '{"…": …}'
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

_sleep = time.sleep
time.sleep = lambda seconds: _sleep(min(seconds, 0.05))  # the emulator is done at once

import labelbox as lb  # noqa: E402  (after the sleeps are short)
from labelbox.schema.annotation_import import LabelImport  # noqa: E402
from labelbox.schema.export_filters import build_filters  # noqa: E402
from labelbox.schema.identifiable import GlobalKey  # noqa: E402


def client() -> lb.Client:
    return lb.Client(
        api_key=os.environ["LABELBOX_TEST_API_KEY"],
        endpoint=os.environ["LABELBOX_TEST_GRAPHQL_API_ENDPOINT"],
        rest_endpoint=os.environ["LABELBOX_TEST_REST_API_ENDPOINT"],
    )


def set_up(rows: dict[str, str], **_: Any) -> dict[str, Any]:
    """Make a project whose radio has a nested question, a dataset, and its rows."""
    here = client()
    nested = lb.Classification(
        class_type=lb.Classification.Type.CHECKLIST,
        name="why",
        options=[lb.Option(value="tone"), lb.Option(value="spam")],
    )
    asked = lb.Classification(
        class_type=lb.Classification.Type.RADIO,
        name="kind",
        options=[lb.Option(value="ham"), lb.Option(value="spam", options=[nested])],
    )
    note = lb.Classification(class_type=lb.Classification.Type.TEXT, name="note")
    ontology = here.create_ontology(
        "kinds",
        lb.OntologyBuilder(classifications=[asked, note]).asdict(),
        media_type=lb.MediaType.Text,
    )
    project = here.create_project(name=f"sdk {uuid.uuid4()}", media_type=lb.MediaType.Text)
    project.connect_ontology(ontology)
    dataset = here.create_dataset(name="mails")
    given = [{"row_data": text, "global_key": key} for key, text in rows.items()]
    task = dataset.create_data_rows(given)
    task.wait_till_done()
    assert task.errors is None, task.errors
    return {"project": project.uid, "dataset": dataset.uid}


def queue(project: str, keys: list[str], consensus: int = 0, **_: Any) -> dict[str, Any]:
    """Put rows into the project by hand."""
    settings = {"number_of_labels": consensus, "coverage_percentage": 1.0} if consensus else None
    name = f"by hand {uuid.uuid4()}"
    batch = (
        client()
        .get_project(project)
        .create_batch(name, global_keys=keys, consensus_settings=settings)
    )
    return {"size": batch.size}


def label(project: str, answers: dict[str, list[str]], **_: Any) -> dict[str, Any]:
    """Import labels: a class, and for spam what the nested question says."""
    here = client()
    lines = []
    for key, (name, *whys) in answers.items():
        answer: dict[str, Any] = {"name": name}
        if whys:
            ticks = [{"name": why} for why in whys]
            answer["classifications"] = [{"name": "why", "answer": ticks}]
        row = {"globalKey": key}
        lines.append({"uuid": str(uuid.uuid4()), "dataRow": row, "name": "kind", "answer": answer})
        note = {"name": "note", "answer": "noted"}
        lines.append({"uuid": str(uuid.uuid4()), "dataRow": row, **note})
    done = LabelImport.create_from_objects(here, project, f"labels {uuid.uuid4()}", lines)
    done.wait_until_done()
    assert not done.errors, done.errors
    return {"state": str(done.state)}


def mark_benchmark(project: str, key: str, **_: Any) -> dict[str, Any]:
    """Make the first label of a row the reference of a benchmark."""
    here = client()
    row = here.get_data_row_by_global_key(key)
    (first, *_rest) = row.labels()
    first.create_benchmark()
    return {"label": first.uid}


def read_back(project: str, **_: Any) -> dict[str, Any]:
    """Tell what the project holds: batches, priorities, imports and their statuses, metadata."""
    here = client()
    one = here.get_project(project)
    overrides = list(one.labeling_parameter_overrides())
    return {
        "batches": {batch.name: batch.size for batch in one.batches()},
        "priorities": {o.data_row().global_key: o.priority for o in overrides},
        "imports": [
            {
                "name": done.name,
                "state": str(done.state),
                "statuses": [status["status"] for status in done.statuses],
                "inputs": done.inputs,
            }
            for done in one.get_mal_prediction_imports()
        ],
        "metadata": {
            o.data_row().global_key: {f["name"]: f["value"] for f in o.data_row().metadata_fields}
            for o in overrides
        },
    }


def exported(project: str, **_: Any) -> dict[str, Any]:
    """Export the project, as the SDK does."""
    params = {"label_details": True, "project_details": True}
    task = client().get_project(project).export(params=params)
    task.wait_till_done()
    rows = [line.json for line in task.get_buffered_stream()]
    return {"rows": {row["data_row"]["global_key"]: row["projects"][project] for row in rows}}


# ------------------------------------------------------------------- where the SDK itself is weak


def _raised(do: Callable[[], Any]) -> dict[str, Any]:
    """Return the type of what is raised, or None."""
    try:
        do()
    except Exception as error:  # noqa: BLE001  (whatever it is, it is the finding)
        return {"raised": type(error).__name__, "said": str(error)[:500]}
    return {"raised": None, "said": ""}


def look(project: str, **_: Any) -> dict[str, Any]:
    return _raised(lambda: client().get_project(project))


def export_rows(project: str, **_: Any) -> dict[str, Any]:
    return _raised(lambda: exported(project))


def prioritize(project: str, key: str, **_: Any) -> dict[str, Any]:
    one = client().get_project(project)
    given = [(GlobalKey(key), 3)]
    return _raised(lambda: one.set_labeling_parameter_overrides(given))


def pre_annotate(project: str, key: str, name: str, **_: Any) -> dict[str, Any]:
    """Import a prediction and tell what its status file says of it."""
    row = {"globalKey": key}
    line = {"uuid": str(uuid.uuid4()), "dataRow": row, "name": "kind", "answer": {"name": name}}
    here = client()
    done = lb.MALPredictionImport.create_from_objects(here, project, str(uuid.uuid4()), [line])
    done.wait_until_done()
    return {"said": [error["message"] for status in done.statuses for error in status["errors"]]}


def filters(since: str, **_: Any) -> dict[str, Any]:
    """Tell what the SDK sends for a moment with an offset."""
    (built,) = build_filters(client(), {"last_activity_at": [since, None]})
    return {"value": built["value"]["value"]}


STEPS = {
    step.__name__: step
    for step in (
        *(set_up, queue, label, mark_benchmark, read_back, exported),
        *(look, export_rows, prioritize, pre_annotate, filters),
    )
}

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](**json.loads(sys.argv[2]))))
