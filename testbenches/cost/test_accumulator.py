"""The accumulator: room for many cost changes, and for one."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig
from mgd_hdl.cost.accumulator import CostAccumulator
from mgd_hdl.emit import verilog
from testbenches.learn.shapes import learner
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.cost.bench_accumulator"


def bits(hold_bits: int, cost_change: str = "SQ(1, 5)") -> TrainerConfig:
    return learner().replaced(formats={"hold_bits": hold_bits, "cost_change": cost_change})


@pytest.mark.parametrize(
    ("hold_bits", "cost_change"), [(2, "SQ(1, 5)"), (0, "SQ(1, 5)"), (1, "SQ(1, 1)"), (3, "SQ(2, 7)")]
)
def test_accumulator(hold_bits, cost_change, tmp_path):
    config = bits(hold_bits, cost_change).replaced(learning={"rounding": "floor"})
    run(verilog(CostAccumulator(config), "dut"), BENCH, tmp_path, config)


MANY = bits(2).replaced(engine={"stages": "many"})


def test_many_stages(tmp_path):
    """The sum of one clock is limited in the next."""
    run(verilog(CostAccumulator(MANY), "dut"), BENCH, tmp_path, MANY)


@mutations(
    ("the flush of the next change", r"flush_later_0 \? 8'h00", "i__payload[6] ? 8'h00"),
    ("the sum of the clock before", r"@\(posedge clk\)\n    added_later_0 <=", "@*\n    added_later_0 ="),
    ("held one clock early", r"else if \(valid_later_0\) held", "else if (i__valid) held"),
    ("valid one clock early", r"else o__valid <= valid_later_0", "else o__valid <= i__valid"),
    ("on after a reset", r"if \(rst\) valid_later_0 <= 1'h0;\n    else ", ""),
)
def test_mutations_of_many_stages_are_noticed(mutation, tmp_path):
    text = verilog(CostAccumulator(MANY), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, MANY)


@mutations(
    ("cost changes without sign", r"\$signed\(held\) \+ \$signed\(", "(held) + ("),
    ("no limit", r"total = total_saturated \?", "total = 1'h0 ?"),
    ("limits exchanged", r"\{ (_00_\[8\]), _01_,", r"{ ~\1, _01_,"),
    ("the limit unsaid", r"= i__valid & total_saturated", "= 1'h0"),
    ("the limit said of nothing", r"= i__valid & total_saturated", "= total_saturated"),
    ("on after a flush", r"i__payload\[6\] \? 8'h00", "1'h0 ? 8'h00"),
    ("a sum without a flush", r"if \(_07_\) o__payload", "if (rst) o__payload"),
    ("idle clocks counted", r"else if \(i__valid\) held", "else held"),
    ("a reset that keeps the sum", r"if \(rst\) held <= 8'h00;\n    else ", ""),
    ("a sum after a reset", r"if \(rst\) o__valid <= 1'h0;\n    else ", ""),
    ("a flag after a reset", r"if \(rst\) saturated <= 1'h0;\n    else ", ""),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = bits(2)
    assert not stays_unnoticed(mutation, verilog(CostAccumulator(config), "dut"), BENCH, tmp_path, config)
