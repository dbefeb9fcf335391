"""Random codes: from one row to more rows than the register has bits for them."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.perturb.random_code import RandomCode
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.perturb.bench_random_code"


def shaped(*layers: int) -> TrainerConfig:
    return preset("xor").replaced(network={"layers": layers})


@pytest.mark.parametrize("layers", [(2, 1), (2, 3, 1), (2, 60, 2, 1)], ids=str)
def test_random_code(layers, tmp_path):
    """Rows of three cells only; tiles of nine and four; 40 rows in tiles of 64, 52, 58 and 3."""
    config = shaped(*layers)
    run(verilog(RandomCode(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("diagonals one bit further", r"(assign diagonals = register__state)\[15:8\]", r"\1[16:9]"),
    ("seven columns", r"(assign columns = register__state)\[7:0\]", r"\1[6:0]"),
    ("no load", r"\.load\(load\)", ".load(1'h0)"),
    ("always advancing", r"\.advance\(advance\)", ".advance(1'h1)"),
    ("another tap", r"state\[27:0\] \^ state\[30:3\]", "state[27:0] ^ state[29:2]"),
    ("zero is a seed", r"state\[0\] <= 1'h1", "state[0] <= ~load | seed[0]"),
    (
        "reset to another state",
        r"else if \(_00_\) state\[30:1\]",
        "else if (_00_ | ~|state[30:1]) state[30:1]",
    ),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = shaped(2, 3, 1)
    assert not stays_unnoticed(mutation, verilog(RandomCode(config), "dut"), BENCH, tmp_path, config)
