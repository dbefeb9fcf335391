"""The gate: every C~ of six bits, limits and gates of all sizes."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import preset
from mgd_hdl.cost.gate import Gate
from mgd_hdl.emit import verilog
from mgd_sim.cost.gate import Gate as Twin
from testbenches.learn.shapes import learner
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.cost.bench_gate"
CONFIG = learner()


def test_gate(tmp_path):
    assert CONFIG.words.cost_change.width == 6
    run(verilog(Gate(CONFIG), "dut"), BENCH, tmp_path, CONFIG)


@mutations(
    ("the gate itself passes", r"size <= change_gate", "size < change_gate"),
    ("no limit", r"size > change_limit", "1'h0"),
    ("sizes with a sign", r"(size = _\d+_ \?) (_\d+_) : i__payload;", r"\1 i__payload : i__payload;"),
    ("always positive", r"(_\d+_) \? (_\d+_) : \{ 1'h0, kept \}", "{ 1'h0, kept }"),
    ("always valid", r"else o__valid <= i__valid;", "else o__valid <= 1'h1;"),
    ("valid after a reset", r"if \(rst\) o__valid <= 1'h0;\n    else ", ""),
)
def test_mutations_are_noticed(mutation, tmp_path):
    text = verilog(Gate(CONFIG), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, CONFIG)


MANY = CONFIG.replaced(engine={"stages": "many"})


def test_many_stages(tmp_path):
    run(verilog(Gate(MANY), "dut"), BENCH, tmp_path, MANY)


@mutations(
    ("the limit of now", r"\{ 1'h0, limit_later_0 \}\) -", "{ 1'h0, change_limit }) -"),
    ("the gate of now", r"\{ 1'h0, gate_later_0 \}\) \+", "{ 1'h0, change_gate }) +"),
    (
        "another limit than was compared with",
        r"highest_later_0 <= limit_later_0",
        "highest_later_0 <= change_limit",
    ),
    ("no limit below", r"below_later_0 <= _\d+_", "below_later_0 <= 1'h0"),
    ("no limit above", r"above_later_0 <= _\d+_", "above_later_0 <= 1'h0"),
    ("a gate above only", r"= \| outside_later_0", "= outside_later_0[0]"),
    ("another change than was compared", r": change_later_1", ": change_later_0"),
    ("the gate of the next one", r"@\(posedge clk\)\n    believed_later_0 <=", "@*\n    believed_later_0 ="),
    ("valid one clock early", r"o__valid <= valid_later_1", "o__valid <= valid_later_0"),
    ("valid after a reset", r"if \(rst\) valid_later_1 <= 1'h0;\n    else ", ""),
)
def test_mutations_of_many_stages_are_noticed(mutation, tmp_path):
    text = verilog(Gate(MANY), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, MANY)


def test_the_twin_by_hand():
    change = np.array([-32, -9, -5, -4, 0, 4, 5, 8, 31])
    assert Twin(8, 4)(change).tolist() == [-8, -8, -5, 0, 0, 0, 5, 8, 8]
    assert Twin(31, 0)(change).tolist() == [-31, -9, -5, -4, 0, 4, 5, 8, 31]
    assert Twin(3, 4)(change).tolist() == [-3, -3, -3, 0, 0, 0, 3, 3, 3]


def test_registers_are_in_last_bits():
    config = preset("xor").replaced(cost={"limit": 0.3, "gate": 0.01})
    registers = config.registers()
    assert (registers.change_limit, registers.change_gate) == (round(0.3 * 4096), round(0.01 * 4096))
    assert config.registers(change_gate=0).change_gate == 0
    assert config.snapped["cost.gate"] == (0.01, 41 / 4096)
    assert preset("xor").registers().change_limit == preset("xor").words.cost_change.max
