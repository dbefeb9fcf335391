"""Cross-entropy: one logit and several, tables of few and of many segments, words of all widths."""

from __future__ import annotations

import pytest

from mgd_hdl.config import preset
from mgd_hdl.cost.cross_entropy import CrossEntropy
from mgd_hdl.emit import verilog
from testbenches.cost.losses import outputs
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.cost.bench_cross_entropy"
LINEAR = {"activation": ["sigmoid", "linear"]}
LOSS = {"loss": "cross_entropy"}


def logits(count: int, segment_bits: int, **sections):
    return outputs("cross_entropy", count, "linear", cost={"segment_bits": segment_bits}, **sections)


#: Clocks: one output needs its size, look-up, interpolation and sum. Several need a comparator tree,
#: distances, two clocks of exp, an adder tree, the leading one, two clocks of log, and the last sum.
CASES = {
    "xor": (preset("xor").replaced(network=LINEAR, cost=LOSS), 4),
    "letters": (preset("nist7x7").replaced(network=LINEAR, cost=LOSS), 2 + 1 + 2 + 2 + 1 + 2 + 1),
    "one, few segments": (logits(1, 3), 4),
    "one, small logits": (
        logits(1, 5, formats={"linear_integer_bits": 2, "activation_fraction": 8, "target": "SQ(2, 2)"}),
        4,
    ),
    "one, more segments than last bits": (logits(1, 10, formats={"cost_change": "SQ(2, 12)"}), 4),
    "two": (logits(2, 5, formats={"target": "SQ(2, 2)"}), 1 + 1 + 2 + 1 + 1 + 2 + 1),
    "three": (logits(3, 4), 2 + 1 + 2 + 2 + 1 + 2 + 1),
    "three, a bit of the cost that no sum reaches": (
        logits(3, 6, formats={"linear_integer_bits": 1}),
        2 + 1 + 2 + 2 + 1 + 2 + 1,
    ),
    "five, coarse cost": (logits(5, 6, formats={"cost_change": "SQ(4, 4)"}), 3 + 1 + 2 + 3 + 1 + 2 + 1),
    "four, fine cost": (
        logits(4, 9, formats={"cost_change": "SQ(2, 14)", "activation_fraction": 8}),
        2 + 1 + 2 + 2 + 1 + 2 + 1,
    ),
    # Many stages: a clock more to limit a distance, one in each curve, with more than 32 segments two, and
    # one for the integer part of the logarithm.
    "one, many stages": (logits(1, 5, engine={"stages": "many"}), 4 + 1 + 1),
    "one, many stages, large table": (logits(1, 6, engine={"stages": "many"}), 4 + 1 + 2),
    "three, many stages, large tables": (
        logits(3, 6, engine={"stages": "many"}),
        2 + 2 + 4 + 2 + 1 + 4 + 1 + 1,
    ),
    "three, many stages, products of parts": (
        logits(3, 6, engine={"stages": "many", "products": "parts"}),
        2 + 2 + 4 + 2 + 1 + 4 + 1 + 1,
    ),
    "padded": (
        preset("xor").replaced(
            network=LINEAR, cost=LOSS, learning={"updates": "delayed"}, engine={"leaves": "no"}
        ),
        4 + 1,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_cross_entropy(case, tmp_path):
    config, clocks = CASES[case]
    assert config.timing.cost_pipeline + config.timing.cost_padding == clocks
    run(verilog(CrossEntropy(config), "dut"), BENCH, tmp_path, config, clocks=clocks)


@mutations(
    ("the second of equal targets", r"target\[1\] > target\[0\]", "target[1] >= target[0]"),
    ("the smallest taken off", r"\$signed\(largest_1_0\) >= ", "$signed(largest_1_0) < "),
    ("logits without sign", r"\$signed\(y\[9:0\]\) >= \$signed\(y\[19:10\]\)", "y[9:0] >= y[19:10]"),
    ("distances that wrap", r"if \(apart_1\[9\]\)", "if (1'h0)"),
    ("a logit that is early", r"- \$signed\(y_0_later_1\)", "- $signed(y_0_later_0)"),
    (
        "the right class early by one",
        r"(_\d+_) = \$signed\(largest_2_0\) - \$signed\(right_later_0\)",
        r"\1 = $signed(largest_2_0) - $signed(right)",
    ),
    ("one power left out", r"sum_1_1 <= exponential_2__value;", "sum_1_1 <= 12'h000;"),
    ("another log of two", r"octave \? 11'h58c", "octave ? 11'h58d"),
    ("an octave too low", r"sum_2_0\[12\] \? sum_2_0\[11:0\]", "sum_2_0[12] ? { sum_2_0[10:0], 1'h0 }"),
    ("the right class early", r"\{ behind_later_6, 5'h00 \}", "{ behind_later_5, 5'h00 }"),
    ("exp that rises", r"port__data\[11:0\] - rise", "port__data[11:0] + rise"),
    ("log that falls", r"port__data\[10:0\] \+ rise", "port__data[10:0] - rise"),
    ("one knot one lower", r"knots\[3\] = (22'h[0-9a-f]*)1c9;", r"knots[3] = \g<1>1c8;"),
)  # fmt: skip
def test_mutations_are_noticed(mutation, tmp_path):
    config, clocks = CASES["three"]
    text = verilog(CrossEntropy(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, clocks=clocks)


@mutations(
    ("the size of the other side", r"size = _\d+_ \? (_\d+_) : y;", r"size = \1;"),
    ("the wrong side", r"= (_\d+_) \^ (_\d+_);", r"= ~ (\1 ^ \2);"),
    ("half of one for the curve", r"\{ wrong_later_1, ", "{ wrong_later_0, "),
    ("a falling curve that rises", r"- rise\[", "+ rise["),
)
def test_mutations_of_a_single_output_are_noticed(mutation, tmp_path):
    config, clocks = CASES["one, few segments"]
    text = verilog(CrossEntropy(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, clocks=clocks)
