"""Commands, as from a shell."""

import json

import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge.config import load
from labelbox_loop import labelbox_loop
from memory_platform import truth


@pytest.fixture
def loop(tmp_path):
    with labelbox_loop(tmp_path) as made:
        yield made


def run(*words, **more):
    return CliRunner().invoke(main, list(words), prog_name="bridge", **more)


def test_version():
    ran = run("--version")
    assert ran.exit_code == 0
    assert ran.output.startswith("bridge, version ")


def test_wrong_usage():
    assert run("sync", "--no-such-option").exit_code == 2
    assert run("no-such-command").exit_code == 2


def test_init_asks_and_writes(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "k")
    path = tmp_path / "bridge.toml"
    ran = run("init", "-c", str(path), input="labelbox\nMY_KEY\nclproject\nclone, cltwo\n")
    assert ran.exit_code == 0, ran.output
    settings = load(path)
    assert settings.platform.api_key.get_secret_value() == "k"
    assert settings.platform.datasets == ("clone", "cltwo")


def test_init_without_questions(tmp_path):
    path = tmp_path / "bridge.toml"
    given = {
        "dataset": "news",
        "source": "pool.jsonl",
        "queue": "queue.jsonl",
        "classes": "no, yes",
    }
    options = [word for key, value in given.items() for word in ("--set", f"{key}={value}")]
    ran = run("init", "--platform", "prodigy", "-c", str(path), *options)
    assert ran.exit_code == 0, ran.output
    assert load(path).platform.classes == ("no", "yes")


def test_init_overwrites_only_by_force(tmp_path):
    path = tmp_path / "bridge.toml"
    path.write_text("mine")
    assert run("init", "--platform", "prodigy", "-c", str(path)).exit_code == 78
    assert path.read_text() == "mine"


def test_init_never_writes_a_secret(tmp_path):
    path = tmp_path / "bridge.toml"
    options = ["--set", "api_key=canary-77", "--set", "project=p", "--set", "datasets=d"]
    ran = run("init", "--platform", "labelbox", "-c", str(path), *options)
    assert ran.exit_code == 78
    assert "canary-77" not in ran.output
    assert not path.exists()


def test_check(loop):
    ran = loop.bridge("check")
    assert ran.exit_code == 0, ran.output
    assert "FAIL" not in ran.output
    bad = loop.bridge("check", key="wrong")
    assert bad.exit_code == 65
    assert "FAIL" in bad.output
    findings = json.loads(loop.bridge("check", "--json").stdout)
    assert {"store", "model", "key"} <= {finding["name"] for finding in findings}


def test_sync_prints_one_line_on_standard_output(loop):
    ran = loop.bridge("sync", "--quiet")
    assert ran.exit_code == 0
    assert ran.stdout.count("\n") == 1
    assert ran.stdout.startswith("changed: 60 new items; 12 items pushed; 12 queued")
    assert ran.stderr == ""


def test_status_before_and_after(loop):
    assert "none yet" in loop.bridge("status").output
    for _ in range(2):
        loop.sync()
        loop.answer_all()
    loop.sync()
    ran = loop.bridge("status")
    assert "24 (24 answers" in ran.output
    found = json.loads(loop.bridge("status", "--json").stdout)
    assert found["queue"] == 12
    assert found["champion"]["version"] in ran.output


def test_looking_needs_no_key(loop, monkeypatch):
    loop.sync()
    key = loop.queue()[0]
    monkeypatch.delenv("LABELBOX_API_KEY", raising=False)
    for words in (["status"], ["explain", key]):
        ran = run(*words, "-c", str(loop.config))
        assert ran.exit_code == 0, ran.output


def test_explain(loop):
    loop.sync()
    key = loop.queue()[0]
    assert f"{key}: queue" in loop.bridge("explain", key).output
    loop.emulator.answer(loop.project, key, [truth(key)], annotator="bob@example.com")
    loop.sync()
    assert "bob@example.com: " + truth(key) in loop.bridge("explain", key).output


def test_dry_run(loop):
    ran = loop.bridge("sync", "--dry-run")
    assert ran.exit_code == 0
    assert "60 new items" in ran.output
    assert loop.queue() == []


def test_simulate_on_a_file(tmp_path):
    from memory_platform import mail

    data = tmp_path / "labeled.jsonl"
    rows = [{"text": item.text, "label": truth(key)} for key, item in mail(120).items()]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ["simulate", "--data", str(data), "--seeds", "1", "--budget", "40", "--batch", "10"]
    config = ["-c", str(tmp_path / "absent.toml")]
    ran = run(*words, *config)
    assert ran.exit_code == 0, ran.output
    assert "labels to 95% of that: bridge" in ran.output
    found = json.loads(run(*words, *config, "--json").stdout)
    assert {arm["name"] for arm in found["arms"]} == {"bridge", "random"}
    ours = next(arm for arm in found["arms"] if arm["name"] == "bridge")
    assert ours["curve"][-1][1] > 0.9


def test_simulate_on_the_labels_of_the_store(loop):
    for _ in range(4):
        loop.sync()
        loop.answer_all()
    loop.sync()
    ran = loop.bridge("simulate", "--seeds", "1", "--budget", "20", "--batch", "10")
    assert ran.exit_code == 0, ran.output


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no lines"),
        (b"not json\n", "line 1 is not JSON"),
        (b'{"text": "a"}\n', "no field 'label'"),
        (b'{"text": " ", "label": "x"}\n', "no text"),
        (b'{"text": "\xff", "label": "x"}\n', "not UTF-8"),
        (b'{"text": "a", "label": "x"}\n' * 3, "two classes"),
    ],
)
def test_simulate_on_a_bad_file(tmp_path, content, said):
    data = tmp_path / "labeled.jsonl"
    data.write_bytes(content)
    ran = run("simulate", "--data", str(data), "-c", str(tmp_path / "absent.toml"))
    assert ran.exit_code == 65
    assert said in ran.output


def test_emulate_needs_an_adapter_that_has_one():
    assert run("emulate", "nowhere").exit_code == 78
