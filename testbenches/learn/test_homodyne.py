"""Homodyne detection: narrow words and wide ones."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig
from mgd_hdl.emit import verilog
from mgd_hdl.learn.homodyne import Homodyne
from testbenches.learn.shapes import learner
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.learn.bench_homodyne"


@pytest.mark.parametrize("parameter", ["SQ(2, 4)", "SQ(4, 24)"])
def test_homodyne(parameter, tmp_path):
    config = learner(parameter=parameter, rate=1.0, rounding="floor")
    run(verilog(Homodyne(config), "dut"), BENCH, tmp_path, config)


def serial() -> TrainerConfig:
    return learner(parameter="SQ(2, 5)", rounding="floor").replaced(engine={"cell": "serial"})


def test_serial_cells(tmp_path):
    """The first word passes before the second leaves."""
    config = serial()
    assert config.timing.word_clocks == 9
    run(verilog(Homodyne(config), "dut"), BENCH, tmp_path, config)


def several_bits(bits: int) -> TrainerConfig:
    config = learner(parameter="SQ(2, 8)", rate=1.0, rounding="floor")
    return config.replaced(perturbation={"family": "external", "resolution": bits})


@pytest.mark.parametrize("bits", [2, 3, 5])
def test_code_words_of_several_bits(bits, tmp_path):
    config = several_bits(bits)
    run(verilog(Homodyne(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("multiples of one size", r"\{ following\[\d+:0\], 1'h0 \}", "following"),
    ("never minus", r"\? \{ negated\[\d+\], negated\[\d+\], negated \} :", "? 0 :"),
    ("minus one word late", r"turn >= 2'h3", "turn > 2'h3"),
    ("last one word early", r"turn == 3'h5", "turn == 3'h4"),
    ("words after a reset", r"if \(rst\) turn\[0\] <= 1'h0", "if (1'h0) turn[0] <= 1'h0"),
)
def test_mutations_of_multiples_are_noticed(mutation, tmp_path):
    config = several_bits(3)
    assert not stays_unnoticed(mutation, verilog(Homodyne(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("plus twice", r"= - \$signed", "= $signed"),
    ("minus one less", r"= - \$signed", "= ~ $signed"),
    ("a word without update", r"= minus \? negated", "= 1'h1 ? negated"),
    ("always plus", r"assign plus = i__valid", "assign plus = 1'h1"),
    ("minus after a reset", r"if \(rst\) minus <= 1'h0", "if (1'h0) minus <= 1'h0"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = learner()
    assert not stays_unnoticed(mutation, verilog(Homodyne(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("minus one clock early", r"i__valid \? 4'h9", "i__valid ? 4'h8"),
    ("a later word negated", r"else if \(i__valid\) negated", "else negated"),
)
def test_mutations_for_serial_cells_are_noticed(mutation, tmp_path):
    config = serial()
    assert not stays_unnoticed(mutation, verilog(Homodyne(config), "dut"), BENCH, tmp_path, config)
