"""bridge.toml: what is accepted, and what a person is told when it is not."""

import pytest

from bridge.config import load
from bridge.errors import ConfigError

PRODIGY = """
[platform]
type = "prodigy"
dataset = "news"
source = "pool.jsonl"
queue = "queue.jsonl"
classes = ["no", "yes"]
"""


def write(tmp_path, text):
    path = tmp_path / "bridge.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults(tmp_path):
    settings = load(write(tmp_path, PRODIGY))
    assert settings.adapter.name == "prodigy"
    assert settings.queue.depth == 100
    assert settings.store_directory == (tmp_path / ".bridge").resolve()


def test_class_names_such_as_no_stay_text(tmp_path):
    assert load(write(tmp_path, PRODIGY)).platform.classes == ("no", "yes")


def test_paths_are_relative_to_the_file(tmp_path, monkeypatch):
    path = write(tmp_path, PRODIGY)
    monkeypatch.chdir("/")
    assert load(path).platform.source == tmp_path / "pool.jsonl"


def test_values_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("DATASET", "from-the-environment")
    path = write(tmp_path, PRODIGY.replace('"news"', '"${DATASET}"'))
    assert load(path).platform.dataset == "from-the-environment"


def test_secret_from_a_file(tmp_path):
    (tmp_path / "url").write_text("postgresql://user:canary-9d1e@127.0.0.1/db\n")
    settings = load(write(tmp_path, PRODIGY + '\n[store]\nurl = "file:url"\n'))
    assert settings.store.url.get_secret_value().endswith("@127.0.0.1/db")
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "platform.type is missing"),
        ('[platform]\ntype = "nowhere"', "No adapter named 'nowhere'"),
        ('[platform]\ntype = "prodigy"', "platform.dataset is missing"),
        (PRODIGY.replace("dataset", "datset"), "Did you mean 'dataset'?"),
        (PRODIGY + "\n[sync]\nseed = 1.5", "sync.seed is wrong"),
        (PRODIGY + "\n[store]\nurl = 5", "store.url must be text"),
        (PRODIGY + '\n[store]\nurl = "sqlite:///x"', "secret in clear"),
        (PRODIGY + '\n[store]\nurl = "file:absent"', "cannot be read"),
        ("sync = 3" + PRODIGY, "[sync] must be a table"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text))
    assert said in str(caught.value)


def test_a_file_that_is_not_text(tmp_path):
    (tmp_path / "bridge.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path / "bridge.toml")


def test_wrong_values_are_never_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("LABELBOX_API_KEY", "canary-9d1e")
    lines = ["[platform]", 'type = "labelbox"', 'api_key = "${LABELBOX_API_KEY}"', "project = 7"]
    path = write(tmp_path, "\n".join(lines))
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert "canary" not in str(caught.value) + repr(caught.value.__cause__)
