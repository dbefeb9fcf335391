"""Hinge: one output on the wrong side of zero, and several that rivals overtake."""

from __future__ import annotations

import pytest

from mgd_hdl.config import preset
from mgd_hdl.cost.hinge import Hinge
from mgd_hdl.emit import verilog
from testbenches.cost.losses import outputs
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.cost.bench_hinge"
LINEAR = {"activation": ["sigmoid", "linear"]}
LOSS = {"loss": "hinge"}

#: Clocks: one for right class and rivals, one for each level of the comparator tree, one for the rest.
CASES = {
    "xor": (preset("xor").replaced(network=LINEAR, cost=LOSS), 2),
    "letters": (preset("nist7x7").replaced(network=LINEAR, cost=LOSS), 2 + 2),
    "three, linear": (
        outputs("hinge", 3, "linear", formats={"target": "SQ(2, 2)"}, cost={"margin": 0.7}),
        2 + 2,
    ),
    "two of sigmoid, bits dropped": (
        outputs("hinge", 2, "sigmoid", formats={"cost_change": "SQ(2, 5)"}, cost={"margin": 0.25}),
        2 + 1,
    ),
    "five of relu": (outputs("hinge", 5, "relu", formats={"target": "UQ(2, 0)"}), 2 + 3),
    "one of tanh, wide margin": (
        outputs("hinge", 1, "tanh", formats={"target": "UQ(1, 2)"}, cost={"margin": 2.0}),
        2,
    ),
    "one, linear": (outputs("hinge", 1, "linear", formats={"target": "SQ(2, 2)"}), 2),
    "many stages": (outputs("hinge", 3, "linear", engine={"stages": "many"}), 2 + 2 + 1),
    "padded": (
        outputs("hinge", 1, "linear", learning={"updates": "exact"}).replaced(
            network={"layers": [2, 2, 1], **LINEAR},
            task={"name": "xor", "source": "memory"},
            learning={"updates": "delayed"},
            engine={"leaves": "no"},
        ),
        2 + 1,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_hinge(case, tmp_path):
    config, clocks = CASES[case]
    assert config.timing.cost_pipeline + config.timing.cost_padding == clocks
    run(verilog(Hinge(config), "dut"), BENCH, tmp_path, config, clocks=clocks)


@mutations(
    ("another margin", r"\+ \$signed\(7'h2d\)", "+ $signed(7'h2c)"),
    ("negative costs", r"\$signed\((_\d+_)\) < \$signed\(1'h0\)", "1'h0"),
    ("no margin", r"\+ \$signed\(7'h2d\)", "+ $signed(7'h00)"),
    (
        "targets without sign",
        r"\$signed\(target\[7:4\]\) > \$signed\(target\[3:0\]\)",
        "target[7:4] > target[3:0]",
    ),
    ("the last of equal targets", r"\$signed\(target\[7:4\]\) > ", "$signed(target[7:4]) >= "),
    ("rivals without sign", r"\$signed\(rival_0\) >= \$signed\(rival_1\)", "rival_0 >= rival_1"),
    ("the smaller rival", r"\$signed\(largest_1_0\) >= ", "$signed(largest_1_0) < "),
    ("one rival left out", r"largest_1_1 <= rival_2;", "largest_1_1 <= 10'h200;"),
    ("another output's own", r"\? y\[29:20\] : 10'h000", "? y[19:10] : 10'h000"),
    ("the right class late", r"- \$signed\(right_later_1\)", "- $signed(right_later_0)"),
    ("cleared by a reset", r"largest_1_0 <= (_\d+_)", r"largest_1_0 <= rst ? 10'h000 : \1"),
)  # fmt: skip
def test_mutations_are_noticed(mutation, tmp_path):
    config, clocks = CASES["three, linear"]
    text = verilog(Hinge(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, clocks=clocks)


@mutations(
    ("always for ones", r"(_\d+_) \? (_\d+_) : \{ y\[9\], y \}", r"\2"),
    ("outputs without sign", r": \{ y\[9\], y \}", ": { 1'h0, y }"),
    ("a margin the other way", r"\+ \$signed\(8'h40\)", "- $signed(8'h40)"),
    ("early", r"@\(posedge clk\)(\s+behind) <=", r"@*\1 ="),
)
def test_mutations_of_a_single_output_are_noticed(mutation, tmp_path):
    config, clocks = CASES["one, linear"]
    text = verilog(Hinge(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, clocks=clocks)
