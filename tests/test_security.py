"""Hostile input and secrets: what must never leak, never run, never steer and never be fetched."""

import base64
import hashlib
import io
import json
import logging
import os
import pickle
import re
import shutil
import ssl
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import bridge
import bridge_labelbox
import bridge_labelstudio
import bridge_prodigy
from bridge.cli import main
from bridge.errors import ModelError, PlatformError, Unreachable
from bridge.http import Http
from bridge.learners.base import Learner
from bridge.learners.encoding import HashedText
from bridge.learners.sklearn_learner import SklearnLearner
from bridge.learners.text import TextLearner
from bridge.platforms import Adapter
from bridge.records import Item
from bridge.safe_text import plain, redact, redacted, remember
from bridge.store.models import load_model, save_model
from bridge_labelbox.emulator.faults import Fault
from bridge_prodigy.emulator import Emulator as Prodigy
from labelbox_loop import LabelboxLoop, labelbox_loop
from labelstudio_loop import LabelStudio, labelstudio_loop, served
from labelstudio_wire import PROJECT, control
from learning_data import examples, one_hot, single
from memory_platform import MemoryPlatform, NoSettings, mail
from memory_platform import loop as memory_loop
from web_counter import web_counter

# ---------------------------------------------------------------------------------------- secrets

KEY = "canary-key/7f3a+91=c4"
WRONG_KEY = "canary-wrong/5b2d+18"
PASSWORD = "canary-db/p@ss 66e1"  # no password of anything
HEARTBEAT = "canary-beat-0d9e77"
CANARIES = (KEY, WRONG_KEY, PASSWORD, HEARTBEAT)


def forms(secret: str) -> set[bytes]:
    """Return a secret as it may stand in an output."""
    return {
        secret.encode(),
        quote(secret, safe="").encode(),
        quote(secret).encode(),
        json.dumps(secret)[1:-1].encode(),
        base64.b64encode(secret.encode()).rstrip(b"="),
    }


def assert_clean(content: bytes, where: str) -> None:
    for secret in CANARIES:
        for form in forms(secret):
            assert form not in content, f"{where} shows {form!r}"


@pytest.fixture
def guarded(tmp_path, monkeypatch):
    """A loop with a canary in every secret place: environment, file and address."""
    with labelbox_loop(tmp_path) as loop, web_counter() as web:
        loop.emulator.api_key = loop.emulator.world.api_key = KEY
        secrets = tmp_path / "secrets"
        secrets.mkdir()
        (secrets / "heartbeat").write_text(f"{web.url}/{HEARTBEAT}?token={HEARTBEAT}\n")
        loop.configure(rest='[operations]\nheartbeat_url = "file:secrets/heartbeat"')
        monkeypatch.setenv("BRIDGE_STORE", f"postgresql+psycopg://u:{quote(PASSWORD, safe='')}@h/d")
        yield loop


def said(loop: LabelboxLoop, *words: str, code: int = 0, key: str = KEY) -> None:
    """Run a command with logs, and look through all that it says."""
    ran = loop.bridge(*words, key=key)
    assert ran.exit_code == code, ran.output
    assert_clean(ran.stdout_bytes + ran.stderr_bytes, " ".join(words))


def look_at_files(loop: LabelboxLoop, least: int = 3) -> None:
    looked = 0
    for path in loop.directory.rglob("*"):
        if path.is_file() and path.parent.name != "secrets":
            assert_clean(path.read_bytes(), str(path))
            looked += 1
    assert looked >= least


DEBUG = ("--log-format", "json", "--log-level", "debug")


def test_no_secret_in_anything_of_a_loop_that_works(guarded, caplog):
    metrics = str(guarded.directory / "loop.prom")
    with caplog.at_level(logging.DEBUG, "bridge"):
        said(guarded, "check")
        for words in ((), DEBUG, ("--json", "--force-train", "--log-level", "debug")):
            guarded.answer_all()
            said(guarded, "sync", "--metrics-file", metrics, *words)
    for words in (["status"], ["verify"], ["doctor"], ["explain", "ham-1"]):
        said(guarded, *words)
        said(guarded, *words, "--json")
    assert_clean(caplog.text.encode(), "the log")
    look_at_files(guarded, least=8)


