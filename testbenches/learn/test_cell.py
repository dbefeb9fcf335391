"""The learning element: every family and side, with and without its shadow copy."""

from __future__ import annotations

import pytest

from mgd_hdl.config import preset
from mgd_hdl.emit import verilog
from mgd_hdl.learn.cell import ParameterCell
from mgd_synth.ice40 import area
from testbenches.learn.shapes import learner
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.learn.bench_cell"


@pytest.mark.parametrize(
    ("family", "sides", "shadow"),
    [
        ("random_code", "one_sided", False),
        ("random_code", "two_sided", True),
        ("walsh", "one_sided", True),
        ("walsh", "two_sided", False),
        ("sequential", "one_sided", False),
        ("sequential", "one_sided", True),
        ("sequential", "two_sided", False),
        ("sequential", "two_sided", True),
    ],
)
def test_cell(family, sides, shadow, tmp_path):
    config = learner(family=family, sides=sides, shadow=shadow)
    run(verilog(ParameterCell(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize(
    ("family", "sides", "shadow"),
    [("random_code", "two_sided", True), ("walsh", "one_sided", False), ("sequential", "two_sided", True)],
)
def test_cells_that_keep_their_code(family, sides, shadow, tmp_path):
    config = learner(family=family, sides=sides, shadow=shadow, leaves=True, leaf_cells=4)
    assert config.placement.keeps_code
    run(verilog(ParameterCell(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize(
    ("last", "family", "sides", "shadow"),
    [(2.0**-5, "random_code", "one_sided", False), (2.0**-6, "walsh", "two_sided", True)],
)
def test_amplitudes_that_halve(last, family, sides, shadow, tmp_path):
    config = learner(family=family, sides=sides, shadow=shadow, parameter="SQ(2, 6)")
    config = config.replaced(perturbation={"halve_every": 5, "last_amplitude": last})
    run(verilog(ParameterCell(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("a minus that is too large", r"steps\[1\] \| _\d+_", "steps[1]"),
    ("the first amplitude at rest", r"steps\[1\] \| ", ""),
    ("no last bit", r"code, steps\[0\] \}", "code, 1'h0 }"),
)
def test_mutations_of_amplitudes_are_noticed(mutation, tmp_path):
    config = learner(parameter="SQ(2, 6)").replaced(perturbation={"halve_every": 5})
    assert not stays_unnoticed(mutation, verilog(ParameterCell(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({"learning": {"decay": 2.0**-12, "clamp": 4.0}}, 2),
        ({"learning": {"clamp": 4.0}}, 1),
        ({"perturbation": {"halve_every": 1000, "last_amplitude": 2.0**-6}}, 2),
        ({"engine": {"leaf_cells": 8}}, 0),
    ],
    ids=["decay and clamp", "clamp", "an amplitude that halves twice", "a code that is kept"],
)
def test_what_an_update_costs_a_cell(changes, more):
    """Beside the eighteen of the plain one, as the pages say."""
    block = ParameterCell(preset("xor").replaced(**changes))
    assert area(verilog(block, "cell"), "cell").cells == 18 + more


STUCK = [
    ("shaken", "random_code", "one_sided", False),
    ("still", "random_code", "one_sided", True),
    ("still", "walsh", "two_sided", False),
    ("still", "sequential", "two_sided", True),
    ("dead", "sequential", "one_sided", False),
]


@pytest.mark.parametrize("stuck", [0, 1])
@pytest.mark.parametrize(("kind", "family", "sides", "shadow"), STUCK)
def test_stuck(kind, family, sides, shadow, stuck, tmp_path):
    config = stuck_learner(kind, family, sides, shadow)
    run(verilog(ParameterCell(config), "dut"), BENCH, tmp_path, config, stuck=stuck)


def stuck_learner(kind: str, family: str = "random_code", sides: str = "one_sided", shadow: bool = False):
    config = learner(family=family, sides=sides, shadow=shadow)
    return config.replaced(imperfections={"stuck": 0.5, "stuck_kind": kind})


@mutations(
    ("learns nevertheless", r"\.enable\(integrator__enable\)", ".enable(code)"),
    ("never loaded", r"_04_ \| loading", "_04_"),
)
def test_mutations_of_stuck_cells_are_noticed(mutation, tmp_path):
    config = stuck_learner("shaken")
    text = verilog(ParameterCell(config), "dut")
    noticed = [
        not stays_unnoticed(mutation, text, BENCH, tmp_path / str(stuck), config, stuck=stuck)
        for stuck in (0, 1)
    ]
    assert any(noticed)


@pytest.mark.parametrize(
    ("family", "more"),
    [
        ("random_code", {"follow": 2}),
        ("walsh", {"algorithm": "analog", "tau_x": 2}),
        ("sequential", {"follow": 1}),
    ],
)
def test_followers_and_cells_that_never_rest(family, more, tmp_path):
    config = learner(family=family, shadow=True, **more)
    run(verilog(ParameterCell(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize(("parameter", "amplitude"), [("SQ(2, 4)", 2.0**-6), ("SQ(4, 6)", 2.0)])
def test_visible_bits(parameter, amplitude, tmp_path):
    """All of T is visible, and only two bits of ten."""
    config = learner(parameter=parameter, rate=1.0, rounding="floor").replaced(
        perturbation={"amplitude": amplitude}
    )
    assert config.words.guard_bits == {2.0**-6: 0, 2.0: 9}[amplitude]
    run(verilog(ParameterCell(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("not addressed", r"assign code = both \?", "assign code = 1'h0 ?"),
    ("shaken at rest", r"shake, shaken \}", "shake, 1'h1 }"),
    ("shaken by the other code", r"\{ visible, shake,", "{ visible, code,"),
    ("always refreshed", r"if \(refresh\) visible", "visible"),
    ("other bits visible", r"visible <= integrator__theta\[5:2\]", "visible <= integrator__theta[4:1]"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = learner(family="walsh", shadow=True)
    assert not stays_unnoticed(mutation, verilog(ParameterCell(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("a follower that never moves", r"\.refresh\(refresh\)", ".refresh(1'h0)"),
    ("a follower that never leaves", r"\.away\(away\)", ".away(1'h0)"),
    ("another target", r"\.target\(integrator__theta\[5:2\]\)", ".target(integrator__theta[4:1])"),
)
def test_mutations_of_followers_are_noticed(mutation, tmp_path):
    config = learner(shadow=True, follow=2)
    assert not stays_unnoticed(mutation, verilog(ParameterCell(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("one side only", r"assign weight\[1\] = ~ _\d+_", "assign weight[1] = 1'h1"),
    ("every word is taken", r"\.enable\(code\)", ".enable(1'h1)"),
)
def test_mutations_of_sides_are_noticed(mutation, tmp_path):
    config = learner(family="sequential", sides="two_sided")
    assert not stays_unnoticed(mutation, verilog(ParameterCell(config), "dut"), BENCH, tmp_path, config)
