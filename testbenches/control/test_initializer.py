"""The initializer: short tiles and full ones, one size of parameters and one for each layer."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.control.initializer import Initializer
from mgd_hdl.emit import verilog
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.control.bench_initializer"


def sized(*layers: int, initial: object, parameter: str = "SQ(5, 11)") -> TrainerConfig:
    return preset("xor").replaced(
        network={"layers": layers, "initial": initial},
        formats={"parameter": parameter},
        learning={"rate": 1.0, "rounding": "floor"},
    )


@pytest.mark.parametrize(
    ("layers", "initial", "parameter"),
    [
        ((2, 1), 8.0, "SQ(5, 11)"),
        ((2, 2, 1), [2.0, 0.5], "SQ(5, 11)"),
        ((2, 22, 1), [2.0, 0.25], "SQ(4, 24)"),
        ((2, 3, 2, 1), [1.0, 0.25, 1.0], "SQ(2, 2)"),
    ],
    ids=str,
)
def test_initializer(layers, initial, parameter, tmp_path):
    """The greatest size; one for each layer; tiles of 64, 2 and 23 cells; four-bit words, three layers."""
    config = sized(*layers, initial=initial, parameter=parameter)
    run(verilog(Initializer(config), "dut"), BENCH, tmp_path, config)


def test_early_enables(tmp_path):
    """All are cleared once more, so that the first word finds its cell cleared."""
    config = sized(2, 2, 1, initial=1.0).replaced(engine={"enables": "early"})
    run(verilog(Initializer(config), "dut"), BENCH, tmp_path, config)


def test_serial_cells(tmp_path):
    config = sized(2, 2, 1, initial=[2.0, 0.5]).replaced(engine={"cell": "serial"})
    run(verilog(Initializer(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize(("layers", "initial"), [((2, 2, 1), [2.0, 0.5]), ((2, 22, 1), [2.0, 0.25])], ids=str)
def test_loaded_codes(layers, initial, tmp_path):
    config = sized(*layers, initial=initial).replaced(perturbation={"family": "square"})
    run(verilog(Initializer(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("the chain not filled", r"(dut__scan scan \(\s+\.advance)\(scan__advance\)", r"\1(1'h1)"),
    ("words for positive codes", r"assign minus = [^;]+;", "assign minus = 1'h0;"),
    ("the size of another layer", r"= scan__rows\[1\] \?", "= scan__rows[0] ?"),
)
def test_mutations_of_loaded_codes_are_noticed(mutation, tmp_path):
    config = sized(2, 2, 1, initial=[2.0, 0.5]).replaced(perturbation={"family": "square"})
    assert not stays_unnoticed(mutation, verilog(Initializer(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("one size for all layers", r"= rows\[1\] \?", "= 1'h0 ?"),
    ("a word one bit further", r"register__state\[14:3\]", "register__state[13:2]"),
    ("cleared with one sign", r"15'h7fff", "15'h0001"),
    ("always the same seed", r"\.load\(start\)", ".load(1'h0)"),
    ("words drawn while clearing", r"(register \(\s+\.advance)\(loading\)", r"\1(busy)"),
    ("a row too few", r"(module dut\((?s:.*?))rows\[1\] & columns", r"\1rows[0] & columns"),
    ("short rows taken for long ones", r"= columns\[7\] \| _\d+_", "= columns[7]"),
    ("on after a reset", r"if \(rst\) phase_state <= 2'h0", "if (1'h0) phase_state <= 2'h0"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = sized(2, 2, 1, initial=[2.0, 0.5])
    assert not stays_unnoticed(mutation, verilog(Initializer(config), "dut"), BENCH, tmp_path, config)