@pytest.mark.parametrize("words", [(), ("--json",), DEBUG, ("--log-level", "debug")])
def test_no_secret_in_a_failure(guarded, words):
    said(guarded, "sync", *words, key=WRONG_KEY, code=77)
    guarded.emulator.fail(Fault("status", on="call", status=500, times=1000))
    said(guarded, "sync", *words, code=69)
    said(guarded, "doctor")
    look_at_files(guarded)


@pytest.mark.parametrize("words", [(), ("--json",), DEBUG, ("--log-level", "debug")])
def test_no_secret_in_the_traceback_of_a_bug(guarded, monkeypatch, words):
    secrets = f"{KEY} {quote(KEY, safe='')} {HEARTBEAT} {KEY!r}"

    def buggy(turn, **_):
        turn.warn(f"about to fail with {secrets}")
        raise ValueError(secrets, {"key": KEY})

    monkeypatch.setattr("bridge.sync.pull", buggy)
    said(guarded, "sync", *words, code=1)
    look_at_files(guarded)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500])
def test_no_secret_that_a_server_echoes(guarded, status):
    echo = f"denied: {KEY} and {quote(KEY, safe='')} and {json.dumps(KEY)}".encode()
    with web_counter() as web:
        web.status, web.body = status, echo
        guarded.configure(
            endpoint=f"{web.url}/graphql", platform="", rest='[model]\nestimator = "auto"'
        )
        text = guarded.config.read_text()
        guarded.config.write_text(text.replace("retry_budget_s = 2", "retry_budget_s = 0.1"))
        for words in ((), ("--json",), DEBUG):
            ran = guarded.bridge("sync", *words, key=KEY)
            assert ran.exit_code in (69, 77)
            assert_clean(ran.stdout_bytes + ran.stderr_bytes, f"sync on {status}")
        assert web.asked
    look_at_files(guarded)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql+psycopg://bridge:{}@127.0.0.1:9/loop", 74),
        ("nosuchdatabase://bridge:{}@127.0.0.1/loop", 78),
        ("no address {}", 78),
    ],
)
def test_no_secret_of_the_store_url(guarded, monkeypatch, url, code):
    monkeypatch.setenv("BRIDGE_STORE", url.format(quote(PASSWORD, safe="")))
    guarded.configure(rest='[store]\nurl = "${BRIDGE_STORE}"')
    for words in (["sync"], ["sync", *DEBUG], ["sync", "--json"], ["status"]):
        said(guarded, *words, code=code)
    said(guarded, "doctor")


def test_no_secret_in_errors_of_the_configuration(guarded):
    text = guarded.config.read_text()
    for wrong in (
        text.replace('"${LABELBOX_API_KEY}"', f'"{KEY}"'),
        text.replace('api_key = "${LABELBOX_API_KEY}"', f'api_key = ["{KEY}"]'),
        text.replace('"file:secrets/heartbeat"', f'"https://h.example/{HEARTBEAT}"'),
        text.replace("[operations]", f'[store]\nurl = "postgresql://u:{PASSWORD}@h/d"'),
        text.replace("[platform]", f'platform = "{KEY}"\n[platfrom]'),
    ):
        guarded.config.write_text(wrong)
        said(guarded, "sync", code=78)
        said(guarded, "doctor")


