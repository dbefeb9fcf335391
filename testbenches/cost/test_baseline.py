"""The baseline: cost changes narrower than a cost, and one that holds them all."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.cost.baseline import Baseline
from mgd_hdl.emit import verilog
from testbenches.learn.shapes import learner
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.cost.bench_baseline"

CASES: dict[str, TrainerConfig] = {
    "narrow": learner(),
    "two-sided": learner(sides="two_sided"),
    "wide": learner().replaced(formats={"cost_change": "SQ(3, 5)"}, learning={"rounding": "floor"}),
    "letters": preset("nist7x7"),
    "many stages": learner().replaced(engine={"stages": "many"}),
}


@pytest.mark.parametrize("case", CASES)
def test_baseline(case, tmp_path):
    config = CASES[case]
    run(verilog(Baseline(config), "dut"), BENCH, tmp_path, config)


def test_cases():
    """One whose cost changes are never limited."""
    assert [each.words.cost.max <= each.words.cost_change.max for each in CASES.values()] == [
        False,
        False,
        True,
        False,
        False,
    ]


@mutations(
    (
        "limited in the same clock",
        r"@\(posedge clk\)\n    difference_later_0 <=",
        "@*\n    difference_later_0 =",
    ),
    ("valid one clock early", r"else o__valid <= differs_later_0", "else o__valid <= perturbed"),
    ("said one clock early", r"= differs_later_0 & change_saturated", "= perturbed & change_saturated"),
    ("a change after a reset", r"if \(rst\) differs_later_0 <= 1'h0;\n    else ", ""),
)
def test_mutations_of_many_stages_are_noticed(mutation, tmp_path):
    config = CASES["many stages"]
    assert not stays_unnoticed(mutation, verilog(Baseline(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("the reference first", r"= i__payload\[5:0\] - level", "= level - i__payload[5:0]"),
    ("no limit", r"change = change_saturated \?", "change = 1'h0 ?"),
    ("limits exchanged", r"\{ (_01_\[6\]), _02_,", r"{ ~\1, _02_,"),
    ("a limit unsaid", r"= perturbed & change_saturated", "= 1'h0"),
    ("a limit said of a reference", r"= perturbed & change_saturated", "= i__valid & change_saturated"),
    ("a change without a cost", r"perturbed = i__valid &", "perturbed = 1'h1 &"),
    ("a change of a reference", r"perturbed = i__valid & _04_", "perturbed = i__valid"),
    ("every cost is a reference", r"_00_ = i__valid & i__payload\[6\]", "_00_ = i__valid"),
    ("a reference without a cost", r"_00_ = i__valid & i__payload\[6\]", "_00_ = i__payload[6]"),
    ("a reset that forgets the reference", r"if \(_00_\) level", "if (rst) level <= 0; else if (_00_) level"),
    ("a change after a reset", r"if \(rst\) o__valid <= 1'h0;\n    else ", ""),
    ("a flag after a reset", r"if \(rst\) saturated <= 1'h0;\n    else ", ""),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = learner()
    assert not stays_unnoticed(mutation, verilog(Baseline(config), "dut"), BENCH, tmp_path, config)
