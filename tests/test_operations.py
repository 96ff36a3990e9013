"""What operators rely on: logs, metrics, heartbeat, doctor, signals."""

import ast
import json
import logging
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from bridge.cli import main
from bridge.config import load
from bridge.doctor import diagnose
from bridge.errors import PlatformError
from bridge.logs import Redaction
from bridge.records import Item
from bridge.signals import Terminated, terminable
from bridge.sync import locked
from bridge_labelbox.emulator.faults import Fault
from labelbox_loop import labelbox_loop
from memory_platform import MemoryPlatform, mail, truth
from memory_platform import loop as memory_loop
from web_counter import web_counter


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A loop that has been round twice, for tests that only look."""
    with labelbox_loop(tmp_path_factory.mktemp("shared")) as made:
        for _ in range(2):
            made.sync()
            made.answer_all()
        made.sync()
        yield made


@pytest.fixture
def loop(tmp_path):
    with labelbox_loop(tmp_path) as made:
        yield made


# ------------------------------------------------------------------------------------------- logs


def logged(ran):
    """Return the lines of a run's log; every line of standard error must be one."""
    return [json.loads(line) for line in ran.stderr.splitlines()]


def test_json_logs_tell_run_step_and_seconds(loop):
    ran = loop.bridge("sync", "--log-format", "json")
    assert ran.exit_code == 0
    lines = logged(ran)
    for line in lines:
        assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0)
        assert {"level", "logger", "message", "run"} <= line.keys()
        assert line["run"] == 1
    ended = [line for line in lines if line["message"] == "step ended"]
    assert [line["step"] for line in ended] == ["schema", "pull", "rank", "push"]
    assert all(line["seconds"] >= 0 and line["state"] == "done" for line in ended)
    (pushed,) = [line for line in lines if line["message"] == "batch pushed"]
    assert pushed["step"] == "push"
    assert pushed["batch"]


def test_without_the_options_nothing_is_logged(loop):
    loop.emulator.fail(Fault("status", on="call", status=503))
    ran = loop.bridge("sync", "--quiet")
    assert (ran.exit_code, ran.stderr) == (0, "")


def test_a_retry_is_logged(loop):
    loop.emulator.fail(Fault("status", on="call", status=503))
    lines = logged(loop.bridge("sync", "--log-format", "json"))
    (again,) = [line for line in lines if "Again in" in line["message"]]
    assert "503" in again["message"]
    assert again["step"] == "schema"


def test_an_adapter_s_calls_are_logged_at_debug_level(loop):
    lines = logged(loop.bridge("sync", "--log-format", "json", "--log-level", "debug"))
    calls = [line for line in lines if line["logger"] == "bridge.http"]
    assert len(calls) > 5
    assert all(line["level"] == "debug" and "?" not in line["message"] for line in calls)


@pytest.mark.parametrize("level", ["warning", "error"])
def test_a_level_leaves_out_what_is_less_grave(loop, level):
    loop.emulator.add_items(loop.project, [("blank", "   ")])
    lines = logged(loop.bridge("sync", "--log-format", "json", "--log-level", level))
    assert {line["level"] for line in lines} == ({"warning"} if level == "warning" else set())


def test_refused_items_are_named(tmp_path, caplog):
    platform = MemoryPlatform()
    platform.add(*mail(20).values())
    platform.refuse = {"ham-1", "spam-3"}
    with caplog.at_level(logging.INFO, "bridge"):
        memory_loop(platform, tmp_path, queue={"depth": 20, "batch": 1}).sync()
    named = {r.item for r in caplog.records if hasattr(r, "item")}
    assert named == {"ham-1", "spam-3"}


def test_text_logs_are_one_line_a_record(loop):
    ran = loop.bridge("sync", "--log-level", "info")
    lines = ran.stderr.splitlines()
    assert all(datetime.fromisoformat(line.split()[0]) for line in lines)
    assert any("step ended (step=pull state=done seconds=" in line for line in lines)


def test_an_error_is_the_last_line_of_the_log(loop):
    ran = loop.bridge("sync", "--log-format", "json", key="canary-wrong-key")
    assert ran.exit_code == 77
    last = logged(ran)[-1]
    assert (last["level"], last["exit_code"]) == ("error", 77)
    assert "API key" in last["message"]