def test_settings_hide_their_secrets(guarded, monkeypatch):
    monkeypatch.setenv("LABELBOX_API_KEY", KEY)
    settings = bridge.Bridge.from_config(guarded.config).settings
    shown = f"{settings!r} {settings} {settings.operations.model_dump_json()}"
    assert_clean(shown.encode(), "settings")


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500])
def test_no_token_that_was_obtained_at_run_time(tmp_path, status):
    """Label Studio's access tokens: nobody wrote them into a configuration."""
    with labelstudio_loop(tmp_path) as loop:
        loop.configure(platform="retry_budget_s = 0.1", url=loop.url)
        text = loop.config.read_text().replace("retry_budget_s = 2\n", "")
        loop.config.write_text(text)
        reply = loop.server.reply

        def echo(method, url, headers, body):
            if url.endswith("/api/token/refresh"):
                return reply(method, url, headers, body)
            said = f"denied: {headers['Authorization']} of {quote(headers['Authorization'])}"
            return status, {}, json.dumps({"detail": said, "told": said})

        loop.server.reply = echo
        for words in ((), ("--json",), DEBUG):
            ran = loop.bridge("sync", *words)
            assert ran.exit_code in (69, 77), ran.output
            assert "canary" not in ran.output
        for path in tmp_path.rglob("*"):
            assert not path.is_file() or b"canary" not in path.read_bytes()
        assert loop.server.tokens


@given(st.text(min_size=1, max_size=12), st.text("ab 'x\\", max_size=5))
def test_no_escaping_hides_a_secret(secret, around):
    for written in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1]):
        shown = redact(f"{around}{written}{around}", [secret])
        assert written not in shown.replace("[secret]", "")


def test_parts_of_addresses_are_secret():
    remember("postgresql://someone:canary-pw%2F1@h.example/name")
    remember("https://ping.example/canary-path/fail?k=canary-query")
    shown = redacted("canary-pw/1 canary-pw%2F1 at /canary-path/fail with canary-query on name")
    assert "canary" not in shown
    assert shown.endswith("on name")


# ------------------------------------------------------------------------------------ hostile text

HOSTILE = (
    "../../../escaped",
    "/escaped/absolute",
    "..\\escaped\\windows",
    "<script>alert(1)</script>",
    "'; DROP TABLE items; --",
    '" OR "1"="1',
    "\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "\x9b31mred in one character",
    "first line\nsecond line\r\x08",
    "\u202ereversed",
    "[bold]markup[/bold] [/red]",
    "{0} %s %(x)s ${HOME} `id` $(id)",
    "NUL is \x01 not \x7f",
    "line\u2028separator",
)
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def assert_plain(output: str, where: str) -> None:
    found = STEERING.search(output)
    assert found is None, f"{where}: {found!r} in {output!r}"


@contextmanager
def nothing_escapes(folder: Path) -> Iterator[None]:
    """Check that nothing was made beside the loop's own directory."""
    before = {path for path in folder.rglob("*") if "loop" not in path.parts}
    yield
    after = {path for path in folder.rglob("*") if "loop" not in path.parts}
    assert after == before
    assert not Path("/escaped").exists()
    for path in folder.rglob("*"):
        assert "escaped" not in path.name


def shown_on_a_terminal(config: Path, keys, **environment: str) -> None:
    for words in (["sync", "--log-level", "debug"], ["status"], ["verify"], ["doctor"]):
        ran = CliRunner().invoke(main, [*words, "-c", str(config)], env=environment)
        assert ran.exit_code == 0, ran.output
        assert_plain(ran.output, words[0])
    for key in keys:
        ran = CliRunner().invoke(main, ["explain", "-c", str(config), "--", key], env=environment)
        assert ran.exit_code == 0, ran.output
        assert_plain(ran.output, key)
        found = CliRunner().invoke(
            main, ["explain", "--json", "-c", str(config), "--", key], env=environment
        )
        assert json.loads(found.stdout)["key"] == key


def hostile_items(count: int = 40) -> list[Item]:
    plain_ones = list(mail(count).values())
    return [
        Item(key=key, text=f"{key} {i.text}") for key, i in zip(HOSTILE, plain_ones, strict=False)
    ] + (plain_ones[len(HOSTILE) :])


