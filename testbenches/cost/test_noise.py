"""The noise of costs: with and without noise of the reference, and where its level is limited."""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import LFSR, TrainerConfig, preset
from mgd_hdl.cost.noise import CostNoise
from mgd_hdl.emit import verilog
from mgd_sim.cost.noise import CostNoise as Twin
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.cost.bench_noise"


def noisy(fraction: int, reference: bool = True) -> TrainerConfig:
    return preset("xor").replaced(
        formats={"cost_change": f"SQ(2, {fraction})"},
        imperfections={"cost_noise": 0.5, "noisy_reference": reference},
    )


# The largest level is 7, which fills its port, or 9, which does not.
@pytest.mark.parametrize(("fraction", "reference"), [(8, True), (10, True), (10, False)])
def test_noise(fraction, reference, tmp_path):
    config = noisy(fraction, reference)
    assert config.levels.max_cost_noise == fraction - 1
    run(verilog(CostNoise(config), "dut"), BENCH, tmp_path, config)


OUTSIDE = noisy(8).replaced(device={"kind": "outside"})


def test_noise_of_a_device_outside(tmp_path):
    """Costs that were not measured use up numbers, so that those of the others stay the same."""
    run(verilog(CostNoise(OUTSIDE), "dut"), BENCH, tmp_path, OUTSIDE)


@mutations(("nothing is missed", r"i__valid \| missed", "i__valid"))
def test_mutations_of_a_device_outside_are_noticed(mutation, tmp_path):
    assert not stays_unnoticed(mutation, verilog(CostNoise(OUTSIDE), "dut"), BENCH, tmp_path, OUTSIDE)


@mutations(
    ("one number for two costs", r"\.advance\(i__valid\)", ".advance(1'h0)"),
    ("a number for every clock", r"\.advance\(i__valid\)", ".advance(1'h1)"),
    ("no seed", r"(?s)(dut__gaussian numbers \(.*?)\.load\(load\)", r"\1.load(1'h0)"),
    ("numbers one too early", r"filling <= \{ filling\[0\], load \}", "filling <= { 1'h0, load }"),
    ("one bit more", r"_04_\[15:1\]", "_04_[14:0]"),
    ("noise of C0", r"_02_ \| i__payload\[11\]", "_02_"),
    ("no limit of the level", r"assign k = _\d+_ \?", "assign k = 1'h0 ?"),
    ("reference lost", r"o__payload_reference <= i__payload\[11\]", "o__payload_reference <= 1'h0"),
    ("valid for ever", r"o__valid <= i__valid", "o__valid <= 1'h1"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = noisy(10, False)
    assert not stays_unnoticed(mutation, verilog(CostNoise(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize(("asked", "level", "deviation"), [(0.004, 1, 2**-8), (0.1, 6, 0.125), (1.0, 9, 1.0)])
def test_twin(asked, level, deviation):
    """The deviation that was asked for, snapped to a power of two, and none at level 0 or of C0."""
    config = noisy(10, False).replaced(imperfections={"cost_noise": asked})
    assert config.registers().cost_noise == config.levels.cost_noise == level
    seed = np.array([LFSR.valid(7), LFSR.valid(9)], dtype=np.uint32)
    reference = np.arange(40_000) % 2 == 0
    noise = Twin(config, level, seed).take(reference) * config.words.measured.step
    assert not noise[reference].any()
    for replica in (0, 1):
        found = noise[~reference, replica].std()
        assert found == pytest.approx(deviation, rel=5 / np.sqrt(2 * 20_000))
    assert not Twin(config, 0, seed).take(reference).any()
