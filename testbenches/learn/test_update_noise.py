"""Update noise: common and independent; which cells take which sign is tested with the whole trainer."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mgd_hdl.config import LFSR, TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.learn.update_noise import UpdateNoise
from mgd_sim.learn.update_noise import UpdateNoise as Twin
from mgd_sim.trainer import Trainer
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.learn.bench_update_noise"


def noisy(kind: str, parameter: str = "SQ(5, 11)", family: str = "random_code") -> TrainerConfig:
    return preset("xor").replaced(
        formats={"parameter": parameter},
        perturbation={"family": family},
        imperfections={"update_noise": 2**-5, "update_noise_kind": kind},
    )


# The words are at most a quarter of T's range: 20 * 2**(k - 1) <= 16383 or 2047.
@pytest.mark.parametrize(
    ("kind", "parameter", "largest"), [("independent", "SQ(5, 11)", 10), ("common", "SQ(4, 9)", 7)]
)
def test_update_noise(kind, parameter, largest, tmp_path):
    config = noisy(kind, parameter)
    assert config.levels.max_update_noise == largest
    run(verilog(UpdateNoise(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("the same number again", r"\.advance\(go\)", ".advance(1'h0)"),
    ("one bit more", r"_02_\[15:1\]", "_02_[14:0]"),
    ("no limit of the level", r"assign k = _\d+_ \?", "assign k = 1'h0 ?"),
    ("noise at level zero", r"assign scaled = _\d+_ \?", "assign scaled = 1'h1 ?"),
    ("never minus", r"minus <= plus", "minus <= 1'h0"),
    ("minus as plus", r"= - \$signed\(held\)", "= $signed(held)"),
    ("never silent", r"assign word = _\d+_ \?", "assign word = 1'h1 ?"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = noisy("independent")
    assert not stays_unnoticed(mutation, verilog(UpdateNoise(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize("family", ["random_code", "walsh"])
def test_independent_noise_is_uncorrelated(family):
    """The covariance of every two of nine parameters vanishes within five standard errors, and each has
    the deviation that was asked for; a common number has the correlation one.
    """
    config, count = noisy("independent", family=family), 20_000
    registers = config.registers(5)
    seed = np.array([registers.seed_update_noise], dtype=np.uint32)
    code_seed = np.array([registers.seed_noise_code], dtype=np.uint32)
    twin = Twin(config, config.levels.update_noise, seed, code_seed)
    word, code = twin.draw(count)
    sign = twin.signs(code)
    noise = (word[:, :, None] * sign)[:, 0] * config.words.parameter.step / 2**-5
    assert noise.shape == (count, 9)
    for i, j in itertools.combinations(range(9), 2):
        # Both have the square of one number in common, whose mean square is 2.9.
        assert abs((noise[:, i] * noise[:, j]).mean()) < 5 * np.sqrt(2.9 / count)
    np.testing.assert_allclose(noise.std(axis=0), 1, atol=5 / np.sqrt(2 * count))
    common = Twin(noisy("common"), config.levels.update_noise, seed, seed)
    assert (common.signs(common.draw(count)[1]) == 1).all()


def test_once_for_each_update():
    """Four steps of one window, with noise and with the level 0: the difference is one number."""
    config = noisy("common").replaced(learning={"tau_p": 2, "tau_theta": 4})
    trainers = [Trainer(config, [1, 2]), Trainer(config, [1, 2], update_noise=0)]
    for steps, words in ((3, 0), (1, 1)):
        for trainer in trainers:
            trainer.run(steps)
        seeds = [LFSR.valid(config.registers(seed).seed_update_noise) for seed in (1, 2)]
        word, _ = Twin(config, config.levels.update_noise, np.array(seeds, dtype=np.uint32), None).draw(1)
        difference = trainers[0].theta - trainers[1].theta
        np.testing.assert_array_equal(difference, np.broadcast_to(words * word[0][:, None], (2, 9)))