def test_hostile_keys_and_classes_go_through_the_loop(tmp_path, monkeypatch):
    classes = ("[/red] \x1b[2J../ham", "<b>'; --\u202e")
    platform = MemoryPlatform(classes)
    platform.add(*hostile_items(60))
    platform.refuse = set(HOSTILE[:2])
    folder = tmp_path / "loop"
    folder.mkdir()
    sections = {"queue": {"depth": 30, "batch": 1}, "acquisition": {"hold_out_share": 0.6}}
    with nothing_escapes(tmp_path):
        with memory_loop(platform, folder, **sections) as loop:
            for _ in range(3):
                result = loop.sync(full=True)
                for number, key in enumerate(list(platform.queued)):
                    platform.answer(key, classes[number % 2], annotator="\x1b[5mann\nbob")
        assert result.trained.scores.known
        assert set(platform.answers) >= set(HOSTILE[2:])
        monkeypatch.setattr(
            "bridge.config.adapter", lambda _: Adapter("memory", NoSettings, lambda _: platform)
        )
        (folder / "bridge.toml").write_text('[platform]\ntype = "memory"\n')
        shown_on_a_terminal(folder / "bridge.toml", HOSTILE)


def test_hostile_refusals_and_problems_on_a_terminal(tmp_path, monkeypatch):
    platform = MemoryPlatform()
    platform.add(*hostile_items())
    platform.refuse = set(HOSTILE)
    monkeypatch.setattr(
        "bridge.config.adapter", lambda _: Adapter("memory", NoSettings, lambda _: platform)
    )
    (tmp_path / "bridge.toml").write_text('[platform]\ntype = "memory"\n')
    ran = CliRunner().invoke(main, ["sync", "-c", str(tmp_path / "bridge.toml")])
    assert ran.exit_code == 0
    assert "warning: Item '" in ran.stderr
    assert_plain(ran.output, "warnings")
    platform.fail["pull"] = PlatformError("\x1b[2Jgone\nError: another", "\x9bfix")
    failed = CliRunner().invoke(main, ["sync", "-c", str(tmp_path / "bridge.toml")])
    assert failed.exit_code == 69
    assert_plain(failed.output, "an error")
    assert sum(line.startswith("Error:") for line in failed.stderr.splitlines()) == 1


def test_hostile_keys_and_classes_on_the_emulated_labelbox(tmp_path):
    folder = tmp_path / "loop"
    folder.mkdir()
    classes = ("[/red] \x1b[2J../ham", "<b>'; --")
    with nothing_escapes(tmp_path), labelbox_loop(folder, count=12, classes=classes) as loop:
        loop.emulator.add_items(loop.project, [(i.key, i.text) for i in hostile_items()])
        keys: set[str] = set()
        for _ in range(3):
            loop.sync()
            keys |= set(loop.queue())
            for number, key in enumerate(loop.queue()):
                loop.emulator.answer(loop.project, key, [classes[number % 2]])
        assert keys & set(HOSTILE)
        assert loop.sync("--full")["problem_count"] == 0
        shown_on_a_terminal(loop.config, HOSTILE, LABELBOX_API_KEY=loop.emulator.api_key)


def test_hostile_keys_and_classes_on_label_studio(tmp_path):
    folder = tmp_path / "loop"
    folder.mkdir()
    classes = ["[/red] \x1b[2J../ham", "<b>'; --"]
    with nothing_escapes(tmp_path), labelstudio_loop(folder, count=12) as loop:
        loop.server.project["parsed_label_config"] = {"kind": control("Choices", classes)}
        for item in hostile_items():
            loop.server.put(item.key, item.text or "")
        keys: set[str] = set()
        for _ in range(3):
            loop.sync()
            keys |= set(loop.queue())
            for number, key in enumerate(loop.queue()):
                loop.answer(key, classes[number % 2])
        assert keys & set(HOSTILE)
        # The first dozen of the ordinary keys is there twice.
        assert all("same key" in p["what"] for p in loop.sync("--full")["problems"])
        shown_on_a_terminal(loop.config, HOSTILE, LABELSTUDIO_API_KEY="canary.personal.token")