def test_a_bug_is_one_line_with_its_traceback(loop, monkeypatch):
    monkeypatch.setattr("bridge.sync.pull", lambda *_, **__: 1 / 0)
    ran = loop.bridge("sync", "--log-format", "json")
    assert ran.exit_code == 1
    last = logged(ran)[-1]
    assert "ZeroDivisionError" in last["traceback"]
    assert last["exit_code"] == 1


def test_logs_end_with_the_command(loop):
    loop.bridge("sync", "--log-format", "json")
    assert loop.bridge("sync", "--quiet").stderr == ""
    assert logging.getLogger("bridge").level == logging.NOTSET


def test_redaction_is_for_any_handler():
    from bridge.safe_text import remember

    remember("canary-2b7e1516")
    record = logging.makeLogRecord(
        {"msg": "sent %s", "args": ("canary-2b7e1516",), "item": "canary-2b7e1516"}
    )
    try:
        raise ValueError("canary-2b7e1516")
    except ValueError:
        record.exc_info = sys.exc_info()
    assert Redaction().filter(record)
    assert "canary" not in logging.Formatter("%(message)s %(item)s").format(record)


# ---------------------------------------------------------------------------------------- metrics


def metrics(path):
    """Return name -> value, and (name, step) -> value."""
    found = {}
    for family in text_string_to_metric_families(path.read_text()):
        for sample in family.samples:
            step = sample.labels.get("step")
            found[(sample.name, step) if step else sample.name] = sample.value
    return found


def test_metrics_say_what_status_says(shared, tmp_path):
    path = tmp_path / "loop.prom"
    assert shared.bridge("sync", "--metrics-file", str(path)).exit_code == 0
    found = metrics(path)
    status = json.loads(shared.bridge("status", "--json").stdout)
    assert found["bridge_queue_items"] == status["queue"] == 12
    assert found["bridge_queue_target_items"] == 12
    assert found["bridge_pool_items"] == status["pool"]
    assert found["bridge_labeled_items"] == status["labels"] == 24
    # The emulator's people take five seconds for each item.
    assert found["bridge_labeling_spent_seconds"] == status["effort"]["seconds_spent"] == 24 * 5
    assert found["bridge_queue_expected_seconds"] == pytest.approx(12 * 5)
    assert found["bridge_champion_number"] == status["models"]
    assert found["bridge_hold_out_items"] == status["champion"]["scores"]["items"]
    assert found["bridge_last_run_success"] == 1
    assert found["bridge_last_run_exit_code"] == 0
    assert found[("bridge_last_run_step_seconds", "pull")] > 0
    assert found["bridge_last_success_timestamp_seconds"] == pytest.approx(
        datetime.fromisoformat(status["last_run_at"]).timestamp()
    )
    assert f'project="{status["project"]}"' in path.read_text()


def test_quality_is_absent_until_it_is_known(tmp_path):
    platform = MemoryPlatform()
    platform.add(*mail(200).values())
    path = tmp_path / "loop.prom"
    sections = {"queue": {"depth": 60, "batch": 20}, "acquisition": {"hold_out_share": 0.5}}
    bridge = memory_loop(platform, tmp_path, **sections)
    seen = []
    for _ in range(3):
        result = bridge.sync(metrics_file=path)
        found = metrics(path)
        known = result.trained is not None and result.trained.scores.known
        assert ("bridge_hold_out_macro_f1" in found) == known
        if known:
            f1 = result.trained.scores.macro_f1
            assert found["bridge_hold_out_macro_f1_low"] == f1.low
            assert found["bridge_hold_out_macro_f1"] == f1.value
            assert found["bridge_hold_out_macro_f1_high"] == f1.high
        seen.append(known)
        for key in list(platform.queued):
            platform.answer(key, truth(key))
    assert seen[0] is False
    assert seen[-1] is True


