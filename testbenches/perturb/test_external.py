"""External codes: signs, and words of several bits."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.perturb.external import External
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.perturb.bench_external"


def from_outside(resolution: int) -> TrainerConfig:
    return preset("xor").replaced(
        perturbation={"family": "external", "resolution": resolution}, formats={"cost_change": "SQ(2, 9)"}
    )


@pytest.mark.parametrize("resolution", [1, 4])
def test_external(resolution, tmp_path):
    config = from_outside(resolution)
    run(verilog(External(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("words before a load", r"= begun & _\d+_", "= 1'h1"),
    ("a word that is held is replaced", r"\| o__ready;", "| 1'h1;"),
    ("a word after a load", r"\{ rst, load \}", "{ rst }"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = from_outside(4)
    assert not stays_unnoticed(mutation, verilog(External(config), "dut"), BENCH, tmp_path, config)