def test_hostile_keys_and_classes_on_the_prodigy_stand_in(tmp_path):
    folder = tmp_path / "loop"
    folder.mkdir()
    classes = ("[/red] \x1b[2J../ham", "<b>'; --")
    with nothing_escapes(tmp_path):
        emulator = Prodigy(folder, classes)
        emulator.add_items(hostile_items())
        config = folder / "bridge.toml"
        config.write_text(
            f'[platform]\ntype = "prodigy"\ndataset = "{emulator.options.dataset}"\n'
            'source = "pool.jsonl"\nqueue = "queue.jsonl"\ndatabase = "prodigy.db"\n'
            f"classes = {json.dumps(classes)}\n[queue]\ndepth = 20\nbatch = 1\n"
        )
        for _ in range(2):
            with bridge.Bridge.from_config(config) as loop:
                result = loop.sync()
            assert result.problem_count == 0
            for number, key in enumerate(emulator.queue()):
                emulator.answer(key, [classes[number % 2]])
        assert result.champion
        shown_on_a_terminal(config, HOSTILE)


@given(st.text(max_size=20))
def test_nothing_steers_a_terminal(text):
    shown = plain(text)
    assert not STEERING.search(shown)
    assert "\n" not in shown
    shown.encode()
    printable = "".join(one for one in text if one.isprintable())
    assert plain(printable) == printable


# ----------------------------------------------------------------------------- hostile model files

TEXT = TextLearner(HashedText(columns=2**10))


