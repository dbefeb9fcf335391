"""The integrator: every value of narrow registers, corners and walks of wide ones."""

from __future__ import annotations

import pytest

from mgd_hdl.emit import verilog
from mgd_hdl.learn.integrator import Integrator
from testbenches.learn.shapes import learner
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.learn.bench_integrator"


@pytest.mark.parametrize("parameter", ["SQ(2, 2)", "SQ(2, 3)", "SQ(5, 11)", "SQ(4, 24)"])
def test_integrator(parameter, tmp_path):
    config = learner(parameter=parameter, rate=1.0, rounding="floor")
    run(verilog(Integrator(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize("parameter", ["SQ(2, 2)", "SQ(5, 11)"])
def test_early_enables(parameter, tmp_path):
    config = learner(parameter=parameter, early=True)
    run(verilog(Integrator(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize("early", [False, True])
def test_reset(early, tmp_path):
    """One clock of ``clear`` clears T, whatever the rail, the word and the enable say."""
    config = learner(parameter="SQ(2, 2)", early=early).replaced(engine={"reset": "yes"})
    run(verilog(Integrator(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("the rail holds the reset back", r"if \(clear\)", "if (clear & ~(railed & outward))"),
    ("only what is enabled", r"if \(clear\)", "if (clear & enable)"),
)
def test_mutations_of_the_reset_are_noticed(mutation, tmp_path):
    config = learner(parameter="SQ(2, 2)").replaced(engine={"reset": "yes"})
    assert not stays_unnoticed(mutation, verilog(Integrator(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize("clamp", [0.25, 2.0])
def test_clamp(clamp, tmp_path):
    """Of SQ(5, 11), whose own rail is at 8."""
    config = learner(parameter="SQ(5, 11)", clamp=clamp)
    run(verilog(Integrator(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize("clamp", [0.0, 0.5])
def test_decay(clamp, tmp_path):
    config = learner(parameter="SQ(2, 2)", decay=0.25, clamp=clamp)
    run(verilog(Integrator(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("never asks", r"crosses <= _\d+_", "crosses <= 1'h1"),
    ("always asks", r"_00_ \| _01_", "_00_"),
    ("below instead of above", r"total\[4\] \^ word\[2\]", "total[4]"),
)
def test_mutations_of_decay_are_noticed(mutation, tmp_path):
    config = learner(parameter="SQ(2, 2)", decay=0.25)
    assert not stays_unnoticed(mutation, verilog(Integrator(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("enables with their words", r"if \(tested\)", "if (enable & ~(railed & outward))"),
    ("the sign of the word that is there", r"== sign", "== word[2]"),
    ("a rail at a quarter", r"theta\[3\] \^ theta\[2\]", "theta[3] ^ theta[1]"),
    ("no rail", r"assign railed = ", "assign railed = 1'h0 & "),
)
def test_mutations_of_early_enables_are_noticed(mutation, tmp_path):
    config = learner(parameter="SQ(2, 2)", early=True)
    assert not stays_unnoticed(mutation, verilog(Integrator(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("words without sign", r"\$signed\(theta\) \+ \$signed\(word\)", "theta + word"),
    ("a word one bit narrower", r"\$signed\(word\)", "$signed(word[1:0])"),
    ("a rail at a quarter", r"theta\[3\] \^ theta\[2\]", "theta[3] ^ theta[1]"),
    ("no rail", r"assign railed = ", "assign railed = 1'h0 & "),
    ("words pointing inward refused", r"theta\[3\] == word", "theta[3] != word"),
    ("always enabled", r"= enable &", "= 1'h1 &"),
    ("no clear", r"if \(clear\)", "if (1'h0)"),
    ("cleared by a reset", r"if \(clear\)", "if (clear | rst)"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = learner(parameter="SQ(2, 2)")
    assert not stays_unnoticed(mutation, verilog(Integrator(config), "dut"), BENCH, tmp_path, config)
