"""The benchmark of label efficiency: its measures, its splits, and the loop around contenders."""

import csv
import gzip
import json
import sys
from dataclasses import replace
from math import inf, isnan
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import label_efficiency  # noqa: E402  # found through the line above
from peers.arena import Record, Split, play  # noqa: E402
from peers.bridges import Bridge, loop  # noqa: E402
from peers.datasets import Rows, prepare  # noqa: E402
from peers.summary import Cell, area, load_cell, ratios, reached, table  # noqa: E402

CURVE = Cell(
    dataset="mail",
    name="bridge",
    seed=0,
    full=1.0,
    size=1000,
    labels=(20, 40, 60, 80, 100),
    f1=(0.0, 0.96, 0.5, 0.96, 0.97),
    ap=(0.1, 0.2, 0.3, 0.4, 0.5),
    found=(0, 1, 2, 3, 4),
)


def small(share: float | None = None) -> Rows:
    words = {"ham": ("meeting", "report", "lunch"), "spam": ("pills", "winner", "cash")}
    labels = ["ham"] * 200 + ["spam"] * 100
    texts = [f"{words[name][i % 3]} number {i}" for i, name in enumerate(labels)]
    return Rows("small", texts, labels, "small", share)


class Greedy:
    """A contender that asks in order, and says that everything is spam."""

    def __init__(self, split: Split, again: bool = False) -> None:
        self.known: list[int] = []
        self.size, self.again = len(split.pool_labels), again
        self.tests = len(split.test_labels)

    def start(self, asked: np.ndarray) -> None:
        self.known = asked.tolist()

    def ask(self, size: int) -> np.ndarray:
        if self.again:
            return np.array(self.known[:size])
        return np.setdiff1d(np.arange(self.size), self.known)[:size]

    def learn(self, asked: np.ndarray) -> None:
        self.known += asked.tolist()

    def predict(self) -> np.ndarray:
        return np.tile([0.0, 1.0], (self.tests, 1))


def test_a_level_is_reached_by_three_evaluations_in_a_row() -> None:
    assert reached(CURVE, 0.95) == inf  # 40 was luck, and after 80 there are only two
    longer = replace(CURVE, labels=(*CURVE.labels, 120), f1=(*CURVE.f1, 0.96))
    assert reached(longer, 0.95) == 80
    assert reached(replace(CURVE, full=0.5), 0.9) == 40


def test_the_end_of_the_pool_needs_no_repetition() -> None:
    assert reached(replace(CURVE, size=100), 0.95) == 80


def test_ratios_are_paired_by_seed_and_say_where_a_level_was_never_reached() -> None:
    quick = replace(CURVE, full=0.5)
    slow = replace(CURVE, labels=(40, 80, 120, 160, 200), full=0.5)
    lost = replace(CURVE, seed=1)
    other = replace(slow, seed=1)
    assert ratios([quick, lost], [other, slow], 0.9) == [2.0, 0.0]
    assert ratios([quick], [other], 0.9) == []
    assert ratios([quick], [replace(lost, seed=0)], 0.9) == [2.5]  # random used up its 100 labels


def test_the_area_is_the_mean_f1_from_no_label_on() -> None:
    straight = replace(CURVE, labels=(50, 100, 200), f1=(0.5, 1.0, 1.0))
    assert area(straight, 100) == pytest.approx(0.5)
    assert area(straight, 200) == pytest.approx(0.75)
    assert isnan(area(straight, 400))


def test_the_table_tells_medians_and_ranges() -> None:
    cells = [replace(CURVE, full=0.5, seed=seed) for seed in (0, 1)]
    cells.append(replace(CURVE, full=0.96 / 0.95, seed=2))
    usual = [replace(cell, name="random-usual") for cell in cells]
    line = table(cells + usual, {"bridge": "Bridge"}).splitlines()[2]
    assert line.startswith("| Bridge (3) | 0.670 | 40 (40 to never) | 40 (40 to never) |")
    assert line.count("1.0 (never to 1.0)") == 2  # there is one random; to its own goal and that


def test_a_thinned_class_is_rare_in_the_pool_and_as_light_in_the_test_part(tmp_path: Path) -> None:
    split = Split(prepare(small(0.1), 0, tmp_path))
    assert (split.pool_labels == 1).mean() == pytest.approx(0.1, abs=0.005)
    assert len(split.test_labels) == 90
    spam = split.test_labels == 1
    assert spam.sum() == 30
    assert split.weights[spam].sum() / split.weights.sum() == pytest.approx(0.1)
    texts = json.loads((split.folder / "texts.json").read_text())
    assert not set(texts["pool"]) & set(texts["test"])
    assert split.pool.shape[0] == len(texts["pool"]) == len(split.pool_labels)


