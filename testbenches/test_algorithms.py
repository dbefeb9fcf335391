"""Four textbook algorithms on two circuits, which differ in their codes only."""

from __future__ import annotations

import json

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import trainer_files
from mgd_sim.rtl import expanded
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.bench_algorithms"

CIRCUITS = {
    "sequential": ["finite differences", "coordinate descent"],
    "random_code": ["SPSA", "mini-batch"],
}


def circuit(family: str) -> tuple[TrainerConfig, str, list[dict]]:
    """With a copy of the visible bits, so that any time constants go together; few bits below them, so that
    the network soon sees what has moved.
    """
    config = preset("xor").replaced(
        name="dut",
        formats={"parameter": "SQ(5, 7)", "cost_change": "SQ(2, 9)"},
        perturbation={"family": family},
        learning={"rate": 1.0},
        task={"order": "plain"},
        engine={"shadow": "yes"},
    )
    files = trainer_files(config)
    return config, files["dut.v"], [*expanded(json.loads(files["dut.ports.json"])["states"])]


@pytest.mark.parametrize("family", CIRCUITS)
def test_algorithms(family, tmp_path):
    config, verilog, states = circuit(family)
    run(verilog, BENCH, tmp_path, config, algorithms=CIRCUITS[family], states=states)


@mutations(
    ("the window of a hold", r"(dut__sequencer sequencer \((?s:.*?)\.tau_theta\()tau_theta", r"\1tau_p"),
    ("samples of a hold", r"(dut__sequencer sequencer \((?s:.*?)\.tau_x\()tau_x", r"\1tau_p"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config, verilog, states = circuit("sequential")
    assert not stays_unnoticed(
        mutation, verilog, BENCH, tmp_path, config, algorithms=CIRCUITS["sequential"], states=states
    )
