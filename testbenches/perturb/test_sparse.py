"""Sparse codes: one to three registers, from one row to more than there are bits for them."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.perturb.sparse import Sparse
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.perturb.bench_sparse"


def shaped(*layers: int, share: float, kind: str = "array") -> TrainerConfig:
    perturbation = {"share": share}
    return preset("xor").replaced(
        network={"layers": layers}, perturbation=perturbation, engine={"kind": kind}
    )


@pytest.mark.parametrize(
    ("layers", "share"), [((2, 1), 0.5), ((2, 60, 2, 1), 0.25), ((2, 3, 1), 0.125)], ids=str
)
def test_sparse(layers, share, tmp_path):
    """Rows of three cells only; 40 rows in tiles of 64, 52, 58 and 3; tiles of nine and four."""
    config = shaped(*layers, share=share)
    run(verilog(Sparse(config), "dut"), BENCH, tmp_path, config)


def test_states_for_a_bank(tmp_path):
    config = shaped(2, 3, 1, share=0.125, kind="bank")
    run(verilog(Sparse(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("one register for both", r"(second_columns = register_)1", r"\g<1>0"),
    ("seven columns", r"(assign first_columns = register_0__state)\[7:0\]", r"\1[6:0]"),
    ("the seed as it is", r"(register_1 \((?s:.*?)\.seed\()\{[^}]*\}", r"\1seed"),
    ("the mark of the first", r"3'h3 \}\),", "3'h1 }),"),
    ("always advancing", r"(register_1 \(\s+\.advance)\(advance\)", r"\1(1'h1)"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = shaped(2, 3, 1, share=0.25)
    assert not stays_unnoticed(mutation, verilog(Sparse(config), "dut"), BENCH, tmp_path, config)
