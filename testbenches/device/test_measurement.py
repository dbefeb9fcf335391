"""The measurement: with one cost a step and two, with every check and none, and a second cost."""

from __future__ import annotations

import pytest

from mgd_hdl.config import preset
from mgd_hdl.device.measurement import Measurement
from mgd_hdl.emit import verilog
from mgd_sim.device.measurement import Belief
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.device.bench_measurement"
CHECKS = {"legal": [0.0, 1.0], "spread": 0.5, "stuck": 3}

CASES = {
    "one-sided": preset("xor").replaced(device={"kind": "outside"}),
    "two-sided, all checks, a second cost": preset("xor").replaced(
        learning={"measure": "two_sided"}, device={"kind": "outside", "second_weight": 0.5, **CHECKS}
    ),
    "analog, all checks, nothing compared": preset("xor").replaced(
        learning={"algorithm": "analog", "tau_x": 4}, device={"kind": "outside", "sends": "all", **CHECKS}
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_measurement(name, tmp_path):
    run(verilog(Measurement(CASES[name]), "dut"), BENCH, tmp_path, CASES[name])


@mutations(
    ("any number will do", r"tid == number", "1'h1"),
    ("a late reading is still taken", r"(answers = _\d+_) & taken", r"\1"),
    ("no time to settle", r"until_settled \? settle", "until_settled ? 32'd0"),
    ("no limit", r"timer == 1'h1", "1'h0"),
    ("a drop is not counted", r"dropped_count \+ dropped", "dropped_count"),
    ("it never gives up", r"chances == 1'h1", "1'h0"),
    ("what was dropped teaches", r"ignore <= _\d+_", "ignore <= 1'h0"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    text = verilog(Measurement(CASES["one-sided"]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, CASES["one-sided"])


def test_the_twin_by_hand():
    """C0 lost: nothing teaches until the next one; three bad steps in a row, and it rests."""
    belief = Belief(analog=False, give_up=3)
    assert belief.reference(True)
    assert belief.perturbed(True) == (False, False)
    assert not belief.reference(False)
    assert belief.perturbed(True) == (False, True)
    assert belief.failures == 1
    assert belief.perturbed(True) == (False, True)
    assert belief.failures == 0, "this step measured all that it had to"
    assert belief.reference(True)
    for _ in range(3):
        assert not belief.resting
        assert belief.perturbed(False) == (False, True)
    assert belief.resting
    belief.go_on()
    assert belief.perturbed(True) == (False, True), "no C0 yet"
    analog = Belief(analog=True, give_up=3)
    assert analog.perturbed(False, fresh=True) == (False, True)
    assert analog.perturbed(True) == (True, False), "the first good one of its sample"
    assert analog.perturbed(True) == (False, False)
