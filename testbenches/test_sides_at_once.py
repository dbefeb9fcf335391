"""A bank that makes both sides of a measurement in one pass: it learns as one whose sides take turns."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import trainer_files
from mgd_sim.compare import compare, first_difference
from mgd_sim.fixed import Ints
from mgd_sim.rtl import RtlTrainer, trainer_design
from mgd_sim.watch import port_samples
from mgd_synth import banks
from testbenches.test_bank import spoiled
from testbenches.test_delayed import streamed

ONE = {"sides": "at_once"}
TWO = {"sides": "at_once", "curves": "two"}
WALSH = {"family": "walsh"}
TWO_SIDED = {"measure": "two_sided"}


def once(how: dict[str, Any], lanes: int, layers: list[int], **sections: dict[str, Any]) -> TrainerConfig:
    """XOR, or any samples of other networks, from a port."""
    task = {} if (layers[0], layers[-1]) == (2, 1) else {"name": "external"}
    return preset("xor").replaced(
        engine={"kind": "bank", "lanes": lanes, **how, **sections.pop("engine", {})},
        network={"layers": layers, **sections.pop("network", {})},
        task={"source": "stream", **task, **sections.pop("task", {})},
        **sections,
    )


#: One curve and two; groups that fill the lanes and do not; all codes, losses and ways of time.
CASES: dict[str, TrainerConfig] = {
    "random, two-sided, three layers": once(ONE, 3, [2, 5, 4, 1], learning=TWO_SIDED),
    "walsh, delayed, batches": once(
        TWO,
        2,
        [2, 3, 1],
        perturbation=WALSH,
        learning={"updates": "delayed", "rate": 1.0, "tau_x": 1, "tau_p": 4, "tau_theta": 4},
    ),
    "classes, clamped, random, delayed": once(
        ONE,
        2,
        [4, 3, 5],
        cost={"loss": "cross_entropy"},
        network={"activation": ["tanh", "linear"]},
        learning={**TWO_SIDED, "updates": "delayed"},
        engine={"stages": "many"},
    ),
    "nodes, two curves": once(
        TWO,
        2,
        [2, 5, 1],
        perturbation={**WALSH, "granularity": "node"},
        formats={"parameter": "SQ(5, 17)"},
        learning=TWO_SIDED,
    ),
    "sequential": once(ONE, 2, [2, 3, 2, 1], perturbation={"family": "sequential"}),
    "sequential, two-sided": once(
        TWO, 3, [2, 5, 1], perturbation={"family": "sequential"}, learning=TWO_SIDED
    ),
    "an eighth shaken": once(ONE, 3, [2, 5, 1], perturbation={"share": 0.125}, learning=TWO_SIDED),
    "layer by layer": once(
        TWO, 2, [2, 5, 3, 1], perturbation={**WALSH, "granularity": "layer"}, learning=TWO_SIDED
    ),
    "nodes, delayed, three layers": once(
        ONE,
        3,
        [2, 5, 3, 1],
        perturbation={"granularity": "node", "resolution": 5},
        formats={"parameter": "SQ(5, 17)"},
        network={"activation": "tanh"},
        learning={**TWO_SIDED, "updates": "delayed", "tau_p": 2, "tau_theta": 2, "tau_x": 2},
    ),
    "single ports": once(ONE, 2, [2, 6, 3, 1], engine={"memory": "single_port"}, learning=TWO_SIDED),
    "noise, gate, annealing, delayed": once(
        ONE,
        1,
        [2, 3, 1],
        perturbation=WALSH,
        cost={"gate": 0.001, "limit": 0.25},
        imperfections={"cost_noise": 0.01},
        learning={"updates": "delayed", "anneal_every": 50, "rounding": "stochastic"},
    ),
    "one hidden neuron": once(ONE, 2, [2, 1, 1], perturbation=WALSH, learning={"updates": "delayed"}),
    "hinge, groups of outputs": once(
        TWO, 2, [4, 5, 5], cost={"loss": "hinge"}, network={"activation": ["sigmoid", "linear"]}
    ),
}
#: Those that a plain run tries.
FEW = tuple(CASES)[:4]
ROWS = [pytest.param(name, marks=[] if name in FEW else pytest.mark.only_all) for name in CASES]


@pytest.fixture
def build(tmp_path_factory) -> Path:
    return tmp_path_factory.getbasetemp().parent / "verilated"


def samples_of(config: TrainerConfig) -> Any:
    return streamed(config, 7) if config.task.name == "external" else port_samples(config)


def learned(config: TrainerConfig, build: Path, steps: int) -> tuple[dict[str, Ints], float]:
    """All states after each step, and the clocks of a step."""
    design = trainer_design(trainer_files(config))
    with RtlTrainer(
        config, design, config.registers(3), samples=samples_of(config), build_dir=build
    ) as circuit:
        circuit.run(2)
        before = circuit.model.clocks
        found = circuit.run(steps)
        return found, (circuit.model.clocks - before) / steps


@pytest.mark.parametrize("name", ROWS)
def test_it_learns_as_by_turns(name, build):
    """Circuit against circuit, no twin: the same states after each step, in fewer clocks or in as many as the
    schedule says.
    """
    config = CASES[name]
    turns = config.replaced(engine={"sides": "by_turns", "curves": "one"})
    at_once, clocks = learned(config, build, 200)
    by_turns, _ = learned(turns, build, 200)
    assert first_difference(by_turns, at_once) is None
    assert (at_once["theta"][0] != at_once["theta"][-1]).any()
    assert clocks == pytest.approx(float(config.timing.clocks_per_step), abs=0.5)


@pytest.mark.parametrize("name", ROWS)
def test_it_is_its_twin(name, build):
    """Though no word can be read in the clock in which it is written."""
    config = CASES[name]
    design = trainer_design(spoiled(trainer_files(config)))
    result = compare(config, design, 400, samples=samples_of(config), build_dir=build)
    assert result.difference is None, str(result)


def test_lanes_are_used():
    """196-32-10 on 16 lanes: 394 words, seven clocks on the way between the layers, 33 words; the bound is
    6,634 / 16.
    """
    config = banks.network("196-32-10", 16, updates="delayed", curves=1)
    assert config.timing.clocks_per_step == 394 + 7 + 33
    assert banks.bound(config) / config.timing.clocks_per_step > Fraction(95, 100)
    multipliers = multiplied(trainer_files(config)["swept.v"])
    assert len(multipliers) == 16 + 10 + 1 + 1


def multiplied(text: str) -> list[str]:
    """Products of the emitted circuit, one a line; no block that has one is placed twice."""
    return [line for line in text.splitlines() if re.search(r"\) \* \$signed|\w \* \w", line)]
