"""Answers counted: one output and several, thresholds at one half and at zero."""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import COUNT_BITS, preset
from mgd_hdl.cost.classifier import Classifier
from mgd_hdl.emit import verilog
from mgd_sim.cost.classifier import Classifier as Twin
from testbenches.cost.losses import outputs
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.cost.bench_classifier"

CASES = {
    "xor": preset("xor"),
    "letters": preset("nist7x7"),
    "one logit": outputs("cross_entropy", 1, "linear", formats={"target": "SQ(2, 2)"}),
    "three of tanh": outputs("squared_error", 3, "tanh", formats={"target": "SQ(2, 2)"}),
    "five": outputs("absolute_error", 5, "relu"),
}


@pytest.mark.parametrize("case", CASES)
def test_classifier(case, tmp_path):
    run(verilog(Classifier(CASES[case]), "dut"), BENCH, tmp_path, CASES[case])


@mutations(
    ("the last of equal outputs", r"\$signed\(y\[6:0\]\) >= ", "$signed(y[6:0]) > "),
    ("outputs without sign", r"\$signed\(y\[6:0\]\) >= \$signed\(y\[13:7\]\)", "y[6:0] >= y[13:7]"),
    ("one output left out", r"right_1_1 <= ", "right_1_1 <= 1'h0 & "),
    ("references that were not measured", r"(_\d+_) = measured_1 & rested_1;", r"\1 = rested_1;"),
    ("right where judged", r"\+ _\d+_;\n", "+ more;\n"),
    ("a full counter that goes on", r"more = answered & (_\d+_)", "more = answered"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = CASES["three of tanh"]
    text = verilog(Classifier(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config)


def test_the_twin_counts():
    """By hand: a tie goes to the first; the counter stops when it is full."""
    twin = Twin(CASES["five"])
    counts = twin.start(3)
    y = np.array([[1, 5, 5, 0, 0], [0, 0, 0, 0, 1], [7, 0, 0, 0, 0]])
    target = np.array([[0, 1, 0, 0, 0], [0, 0, 0, 1, 0], [1, 0, 0, 0, 0]])
    counts.judged_count[2] = (1 << COUNT_BITS) - 1
    for _ in range(2):
        counts = twin(counts, y, target)
    assert counts.judged_count.tolist() == [2, 2, (1 << COUNT_BITS) - 1]
    assert counts.right_count.tolist() == [2, 0, 0]