def test_a_failure_is_told_and_the_last_success_stays(loop):
    path = loop.directory / "loop.prom"
    loop.configure(rest='[operations]\nmetrics_file = "loop.prom"')
    loop.sync()
    before = metrics(path)
    assert loop.bridge("sync", key="canary-wrong-key").exit_code == 77
    after = metrics(path)
    assert (after["bridge_last_run_success"], after["bridge_last_run_exit_code"]) == (0, 77)
    assert after[("bridge_last_run_step_success", "schema")] == 0
    success = "bridge_last_success_timestamp_seconds"
    assert after[success] == before[success] < after["bridge_last_run_timestamp_seconds"]
    assert after["bridge_queue_items"] == 12


def test_a_store_that_cannot_be_read_hides_no_last_success(loop):
    path = loop.directory / "loop.prom"
    loop.configure(rest='[operations]\nmetrics_file = "loop.prom"')
    loop.sync()
    before = metrics(path)
    for name in ("state.db-wal", "state.db-shm"):
        (loop.directory / ".bridge" / name).unlink(missing_ok=True)
    (loop.directory / ".bridge" / "state.db").write_bytes(b"garbage" * 1000)
    assert loop.bridge("sync").exit_code == 74
    after = metrics(path)
    success = "bridge_last_success_timestamp_seconds"
    assert after[success] == before[success]
    assert after["bridge_last_run_exit_code"] == 74
    assert "bridge_queue_items" not in after


def test_the_file_is_replaced_at_once(loop):
    path = loop.directory / "metrics" / "loop.prom"
    loop.bridge("sync", "--metrics-file", str(path))
    with path.open() as reader:
        before = path.read_text()
        loop.bridge("sync", "--metrics-file", str(path))
        assert reader.read() == before != path.read_text()
    assert [entry.name for entry in path.parent.iterdir()] == ["loop.prom"]


def test_a_bug_is_told(loop, monkeypatch):
    monkeypatch.setattr("bridge.sync.pull", lambda *_, **__: 1 / 0)
    path = loop.directory / "loop.prom"
    assert loop.bridge("sync", "--metrics-file", str(path)).exit_code == 1
    assert metrics(path)["bridge_last_run_exit_code"] == 1


