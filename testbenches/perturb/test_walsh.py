"""Walsh codes: from one row, which needs no row bit, to rows that fill only part of their index."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.perturb.walsh import Walsh
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.perturb.bench_walsh"


def shaped(*layers: int, sign_flip: bool = False) -> TrainerConfig:
    perturbation = {"family": "walsh", "sign_flip": sign_flip}
    return preset("xor").replaced(network={"layers": layers}, perturbation=perturbation)


@pytest.mark.parametrize(
    ("layers", "sign_flip"),
    [((2, 1), False), ((2, 2, 1), True), ((2, 7, 1), False), ((2, 22, 1), True)],
    ids=str,
)
def test_walsh(layers, sign_flip, tmp_path):
    """1, 2, 4 and 12 rows."""
    config = shaped(*layers, sign_flip=sign_flip)
    run(verilog(Walsh(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("no leading one", r"(assign rows\[1\] = step\[3\]) \^ step\[4\]", r"\1"),
    ("a column without a bit", r"\{ step\[2\], 1'h0, step\[0\] \}", "step[2]"),
    ("always advancing", r"else if \(advance\)", "else"),
    ("no load", r"\{ rst, load \}", "{ rst }"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = shaped(2, 2, 1)
    assert not stays_unnoticed(mutation, verilog(Walsh(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("no flip", r"step\[5\] \^ step\[4\]", "step[4]"),
    ("one flip in two periods", r"step\[5\] \^ step\[4\]", "step[5]"),
)
def test_mutations_of_the_flip_are_noticed(mutation, tmp_path):
    config = shaped(2, 2, 1, sign_flip=True)
    assert not stays_unnoticed(mutation, verilog(Walsh(config), "dut"), BENCH, tmp_path, config)
