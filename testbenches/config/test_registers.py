"""Run-time registers: the table, what circuits have of it, and values that a circuit cannot follow."""

import json
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl.config import REGISTERS, SEEDS, ConfigError, Registers, load, preset
from mgd_hdl.emit import trainer_files
from mgd_sim.rtl.trainer import RtlTrainer
from mgd_sim.trainer import Trainer as Twin

XOR = preset("xor")
EXAMPLES = Path(__file__).parents[2] / "examples"
SERIAL = XOR.replaced(engine={"cell": "serial"}, formats={"parameter": "SQ(5, 11)"})
NODES = XOR.replaced(
    perturbation={"granularity": "node"},
    learning={"tau_x": 4, "tau_p": 2},
    formats={"parameter": "SQ(5, 15)"},
)
NOISY = XOR.replaced(imperfections={"update_noise": 0.01, "update_noise_kind": "independent"})
GATED = XOR.replaced(cost={"limit": 0.125})  # of 12 fraction bits
ANALOG = XOR.replaced(learning={"algorithm": "analog", "tau_x": 4})


def test_the_table_names_every_register_once():
    names = [register.name for register in REGISTERS]
    assert sorted(names) == sorted(field.name for field in fields(Registers))
    assert sorted(name for name in names if name.startswith("seed_")) == sorted(SEEDS)


def test_seeds_keep_their_order():
    """Appended to, never changed: trainers of today train the same way tomorrow."""
    today = [
        "code",
        "sample",
        "initial",
        "dither",
        "cost_noise",
        "update_noise",
        "noise_code",
        "sparse",
        "decay",
    ]
    assert list(SEEDS[:9]) == [f"seed_{name}" for name in today]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_legal_values_fit_their_ports(path):
    config = load(path)
    widths = {register.name: register.width(config) for register in REGISTERS if register.there(config)}
    for name, legal in config.legal_registers.items():
        assert 0 <= legal["least"] <= legal["value"] <= legal["most"] < 1 << widths[name], name


@pytest.mark.parametrize(
    ("example", "more"),
    [
        ("01_xor", "seed_code"),
        ("02_walsh", ""),
        ("11_short_words", "seed_code seed_dither"),
        ("13_analog", "high_pass seed_code"),
        ("18_annealing", "anneal_every last_shift seed_code"),
        ("19_layer_by_layer", "tau_layer seed_code"),
        ("20_sparse", "seed_code seed_sparse"),
        ("23_weight_decay", "halve_every weight_decay seed_code seed_decay"),
    ],
)
def test_a_circuit_has_the_registers_it_uses(example, more):
    always = "tau_x tau_p tau_theta learning_shift seed_initial seed_sample"
    config = load(EXAMPLES / f"{example}.toml")
    assert set(config.legal_registers) == {*always.split(), *more.split()}


def test_generated_parameters_list_legal_values():
    """By hand: gain 3 of XOR, 16 bits of times, 31 of seeds."""
    found = json.loads(trainer_files(XOR)["xor_trainer.parameters.json"])
    assert found["registers"] == asdict(XOR.registers())
    legal = found["run_time"]
    assert legal["tau_x"] == {"value": 1, "least": 1, "most": 65535}
    assert legal["learning_shift"] == {"value": 1, "least": 0, "most": 3}
    assert (legal["seed_code"]["least"], legal["seed_code"]["most"]) == (0, 2147483647)
    assert 'needs engine.shadow = "yes"' not in legal["tau_x"].get("rule", "")
    assert 'other times need engine.shadow = "yes"' in legal["tau_theta"]["rule"]
    assert "rule" not in XOR.replaced(engine={"shadow": "yes"}).legal_registers["tau_theta"]


@pytest.mark.parametrize(
    ("config", "changes", "message"),
    [
        (XOR, {"tau_theta": 16}, 'tau_theta = 16: with tau_p = 1: tau_theta must divide tau_p in a circuit'),
        (XOR, {"tau_p": 3, "tau_theta": 2}, "tau_theta = 2: with tau_p = 3: tau_theta must divide"),
        (XOR.replaced(learning={"tau_p": 4, "tau_theta": 4}), {"tau_p": 6}, "tau_p = 6: with tau_theta = 4"),
        (SERIAL, {"tau_theta": 2}, "tau_theta = 2: with tau_p = 1"),
        (NODES, {"tau_x": 3}, "tau_x = 3: with tau_p = 2: tau_x must be a multiple of tau_p"),
        (GATED, {"change_gate": 512}, "change_gate = 512: with change_limit = 512: change_gate must"),
        (ANALOG, {"high_pass": 0}, "high_pass = 0: must be a whole number from 1 to 255"),
        (NOISY, {"seed_code": 8, "seed_noise_code": 9}, "seed_noise_code = 9: with seed_code = 8: seed"),
        (XOR, {"high_pass": 3}, 'high_pass = 3: is no register of this circuit, which needs learning.alg'),
        (XOR, {"tau_layer": 2}, "tau_layer = 2: is no register of this circuit, which needs pert"),
        (XOR, {"seed_dither": 5}, "seed_dither = 5: is no register of this circuit, which needs lear"),
        (preset("xor").replaced(perturbation={"family": "walsh"}), {"seed_code": 5}, "seed_code = 5: is no"),
    ],
    ids=str,
)  # fmt: skip
def test_what_a_circuit_cannot_follow(config, changes, message):
    """Refused with the reason, by the configuration and by what trains with it."""
    for refuse in (config.registers, lambda **changes: Twin(config, [1], **changes)):
        with pytest.raises(ConfigError) as caught:
            refuse(**changes)
        assert str(caught.value).startswith(message)


def test_a_cure_is_one_that_the_circuit_can_have():
    with pytest.raises(ConfigError, match=r'other times need cell = "parallel" with engine.shadow = "yes"'):
        SERIAL.registers(tau_theta=2)
    with pytest.raises(ConfigError, match=r'other times need enables = "direct" with engine.shadow = "yes"'):
        XOR.replaced(engine={"enables": "early"}).registers(tau_theta=2)
    assert XOR.replaced(engine={"shadow": "yes"}).registers(tau_theta=16).tau_theta == 16


def test_given_registers_are_checked_too():
    """Whole register sets come to twin and circuit without passing through ``config.registers``."""
    wrong = replace(XOR.registers(), tau_theta=16)
    with pytest.raises(ConfigError, match="tau_theta = 16: with tau_p = 1"):
        Twin(XOR, [wrong])
    circuit = object.__new__(RtlTrainer)
    circuit.config = XOR
    with pytest.raises(ConfigError, match="tau_theta = 16: with tau_p = 1"):
        circuit.start(wrong)


def test_replicas_differ_in_seeds_only():
    """One trainer has one set of times: those of the second would be lost."""
    with pytest.raises(ValueError, match="tau_x: replicas differ in their seeds only"):
        Twin(XOR, [XOR.registers(1), XOR.registers(2, tau_x=2)])
    assert np.array_equal(Twin(XOR, [XOR.registers(3)]).theta, Twin(XOR, [3]).theta)
