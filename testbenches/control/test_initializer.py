"""The initializer: short tiles and full ones, one size of parameters and one for each layer."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.control.initializer import Initializer
from mgd_hdl.emit import verilog
from testbenches.given import given
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


@pytest.mark.parametrize(
    ("changes", "reach"),
    [
        ({}, 0.9),
        ({}, 1.4),
        ({"engine": {"enables": "early"}}, 1.4),
        ({"engine": {"cell": "serial"}}, 1.4),
        ({"perturbation": {"family": "square"}}, 0.9),
        ({"perturbation": {"family": "square"}}, 1.4),
    ],
    ids=str,
)
def test_given_parameters(changes, reach, tmp_path):
    """In one round, and in two where any is beyond the rail."""
    config = given(sized(2, 2, 1, initial=1.0).replaced(**changes), reach)
    assert config.given.rounds == (2 if reach > 1 else 1)
    run(verilog(Initializer(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("the first word for all", r"(assign port__addr = loading \?) \w+ : at;", r"\1 at : at;"),
    ("another word", r"\[7\] = 15'h6fba;", "[7] = 15'h6fbb;"),
    ("one round for ever", r"again <= _\d+_;", "again <= 1'h0;"),
    ("not from the first word after a reset", r"if \(rst\) at <= 5'h00;", "if (1'h0) at <= 5'h00;"),
)
def test_mutations_of_given_parameters_are_noticed(mutation, tmp_path):
    config = given(sized(2, 2, 1, initial=1.0))
    assert not stays_unnoticed(mutation, verilog(Initializer(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("no second negative code", r"(assign sign = \w+\(1'h0, \{ 1'h1,) _\d+_ \}", r"\1 1'h1 }"),
    ("a second round as the first", r"again <= _\d+_;", "again <= 1'h0;"),
)
def test_mutations_of_given_parameters_of_a_chain_are_noticed(mutation, tmp_path):
    config = given(sized(2, 2, 1, initial=1.0).replaced(perturbation={"family": "square"}))
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