class Bomb:
    """Unpickling it makes a file."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self):
        return (Path.touch, (self.place,))


def saved(root: Path, learner: Learner) -> Path:
    items, numbers = single(30, 0)
    inputs = items if learner.encoder is None else learner.encoder
    model = learner.fit(examples(inputs, items, one_hot(numbers)), None, seed=0)
    return save_model(root, "v1", model, {})


def sealed(directory: Path) -> None:
    """Make the manifest agree with the files, as an attacker would."""
    path = directory / "manifest.json"
    content = json.loads(path.read_bytes())
    for name in content["files"]:
        content["files"][name] = hashlib.sha256((directory / name).read_bytes()).hexdigest()
    path.write_text(json.dumps(content))


def npz(directory: Path, name: str, member: bytes) -> None:
    """Replace one array of the model by other bytes."""
    path = directory / "head.npz"
    with zipfile.ZipFile(path) as archive:
        members = {entry: archive.read(entry) for entry in archive.namelist()}
    members[name] = member
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in members.items():
            archive.writestr(entry, content)
    sealed(directory)


def test_a_pickle_in_a_model_file_is_not_run(tmp_path):
    directory = saved(tmp_path, TEXT)
    stream = io.BytesIO()
    np.save(stream, np.array([Bomb(tmp_path / "ran")], dtype=object), allow_pickle=True)
    npz(directory, "prior.npy", stream.getvalue())
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(tmp_path, "v1", TEXT)
    (directory / "head.npz").write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    sealed(directory)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(tmp_path, "v1", TEXT)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("shape", ["(1000000000000000,)", "(-1,)", "(2, 3, 4, 5)", "(1e9,)", "x"])
def test_an_array_that_lies_about_its_size_is_refused(tmp_path, shape):
    directory = saved(tmp_path, TEXT)
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
    npz(directory, "idf.npy", start + header.encode() + b"\0" * 64)
    with pytest.raises(ModelError):
        load_model(tmp_path, "v1", TEXT)


def test_a_type_that_nobody_vouched_for_is_not_loaded(tmp_path):
    import skops.io
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import FunctionTransformer

    learner = SklearnLearner("mine", LogisticRegression, HashedText(columns=2**10))
    directory = saved(tmp_path, learner)
    load_model(tmp_path, "v1", learner)
    skops.io.dump([FunctionTransformer(os.system)], directory / "estimators.skops")
    sealed(directory)
    with pytest.raises(ModelError, match=r"not trusted: .*system"):
        load_model(tmp_path, "v1", learner)


@pytest.mark.parametrize("kind", ["function", "partial", "method", "pickle", "empty", "other zip"])
def test_a_hostile_archive_of_estimators_is_not_run(tmp_path, kind):
    import skops.io
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import FunctionTransformer

    learner = SklearnLearner("mine", LogisticRegression, HashedText(columns=2**10))
    directory = saved(tmp_path, learner)
    path, ran = directory / "estimators.skops", tmp_path / "ran"
    command = f"touch {ran}"
    match kind:
        case "function":
            skops.io.dump([os.system, command], path)
        case "partial":
            skops.io.dump([partial(os.system, command)], path)
        case "method":
            skops.io.dump([FunctionTransformer(ran.touch)], path)
        case "pickle":
            path.write_bytes(pickle.dumps(Bomb(ran)))
        case "empty":
            path.write_bytes(b"")
        case "other zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("../../escaped.json", "{}")
                archive.writestr("schema.json", pickle.dumps(Bomb(ran)))
    sealed(directory)
    with pytest.raises(ModelError):
        load_model(tmp_path, "v1", learner)
    assert not ran.exists()
    assert not list(tmp_path.rglob("escaped.json"))


@pytest.mark.parametrize("name", ["../../outside", "/etc/hostname", "..", ""])
def test_a_manifest_that_points_elsewhere_is_refused(tmp_path, name):
    root = tmp_path / "a" / "models"
    directory = saved(root, TEXT)
    (tmp_path / "outside").write_text("x")
    path = directory / "manifest.json"
    content = json.loads(path.read_bytes())
    content["files"][name] = hashlib.sha256(b"x").hexdigest()
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match="does not belong there"):
        load_model(root, "v1", TEXT)


# ------------------------------------------------------------------------------ the outside world


def test_addresses_of_items_are_never_fetched(tmp_path):
    with web_counter() as web:
        rows = {f"row-{n}": f"{web.url}/file-{n}.txt" for n in range(30)}
        memory = MemoryPlatform()
        memory.add(*(Item(key=k, kind="image", url=u) for k, u in rows.items()))
        memory.add(*mail(20).values())
        memory_loop(memory, tmp_path / "memory").sync(full=True)

        with labelbox_loop(tmp_path) as labelbox:
            labelbox.emulator.add_items(labelbox.project, list(rows.items()))
            labelbox.sync("--full")

        folder = tmp_path / "prodigy"
        folder.mkdir()
        emulator = Prodigy(folder, ("ham", "spam"))
        emulator.add_items(Item(key=k, kind="image", url=u) for k, u in rows.items())
        emulator.add_items(Item(key=f"text-{k}", text=u) for k, u in rows.items())
        settings = {"type": "prodigy", **emulator.settings}
        with bridge.Bridge.from_settings({"platform": settings}, directory=folder) as loop:
            assert loop.sync().pulled.new_items > 0

        folder = tmp_path / "labelstudio"
        folder.mkdir()
        with labelstudio_loop(folder) as studio:
            for key, url in rows.items():
                studio.server.put(key, url)
                studio.server.tasks[len(studio.server.tasks)]["data"]["image"] = url
            assert studio.sync()["pulled"]["new_items"] == 90
        assert web.asked == []


def test_a_signed_address_in_the_own_network_is_not_fetched(tmp_path):
    """Labelbox names where an export's files lie; it must not be a machine beside ours."""
    with labelbox_loop(tmp_path) as loop, web_counter() as web:
        own = loop.emulator.url.removesuffix("/graphql").replace("127.0.0.1", "localhost")
        port = web.url.rpartition(":")[2]
        for base in (f"http://localhost:{port}", f"https://localhost:{port}"):
            with loop.emulator.world.lock:
                loop.emulator.world.base = base
            ran = loop.bridge("sync")
            assert ran.exit_code == 69, ran.output
            assert "was not fetched" in ran.stderr
            assert "file_hosts" in ran.stderr
            assert "sig" not in ran.stderr.lower().replace("signed", "")
        assert web.asked == []
        with loop.emulator.world.lock:
            loop.emulator.world.base = own
        assert loop.bridge("sync").exit_code == 69
        endpoint = own.replace("localhost", "127.0.0.1") + "/graphql"
        loop.configure(platform='file_hosts = ["localhost"]', endpoint=endpoint)
        assert loop.sync()["pulled"]["new_items"] == 60


