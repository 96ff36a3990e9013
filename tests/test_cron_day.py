"""An hour of cron where everything breaks; ``python -m benchmarks.cron_day`` plays a day."""

import sqlite3
from contextlib import closing

import pytest

from benchmarks.cron_day.day import Day
from benchmarks.cron_day.proof import broken_promises


@pytest.mark.crashes
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 2])
def test_an_hour_of_cron(seed, tmp_path):
    day = Day(tmp_path, seed=seed, rough=0.8, pool=400)
    try:
        day.live(hours=1)
        assert broken_promises(day) == []
        if seed == 1:
            the_proof_sees(day, "DELETE FROM annotations WHERE id = 1", "is lost")
            the_proof_sees(day, "UPDATE runs SET state = 'running' WHERE id = 2", "never ended")
    finally:
        day.stop()


def the_proof_sees(day, harm, said):
    with closing(sqlite3.connect(day.folder / ".bridge" / "state.db")) as store:
        assert store.execute(harm).rowcount == 1
        store.commit()
    assert [line for line in broken_promises(day) if said in line]
