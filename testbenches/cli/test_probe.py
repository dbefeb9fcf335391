"""Does the probe hold the parameters, find what the circuit finds, and compare it with the true gradient?"""

from __future__ import annotations

import json

import numpy as np
import pytest

from mgd_hdl import cli
from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import trainer_files
from mgd_sim.probe import Probe, held, probe
from mgd_sim.rtl import trainer_design
from mgd_sim.trainer import Trainer
from testbenches.twin import textbook

ANALOG = {"algorithm": "analog", "tau_x": 5, "follow": 3}


def changed(**sections) -> TrainerConfig:
    return preset("xor").replaced(**sections)


@pytest.mark.parametrize(
    "config",
    [changed(learning=ANALOG), changed(learning={"tau_p": 3, "measure": "two_sided"})],
    ids=["analog", "held"],
)
def test_circuit_and_twin_find_the_same(config, tmp_path):
    config = held(config, 303)
    found = [
        probe(config, 303, 7, design=design, build_dir=tmp_path)
        for design in (None, trainer_design(trainer_files(config)))
    ]
    assert np.array_equal(found[0].estimate, found[1].estimate)
    assert found[0].estimate.any()
    assert not found[0].limited
    assert not found[1].limited


def test_parameters_stand_still():
    """What is held is the start of the configuration itself."""
    config = changed(learning={"rate": 1.0, "tau_theta": 2})
    trainer = Trainer(held(config, 100), [1])
    seen = trainer.visible
    np.testing.assert_array_equal(seen, Trainer(config, [1]).visible)
    before = trainer.theta
    trainer.run(100)
    np.testing.assert_array_equal(trainer.visible, seen)
    assert (trainer.theta != before).all()


def test_finite_differences_are_the_textbook_networks():
    """Integer by integer: as often as each of the four samples was shown, here 13, 13, 12 and 12 times."""
    config = held(changed(task={"order": "plain"}), 50)
    found = probe(config, 50, 3)
    network, rest = textbook.Network(config), [4 * int(v) + 2 for v in Trainer(config, [3]).visible[0]]
    for number in range(9):
        total = 0
        for (x, target), times in zip(textbook.samples(config, 1), (13, 13, 12, 12), strict=False):
            up, down = ([w + side * (i == number) for i, w in enumerate(rest)] for side in (1, -1))
            total += times * (network.cost(up, x, target) - network.cost(down, x, target))
        assert found.differences[number] == total * 2.0**-12 / 2 / 0.0625


def test_a_whole_period_is_the_gradient():
    """One sample, fine words, Walsh codes: G over the steps is the gradient up to what words cut off."""
    config = changed(
        perturbation={"family": "walsh", "amplitude": 2.0**-6},
        formats={
            "parameter": "SQ(5, 22)",
            "cost_change": "SQ(2, 22)",
            "activation_fraction": 16,
            "segment_bits": 10,
        },
        learning={"tau_x": 1000},
    )
    steps = config.codes.walsh_code.period * 4
    found = probe(held(config, steps), steps, 5)
    assert min(found.cosines.values()) > 0.9995
    np.testing.assert_allclose(found.estimate / steps, found.backpropagation / steps, atol=2.0**-7)


def test_cosines():
    found = Probe(1, 0, np.array([1.0, 1.0]), np.array([0.0, 2.0]), np.zeros(2), limited=False)
    assert found.cosines == {"backpropagation": pytest.approx(0.5**0.5), "differences": 0.0}
    assert found.angles == {"backpropagation": pytest.approx(45), "differences": 90}


def test_a_rail_is_said():
    """Even at the lowest rate thousands of steps take some T beyond half its range."""
    config = preset("nist7x7_centered")
    assert probe(held(config, 4000), 4000, 1).limited


def test_from_the_command_line(capsys):
    assert cli.main(["probe", "xor", "--steps", "64", "--seed", "2"]) == 0
    text = capsys.readouterr().out
    assert cli.main(["probe", "xor", "--steps", "64", "--seed", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert text.startswith("xor_trainer, seed 2: the twin's G of 9 parameters after 64 steps\n")
    assert f"to backpropagated gradient  {found['angle']['backpropagation']:6.2f} degrees" in text
    assert (found["source"], len(found["estimate"]), found["limited"]) == ("twin", 9, False)


def test_steps_that_end_within_a_hold(capsys, tmp_path):
    file = tmp_path / "held.toml"
    file.write_text("[network]\nlayers = [2, 2, 1]\n[learning]\ntau_p = 3\n", encoding="utf-8")
    assert cli.main(["probe", str(file), "--steps", "64"]) == 2
    assert "--steps = 64: must be below 16777215 and a multiple of tau_p = 3" in capsys.readouterr().err
