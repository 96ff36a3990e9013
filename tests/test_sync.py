"""One turn of the loop, through the Python face, on a platform in memory."""

import threading

import pytest

from bridge.errors import ConfigError, DataError, Locked, PlatformError
from bridge.records import Item, LabelClass
from bridge.sync import locked
from memory_platform import MemoryPlatform, loop, lost, mail, truth


@pytest.fixture
def platform():
    made = MemoryPlatform()
    made.add(*mail(60).values())
    return made


def answer_all(platform):
    for key in list(platform.queued):
        platform.answer(key, truth(key))


def test_cold_start_queues_items_without_a_model(platform, tmp_path):
    result = loop(platform, tmp_path).sync()
    assert result.status == "changed"
    assert (result.queue, result.labels, result.pool) == (10, 0, 50)
    assert result.champion is None
    assert len(platform.queued) == 10
    assert platform.pre_annotated == {}


def test_learns_ranks_and_pre_annotates(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    for _ in range(4):
        bridge.sync()
        answer_all(platform)
    result = bridge.sync()
    assert result.trained is not None
    assert result.trained.status == "champion"
    assert result.champion == result.trained.version
    queued = [entry for entry in platform.queued if entry in platform.pre_annotated]
    assert queued
    right = [key for key in queued if platform.pre_annotated[key] == (truth(key),)]
    assert len(right) / len(queued) > 0.7


def test_nothing_new_changes_nothing(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    answer_all(platform)
    bridge.sync()
    before = (list(platform.queued), dict(platform.pre_annotated), list(platform.pushes))
    again = bridge.sync()
    assert again.status == "unchanged"
    assert again.trained is None
    assert (platform.queued, platform.pre_annotated, platform.pushes) == before


def test_queue_is_topped_up_not_piled_up(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    for key in list(platform.queued)[:3]:
        platform.answer(key, truth(key))
    assert bridge.sync().queue == 7  # three places are fewer than a batch
    for key in list(platform.queued)[:3]:
        platform.answer(key, truth(key))
    assert bridge.sync().queue == 10


def test_the_last_items_are_queued_though_fewer_than_a_batch(tmp_path):
    platform = MemoryPlatform()
    platform.add(*mail(12).values())
    bridge = loop(platform, tmp_path)
    bridge.sync()
    answer_all(platform)
    result = bridge.sync()
    assert (result.queue, result.pool) == (2, 0)


def test_requeues_nothing_that_somebody_else_queued(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    others = list(platform.items)[:45]
    platform.queued = list(others)
    bridge.sync()
    assert len(platform.queued) == len(set(platform.queued))
    assert bridge.explain(others[0]).where == "queued elsewhere"


def test_hold_out_is_never_taught(platform, tmp_path):
    bridge = loop(platform, tmp_path, acquisition={"hold_out_share": 0.3})
    for _ in range(5):
        bridge.sync()
        answer_all(platform)
    result = bridge.sync()
    labeled = [bridge.explain(key) for key in platform.answers]
    held = [found for found in labeled if found.hold_out]
    assert held
    assert result.trained is not None
    assert result.trained.examples == len(labeled) - len(held)
    assert result.trained.scores.items == len(held)
    # Nor do annotators see what the model thinks of it.
    assert not {found.key for found in held} & platform.pre_annotated.keys()


def test_hold_out_depends_on_no_model_and_no_order(tmp_path):
    items = mail(60)
    shares = []
    for name, order in (("a", items), ("b", dict(reversed(items.items())))):
        platform = MemoryPlatform()
        platform.add(*order.values())
        bridge = loop(platform, tmp_path / name)
        bridge.sync()
        shares.append({key for key in items if bridge.explain(key).hold_out})
    assert shares[0] == shares[1]
    assert shares[0]


def test_changed_and_deleted_answers_are_unlearned(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    answer_all(platform)
    first = bridge.sync()
    key = next(iter(platform.answers))
    platform.answer(key, "spam" if truth(key) == "ham" else "ham")
    second = bridge.sync()
    assert (second.pulled.changed_annotations, second.pulled.new_annotations) == (1, 0)
    assert second.trained is not None
    platform.delete_answer(key)
    third = bridge.sync()
    assert third.pulled.deleted_annotations == 1
    assert third.labels == first.labels - 1


def test_skipped_items_leave_the_queue_and_are_not_taught(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    skipped, *rest = list(platform.queued)
    platform.skip(skipped)
    for key in rest:
        platform.answer(key, truth(key))
    result = bridge.sync()
    assert result.left_out == {"skipped": 1}
    assert bridge.explain(skipped).where == "answered"
    assert skipped not in platform.queued


def test_unknown_class_is_kept_reported_and_left_out(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    strange, *rest = list(platform.queued)
    platform.answer(strange, "martian")
    for key in rest:
        platform.answer(key, truth(key))
    result = bridge.sync()
    assert any("'martian'" in warning for warning in result.warnings)
    assert result.left_out["unknown class"] == 1
    assert bridge.explain(strange).answers[0].startswith("ann: martian")


def test_renamed_class_keeps_its_answers(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    answer_all(platform)
    before = bridge.sync()
    platform.classes[1] = LabelClass(id="id-spam", name="junk")
    after = bridge.sync()
    assert any("'spam' is now called 'junk'" in warning for warning in after.warnings)
    assert not any("does not have" in warning for warning in after.warnings)
    assert after.trained is not None
    assert after.trained.examples == before.trained.examples
    assert set(platform.pre_annotated.values()) <= {("ham",), ("spam",), ("junk",)}


def test_renamed_class_without_stable_ids_is_mapped_by_configuration(platform, tmp_path):
    bridge = loop(platform, tmp_path, answers={"rename": {"SPAM": "spam"}})
    bridge.sync()
    key = platform.queued[0]
    platform.answer(key, "SPAM")
    for other in list(platform.queued):
        platform.answer(other, truth(other))
    assert not bridge.sync().warnings


def test_removed_class_is_reported_and_its_answers_left_out(platform, tmp_path):
    platform.classes.append(LabelClass(id="id-other", name="other"))
    bridge = loop(platform, tmp_path)
    bridge.sync()
    first, *rest = list(platform.queued)
    platform.answer(first, "other")
    for key in rest:
        platform.answer(key, truth(key))
    bridge.sync()
    platform.classes.pop()
    result = bridge.sync()
    assert any("'other' was removed" in warning for warning in result.warnings)
    assert result.left_out["unknown class"] == 1
    assert result.champion == result.trained.version


def test_one_class_only(tmp_path):
    platform = MemoryPlatform()
    platform.add(*mail(40, spam_every=1000).values())
    bridge = loop(platform, tmp_path)
    for _ in range(3):
        bridge.sync()
        for key in list(platform.queued):
            platform.answer(key, "ham")
    result = bridge.sync()
    assert result.champion is not None
    assert result.queue == 10 - max(0, 10 - (40 - result.labels))


def test_disagreement_is_no_target(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    torn, *rest = [key for key in platform.queued if not bridge.explain(key).hold_out]
    platform.answer(torn, "ham", annotator="ann")
    platform.answer(torn, "spam", annotator="bob")
    for key in rest:
        platform.answer(key, truth(key))
    result = bridge.sync()
    assert result.left_out == {"disagreement": 1}
    platform.answer(torn, "spam", annotator="cy")
    assert "disagreement" not in bridge.sync().left_out


def test_ground_truth_outranks_the_majority(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    key = platform.queued[0]
    for annotator in ("ann", "bob"):
        platform.answer(key, "ham", annotator=annotator)
    platform.answer(key, "spam", annotator="gold", truth=True)
    result = bridge.pull()
    assert result.left_out == {}
    from bridge.steps.resolve import resolve
    from bridge.store.items import answers
    from bridge.sync import store_of

    with store_of(bridge.settings) as store, store.begin() as connection:
        found = resolve(answers(connection), platform.schema(), bridge.settings.answers, {})
    ((_, target),) = [*found.taught, *found.held_out]
    assert (target.value.chosen, target.how) == (("spam",), "ground-truth")


def test_item_deleted_on_the_platform_leaves_the_queue(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    gone = platform.queued[0]
    platform.remove(gone)
    result = bridge.sync(full=True)
    assert result.pulled.removed_items == 1
    assert bridge.explain(gone).where == "removed"
    assert result.queue == 9


def test_refused_items_are_named_and_not_asked_again(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    platform.refuse = set(list(platform.items)[:30])
    named = []
    for _ in range(12):
        result = bridge.sync()
        named += [line for line in result.warnings if "was not queued" in line]
        assert result.queue == len(platform.queued)
    assert result.status == "unchanged"
    assert len(named) == len(set(named)) > 0
    before = bridge.status().pool
    platform.refuse.clear()
    assert bridge.pull(full=True).pool == before + len(named)  # may be asked for once more


def test_silently_deleted_answers_are_found_by_a_full_pull(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    answer_all(platform)
    bridge.sync()
    key = next(iter(platform.answers))
    platform.delete_answer(key, silently=True)
    assert bridge.sync().pulled.deleted_annotations == 0
    assert bridge.sync(full=True).pulled.deleted_annotations == 1


def test_mass_deletion_is_taken_for_a_fault(tmp_path):
    platform = MemoryPlatform()
    platform.add(*mail(80).values())
    bridge = loop(platform, tmp_path, queue={"depth": 60, "batch": 5})
    bridge.sync()
    answer_all(platform)
    labels = bridge.sync().labels
    everything = dict(platform.answers)
    platform.answers = {}
    with pytest.raises(DataError, match="deleting the other"):
        bridge.sync(full=True)
    platform.answers = everything
    assert bridge.sync(full=True).labels == labels


@pytest.mark.parametrize(
    ("when", "call"),
    [("fail", call) for call in ("schema", "pull", "page", "push", "rerank")]
    + [("after", call) for call in ("push", "rerank")],
)
def test_a_failed_call_loses_nothing(platform, tmp_path, call, when):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    for key in list(platform.queued)[:6]:
        platform.answer(key, truth(key))
    getattr(platform, when)[call] = lost()
    with pytest.raises(PlatformError, match="lost"):
        bridge.sync()
    result = bridge.sync()
    assert result.labels == 6
    assert len(platform.queued) == len(set(platform.queued)) == result.queue == 10
    assert bridge.sync().status == "unchanged"


def test_a_planned_batch_is_pushed_as_planned(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    platform.fail["push"] = lost()
    with pytest.raises(PlatformError):
        bridge.sync()
    planned = bridge.status()
    assert planned.planned == 1
    result = bridge.sync()
    assert result.recovered
    assert result.pushed.batches == tuple(platform.pushes)
    assert bridge.status().planned == 0


def test_two_runs_at_once(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    with locked(bridge.settings):
        with pytest.raises(Locked) as caught:
            bridge.sync()
        assert caught.value.exit_code == 75
    assert bridge.sync().status == "changed"


def test_waiting_for_another_run(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    held = threading.Event()
    done = threading.Event()

    def hold():
        with locked(bridge.settings):
            held.set()
            done.wait(0.3)

    other = threading.Thread(target=hold)
    other.start()
    held.wait()
    assert bridge.sync(wait=30).status == "changed"
    done.set()
    other.join()


def test_a_store_belongs_to_one_project(platform, tmp_path):
    loop(platform, tmp_path).sync()
    platform.project = "memory:2"
    with pytest.raises(ConfigError, match="belongs to memory:1"):
        loop(platform, tmp_path).sync()


def test_dry_run_changes_nothing(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    answer_all(platform)
    bridge.sync()
    platform.add(Item(key="new", text="a new mail"))
    platform.answer(platform.queued[0], "ham")
    for key in list(platform.queued)[:6]:
        platform.answer(key, truth(key))
    before, pushes = bridge.status(), list(platform.pushes)
    result = bridge.sync(dry_run=True)
    assert result.status == "dry-run"
    assert result.pulled.new_items == 1
    assert result.pulled.new_annotations == 7
    assert any("would train" in warning for warning in result.warnings)
    assert bridge.status() == before
    assert platform.pushes == pushes


def test_every_step_can_be_called_alone(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    assert bridge.pull().pulled.new_items == 60
    assert bridge.train().trained is None
    assert bridge.rank().pushed.batches == ()
    assert bridge.status().planned == 1
    assert bridge.push().pushed.items == 10
    answer_all(platform)
    bridge.pull()
    assert bridge.train().champion is not None
    said = bridge.predict([Item(key="x", text="win a prize, click the money offer")])
    assert abs(sum(said[0].probabilities.values()) - 1) < 1e-3


def test_force_train(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    answer_all(platform)
    bridge.sync()
    assert bridge.sync().trained is None
    assert bridge.sync(force_train=True).trained is not None


def test_multi_label(tmp_path):
    platform = MemoryPlatform(("ham", "spam", "urgent"), task="multi")
    platform.add(*mail(40).values())
    bridge = loop(platform, tmp_path)
    for _ in range(2):
        bridge.sync()
        for key in list(platform.queued):
            platform.answer(key, truth(key), "urgent")
    result = bridge.sync()
    assert result.champion is not None
    said = [c for key, c in platform.pre_annotated.items() if key in platform.queued]
    assert any("urgent" in chosen for chosen in said)


def test_explain(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    found = bridge.explain(platform.queued[0])
    assert found.where == "queue"
    assert found.places[0].reason
    with pytest.raises(DataError, match="no item 'nobody'"):
        bridge.explain("nobody")


def test_an_item_whose_text_changed_is_encoded_again(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    ahead = bridge.sync().encoded
    answer_all(platform)
    assert bridge.sync().encoded == 60 - ahead
    key = platform.queued[0]
    platform.add(Item(key=key, text="win win win money"))
    for other in list(platform.queued)[1:8]:
        platform.answer(other, truth(other))
    result = bridge.sync()
    assert result.pulled.changed_items == 1
    assert result.encoded == 1


@pytest.mark.parametrize(
    "strategy", ["margin", "least_confidence", "entropy", "committee", "random"]
)
def test_every_strategy_runs_the_loop(platform, tmp_path, strategy):
    bridge = loop(platform, tmp_path, acquisition={"strategy": strategy})
    for _ in range(3):
        bridge.sync()
        answer_all(platform)
    result = bridge.sync()
    assert result.champion is not None
    assert result.queue == 10


@pytest.mark.parametrize("strategy", ["auto", "committee"])
def test_own_estimator_runs_the_loop(platform, tmp_path, strategy):
    (tmp_path / "mine.py").write_text(
        "from sklearn.feature_extraction.text import TfidfVectorizer\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "from sklearn.pipeline import make_pipeline\n"
        "def factory(strength=1.0):\n"
        "    return make_pipeline(TfidfVectorizer(), LogisticRegression(C=strength))\n"
    )
    model = {"estimator": "mine.py:factory", "params": {"strength": 5.0}, "committee": 3}
    bridge = loop(platform, tmp_path, model=model, acquisition={"strategy": strategy})
    for _ in range(4):
        bridge.sync()
        answer_all(platform)
    result = bridge.sync()
    assert result.champion is not None
    queued = [key for key in platform.queued if key in platform.pre_annotated]
    assert queued
    assert all(platform.pre_annotated[key] == (truth(key),) for key in queued)


def test_opaque_learner_runs_the_loop(platform, tmp_path):
    (tmp_path / "mine.py").write_text(
        "import json\n"
        "import numpy as np\n"
        "class Model:\n"
        "    def __init__(self, classes, words):\n"
        "        self.classes, self.words = tuple(classes), words\n"
        "    def predict(self, items):\n"
        "        hits = [sum(w in i.text for w in self.words) for i in items]\n"
        "        spam = np.clip(np.array(hits) / 3 + 0.1, 0, 1).astype(np.float32)\n"
        "        return np.stack([1 - spam, spam], axis=1)\n"
        "    def save(self, directory):\n"
        "        (directory / 'm.json').write_text(json.dumps([self.classes, self.words]))\n"
        "class Learner:\n"
        "    id = 'words-1'\n"
        "    encoder = None\n"
        "    def fit(self, examples, pool, *, seed):\n"
        "        spam = [i for i, y in zip(examples.items, examples.labels) if y[1] == 1]\n"
        "        words = {word for item in spam for word in item.text.split()[:2]}\n"
        "        return Model(examples.classes, sorted(words))\n"
        "    def load(self, directory):\n"
        "        return Model(*json.loads((directory / 'm.json').read_text()))\n"
    )
    bridge = loop(platform, tmp_path, model={"estimator": "mine.py:Learner"})
    for _ in range(4):
        bridge.sync()
        answer_all(platform)
    result = bridge.sync()
    assert result.encoded == 0
    assert result.champion is not None
    assert len(platform.pre_annotated) > 10


def test_other_learner_settings_train_again(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    answer_all(platform)
    before = bridge.sync()
    other = loop(platform, tmp_path, model={"ngrams": [1, 2]})
    result = other.sync()
    assert result.trained is not None
    assert result.champion != before.champion
    assert result.encoded == 60


def test_a_platform_that_shows_no_items_is_taken_for_a_fault(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    there = dict(platform.items)
    platform.items = dict(list(there.items())[:5])
    with pytest.raises(DataError, match="55 was refused"):
        bridge.sync(full=True)
    platform.items = there
    assert bridge.sync(full=True).pulled.removed_items == 0


def test_a_push_that_fails_again_and_again_keeps_no_answers_out(platform, tmp_path):
    bridge = loop(platform, tmp_path)
    bridge.sync()
    for key in list(platform.queued)[:6]:
        platform.answer(key, truth(key))
    platform.fail["push"] = lost()
    with pytest.raises(PlatformError):
        bridge.sync()
    for key in list(platform.queued)[:2]:
        platform.answer(key, truth(key))
    platform.fail["push"] = lost()
    with pytest.raises(PlatformError):
        bridge.sync()
    assert bridge.status().labels == 8
