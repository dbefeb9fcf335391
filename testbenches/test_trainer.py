"""The whole trainer: state for state the twin's, under two simulators, in every kind of configuration."""

from __future__ import annotations

import json
import re
from functools import partial

import numpy as np
import pytest

from mgd_hdl.config import REGISTERS, ConfigError, Register, Registers, TrainerConfig, preset, shown_states
from mgd_hdl.config import SEEDS as ALL_SEEDS
from mgd_hdl.emit import trainer_files
from mgd_sim.compare import compare, first_difference, states
from mgd_sim.perturb.external import port_codes
from mgd_sim.retry import trainer as retrying
from mgd_sim.rtl import RtlError, RtlTrainer, expanded, simulate, trainer_design
from mgd_sim.rtl.bugs import inject
from mgd_sim.trainer import Trainer
from mgd_sim.watch import port_samples
from testbenches.catalogue import (
    ANALOG_WINDOWS,
    BANK,
    JUDGED,
    SERIAL,
    TIGHT,
    WINDOWS,
    configuration,
    enough,
    named,
)
from testbenches.warm import simulator as warm


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
        (BANK | {"task": {"source": "stream"}, "learning": {"tau_p": 2, "tau_x": 3}}, "icarus"),
        (
            {
                "engine": {"kind": "bank", "lanes": 2, "sample": "memory"},
                "task": {"source": "stream"},
                "learning": {"tau_x": 2},
            },
            "icarus",
        ),
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
        "bank stream",
        "bank stream, input by input",
    ],
)
def test_under_cocotb(changes, simulator, tmp_path):
    config = preset("xor").replaced(**changes)
    files = trainer_files(config)
    sidecar = json.loads(files[f"{config.name}.ports.json"])
    start = partial(simulate, simulator=simulator) if simulator == "verilator" else warm.simulate
    start(
        files[f"{config.name}.v"],
        config.name,
        "testbenches.bench_trainer",
        tmp_path,
        parameters={
            "config": config.model_dump(mode="json"),
            "attached": config.attached.packed(),
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
        "attached": config.attached.packed(),
        "states": [*expanded(sidecar["states"])],
        "steps": 20,
    }
    with pytest.raises(RtlError, match="tests failed"):
        warm.simulate(
            design.verilog, config.name, "testbenches.bench_trainer", tmp_path, parameters=parameters
        )


@pytest.mark.parametrize("name", enough(named("trainer")))
def test_equals_the_twin(name, tmp_path_factory):
    """Thousands of steps of two seeds, every state of every step."""
    config = configuration(name)
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
    shown = {state.name: state.count(config) for state in shown_states(config)}
    assert result.states >= 2 * steps * (shown.get("code", 0) + config.parameters + 6)
    assert "code" in shown or config.timing.sweep is not None


def test_flags_begin_anew_with_each_try(tmp_path_factory):
    """What was limited in one try is not told of the next; wherever a run is cut."""
    config = preset("xor").replaced(
        network={"activation": ["sigmoid", "linear"]},
        formats={"cost_change": "SQ(1, 9)"},
        learning={"rate": 0.25, "rounding": "floor"},
        judge=JUDGED | {"retry": 20, "limit": 0.02},
    )
    twin, registers = retrying(config, [1]), config.registers(1)
    build = tmp_path_factory.getbasetemp().parent / "verilated"
    with RtlTrainer(config, trainer_design(trainer_files(config)), registers, build_dir=build) as circuit:
        flags = []
        for steps in (15, 5, 1, 39, 60, 1, 120):
            expected, found = twin.run(steps, record=True), circuit.run(steps)
            assert first_difference(states(expected), found, twin.step - steps) is None
            flags += found["flags"].tolist()
    falls = np.flatnonzero(np.diff(np.array(flags, int)) < 0) + 1
    assert len(falls) > 1
    assert (falls % 20 == 0).all()


SEEDS = (0, 1, 2, 0x12345679, 0x2468ACE0, 1 << 30, (1 << 31) - 2, (1 << 31) - 1)


@pytest.mark.parametrize("name", ["sparse, stochastic, noisy costs", "decay, clamped, noise of updates"])
def test_every_seed(name, tmp_path_factory):
    """Every seed register with every odd case of a seed, even ones and those without any one or any zero.

    All of a circuit have the same value; but the signs of noise have the next one, or they would be those of
    the codes.
    """
    config = configuration(name)
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
    config, rng = configuration(name), np.random.default_rng(len(name))
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
    parts = {f"{config.name}__core_array", f"{config.name}__core_network"}
    assert parts < set(modules)
    assert not {f"{config.name}__array", f"{config.name}__mlp"} & set(modules)
    assert f"// All learning elements of the trainer.\nmodule {config.name}__core_array(" in verilog
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
