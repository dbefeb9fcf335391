"""Annealing: the circuit's counter, the twin's, and the rates of a whole run."""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig
from mgd_hdl.emit import verilog
from mgd_hdl.learn.annealing import Annealing
from mgd_sim.learn.annealing import Annealing as Twin
from mgd_sim.trainer import Trainer
from testbenches.learn.bench_annealing import shift_of
from testbenches.learn.shapes import learner
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.learn.bench_annealing"


def annealed(**learning) -> TrainerConfig:
    return learner(parameter="SQ(2, 8)", anneal_every=3, **learning)


def test_annealing(tmp_path):
    config = annealed(rate=0.5)
    assert (config.learning_shift, config.levels.last_shift, config.levels.max_learning_shift) == (1, 7, 7)
    run(verilog(Annealing(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("around the end", r"total\[\d+\] \?", "1'h0 ?"),
    ("one update too late", r"count == 1'h1", "count == 1'h0"),
    ("past the end", r"total < last_shift", "1'h1"),
    ("no new period", r"restart \| ends", "restart"),
    ("every clock counts", r"ends = update & _00_", "ends = _00_"),
    ("goes on where it was", r"_07_ = \| \{ rst, restart \}", "_07_ = rst"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = annealed()
    assert not stays_unnoticed(mutation, verilog(Annealing(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize(("first", "last", "every"), [(1, 4, 3), (2, 2, 1), (3, 1, 2), (0, 6, 5)])
def test_twin(first, last, every):
    twin = Twin(first, every, last)
    for update in range(60):
        assert twin.shift == shift_of(update, first, last, every)
        before = twin.shift
        assert twin.updated() == (shift_of(update + 1, first, last, every) != before)


def test_run():
    """A window of two holds is one update: D of both is -A shifted by the rate of the window."""
    times = {"tau_p": 2, "tau_theta": 4}
    config = annealed(rate=1.0, last_rate=2**-2).replaced(engine={"shadow": "yes"}, learning=times)
    record = Trainer(config, range(30)).run(60, record=True)
    moved = 0
    for step in range(1, 60, 2):
        shift = shift_of(step // 4, 0, 2, 3)
        limit = config.words.update.max
        expected = np.clip(-record.hold[step] * 2 ** (config.levels.gain - shift), -limit, limit)
        np.testing.assert_array_equal(record.update[step], expected)
        moved += np.count_nonzero(np.abs(expected) % limit)
    assert moved > 100
