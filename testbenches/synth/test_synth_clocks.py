"""How many clocks does a step take? What the configuration says against the circuit, clock by clock."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from mgd_hdl.config import preset
from mgd_hdl.emit import trainer_files
from mgd_sim.rtl import trainer_design
from mgd_sim.rtl.icarus import IcarusTrainer
from mgd_sim.studies import soon

CONFIGURATIONS: dict[str, tuple[str, dict[str, Any], Fraction]] = {
    "xor": ("xor", {}, Fraction(22)),
    "parity4": ("parity4", {}, Fraction(24)),
    "letters": ("nist7x7", {}, Fraction(30)),
    "leaves": ("xor", {"engine": {"leaves": "yes"}}, Fraction(23)),
    "early enables": ("xor", {"engine": {"enables": "early"}}, Fraction(22)),
    "early enables, leaves": ("xor", {"engine": {"enables": "early", "leaves": "yes"}}, Fraction(23)),
    "two-sided": ("xor", {"learning": {"measure": "two_sided"}}, Fraction(22)),
    "held, no shadow": ("xor", {"learning": {"tau_x": 6, "tau_p": 6, "tau_theta": 3}}, Fraction(22)),
    "shadow": ("xor", {"engine": {"shadow": "yes"}}, Fraction(23)),
    "window": ("xor", {"learning": {"tau_x": 6, "tau_p": 2, "tau_theta": 4}}, Fraction(29, 4)),
    "window, leaves": ("xor", {"learning": {"tau_theta": 5}, "engine": {"leaves": "yes"}}, Fraction(32, 5)),
    "serial": ("xor", {"engine": {"cell": "serial"}}, Fraction(74)),
    "serial, leaves": ("xor", {"engine": {"cell": "serial", "leaves": "yes"}}, Fraction(75)),
    "serial, held": (
        "xor",
        {"engine": {"cell": "serial"}, "learning": {"tau_x": 4, "tau_p": 2}},
        Fraction(74),
    ),
    "noise of costs": ("xor", {"imperfections": {"cost_noise": 0.01}}, Fraction(23)),
    "noise of updates, held": (
        "xor",
        {
            "learning": {"tau_x": 6, "tau_p": 6, "tau_theta": 3},
            "imperfections": {"update_noise": 0.01, "update_noise_kind": "independent"},
        },
        Fraction(68, 3),
    ),
    "noise of updates, window": (
        "xor",
        {
            "learning": {"tau_x": 6, "tau_p": 2, "tau_theta": 4},
            "imperfections": {"update_noise": 0.01},
        },
        Fraction(30, 4),
    ),
    "delayed": ("xor", {"learning": {"updates": "delayed"}}, Fraction(2)),
    "analog": ("xor", {"learning": {"algorithm": "analog", "tau_x": 8}}, Fraction(24)),
    "momentum": ("xor", {"learning": {"follow": 3}}, Fraction(24)),
    # 24, one for the copy; of nine words two enter meanwhile; a second move in three steps, in every other of
    # which one more word enters.
    "analog square waves": (
        "xor",
        {
            "perturbation": {"family": "square"},
            "learning": {"algorithm": "analog", "tau_x": 8, "tau_p": 2, "tau_theta": 3, "follow": 2},
        },
        Fraction(86, 3),
    ),
}


def test_letters_that_come_late():
    """Drawn at random, a letter is at times not there in time: the study of times to solution counts that."""
    setting = soon.SETTINGS["letters"]["letters_fast"]
    config = soon.configured(setting)
    with IcarusTrainer(config, trainer_design(trainer_files(config)), config.registers(1)) as circuit:
        circuit.run(1024)
        before = circuit.model.clocks
        circuit.run(1024)
        assert (circuit.model.clocks - before) / 1024 == pytest.approx(setting.clocks, rel=0.005)
    assert config.timing.clocks_per_step == 2 < setting.clocks


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_clocks_per_step(name):
    base, changes, expected = CONFIGURATIONS[name]
    config = preset(base).replaced(**changes)
    assert config.timing.clocks_per_step == expected
    steps = 60 * config.learning.tau_theta
    with IcarusTrainer(config, trainer_design(trainer_files(config)), config.registers(1)) as circuit:
        circuit.run(steps)
        before = circuit.model.clocks
        circuit.run(steps)
        assert circuit.model.clocks - before == expected * steps