def test_f1_on_the_test_part_is_that_of_the_thinned_share(tmp_path: Path) -> None:
    split = Split(prepare(small(0.1), 0, tmp_path))
    everything = np.tile([0.0, 1.0], (len(split.test_labels), 1))
    f1, ap = split.measure(everything)
    assert f1 == pytest.approx(2 * 0.1 / 1.1)  # precision 0.1, recall 1
    assert ap == pytest.approx(0.1)


def test_a_split_depends_on_the_seed_alone(tmp_path: Path) -> None:
    first, again = (Split(prepare(small(), 1, tmp_path / name)) for name in ("a", "b"))
    other = Split(prepare(small(), 2, tmp_path / "a"))
    assert (first.pool_labels == again.pool_labels).all()
    assert (first.pool != again.pool).nnz == 0
    texts = [(split.folder / "texts.json").read_text() for split in (first, other)]
    assert texts[0] != texts[1]


def test_the_random_start_goes_on_while_there_is_one_class(tmp_path: Path) -> None:
    split = Split(prepare(small(0.02), 0, tmp_path))
    record = Record(split)
    contender = Greedy(split)
    play(split, contender, record, batch=2, budget=40)
    assert [row["labels"] for row in record.rows] == list(range(2, 41, 2))
    begun = next(row for row in record.rows if row["f1"] > 0)
    assert begun["found"] >= 1
    assert begun["labels"] > 2
    before = [row for row in record.rows if row["labels"] < begun["labels"]]
    assert all(row["found"] == 0 for row in before)
    assert all(row["average_precision"] == pytest.approx(0.02) for row in before)


def test_a_contender_that_asks_twice_is_refused(tmp_path: Path) -> None:
    split = Split(prepare(small(), 0, tmp_path))
    with pytest.raises(ValueError, match="twice"):
        play(split, Greedy(split, again=True), Record(split), batch=20, budget=60)


@pytest.mark.parametrize(  # the others of a batch are novel; the hold-out comes later
    ("strategy", "random"), [("loop", 10), ("acquisition", 10), ("no-novelty", 20)]
)
def test_what_is_random_at_first_is_what_all_others_begin_with(
    tmp_path: Path, strategy: str, random: int
) -> None:
    split = Split(prepare(small(), 4, tmp_path))
    order = np.random.default_rng(4).permutation(len(split.pool_labels)).tolist()
    bridge = Bridge(split, strategy, tmp_path / "scratch", batch=20)
    asked, model = next(loop(bridge, batch=20, budget=20))
    assert set(order[:random]) <= set(asked.tolist())
    assert len(asked) == 20
    assert model is not None
    probabilities, decided = bridge.said(model)
    assert probabilities.shape == (90, 2)
    assert decided.shape == (90,)


def test_cells_are_played_kept_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = small()
    pairs = zip(rows.texts, rows.labels, strict=True)
    lines = [json.dumps({"text": text, "label": label}) for text, label in pairs]
    data = tmp_path / "words.jsonl.gz"
    data.write_bytes(gzip.compress("\n".join(lines).encode()))
    wanted = f"--datasets --data {data} --only bridge random-usual --seeds 3 --budget 60"
    places = f"--cache {tmp_path / 'cache'} --out {tmp_path / 'out'}"
    monkeypatch.setattr(sys, "argv", ["label_efficiency.py", *wanted.split(), *places.split()])

    def told() -> tuple[str, str]:
        with pytest.raises(SystemExit) as ended:
            label_efficiency.main()
        assert not ended.value.code
        said = capsys.readouterr()
        return said.out, said.err

    first = told()
    assert "words bridge 3" in first[1]
    cells = sorted((tmp_path / "cache" / "cells").rglob("bridge/3.csv"))
    bridge = load_cell(cells[0], "words", "bridge", 3)
    assert bridge.labels == (20, 40, 60)  # the hold-out's labels count like all others
    assert bridge.f1[-1] > 0.8
    assert bridge.size == 210
    with (tmp_path / "out" / "curves.csv").open() as file:
        told_of = {(row["contender"], row["seed"]) for row in csv.DictReader(file)}
    assert told_of == {("bridge", "3"), ("random-usual", "3")}
    assert told() == (first[0], "")  # nothing was played
