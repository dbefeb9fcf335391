"""Sequential codes: tiles of few and many cells, in plain and in shuffled order."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.perturb.sequential import Sequential
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.perturb.bench_sequential"


def shaped(layers: tuple[int, ...], order: str) -> TrainerConfig:
    return preset("xor").replaced(
        network={"layers": layers}, perturbation={"family": "sequential", "order": order}
    )


@pytest.mark.parametrize("order", ["plain", "shuffled"])
@pytest.mark.parametrize("layers", [(2, 1), (2, 2, 1), (2, 22, 1)], ids=str)
def test_sequential(layers, order, tmp_path):
    """Three cells; tiles of six and three; tiles of 64, 2 and 23."""
    config = shaped(layers, order)
    run(verilog(Sequential(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("never back to the first", r"\.restart\(load\)", ".restart(1'h0)"),
    ("always advancing", r"\.advance\(advance\)", ".advance(1'h1)"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = shaped((2, 2, 1), "plain")
    assert not stays_unnoticed(mutation, verilog(Sequential(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("one turn too few", r"(turn == 4)'h8", r"\1'h7"),
    ("the wrong row", r"assign rows = 1'h1", "assign rows = 2'h2"),
    ("two columns", r"assign columns = 1'h1", "assign columns = 2'h3"),
)
def test_mutations_of_a_table_are_noticed(mutation, tmp_path):
    config = shaped((2, 2, 1), "shuffled")
    assert not stays_unnoticed(mutation, verilog(Sequential(config), "dut"), BENCH, tmp_path, config)
