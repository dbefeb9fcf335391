"""The whole trainer: state for state the twin's, under two simulators, in every kind of configuration."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from mgd_hdl.config import REGISTERS, ConfigError, Register, Registers, TrainerConfig, preset
from mgd_hdl.config import SEEDS as ALL_SEEDS
from mgd_hdl.emit import trainer_files
from mgd_sim.compare import compare, first_difference, states
from mgd_sim.perturb.external import port_codes
from mgd_sim.rtl import RtlError, RtlTrainer, expanded, simulate, trainer_design
from mgd_sim.rtl.bugs import inject
from mgd_sim.trainer import Trainer
from mgd_sim.watch import port_samples

WINDOWS = {"tau_theta": 6, "tau_p": 2, "tau_x": 3}
SERIAL = {"cell": "serial"}
#: Met and not met within a few hundred steps.
JUDGED = {"kind": "window", "limit": 0.3, "window": 8, "misses": 2}
#: Both happen within a few hundred steps.
GATE = {"limit": 0.05, "gate": 0.005}
#: Outputs of either sign.
LOGITS = {"activation": ["sigmoid", "linear"]}
ANALOG_WINDOWS = {"algorithm": "analog", "tau_x": 4, "tau_p": 2, "tau_theta": 3, "follow": 2}
#: Small words, so that every saturation happens.
TIGHT = {"parameter": "SQ(2, 10)", "cost_change": "SQ(1, 12)", "hold_bits": 0}


@pytest.mark.parametrize(
    ("changes", "simulator"),
    [
        ({}, "icarus"),
        ({}, "verilator"),
        ({"learning": WINDOWS}, "icarus"),
        ({"perturbation": {"family": "sequential"}, "learning": {"measure": "two_sided"}}, "icarus"),
        ({"task": {"source": "stream"}}, "icarus"),
        (
            {
                "formats": TIGHT,
                "network": {"initial": 0.5},
                "learning": {"rate": 1.0, "rounding": "floor", "tau_p": 3},
            },
            "icarus",
        ),
        ({"engine": {"enables": "early"}}, "icarus"),
        ({"learning": ANALOG_WINDOWS}, "icarus"),
        (
            {
                "perturbation": {"family": "external"},
                "formats": {"parameter": "SQ(5, 14)"},
                "learning": {"tau_theta": 4, "tau_p": 2},
            },
            "icarus",
        ),
        ({"engine": SERIAL}, "icarus"),
        ({"judge": JUDGED}, "icarus"),
        ({"engine": SERIAL, "task": {"source": "stream"}, "learning": {"tau_p": 2, "tau_x": 3}}, "icarus"),
    ],
    ids=[
        "default",
        "verilator",
        "windows",
        "sequential",
        "stream",
        "saturating",
        "early",
        "analog",
        "external",
        "serial",
        "judged",
        "serial stream",
    ],
)
def test_under_cocotb(changes, simulator, tmp_path):
    config = preset("xor").replaced(**changes)
    files = trainer_files(config)
    sidecar = json.loads(files[f"{config.name}.ports.json"])
    simulate(
        files[f"{config.name}.v"],
        config.name,
        "testbenches.bench_trainer",
        tmp_path,
        simulator=simulator,
        parameters={
            "config": config.model_dump(mode="json"),
            "states": [*expanded(sidecar["states"])],
            "steps": 150,
        },
    )


def test_a_fault_is_noticed(tmp_path):
    config = preset("xor")
    design = inject(trainer_design(trainer_files(config)), "minus_adds")
    sidecar = json.loads(trainer_files(config)[f"{config.name}.ports.json"])
    parameters = {
        "config": config.model_dump(mode="json"),
        "states": [*expanded(sidecar["states"])],
        "steps": 20,
    }
    with pytest.raises(RtlError, match="tests failed"):
        simulate(design.verilog, config.name, "testbenches.bench_trainer", tmp_path, parameters=parameters)


CONFIGURATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "walsh": ("xor", {"perturbation": {"family": "walsh"}}),
    "walsh, two-sided windows": (
        "xor",
        {
            "perturbation": {"family": "walsh"},
            "learning": {"measure": "two_sided", "tau_theta": 32, "tau_x": 32},
        },
    ),
    "walsh, signs flipped, delayed": (
        "xor",
        {"perturbation": {"family": "walsh", "sign_flip": True}, "learning": {"updates": "delayed"}},
    ),
    "sparse, stochastic, noisy costs": (
        "xor",
        {
            "perturbation": {"share": 0.25},
            "learning": {"rounding": "stochastic", "rate": 0.03125},
            "imperfections": {"cost_noise": 0.03},
        },
    ),
    "sparse, delayed, leaves": (
        "parity4",
        {"perturbation": {"share": 0.125}, "learning": {"updates": "delayed"}, "engine": {"leaves": "yes"}},
    ),
    "sparse, early": (
        "xor",
        {"perturbation": {"share": 0.5}, "learning": {"tau_p": 2}, "engine": {"enables": "early"}},
    ),
    "sparse, two-sided, some still": (
        "xor",
        {
            "perturbation": {"share": 0.5},
            "learning": {"measure": "two_sided"},
            "imperfections": {"stuck": 0.3, "stuck_kind": "still"},
        },
    ),
    "sequential, shuffled, a sweep per update": (
        "xor",
        {
            "perturbation": {"family": "sequential", "order": "shuffled"},
            "learning": {"tau_theta": 9, "tau_x": 9},
        },
    ),
    "delayed": ("xor", {"learning": {"updates": "delayed"}}),
    "delayed, two-sided, leaves": (
        "parity4",
        {"learning": {"updates": "delayed", "measure": "two_sided"}, "engine": {"leaves": "yes"}},
    ),
    "stochastic": ("xor", {"learning": {"rounding": "stochastic", "rate": 0.03125, "tau_p": 2}}),
    "nearest_even": ("xor", {"learning": {"rounding": "nearest_even", "rate": 0.03125}}),
    "tanh, random order": ("parity4", {"network": {"activation": "tanh"}, "task": {"order": "random"}}),
    "relu, plain order": (
        "parity4",
        {"network": {"activation": ["relu", "sigmoid"]}, "task": {"order": "plain"}},
    ),
    "everything saturates": (
        "xor",
        {
            "formats": TIGHT,
            "network": {"initial": 0.5},
            "learning": {"rate": 1.0, "rounding": "floor", "tau_theta": 8, "tau_p": 4},
        },
    ),
    "three layers, target with fraction": (
        "parity3",
        {"network": {"layers": [3, 5, 3, 1]}, "formats": {"target": "SQ(2, 2)"}},
    ),
    "letters": ("nist7x7", {}),
    "square": ("xor", {"perturbation": {"family": "square"}, "learning": {"tau_p": 2, "tau_x": 3}}),
    "sinusoidal, shuffled, two-sided windows, leaves": (
        "parity4",
        {
            "perturbation": {"family": "sinusoidal", "resolution": 3, "order": "shuffled"},
            "formats": {"cost_change": "SQ(2, 9)"},
            "learning": {"measure": "two_sided", "tau_theta": 6, "tau_p": 2},
            "engine": {"leaves": "yes"},
        },
    ),
    "sinusoidal, everything saturates": (
        "xor",
        {
            "perturbation": {"family": "sinusoidal"},
            "formats": TIGHT,
            "network": {"initial": 0.5},
            "learning": {"rate": 1.0, "rounding": "floor"},
        },
    ),
    "sinusoidal, analog, windows": (
        "xor",
        {
            "perturbation": {"family": "sinusoidal", "resolution": 3},
            "formats": {"cost_change": "SQ(2, 9)"},
            "learning": ANALOG_WINDOWS,
        },
    ),
    "square, analog, no low-pass": (
        "parity4",
        {"perturbation": {"family": "square"}, "learning": {"algorithm": "analog", "tau_x": 5}},
    ),
    "square, momentum, two-sided, leaves": (
        "xor",
        {
            "perturbation": {"family": "square"},
            "learning": {"measure": "two_sided", "follow": 2, "tau_p": 2, "tau_theta": 3},
            "engine": {"leaves": "yes"},
        },
    ),
    "external": (
        "xor",
        {
            "perturbation": {"family": "external", "resolution": 1},
            "task": {"source": "stream"},
            "learning": {"tau_p": 3},
        },
    ),
    "early enables, walsh, two-sided": (
        "xor",
        {
            "engine": {"enables": "early"},
            "perturbation": {"family": "walsh"},
            "learning": {"measure": "two_sided", "rounding": "stochastic", "rate": 0.03125, "tau_x": 2},
        },
    ),
    "early enables, sequential": (
        "xor",
        {
            "engine": {"enables": "early"},
            "perturbation": {"family": "sequential"},
            "learning": {"measure": "two_sided", "tau_p": 2},
        },
    ),
    "early enables, leaves, everything saturates": (
        "xor",
        {
            "engine": {"enables": "early", "leaves": "yes"},
            "formats": TIGHT,
            "network": {"initial": 0.5},
            "learning": {"rate": 1.0, "rounding": "floor", "tau_p": 3},
        },
    ),
    "small leaves, early enables, resets": (
        "parity4",
        {"engine": {"enables": "early", "leaf_cells": 4, "reset": "yes"}},
    ),
    "small leaves, layer by layer, decay, an amplitude that halves": (
        "parity4",
        {
            "perturbation": {"granularity": "layer", "halve_every": 100, "last_amplitude": 2.0**-6},
            "learning": {"decay": 2.0**-12},
            "engine": {"leaf_cells": 16},
        },
    ),
    "small leaves, stuck": (
        "parity4",
        {"imperfections": {"stuck": 0.25, "stuck_kind": "still"}, "engine": {"leaf_cells": 8}},
    ),
    "small leaves, delayed, walsh": (
        "parity4",
        {
            "perturbation": {"family": "walsh"},
            "learning": {"updates": "delayed"},
            "engine": {"leaf_cells": 16},
        },
    ),
    "small leaves, sinusoidal, two-sided": (
        "parity4",
        {
            "perturbation": {"family": "sinusoidal", "resolution": 3},
            "learning": {"measure": "two_sided", "tau_theta": 3, "rounding": "floor"},
            "engine": {"leaf_cells": 8},
        },
    ),
    "small leaves, node by node": (
        "parity4",
        {
            "perturbation": {"granularity": "node"},
            "learning": {"rounding": "floor"},
            "engine": {"leaves": "yes", "leaf_cells": 8},
        },
    ),
    "judged, delayed": ("xor", {"judge": JUDGED, "learning": {"updates": "delayed"}}),
    "judged, two-sided windows": (
        "xor",
        {"judge": JUDGED, "learning": {"measure": "two_sided", "tau_theta": 6, "tau_p": 2, "tau_x": 3}},
    ),
    "annealed, delayed": (
        "xor",
        {"learning": {"updates": "delayed", "tau_p": 2, "tau_theta": 3, "anneal_every": 200, "rate": 1.0}},
    ),
    "annealed signs, serial": (
        "xor",
        {"engine": SERIAL, "learning": {"size": "sign", "rate": 0.125, "anneal_every": 500, "tau_p": 2}},
    ),
    "annealed, shadow": (
        "xor",
        {
            "engine": {"shadow": "yes"},
            "learning": {"rate": 1.0, "rounding": "stochastic", "anneal_every": 300, "last_rate": 0.0625},
        },
    ),
    "layer by layer": ("xor", {"perturbation": {"granularity": "layer", "tau_layer": 2}}),
    "layer by layer, windows, two-sided": (
        "xor",
        {
            "perturbation": {"granularity": "layer", "tau_layer": 3},
            "learning": {"tau_x": 8, "tau_theta": 4, "measure": "two_sided"},
            "engine": {"leaves": "yes"},
        },
    ),
    "layer by layer, walsh, delayed": (
        "parity4",
        {
            "perturbation": {"family": "walsh", "granularity": "layer", "tau_layer": 2},
            "learning": {"updates": "delayed", "tau_p": 2},
        },
    ),
    "layer by layer, noise of updates, some still": (
        "xor",
        {
            "perturbation": {"family": "walsh", "granularity": "layer"},
            "learning": {"measure": "two_sided", "tau_p": 3, "tau_x": 2},
            "imperfections": {
                "update_noise": 0.01,
                "update_noise_kind": "independent",
                "stuck": 0.2,
                "stuck_kind": "still",
            },
        },
    ),
    "node by node": (
        "xor",
        {"perturbation": {"granularity": "node"}, "formats": {"parameter": "SQ(5, 14)"}},
    ),
    "node by node, signs, walsh, two-sided windows, leaves": (
        "xor",
        {
            "network": {"layers": [2, 3, 2, 1], "activation": ["tanh", "relu", "sigmoid"]},
            "perturbation": {"family": "walsh", "granularity": "node", "resolution": 5},
            "formats": {"parameter": "SQ(5, 16)"},
            "learning": {"measure": "two_sided", "tau_theta": 6, "tau_p": 2, "tau_x": 4},
            "engine": {"leaves": "yes"},
        },
    ),
    "letters, each neuron with defects": ("nist7x7_centered", {"imperfections": {"activation_spread": 0.5}}),
    "noisy costs": ("xor", {"imperfections": {"cost_noise": 0.03}, "engine": {"shadow": "yes"}}),
    "noisy costs, judged, delayed, a clean reference": (
        "xor",
        {
            "judge": JUDGED,
            "imperfections": {"cost_noise": 0.25, "noisy_reference": False},
            "learning": {"updates": "delayed", "tau_theta": 4},
        },
    ),
    "noisy costs, serial, two-sided": (
        "xor",
        {"engine": SERIAL, "imperfections": {"cost_noise": 0.004}, "learning": {"measure": "two_sided"}},
    ),
    "common noise of updates, sequential": (
        "xor",
        {
            "perturbation": {"family": "sequential"},
            "learning": {"tau_theta": 9, "tau_x": 9},
            "imperfections": {"update_noise": 0.06},
        },
    ),
    "independent noise of updates, some dead": (
        "xor",
        {
            "imperfections": {
                "update_noise": 0.004,
                "update_noise_kind": "independent",
                "stuck": 0.3,
                "stuck_kind": "dead",
            }
        },
    ),
    "independent noise of updates, walsh, two-sided, some still": (
        "parity4",
        {
            "perturbation": {"family": "walsh"},
            "learning": {"measure": "two_sided", "tau_p": 2, "tau_theta": 4},
            "engine": {"leaves": "yes"},
            "imperfections": {
                "update_noise": 0.03,
                "update_noise_kind": "independent",
                "stuck": 0.3,
                "stuck_kind": "still",
            },
        },
    ),
    "letters, many stuck": ("nist7x7_centered", {"imperfections": {"stuck": 0.25}}),
    "defects, serial": (
        "parity4",
        {"engine": SERIAL, "network": {"activation": "tanh"}, "imperfections": {"activation_spread": 1.0}},
    ),
    "gated, delayed": ("xor", {"cost": GATE, "learning": {"updates": "delayed"}}),
    "references anew, noisy": (
        "xor",
        {
            "imperfections": {"cost_noise": 0.03},
            "learning": {"reference": "every_step", "tau_theta": 4, "tau_p": 4, "tau_x": 4},
        },
    ),
    "decay, clamped, noise of updates": (
        "xor",
        {
            "learning": {"decay": 2.0**-5, "clamp": 2.0},
            "imperfections": {"update_noise": 0.02, "update_noise_kind": "independent"},
        },
    ),
    "decay, sequential, windows, some stuck": (
        "xor",
        {
            "perturbation": {"family": "sequential"},
            "learning": {"decay": 2.0**-3, "tau_theta": 6, "tau_p": 2, "tau_x": 3},
            "imperfections": {"stuck": 0.3},
        },
    ),
    "decay, walsh, followed, leaves": (
        "xor",
        {
            "perturbation": {"family": "walsh"},
            "engine": {"leaves": "yes"},
            "learning": {"decay": 2.0**-6, "follow": 2},
        },
    ),
    "decay and an amplitude that halves, layer by layer": (
        "xor",
        {
            "perturbation": {"granularity": "layer", "tau_layer": 3, "halve_every": 500},
            "learning": {"size": "sign", "rate": 0.25, "decay": 2.0**-6, "tau_p": 2},
        },
    ),
    "an amplitude that halves twice, annealed, clamped, early enables": (
        "xor",
        {
            "perturbation": {"halve_every": 300, "amplitude": 0.25, "last_amplitude": 0.0625},
            "learning": {"anneal_every": 400, "rate": 1.0, "clamp": 1.0},
            "engine": {"enables": "early"},
        },
    ),
    "an amplitude that halves, windows, two-sided, walsh, some still, gated": (
        "xor",
        {
            "cost": GATE,
            "perturbation": {"halve_every": 100, "family": "walsh"},
            "learning": {"tau_theta": 6, "tau_p": 2, "tau_x": 3, "measure": "two_sided"},
            "engine": {"leaves": "yes"},
            "imperfections": {"stuck": 0.3, "stuck_kind": "still"},
        },
    ),
    "answers counted, delayed": (
        "xor",
        {"task": {"accuracy": True, "order": "plain"}, "learning": {"updates": "delayed"}},
    ),
    "answers of four counted, windows": (
        "nist7x7_centered",
        {"task": {"accuracy": True}, "learning": {"tau_x": 2, "tau_theta": 6}},
    ),
    "absolute error": ("parity4", {"cost": {"loss": "absolute_error"}, "learning": {"tau_theta": 3}}),
    "hinge of one": (
        "xor",
        {"network": LOGITS, "cost": {"loss": "hinge"}, "learning": {"updates": "delayed"}},
    ),
    "hinge of four": ("nist7x7", {"network": LOGITS, "cost": {"loss": "hinge", "margin": 0.7}}),
    "cross-entropy of one": (
        "xor",
        {"network": LOGITS, "cost": {"loss": "cross_entropy"}, "learning": {"updates": "delayed"}},
    ),
    "cross-entropy of four": ("nist7x7", {"network": LOGITS, "cost": {"loss": "cross_entropy"}}),
    "analog": ("xor", {"learning": {"algorithm": "analog", "tau_x": 4, "follow": 4, "rate": 0.25}}),
    "analog, no low-pass, no shadow": (
        "parity4",
        {"learning": {"algorithm": "analog", "tau_x": 5, "tau_hp": 6.0}, "perturbation": {"family": "walsh"}},
    ),
    "analog, everything saturates": (
        "xor",
        {
            "formats": TIGHT | {"cost_change": "SQ(1, 8)"},
            "network": {"initial": 0.5, "activation": "relu"},
            "learning": ANALOG_WINDOWS | {"rate": 1.0, "rounding": "floor", "tau_hp": 30.0},
            "engine": {"leaves": "yes"},
        },
    ),
    "momentum, noise of updates, annealed": (
        "xor",
        {
            "learning": {"follow": 2, "tau_theta": 2, "rate": 1.0, "anneal_every": 300},
            "imperfections": {"update_noise": 0.01, "update_noise_kind": "independent"},
        },
    ),
    "momentum, windows": ("xor", {"learning": WINDOWS | {"follow": 3, "measure": "two_sided"}}),
    "serial": ("xor", {"engine": SERIAL}),
    "serial, walsh, two-sided": (
        "parity4",
        {"engine": SERIAL, "perturbation": {"family": "walsh"}, "learning": {"measure": "two_sided"}},
    ),
    "serial, sequential, two-sided": (
        "xor",
        {
            "engine": SERIAL,
            "perturbation": {"family": "sequential"},
            "learning": {"measure": "two_sided", "tau_x": 5},
        },
    ),
    "serial, leaves, held": (
        "xor",
        {
            "engine": SERIAL | {"leaves": "yes"},
            "learning": {"tau_x": 6, "tau_p": 4, "tau_theta": 2, "rounding": "stochastic", "rate": 0.03125},
        },
    ),
    "serial, everything saturates": (
        "xor",
        {
            "engine": SERIAL,
            "formats": TIGHT,
            "network": {"initial": 0.5, "activation": "relu"},
            "learning": {"rate": 1.0, "rounding": "floor", "tau_p": 4},
        },
    ),
    "serial, words as inputs, three bits of guard": (
        "parity3",
        {
            "network": {"layers": [3, 5, 3, 1], "activation": ["tanh", "relu", "sigmoid"]},
            "engine": SERIAL,
            "task": {"source": "stream"},
            "formats": {
                "input": "SQ(2, 3)",
                "target": "SQ(2, 2)",
                "parameter": "SQ(5, 5)",
                "cost_change": "SQ(2, 7)",
            },
        },
    ),
    "serial, letters": ("nist7x7", {"engine": SERIAL}),
}


def _configuration(name: str) -> TrainerConfig:
    base, changes = CONFIGURATIONS[name]
    if base == "parity3":
        task = {"name": "parity3", **changes.get("task", {})}
        return preset("parity4").replaced(**{**changes, "task": task})
    return preset(base).replaced(**changes)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_equals_the_twin(name, tmp_path_factory):
    """Thousands of steps of two seeds, every state of every step."""
    config = _configuration(name)
    steps = 500 if config.parameters > 100 else 3000
    build = tmp_path_factory.getbasetemp().parent / "verilated"
    result = compare(
        config,
        trainer_design(trainer_files(config)),
        steps,
        seeds=[1, 2],
        samples=port_samples(config),
        perturbations=port_codes(config),
        build_dir=build,
    )
    assert result.difference is None, str(result)
    assert result.steps == steps
    assert result.states >= 2 * steps * (config.coded + config.parameters + 6)


SEEDS = (0, 1, 2, 0x12345679, 0x2468ACE0, 1 << 30, (1 << 31) - 2, (1 << 31) - 1)


@pytest.mark.parametrize("name", ["sparse, stochastic, noisy costs", "decay, clamped, noise of updates"])
def test_every_seed(name, tmp_path_factory):
    """Every seed register with every odd case of a seed, even ones and those without any one or any zero.

    All of a circuit have the same value; but the signs of noise have the next one, or they would be those of
    the codes.
    """
    config = _configuration(name)
    heard = [register.name for register in REGISTERS if register.name in ALL_SEEDS and register.there(config)]
    registers = [
        config.registers(
            **dict.fromkeys(heard, seed)
            | ({"seed_noise_code": SEEDS[number - 2]} if "seed_noise_code" in heard else {})
        )
        for number, seed in enumerate(SEEDS)
    ]
    record = Trainer(config, registers).run(40, record=True)
    build = tmp_path_factory.getbasetemp().parent / "verilated"
    with RtlTrainer(config, trainer_design(trainer_files(config)), registers[0], build_dir=build) as circuit:
        for replica, each in enumerate(registers):
            circuit.start(each)
            difference = first_difference(states(record, replica), circuit.run(40))
            assert difference is None, f"{SEEDS[replica]}: {difference}"


def _some(register: Register, config: TrainerConfig, rng: np.random.Generator) -> int:
    """A legal value; of times and counters a small one, so that a short run sees them turn."""
    legal = register.legal(config)
    if register.name.startswith("tau_") or register.name.endswith("_every"):
        legal = range(legal[0], 9)
    return legal[int(rng.integers(len(legal)))]


@pytest.mark.parametrize(
    "name",
    [
        "an amplitude that halves twice, annealed, clamped, early enables",
        "an amplitude that halves, windows, two-sided, walsh, some still, gated",
        "decay, clamped, noise of updates",
        "layer by layer, windows, two-sided",
        "node by node, signs, walsh, two-sided windows, leaves",
    ],
)
def test_legal_registers(name, tmp_path_factory):
    """Whatever the table calls legal the circuit follows as the twin does, with or without shadow."""
    config, rng = _configuration(name), np.random.default_rng(len(name))
    there = [register for register in REGISTERS if register.there(config)]
    build = tmp_path_factory.getbasetemp().parent / "verilated"
    tried: list[Registers] = []
    with RtlTrainer(
        config, trainer_design(trainer_files(config)), config.registers(), build_dir=build
    ) as circuit:
        while len(tried) < 8:
            try:
                registers = config.registers(**{each.name: _some(each, config, rng) for each in there})
            except ConfigError:  # legal one by one, but not together
                continue
            tried.append(registers)
            record = Trainer(config, [registers]).run(60, record=True)
            circuit.start(registers)
            difference = first_difference(states(record), circuit.run(60))
            assert difference is None, f"{registers}: {difference}"


def test_an_array_wider_than_a_module(monkeypatch, tmp_path_factory):
    """As if a module took 200 bits: array and network, 225 bits each, are parts of the core's text."""
    monkeypatch.setattr("mgd_hdl.hierarchy._MOST_BITS", 200)
    config = preset("parity4")
    files = trainer_files(config)
    verilog = files[f"{config.name}.v"]
    modules = re.findall(r"(?m)^module (\w+)\(", verilog)
    parts = {f"{config.name}_core_array", f"{config.name}_core_network"}
    assert parts < set(modules)
    assert not {f"{config.name}_array", f"{config.name}_mlp"} & set(modules)
    assert f"// All learning elements of the trainer.\nmodule {config.name}_core_array(" in verilog
    build = tmp_path_factory.getbasetemp().parent / "verilated"
    result = compare(config, trainer_design(files), 500, seeds=[1], build_dir=build)
    assert result.difference is None, str(result)


@pytest.mark.parametrize(
    "registers",
    [
        {"tau_x": 36, "tau_p": 1, "tau_theta": 9},
        {"tau_x": 1, "tau_p": 1, "tau_theta": 1},
        {"tau_x": 4, "tau_p": 4, "tau_theta": 16},
        {"tau_x": 2, "tau_p": 3, "tau_theta": 5, "learning_shift": 3},
    ],
    ids=["finite differences", "every step", "mini-batch", "nothing divides"],
)
@pytest.mark.parametrize("family", ["sequential", "random_code"])
def test_one_circuit_many_registers(family, registers, tmp_path_factory):
    """Finite differences, coordinate descent, SPSA and mini-batches are settings of one circuit."""
    config = preset("xor").replaced(perturbation={"family": family}, engine={"shadow": "yes"})
    build = tmp_path_factory.getbasetemp().parent / "verilated"
    design = trainer_design(trainer_files(config))
    result = compare(config, design, 3000, seeds=[4], build_dir=build, **registers)
    assert result.difference is None, str(result)
