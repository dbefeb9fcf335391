"""Absolute error: one output and several, in trees with and without an odd one out, all activations."""

from __future__ import annotations

import pytest

from mgd_hdl.config import preset
from mgd_hdl.cost.absolute_error import AbsoluteError
from mgd_hdl.emit import verilog
from testbenches.cost.losses import outputs
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.cost.bench_absolute_error"
LOSS = {"loss": "absolute_error"}
DELAYED = {"updates": "delayed"}

#: Clocks: one for the errors, one for their sizes, one for each level of the tree.
CASES = {
    "xor": (preset("xor").replaced(cost=LOSS), 2),
    "letters": (preset("nist7x7").replaced(cost=LOSS), 2 + 2),
    "three of tanh": (outputs("absolute_error", 3, "tanh", formats={"target": "SQ(2, 2)"}), 2 + 2),
    "two of relu, bits dropped": (
        outputs("absolute_error", 2, "relu", formats={"target": "UQ(0, 6)", "cost_change": "SQ(2, 3)"}),
        2 + 1,
    ),
    "five, linear": (outputs("absolute_error", 5, "linear", formats={"target": "SQ(3, 1)"}), 2 + 3),
    # Without leaves the cost must be a clock later, to arrive in the right phase.
    "padded": (preset("xor").replaced(cost=LOSS, learning=DELAYED, engine={"leaves": "no"}), 2 + 1),
}


@pytest.mark.parametrize("case", CASES)
def test_absolute_error(case, tmp_path):
    config, clocks = CASES[case]
    run(verilog(AbsoluteError(config), "dut"), BENCH, tmp_path, config, clocks=clocks)


@mutations(
    ("the sum of errors", r"\$signed\(y\[6:0\]\) - ", "$signed(y[6:0]) + "),
    ("targets one bit further", r"\{ target\[3:0\], 4'h0 \}", "{ target[3:0], 3'h0 }"),
    ("the target of another output", r"target\[11:8\]", "target[7:4]"),
    ("errors with their sign", r"(_\d+_) = (_\d+_) \? (_\d+_) : error_1;", r"\1 = error_1;"),
    ("the sign of another", r"\$signed\(error_1\) < ", "$signed(error_0) < "),
    ("ones' complement", r"= - \$signed\(error_0\);", "= ~ error_0;"),
    ("one output left out", r"sum_1_1 <= size_2;", "sum_1_1 <= 8'h00;"),
    ("an early error", r"@\(posedge clk\)(\s+error_2) <=", r"@*\1 ="),
    ("cleared by a reset", r"size_1 <= (_\d+_)", r"size_1 <= rst ? 8'h00 : \1"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config, clocks = CASES["three of tanh"]
    text = verilog(AbsoluteError(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, clocks=clocks)
