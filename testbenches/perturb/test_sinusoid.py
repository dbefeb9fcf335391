"""Sinusoidal codes: all resolutions, square waves, consecutive and shuffled frequencies."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.perturb.sinusoid import Sinusoid
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.perturb.bench_sinusoid"


def waves(
    *layers: int, resolution: int = 4, order: str = "plain", family: str = "sinusoidal"
) -> TrainerConfig:
    return preset("xor").replaced(
        network={"layers": layers},
        perturbation={"family": family, "resolution": resolution, "order": order},
        formats={"parameter": "SQ(5, 18)"},
    )


@pytest.mark.parametrize(
    ("layers", "resolution", "order"),
    [((2, 1), 2, "plain"), ((2, 2, 1), 4, "plain"), ((2, 2, 1), 3, "shuffled"), ((2, 5, 1), 6, "shuffled")],
    ids=str,
)
def test_sinusoid(layers, resolution, order, tmp_path):
    """Tables of 64 to 256 places; periods of 16 to 128 perturbations."""
    config = waves(*layers, resolution=resolution, order=order)
    run(verilog(Sinusoid(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize(("layers", "order"), [((2, 2, 1), "plain"), ((2, 7, 1), "shuffled")], ids=str)
def test_square(layers, order, tmp_path):
    config = waves(*layers, order=order, family="square")
    run(verilog(Sinusoid(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("phases that go on in the next sweep", r"\.load\(register__load\)", ".load(load)"),
    ("all parameters at one frequency", r"= phase \+ stride;", "= phase;"),
    ("frequencies that stand still", r"= stride \+ 6'h[0-9a-f]+;", "= stride;"),
    ("a sweep one word short", r"last = ~\| left", "last = left == 1'h1"),
    ("quarters that do not mirror", r"upper\[5:0\] \^ \{[^}]*\}", "upper[5:0]"),
    ("no phase of its own", r"\+ register__state\[7:0\]", "+ 8'h00"),
    ("a word that is not taken is lost", r"\| o__ready;", "| 1'h1;"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = waves(2, 2, 1)
    assert not stays_unnoticed(mutation, verilog(Sinusoid(config), "dut"), BENCH, tmp_path, config)
