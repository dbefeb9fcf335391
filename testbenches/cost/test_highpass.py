"""The high-pass: words that are never limited, and words so short that they often are."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.cost.highpass import HighPass
from mgd_hdl.emit import verilog
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.cost.bench_highpass"


def analog(cost_change: str) -> TrainerConfig:
    return preset("xor").replaced(
        learning={"algorithm": "analog", "tau_x": 8}, formats={"cost_change": cost_change}
    )


@pytest.mark.parametrize("cost_change", ["SQ(1, 12)", "SQ(1, 6)", "SQ(1, 1)"])
def test_highpass(cost_change, tmp_path):
    config = analog(cost_change)
    assert (
        config.words.cost.width == config.words.cost_change.width
    )  # costs of 0 to 1 inclusive, changes of -1 to 1
    run(verilog(HighPass(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("no blanking", r"if \(i__payload\[\d+\]\) difference", "if (1'h0) difference"),
    ("a level that stays while blank", r"if \(i__valid\) level", "if (i__valid & ~i__payload[7]) level"),
    ("the other sign", r"i__payload\[6:0\] - level", "level - i__payload[6:0]"),
    ("a remainder that is lost", r"\{ 1'h0, state\[7:0\] \}", "9'h000"),
    ("no memory", r"\$signed\(state\[14:8\]\) \+", ""),
    ("no limit", r"assign limited = limited_saturated \?", "assign limited = 1'h0 ?"),
    ("a limit unsaid", r"saturated <= _06_", "saturated <= 1'h0"),
    ("a limit said again", r"totalled & was_outside", "was_outside"),
    ("valid too early", r"o__valid <= totalled", "o__valid <= differs"),
    ("idle costs count", r"else if \(totalled\) state", "else state"),
    ("a reset that keeps", r"if \(rst\) state <= 15'h0000", "if (1'h0) state <= 15'h0000"),
    ("a signed coefficient", r"\{ 1'h0, coefficient \}", "coefficient"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = analog("SQ(1, 6)")
    assert not stays_unnoticed(mutation, verilog(HighPass(config), "dut"), BENCH, tmp_path, config)
