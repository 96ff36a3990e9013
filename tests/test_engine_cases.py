"""Cases that broke the engine once, through the Python face, on a platform in memory."""

import json
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge.config import load
from bridge.errors import ConfigError, PlatformError
from bridge.records import Annotation, Change, Classes, Item, LabelClass, LabelSchema, Page
from bridge.simulation import rows_and_settings
from bridge.store.changes import apply_page
from bridge.store.database import open_store
from bridge.store.items import answers, row_of
from bridge.store.sweep import begin_sweep
from bridge.sync import store_of
from memory_platform import START, MemoryPlatform, loop, lost, mail, truth


@pytest.fixture
def platform():
    made = MemoryPlatform()
    made.add(*mail(60).values())
    return made


def answer_all(platform):
    for key in list(platform.queued):
        platform.answer(key, truth(key))


def write_prodigy_config(directory):
    path = directory / "bridge.toml"
    path.write_text(
        '[platform]\ntype = "prodigy"\ndataset = "d"\nsource = "s"\nqueue = "q"\n'
        'classes = ["ham", "junk"]\n'
    )
    return path


# --------------------------------------------------------------------------------------- the queue


def test_what_was_taken_out_of_the_queue_is_asked_again(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    first = list(platform.queued)
    platform.queued.clear()
    assert bridge.sync(full=True).queue == len(platform.queued) == 10
    # The same items by the same model: a decision of its own, which the platform must not take
    # for the batch that it had before.
    assert platform.queued == first
    assert len(set(platform.pushes)) == len(platform.pushes) == 2


def test_what_was_refused_wholly_is_asked_again(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    platform.refuse = set(platform.items)
    for _ in range(7):
        assert bridge.sync().queue == 0
    platform.refuse.clear()
    assert bridge.sync(full=True).queue == len(platform.queued) == 10


def test_the_queue_is_ranked_by_a_champion_whose_run_died_before_it_ranked(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    for key in list(platform.queued)[:4]:
        platform.answer(key, truth(key))
    bridge.pull()
    version = bridge.train().champion
    result = bridge.sync()
    assert result.trained is None
    queued = [bridge.explain(key) for key in platform.queued]
    assert {q.places[0].model_version for q in queued if not q.hold_out} == {version}
    assert bridge.sync().status == "unchanged"


# ------------------------------------------------------------------------------------ changed items


def test_an_item_that_was_gone_before_it_was_encoded_comes_back(platform, tmp_path):
    bridge = loop(platform, tmp_path, acquisition={"novel_share": 0.0})  # none is encoded ahead
    bridge.sync()
    key = next(key for key in platform.items if key not in platform.queued)
    item = platform.items[key]
    platform.remove(key)
    bridge.sync(full=True)
    answer_all(platform)
    assert bridge.sync().encoded == 59
    platform.add(item)
    answer_all(platform)
    assert bridge.sync().encoded == 1
    assert bridge.explain(key).where in ("pool", "queue")


def test_features_do_not_outlive_a_restored_state(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    answer_all(platform)
    bridge.sync()
    state, backup = tmp_path / ".bridge" / "state.db", tmp_path / "backup.db"
    shutil.copy(state, backup)
    # Since the backup other items came, and were gone again: their row ids will be given anew.
    for number in range(3):
        platform.add(Item(key=f"gone-{number}", text="gone and forgotten"))
    answer_all(platform)
    assert bridge.sync().encoded == 3
    for number in range(3):
        platform.remove(f"gone-{number}")
    shutil.copy(backup, state)
    platform.add(*(Item(key=f"new-{number}", text="win a prize") for number in range(3)))
    answer_all(platform)
    assert bridge.sync().encoded == 63
    answer_all(platform)
    assert bridge.sync().encoded == 0


def test_a_character_that_a_database_cannot_store_stops_nothing(tmp_path):
    store = open_store(tmp_path)
    page = Page(changes=(Change(key="k", item=Item(key="k", text="a\x00b")),))
    with store.begin() as connection:
        assert apply_page(connection, page, hold_out=0.1).any
        assert not apply_page(connection, page, hold_out=0.1).any
        assert row_of(connection, "k").text == "a\ufffdb"
    store.close()


def test_an_item_that_was_never_known_is_removed(tmp_path):
    store = open_store(tmp_path)
    gone = Change(key="k", removed=True, annotations=(), complete=True, as_of=START)
    with store.begin() as connection:
        assert not apply_page(connection, Page(changes=(gone,)), hold_out=0.1).any
        sweep = begin_sweep(connection)
        assert not apply_page(connection, Page(changes=(gone,)), hold_out=0.1, sweep=sweep).any
    store.close()


def rekey(platform, old, new):
    """Give an item another key, as when somebody sets the global key of a data row."""
    item = platform.items.pop(old)
    platform.items[new] = item.model_copy(update={"key": new})
    platform.answers[new] = {
        annotator: given.model_copy(update={"item_key": new})
        for annotator, given in platform.answers.pop(old).items()
    }
    platform.tick(new)


def test_answers_follow_their_item_to_another_key(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    answer_all(platform)
    before = bridge.sync()
    old = next(iter(platform.answers))
    rekey(platform, old, "another-key")
    bridge.sync()
    assert bridge.explain("another-key").where == "answered"
    assert "another-key" not in platform.queued
    assert bridge.sync(full=True).labels == before.labels
    assert bridge.explain(old).where == "removed"


# ------------------------------------------------------------------------------------- full pulls


def test_a_full_pull_that_broke_off_is_made_up_for(platform, tmp_path):
    bridge = loop(platform, tmp_path, sync={"full_every_hours": 0})
    bridge.sync()
    answer_all(platform)
    labels = bridge.sync().labels
    key = next(iter(platform.answers))
    platform.delete_answer(key)
    for other in platform.items:  # so that the deletion is on the first page
        if other != key:
            platform.tick(other)
    pull = platform.pull

    def broken(cursor):
        yield next(pull(cursor))
        raise lost()

    platform.pull = broken
    with pytest.raises(PlatformError):
        bridge.sync(full=True)
    platform.pull = pull
    assert bridge.sync().labels == labels - 1
    calls = platform.calls
    bridge.sync()
    assert platform.calls == calls + 2  # schema and pull, no page: it is made up for once


@pytest.mark.parametrize("hours", [1e9, float("inf")])
def test_full_pulls_can_be_put_off_for_ever(platform, tmp_path, hours):
    bridge = loop(platform, tmp_path, sync={"full_every_hours": hours})
    bridge.sync()
    assert bridge.sync().status == "unchanged"


# ------------------------------------------------------------------------------------- label schema


def names(platform, **names):
    """Name the classes of these ids so, and with them the answers, as a platform does."""
    before = {known.id: known.name for known in platform.classes}
    platform.classes = [LabelClass(id=f"id-{i}", name=name) for i, name in names.items()]
    today = {before[known.id]: known.name for known in platform.classes if known.id in before}
    for given in platform.answers.values():
        for annotator, answer in given.items():
            value = Classes(chosen=tuple(today.get(name, name) for name in answer.value.chosen))
            given[annotator] = Annotation(**answer.model_dump() | {"value": value})


def stored(bridge):
    with store_of(bridge.settings) as store, store.begin() as connection:
        return {a.key: a.value["chosen"][0] for a in answers(connection)}


def test_swapped_names(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    answer_all(platform)
    bridge.sync()
    names(platform, ham="spam", spam="ham")
    result = bridge.sync()
    assert stored(bridge) == {
        key: "spam" if truth(key) == "ham" else "ham" for key in platform.answers
    }
    assert result.trained is not None
    assert bridge.sync().status == "unchanged"


def test_a_former_name_is_given_to_another_class(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    answer_all(platform)
    bridge.sync()
    names(platform, ham="ham", spam="junk")
    bridge.sync()
    names(platform, ham="ham", spam="junk", other="spam")
    result = bridge.sync()
    assert set(stored(bridge).values()) == {"ham", "junk"}
    assert result.left_out == {}


def test_another_question_is_read_from_the_start(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    answer_all(platform)
    bridge.sync()
    names(platform, ham="no", spam="yes")
    schema = LabelSchema(
        task="single",
        question="urgent",
        classes=(LabelClass(id="1", name="no"), LabelClass(id="2", name="yes")),
    )
    platform.schema = lambda: schema
    result = bridge.sync()
    assert set(stored(bridge).values()) == {"no", "yes"}
    assert result.left_out == {}


@pytest.mark.parametrize(("share", "looked_at"), [(0.0, 0), (0.5, 20)])
def test_a_dry_run_without_a_model_encodes_what_it_looks_at(
    platform, tmp_path, monkeypatch, share, looked_at
):
    monkeypatch.setattr("bridge.steps.unseen.FIRST_LOOK", 20)
    bridge = loop(platform, tmp_path, acquisition={"novel_share": share})
    bridge.pull()
    dry = bridge.sync(dry_run=True)
    assert len(dry.would_push) == 10
    assert dry.encoded == looked_at
    assert (tmp_path / ".bridge" / "features").exists() == bool(looked_at)
    assert bridge.sync().encoded == 0


# ----------------------------------------------------------------------------------- configuration


def test_a_password_among_the_options_of_a_url_is_not_shown(tmp_path):
    store = open_store(tmp_path, f"sqlite:///file:{tmp_path}/x.db?uri=true&key=canary-5b")
    assert "canary-5b" not in store.name
    store.close()


@pytest.mark.parametrize("url", ["postgresql://me:p@host:canary-5b/db", "canary-5b", "a://b:[c"])
def test_a_url_that_is_none_is_not_shown(tmp_path, url):
    with pytest.raises(ConfigError) as caught:
        open_store(tmp_path, url)
    assert "canary-5b" not in str(caught.value)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_no_generator_takes(platform, tmp_path, seed):
    with pytest.raises(ConfigError, match=r"sync\.seed"):
        loop(platform, tmp_path, sync={"seed": seed})


def test_a_byte_order_mark_is_no_part_of_the_configuration(tmp_path):
    path = tmp_path / "bridge.toml"
    path.write_bytes(b"\xef\xbb\xbf[quue]")
    with pytest.raises(ConfigError, match="quue"):
        load(path)


# ---------------------------------------------------------------------------------- what is learned


def test_other_rules_for_answers_train_again(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    for key in list(platform.queued):
        platform.answer(key, truth(key).upper() if truth(key) == "spam" else "ham")
    assert bridge.sync().left_out["unknown class"] > 0
    result = loop(platform, tmp_path, answers={"rename": {"SPAM": "spam"}}).sync()
    assert result.trained is not None
    assert result.left_out == {}


def test_a_champion_whose_files_are_lost_is_replaced(platform, tmp_path):
    bridge = loop(platform, tmp_path, sync={"train_after": 1000})
    bridge.sync()
    answer_all(platform)
    lost_one = bridge.sync(force_train=True).champion
    shutil.rmtree(tmp_path / ".bridge" / "models")
    answer_all(platform)
    result = bridge.sync()
    assert result.trained is not None
    assert result.champion == result.trained.version != lost_one
    assert result.queue == 10


def test_a_champion_of_another_learner_is_replaced(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    answer_all(platform)
    bridge.sync()
    (tmp_path / "mine.py").write_text(
        "from sklearn.feature_extraction.text import TfidfVectorizer\n"
        "from sklearn.naive_bayes import MultinomialNB\n"
        "from sklearn.pipeline import make_pipeline\n"
        "def factory():\n"
        "    return make_pipeline(TfidfVectorizer(), MultinomialNB())\n"
    )
    other = loop(platform, tmp_path, model={"estimator": "mine.py:factory"})
    other.sync()
    other.rollback()
    result = other.sync()
    assert result.trained is not None
    assert result.queue == 10


def test_why_nothing_is_learned_is_told(platform, tmp_path):
    bridge = loop(platform, tmp_path, answers={"min_annotators": 2})
    bridge.sync()
    answer_all(platform)
    result = bridge.sync()
    assert result.left_out == {"too few annotators": 10}
    assert "too few annotators: 10" in result.why_not_trained
    for key in list(platform.answers):
        platform.answer(key, truth(key), annotator="bob")
    assert bridge.sync().trained is not None


def test_many_unknown_classes_are_not_all_named(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    for number, key in enumerate(platform.items):
        platform.answer(key, f"strange-{number}")
    warnings = bridge.sync().warnings
    assert len(warnings) == 21
    assert "40 more classes" in warnings[-1]


def test_a_simulation_knows_renamed_classes(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    for _ in range(3):
        bridge.sync()
        answer_all(platform)
    labels = bridge.sync().labels
    platform.classes[1] = LabelClass(id="id-spam", name="junk")
    bridge.sync()
    rows, _ = rows_and_settings(write_prodigy_config(tmp_path), None, text="text", label="label")
    assert len(rows) == labels
    assert {row.classes for row in rows} == {("ham",), ("junk",)}


def test_references_that_contradict_each_other_are_no_target(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    torn, *rest = platform.queued
    platform.answer(torn, "ham", annotator="ann", truth=True)
    platform.answer(torn, "spam", annotator="bob", truth=True)
    for key in rest:
        platform.answer(key, truth(key))
    assert bridge.sync().left_out == {"disagreement": 1}


def test_a_committee_predicts(platform, tmp_path):
    bridge = loop(platform, tmp_path, acquisition={"strategy": "committee"})
    bridge.sync()
    answer_all(platform)
    bridge.sync()
    (said,) = bridge.predict([Item(key="x", text="win a prize, click the money offer")])
    assert 0 <= said.uncertainty <= 1


# ----------------------------------------------------------------------------------------- looking


def test_a_plan_that_was_answered_before_it_was_pushed_waits_no_more(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.pull()
    bridge.rank()
    assert bridge.status().planned == 1
    for key in platform.items:
        platform.answer(key, truth(key))
    bridge.pull()
    assert bridge.status().planned == 0
    assert bridge.push().pushed.batches == ()


def test_a_refused_item_is_not_said_to_be_in_the_pool(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    platform.refuse = set(platform.items)
    pool = bridge.sync().pool
    places = [bridge.explain(key).where for key in platform.items]
    assert (places.count("refused"), places.count("pool")) == (10, pool)


# ------------------------------------------------------------------------------- the command line


def command(*words, **more):
    return CliRunner().invoke(main, list(words), prog_name="bridge", **more)


@pytest.fixture
def labeled(tmp_path):
    """Return a function that writes mail, and further rows, as labeled data."""

    def write(*rows, label="{}"):
        path = tmp_path / "labeled.jsonl"
        given = [
            {"text": item.text, "label": label.format(truth(key))} for key, item in mail(60).items()
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in [*given, *rows]))
        return ["simulate", "--data", str(path), "-c", str(tmp_path / "absent.toml")]

    return write


@pytest.mark.parametrize(
    "words",
    [
        ("simulate", "--seeds", "0"),
        ("simulate", "--batch", "0"),
        ("simulate", "--budget", "0"),
        ("demo", "--seeds", "0"),
        ("demo", "--spam", "1.0"),
        ("sync", "--wait", "-1"),
        ("emulate", "prodigy", "--port", "70000"),
    ],
)
def test_numbers_out_of_range_are_wrong_usage(words):
    assert command(*words).exit_code == 2


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"text": "a", "label": None}, "no class name"),
        ({"text": "a", "label": {"x": 1}}, "no class name"),
        ({"text": ["a"], "label": "ham"}, "no text"),
        ({"text": "a \ud800", "label": "ham"}, "half of a surrogate pair"),
        ({"text": "a", "label": "ham", "key": "k" * 513}, "more than 512 characters"),
    ],
)
def test_strange_rows_are_named(labeled, row, said):
    ran = command(*labeled(row))
    assert ran.exit_code == 65
    assert "line 61" in ran.output
    assert said in ran.output


def test_a_key_on_two_lines_is_named(labeled):
    row = {"text": "a", "label": "ham", "key": "twice"}
    ran = command(*labeled(row, row))
    assert ran.exit_code == 65
    assert "'twice' more than once" in ran.output


def test_long_keys_and_class_names_like_markup_are_simulated(labeled):
    words = labeled({"text": "a", "label": "[/ham]", "key": "k" * 512}, label="[/{}]")
    ran = command(*words, "--seeds", "1", "--budget", "20")
    assert ran.exit_code == 0, ran.output
    assert "F1 of '[/spam]'" in ran.output


def test_init_takes_no_secret_for_the_name_of_a_variable(tmp_path):
    path = tmp_path / "bridge.toml"
    pasted = command(
        "init", "--platform", "labelbox", "-c", str(path), input="canary.5b-77\np\nd\n"
    )
    assert pasted.exit_code == 78
    assert "canary" not in pasted.output.split("Error: ")[1]
    assert not path.exists()


def test_init_where_nothing_can_be_written(tmp_path):
    path = tmp_path / "absent" / "bridge.toml"
    given = ("dataset=d", "source=s.jsonl", "queue=q.jsonl", "classes=a,b")
    options = [word for pair in given for word in ("--set", pair)]
    ran = command("init", "--platform", "prodigy", "-c", str(path), *options)
    assert ran.exit_code == 78
    assert "cannot be written" in ran.output


def test_nobody_reads_on(tmp_path):
    words = [sys.executable, "-m", "bridge", "status", "-c", str(write_prodigy_config(tmp_path))]
    command = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    command.stdout.close()
    with command.stderr:
        assert b"bug" not in command.stderr.read()
    command.wait()