def test_a_key_is_sent_to_its_own_address_alone(tmp_path):
    """Whatever a Label Studio redirects to: another port is another place."""
    with web_counter() as web:

        class Redirecting(LabelStudio):
            def reply(self, method, url, headers, body):
                return 302, {"Location": f"{web.url}{url}"}, ""

        with served(Redirecting()) as url:
            config = tmp_path / "bridge.toml"
            config.write_text(
                f'[platform]\ntype = "labelstudio"\nurl = "{url}"\nproject = {PROJECT}\n'
                'api_key = "${LABELSTUDIO_API_KEY}"\n'
            )
            for key in (KEY.replace(".", ""), "canary.personal.token"):
                ran = CliRunner().invoke(
                    main, ["sync", "-c", str(config)], env={"LABELSTUDIO_API_KEY": key}
                )
                assert ran.exit_code == 69, ran.output
                assert "redirected" in ran.stderr
                assert "canary" not in ran.output
        assert web.asked == []


def test_a_line_of_fifty_megabytes_stops_nothing(tmp_path):
    emulator = Prodigy(tmp_path, ("ham", "spam"))
    emulator.add_items(mail(20).values())
    with emulator.options.source.open("ab") as file:
        file.write(b'{"text": "' + b"x" * 50_000_000 + b"\n")  # no end of the string
        file.write(b'{"key": "late", "text": "after the long line"}\n')
    settings = {"type": "prodigy", **emulator.settings}
    with bridge.Bridge.from_settings({"platform": settings}, directory=tmp_path) as loop:
        result = loop.sync()
    assert result.pulled.new_items == 21
    (problem,) = result.problems
    assert "line 21" in problem.where
    assert len(problem.what) < 300


@contextmanager
def https_server(folder: Path) -> Iterator[str]:
    """Serve with a certificate that nobody signed; the adapter must never get to ask anything."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*command, *names], cwd=folder, check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # it will hang up on us
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"https://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
@pytest.mark.parametrize("variable", ["NOTHING", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_a_certificate_that_nobody_signed_is_refused(tmp_path, monkeypatch, variable):
    monkeypatch.setenv(variable, "")
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    http = Http(budget=2)
    with https_server(tmp_path) as url, pytest.raises(PlatformError, match="certificate") as caught:
        http.request("GET", url, repeatable=True)
    http.close()
    assert not isinstance(caught.value, Unreachable)
    assert "REQUESTS_CA_BUNDLE" in caught.value.fix


UNSAFE = re.compile(
    r"verify\s*=\s*False|CERT_NONE|_create_unverified_context|check_hostname\s*=\s*False"
    r"|\bpickle\b|\bmarshal\b|\bshelve\b|\bdill\b|\bcloudpickle\b|joblib\.load|allow_pickle=True"
    r"|\beval\(|\bexec\(|os\.system|shell\s*=\s*True|yaml\.load|tempfile\.mktemp"
)


@pytest.mark.parametrize(
    "package",
    [bridge, bridge_labelbox, bridge_labelstudio, bridge_prodigy],
    ids=lambda p: p.__name__,
)
def test_nothing_unsafe_in_the_code(package):
    looked = 0
    for path in Path(package.__file__).parent.rglob("*.py"):
        code = "\n".join(line.partition("#")[0] for line in path.read_text().splitlines())
        found = UNSAFE.search(code)
        assert found is None, f"{path}: {found}"
        looked += 1
    assert looked > 10
