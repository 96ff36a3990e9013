"""The loop end to end against the Prodigy stand-in: annotators answer over its web server."""

import json

import pytest
import requests
from click.testing import CliRunner

from bridge.cli import main
from bridge_prodigy.emulator import Emulator
from memory_platform import mail, truth

TOML = """
[platform]
type = "prodigy"
dataset = "{dataset}"
source = "pool.jsonl"
queue = "queue.jsonl"
database = "prodigy.db"
classes = {classes}
{platform}

[queue]
depth = 12
batch = 4
"""


class Workplace:
    """A running stand-in, a bridge.toml that reaches it, and annotators with browsers."""

    def __init__(self, folder, **options):
        self.classes = options.pop("classes", ("ham", "spam"))
        self.emulator = Emulator(folder, self.classes, **options)
        self.emulator.add_items(mail(60).values())
        self.url = self.emulator.start()
        self.config = folder / "bridge.toml"
        self.config.write_text(
            TOML.format(
                dataset=self.emulator.options.dataset,
                classes=json.dumps(self.classes),
                platform=f"multi = {json.dumps(options.get('multi', False))}",
            )
        )

    def sync(self, *words):
        ran = CliRunner().invoke(main, ["sync", "--json", *words, "-c", str(self.config)])
        assert ran.exit_code == 0, ran.output
        return json.loads(ran.stdout)

    def post(self, path, body):
        answer = requests.post(self.url + path, json=body, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def annotate(self, name="ann", limit=12, answer=None):
        """Answer questions as a browser does, batch by batch; return the keys answered."""
        session = f"{self.emulator.options.dataset}-{name}"
        done = []
        while len(done) < limit:
            tasks = self.post("/get_session_questions", {"session_id": session})["tasks"]
            if not tasks:
                break
            for task in tasks:
                chosen = (answer or (lambda key: [truth(key)]))(task["bridge_key"])
                task |= {"accept": chosen, "answer": "accept"}
            self.post("/give_answers", {"session_id": session, "answers": tasks})
            done += [task["bridge_key"] for task in tasks]
        return done


@pytest.fixture
def place(tmp_path):
    made = Workplace(tmp_path)
    yield made
    made.emulator.stop()


def test_the_loop_learns(place):
    asked = []
    for _ in range(4):
        place.sync()
        asked += place.annotate()
    result = place.sync()
    assert len(asked) == len(set(asked)) == result["labels"]
    assert result["champion"] == result["trained"]["version"]
    tasks = [task for task in place.emulator.queued_tasks() if "accept" in task]
    assert tasks
    right = sum(task["accept"] == [truth(task["bridge_key"])] for task in tasks)
    assert right / len(tasks) > 0.7


def test_nothing_new_changes_nothing(place):
    place.sync()
    place.annotate()
    place.sync()
    before = place.emulator.options.queue.read_bytes()
    assert place.sync()["status"] == "unchanged"
    assert place.emulator.options.queue.read_bytes() == before


def test_a_replaced_queue_is_followed_while_people_work(place):
    place.sync()
    first = place.annotate("ann", limit=5)
    place.sync()
    later = place.annotate("ann", limit=40)
    assert not set(first) & set(later)
    assert place.sync()["labels"] == len(first) + len(later)


def test_two_annotators_share_the_work(place):
    place.sync()
    mine = place.annotate("ann", limit=5)
    yours = place.annotate("bob", limit=5)
    assert not set(mine) & set(yours)
    assert place.sync()["labels"] == len(mine) + len(yours)


def test_multi_label(tmp_path):
    place = Workplace(tmp_path, classes=("ham", "spam", "urgent"), multi=True)
    for _ in range(2):
        place.sync()
        place.annotate(answer=lambda key: [truth(key), "urgent"])
    result = place.sync()
    place.emulator.stop()
    assert result["champion"]
    assert any("urgent" in task.get("accept", ()) for task in place.emulator.queued_tasks())


def test_deleted_answers_are_found_by_a_full_pull(place):
    place.sync()
    key, *_ = place.annotate()
    labels = place.sync()["labels"]
    place.emulator.delete_answer(key)
    assert place.sync("--full")["labels"] == labels - 1
