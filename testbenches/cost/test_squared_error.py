"""Squared error: one output and several, in trees with and without an odd one out, all activations."""

from __future__ import annotations

import pytest

from mgd_hdl.config import preset
from mgd_hdl.cost.squared_error import SerialSquaredError, SquaredError
from mgd_hdl.emit import verilog
from testbenches.cost.losses import outputs
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.cost.bench_squared_error"


#: Clocks: one for the errors, one for the squares, one for each level of the tree.
CASES = {
    "xor": (preset("xor"), 2),
    "letters": (preset("nist7x7"), 2 + 2),
    "three of tanh": (outputs("squared_error", 3, "tanh", formats={"target": "SQ(2, 2)"}), 2 + 2),
    "two of relu": (
        outputs("squared_error", 2, "relu", formats={"target": "UQ(0, 6)", "cost_change": "SQ(2, 12)"}),
        2 + 1,
    ),
    "no bit dropped": (outputs("squared_error", 5, "sigmoid", formats={"cost_change": "SQ(1, 14)"}), 2 + 3),
    # With leaves the update takes one clock more, and the cost must be as much later.
    "padded": (preset("xor").replaced(learning={"updates": "delayed"}, engine={"leaves": "no"}), 2 + 1),
    "not padded": (preset("xor").replaced(learning={"updates": "delayed"}, engine={"leaves": "yes"}), 2),
}


@pytest.mark.parametrize("case", ["xor", "three of tanh"])
def test_products_of_parts(case, tmp_path):
    """In as many clocks."""
    config, clocks = CASES[case]
    config = config.replaced(engine={"stages": "many", "products": "parts"})
    text = verilog(SquaredError(config), "dut")
    assert "square_0_part_0" in text
    run(text, BENCH, tmp_path, config, clocks=clocks)


@pytest.mark.parametrize("case", CASES)
def test_squared_error(case, tmp_path):
    config, clocks = CASES[case]
    run(verilog(SquaredError(config), "dut"), BENCH, tmp_path, config, clocks=clocks)


@mutations(
    ("the sum of errors", r"\$signed\(y\[6:0\]\) - ", "$signed(y[6:0]) + "),
    ("outputs without sign", r"\$signed\(y\[20:14\]\)", "$signed({ 1'h0, y[20:14] })"),
    ("targets one bit further", r"\{ target\[3:0\], 4'h0 \}", "{ target[3:0], 3'h0 }"),
    ("the target of another output", r"target\[11:8\]", "target[7:4]"),
    ("an error by another", r"(\* \$signed)\(error_1\)", r"\1(error_0)"),
    ("one output left out", r"= square_2;", "= 17'h00000;"),
    ("the last bit rounded", r"\{ cost, (sum_2_0\[3:0\]) \} = _23_", r"{ cost, \1 } = _23_ + 8"),
    ("an early error", r"@\(posedge clk\)(\s+error_2) <=", r"@*\1 ="),
    ("cleared by a reset", r"square_1 <= (_\d+_)", r"square_1 <= rst ? 17'h00000 : \1"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config, clocks = CASES["three of tanh"]
    text = verilog(SquaredError(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, clocks=clocks)


#: Outputs one by one: all in one group, several groups, one output.
SERIAL = {"xor": 1, "letters": 4, "three of tanh": 2, "two of relu": 1, "no bit dropped": 2}


@pytest.mark.parametrize("case", SERIAL)
def test_serial(case, tmp_path):
    config, _ = CASES[case]
    run(verilog(SerialSquaredError(config), "dut"), BENCH, tmp_path, config, lanes=SERIAL[case])


@mutations(
    ("the sum of errors", r"\$signed\(y\) - ", "$signed(y) + "),
    ("the target of another output", r"neuron == 2'h2", "neuron == 2'h3"),
    ("both sides in one", r"(_\d+_) = valid_later_1 & plus_later_1", r"\1 = valid_later_1"),
    ("sums go on", r"first_later_1 \? 19'h00000 : total_1", "total_1"),
    ("the other side's cost", r"cost = last_plus \?", "cost = ~last_plus ?"),
    ("what never came", r"else valid_later_0 <= valid", "else valid_later_0 <= 1'h1"),
    ("the last bit rounded", r"total_0\[17:4\]", "(total_0[17:4] | 14'h1)"),
)
def test_mutations_of_serial_are_noticed(mutation, tmp_path):
    config, _ = CASES["three of tanh"]
    text = verilog(SerialSquaredError(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, lanes=2)