def test_who_did_not_run_tells_nothing(loop):
    path = loop.directory / "loop.prom"
    loop.bridge("sync", "--dry-run", "--metrics-file", str(path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABELBOX_API_KEY", loop.emulator.api_key)
        settings = load(loop.config)
    with locked(settings):
        assert loop.bridge("sync", "--metrics-file", str(path)).exit_code == 75
    assert not path.exists()


def test_metrics_that_cannot_be_written_fail_no_sync(loop):
    (loop.directory / "file").write_text("")
    ran = loop.bridge("sync", "--metrics-file", str(loop.directory / "file" / "loop.prom"))
    assert ran.exit_code == 0
    assert "warning: The metrics file" in ran.stderr
    assert len(loop.queue()) == 12


# -------------------------------------------------------------------------------------- heartbeat


@pytest.fixture
def heart(loop, monkeypatch):
    with web_counter() as web:
        monkeypatch.setenv("HEARTBEAT_URL", f"{web.url}/ping/canary-9c2d41")
        loop.configure(rest='[operations]\nheartbeat_url = "${HEARTBEAT_URL}"')
        yield web


def test_a_success_beats_once(loop, heart):
    loop.sync()
    assert heart.asked == [("GET", "/ping/canary-9c2d41")]


def test_a_failure_sends_nothing(loop, heart, monkeypatch):
    assert loop.bridge("sync", key="canary-wrong-key").exit_code == 77
    assert loop.bridge("sync", "--dry-run").exit_code == 0
    monkeypatch.setattr("bridge.sync.pull", lambda *_, **__: 1 / 0)
    assert loop.bridge("sync").exit_code == 1
    assert heart.asked == []


def test_a_heartbeat_that_is_not_heard_is_a_warning(loop, heart):
    heart.status, heart.body = 404, b"no check canary-9c2d41"
    ran = loop.bridge("sync")
    assert ran.exit_code == 0
    assert "warning: The heartbeat was not heard" in ran.stderr
    assert "canary" not in ran.output
    assert "canary" not in json.dumps(loop.sync()["warnings"])


def test_looking_needs_no_heartbeat(loop, heart, monkeypatch):
    loop.sync()
    monkeypatch.delenv("HEARTBEAT_URL")
    assert loop.bridge("status").exit_code == 0
    assert loop.bridge("sync").exit_code == 78


def test_a_heartbeat_must_be_a_web_address(loop, monkeypatch):
    monkeypatch.setenv("HEARTBEAT_URL", "canary-9c2d41")
    loop.configure(rest='[operations]\nheartbeat_url = "${HEARTBEAT_URL}"')
    ran = loop.bridge("sync")
    assert ran.exit_code == 78
    assert "operations.heartbeat_url" in ran.output
    assert "canary" not in ran.output


# ----------------------------------------------------------------------------------------- doctor


def doctor(loop, *words):
    """Run `bridge doctor` without a key, which it does not need."""
    ran = CliRunner().invoke(main, ["doctor", *words, "-c", str(loop.config)])
    assert ran.exit_code == 0, ran.output
    return ran.output


def test_doctor_describes_the_loop(shared):
    found = json.loads(doctor(shared, "--json"))
    assert found["platform"] == "labelbox (bridge_labelbox)"
    assert found["capabilities"]["ranking"] == "exact"
    assert found["store"]["integrity"] == "ok"
    assert found["store"]["rows"]["items"] == 60
    assert found["store"]["rows"]["annotations"] == 24
    assert found["store"]["bytes"]["models"] > 0
    assert found["settings"]["queue"] == {"depth": 12, "batch": 4, "order": "informative"}
    assert found["settings"]["platform"]["api_key"] == "[not shown]"
    assert found["faults"] == []
    newest = found["runs"][0]
    assert newest["state"] == "done"
    assert newest["counts"]["queue"] == 12
    assert {"schema", "pull"} <= {step["name"] for step in newest["steps"]}
    text = doctor(shared)
    assert "api_key: [not shown]" in text
    assert "numpy: " in text


def test_doctor_makes_no_store(loop):
    assert json.loads(doctor(loop, "--json"))["store"] is None
    assert not (loop.directory / ".bridge").exists()


def test_doctor_tells_what_it_cannot_read(loop):
    loop.sync()
    for name in ("state.db-wal", "state.db-shm"):
        (loop.directory / ".bridge" / name).unlink(missing_ok=True)
    (loop.directory / ".bridge" / "state.db").write_bytes(b"garbage" * 1000)
    assert "damaged" in doctor(loop)
    loop.config.write_text("[queue\n")
    assert "not valid TOML" in doctor(loop)


def test_doctor_tells_nothing_of_people_and_items(tmp_path, monkeypatch):
    """Canaries in every text, key, name, secret and former error."""
    monkeypatch.setenv("CANARY_KEY", "canary-key-5f1d")
    monkeypatch.setenv("CANARY_HOST", "canary-host-77.example")
    platform = MemoryPlatform()
    items = [Item(key=f"canary item {n}", text=f"canary text {n} tail") for n in range(30)]
    platform.add(*items)
    bridge = memory_loop(platform, tmp_path)
    bridge.sync()
    for key in list(platform.queued):
        platform.answer(key, "ham" if key.endswith("1") else "spam", annotator="Canary Name")
    platform.refuse = {items[0].key, items[1].key}
    bridge.sync(full=True)
    for message in (
        "Item canary item 3 was refused.",
        "Canary Name (canary.name@example.com) has left; see https://canary:pw@h.example/x?t=canary",
        "POST http://h/x: the server failed (500: canary text 3 tail).",
        "The item 'canary text 3 tail' is odd.",
        "The key canary-key-5f1d was refused.",
    ):
        platform.fail["pull"] = PlatformError(message)
        with pytest.raises(PlatformError):
            bridge.sync()
    (tmp_path / "bridge.toml").write_text(
        '[platform]\ntype = "labelbox"\napi_key = "${CANARY_KEY}"\nproject = "p"\n'
        'datasets = ["d"]\nendpoint = "https://user:canary-pw@${CANARY_HOST}/graphql"\n'
        '[model]\nestimator = "a:b"\n[model.params]\nhf_token = "canary-3"\n'
        'url = "https://x:canary-4@host.example/?token=canary-5"\ndeep = {password = "canary-6"}\n'
    )
    found = diagnose(tmp_path / "bridge.toml")
    assert found.store is not None
    assert found.store.rows["items"] == 30
    failed = [run for run in found.runs if run.state == "failed"]
    assert len(failed) == 5
    assert failed[0].kind == "PlatformError"
    assert "server failed (500)" in failed[2].error
    for shown in (doctor_text(tmp_path), found.model_dump_json()):
        assert "canary" not in shown.lower().replace("${canary_", "")


def doctor_text(folder):
    ran = CliRunner().invoke(main, ["doctor", "-c", str(folder / "bridge.toml")])
    assert ran.exit_code == 0
    return ran.output


# ---------------------------------------------------------------------------------------- signals


@contextmanager
def syncing(loop):
    """Run `bridge sync` in a process of its own, which hangs in its first call."""
    loop.emulator.fail(Fault("hang", on="call", seconds=2))
    environment = {**os.environ, "LABELBOX_API_KEY": loop.emulator.api_key}
    command = [sys.executable, "-m", "bridge", "sync", "-c", str(loop.config)]
    with subprocess.Popen(
        command,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "schema ...\n"
        yield process


def last_run(loop):
    with sqlite3.connect(loop.directory / ".bridge" / "state.db") as connection:
        row = connection.execute("SELECT state, result FROM runs ORDER BY id DESC").fetchone()
    connection.close()
    return row[0], json.loads(row[1])


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGTERM, 143, "Terminated"), (signal.SIGINT, 130, "Interrupted")],
)
def test_a_signal_ends_a_sync_with_its_code(loop, number, code, said):
    with syncing(loop) as process:
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert f"{said}; the next run finishes" in err
    assert "Traceback" not in err
    state, result = last_run(loop)
    assert state == "failed"
    assert result["error"] in ("Terminated", "KeyboardInterrupt")
    assert loop.sync()["queue"] == 12


