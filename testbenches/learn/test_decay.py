"""Weight decay: the words, what they come to in the mean, and the textbook's decay of a whole run."""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.learn.decay import Decay
from mgd_sim.float_mgd import FloatMgd
from mgd_sim.learn.array import Array
from mgd_sim.trainer import Trainer
from testbenches.learn.shapes import learner
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.learn.bench_decay"


def decaying(parameter: str = "SQ(5, 11)", decay: float = 2.0**-5) -> TrainerConfig:
    return preset("xor").replaced(formats={"parameter": parameter}, learning={"decay": decay})


@pytest.mark.parametrize(("parameter", "noise"), [("SQ(5, 11)", 0.0), ("SQ(4, 10)", 0.02)])
def test_decay(parameter, noise, tmp_path):
    config = decaying(parameter).replaced(imperfections={"update_noise": noise})
    run(verilog(Decay(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("the same threshold again", r"\.advance\(turn\[3\]\)", ".advance(1'h0)"),
    ("thresholds of one sign", r"\? \{ turn\[0\], ", "? { 1'h0, "),
    ("a step at level zero", r"<< less;", "<< (k ? less : 4'h0);"),
    ("steps of one sign", r"= turn\[1\] \?", "= 1'h0 ?"),
    ("last too early", r"last = turn\[3\]", "last = turn[2]"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = decaying().replaced(imperfections={"update_noise": 0.02})
    assert not stays_unnoticed(mutation, verilog(Decay(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_mean_is_the_textbooks(level):
    """Summed over all thresholds there are, every T from c to half its range loses exactly c T / H of them.

    A smaller T loses no more than that, and none turns round by more than one step.
    """
    config = learner(parameter="SQ(2, 5)", decay=2.0**-3)
    half, size = 1 << (config.words.parameter.width - 2), 1 << (level - 1)
    theta = np.arange(-half, half + 1)
    total = np.zeros_like(theta)
    for threshold in range(half):
        after = Array(config).decay(theta[None], np.array([threshold]), size, np.array([1]))[0]
        total += after - theta
        assert np.isin(after - theta, (-size, 0, size)).all()
    far = np.abs(theta) >= size
    np.testing.assert_array_equal(total[far], -size * theta[far])
    assert (np.abs(total[~far]) <= size * size).all()


def test_a_run_decays_as_the_textbook_says():
    """With a gate that lets no cost change through, parameters only decay: exactly by (1 - 2^-6)^20 in
    floating point; in the circuit in the mean of 6,000 runs, to within five standard errors.
    """
    config = decaying(decay=2.0**-6).replaced(cost={"gate": 1.99})
    learner = FloatMgd(config, range(3))
    before = learner.theta
    learner.run(20)
    np.testing.assert_allclose(learner.theta, before * (1 - 2.0**-6) ** 20, rtol=1e-12)
    twin = Trainer(config, range(6000))
    first = twin.theta
    twin.run(20)
    miss = twin.theta - first * (1 - 2.0**-6) ** 20
    error = miss.std(axis=0) / np.sqrt(len(miss))
    assert (np.abs(miss.mean(axis=0)) < 5 * error).all()
    assert np.abs(first - twin.theta).mean() > 20 * error.max()


def test_level_zero_is_none():
    config = decaying()
    twin, plain = Trainer(config, [1, 2], weight_decay=0), Trainer(preset("xor"), [1, 2])
    for trainer in (twin, plain):
        trainer.run(200)
    np.testing.assert_array_equal(twin.theta, plain.theta)
    other = Trainer(config, [1, 2])
    other.run(200)
    assert (other.theta != plain.theta).any()