SIGNALLED = """
import os, signal, sys
from bridge.effects import watch
moments = 0
def watcher(when, name):
    global moments
    moments += 1
    if moments == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGTERM)
watch(watcher)
from bridge.cli import main
main(["sync", "-c", sys.argv[2]])
"""


@pytest.mark.parametrize("moment", [1, 9, 17, 25])
def test_sigterm_at_any_moment_is_never_a_success(loop, moment):
    environment = {**os.environ, "LABELBOX_API_KEY": loop.emulator.api_key}
    command = [sys.executable, "-c", SIGNALLED, str(moment), str(loop.config)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 143, done.stderr
    assert loop.sync()["queue"] == 12
    assert len(set(loop.queue())) == len(loop.queue()) == 12
    assert loop.sync()["status"] == "unchanged"


def test_a_signal_that_got_lost_is_still_told():
    def careless():
        try:
            signal.raise_signal(signal.SIGTERM)
        except BaseException:  # noqa: BLE001  # as a finalizer does
            return

    former = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated), terminable():
        careless()
    assert signal.getsignal(signal.SIGTERM) == former


# ------------------------------------------------------------------------------------- guarantees

ROOT = Path(__file__).parent.parent


def defined(path, name):
    """Whether a Python file defines ``name`` or ``Class::name``."""
    found = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    for part in name.split("::"):
        matches = [
            node
            for node in found
            if getattr(node, "name", None) == part
            or (isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == part)
        ]
        if not matches:
            return False
        found = getattr(matches[0], "body", [])
    return True


def test_every_test_that_the_guarantees_name_exists():
    text = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:tests|bridge)/[\w/]+\.py)::([\w:]+)`", text)
    assert len(named) > 40
    assert [f"{path}::{name}" for path, name in named if not defined(path, name)] == []


def test_every_promise_has_a_test():
    text = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    promised = text.partition("## What is not promised")[0]
    numbers = [int(number) for number in re.findall(r"^\*\*(\d+)\. ", promised, flags=re.M)]
    assert len(numbers) > 10
    assert numbers == list(range(1, len(numbers) + 1))
    promises = re.split(r"^\*\*\d+\. ", promised, flags=re.M)
    assert all("::test_" in promise or "::Test" in promise for promise in promises[1:])


def test_links_of_the_security_page_resolve():
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    own = [link for link in links if "://" not in link]
    assert own
    assert all((ROOT / link).exists() for link in own)
