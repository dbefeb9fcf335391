"""Delayed updates of a bank: sweeps that begin before the step before has brought its update."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, load, preset
from mgd_hdl.emit import trainer_files
from mgd_sim.compare import compare, first_difference, states
from mgd_sim.control.sequencer import plan, references
from mgd_sim.fixed import Ints
from mgd_sim.rtl import trainer_design
from mgd_sim.trainer import Trainer
from mgd_sim.watch import port_samples
from testbenches.test_bank import spoiled
from testbenches.test_delayed import Both, rhythm, streamed

LETTERS = Path(__file__).parents[1] / "examples" / "31_letters_on_a_bank.toml"
NODES: dict[str, Any] = {"granularity": "node"}


def ahead(lanes: int, layers: list[int], **sections: dict[str, Any]) -> TrainerConfig:
    """XOR, or any samples of other networks, from a port."""
    task = {"source": "stream"} if (layers[0], layers[-1]) == (2, 1) else {"name": "external"}
    # A rate at which the network sees most updates.
    sections["learning"] = {"updates": "delayed", "rate": 1.0, **sections.get("learning", {})}
    return preset("xor").replaced(
        engine={"kind": "bank", "lanes": lanes, **sections.pop("engine", {})},
        network={"layers": layers, **sections.pop("network", {})},
        task={"source": "stream", **task},
        **sections,
    )


WALSH = {"family": "walsh"}
MANY = {"stages": "many"}
WINDOWS = {"tau_x": 8, "tau_p": 4, "tau_theta": 2}
#: Shapes, codes, losses, ways of time; clocks of a step by hand where they are simple: the last word of a
#: sweep, ``n + 8 + 2 (h + 1)`` of n inputs and h hidden neurons on lanes enough, and one with random codes.
CASES: dict[str, tuple[TrainerConfig, Fraction | int | None]] = {
    "two layers, groups, a held sample": (
        ahead(2, [2, 5, 1], perturbation=WALSH, learning=WINDOWS),
        None,
    ),
    "three layers, random, two-sided": (
        ahead(3, [2, 5, 4, 1], learning={"measure": "two_sided"}, engine=MANY),
        None,
    ),
    "xor": (ahead(2, [2, 2, 1], perturbation=WALSH), 2 + 8 + 2 * 3),
    "random": (ahead(3, [2, 3, 1]), 2 + 2 + 8 + 2 * 4 + 1),
    "sequential, one lane": (ahead(1, [2, 3, 1], perturbation={"family": "sequential"}), None),
    # Two steps in the time that one takes without: words, drain, loss, update.
    "one layer": (ahead(2, [2, 1], perturbation=WALSH), Fraction(18 + 2 + 2, 2)),
    "a layer again": (ahead(1, [1, 1, 1], perturbation=WALSH), None),
    "outputs in groups": (
        ahead(2, [4, 3, 5], perturbation=WALSH, learning={"measure": "two_sided", "tau_p": 2}),
        None,
    ),
    "cross-entropy": (
        ahead(
            3,
            [2, 3, 1],
            cost={"loss": "cross_entropy"},
            network={"activation": ["tanh", "linear"]},
            engine=MANY,
        ),
        None,
    ),
    "gate, noise, annealing": (
        ahead(
            2,
            [2, 3, 1],
            cost={"gate": 0.001, "limit": 0.25},
            imperfections={"cost_noise": 0.01},
            learning={"anneal_every": 50, "rounding": "stochastic", "tau_p": 2, "tau_theta": 2},
            perturbation=WALSH,
        ),
        None,
    ),
    "nodes, two layers": (
        ahead(2, [2, 5, 1], perturbation={**WALSH, **NODES}, formats={"parameter": "SQ(5, 14)"}),
        None,
    ),
    "nodes, three layers, random, held": (
        ahead(
            3,
            [2, 5, 3, 1],
            perturbation={**NODES, "resolution": 5},
            formats={"parameter": "SQ(5, 17)"},
            network={"activation": "tanh"},
            learning={"measure": "two_sided", "tau_p": 2, "tau_theta": 2, "tau_x": 2},
        ),
        None,
    ),
}
#: Their outputs are soon at the ends of what there is, so that no update is seen.
STILL = ("outputs in groups", "cross-entropy", "nodes, three layers, random, held")
#: Those that a plain run tries.
FEW = (*tuple(CASES)[:2], "one layer")
ROWS = [pytest.param(name, marks=[] if name in FEW else pytest.mark.only_all) for name in CASES]


@pytest.fixture
def build(tmp_path_factory) -> Path:
    return tmp_path_factory.getbasetemp().parent / "verilated"


@pytest.mark.parametrize("name", ROWS)
def test_steps_are_those_of_the_twin(name, build):
    """At full speed, in the clocks of the schedule; with late samples; and behind pauses of any length."""
    config, clocks = CASES[name]
    both = Halting(config, build, streamed(config, 7))
    assert clocks in (None, config.timing.clocks_per_step)
    both.train(20)
    assert both.train(200) == config.timing.clocks_per_step
    both.again()
    both.paced(rhythm(len(name)))
    both.train(3)
    for clocks in range(8):  # before all is learned, or a neuron is at its end
        both.halt(clocks * int(config.timing.clocks_per_step))
    both.train(100)
    assert both.paused < 8  # some were too short
    assert both.paused or name in STILL
    both.circuit.close()


class Halting(Both):
    """Both, and how many pauses were long enough for a sweep that goes by itself."""

    paused = 0

    def again(self) -> None:
        """Both at step 0."""
        self.circuit.start(self.circuit.registers)
        self.twin = Trainer(self.config, [self.circuit.registers], samples=self.samples)

    def halt(self, clocks: int) -> None:
        """``run`` is low for so many clocks. As long as no sweep went by itself nothing happened; as soon as
        one did, the step that follows sees all updates, and measures its reference.
        """
        self.circuit.model.set(run=0)
        self.circuit.look(1 + clocks)
        self.circuit.model.set(run=1)
        found = self.circuit.run(12)
        for begun in (12, *range(12)):  # it made no difference; or it came behind so many steps
            twin = self.twin.clone()
            record = [states(twin.run(begun, record=True))] if begun else []
            if begun < 12:
                twin.pause()
                record.append(states(twin.run(12 - begun, record=True)))
            whole = {key: np.concatenate([part[key] for part in record]) for key in found}
            if first_difference(whole, found) is None:
                self.twin, self.paused = twin, self.paused + (begun < 12)
                return
        raise AssertionError(f"no pause after {self.twin.step} steps explains what follows")


@pytest.mark.parametrize("name", FEW)
def test_at_the_end_of_a_run_all_updates_are_in_the_memories(name, build):
    """Where no step follows sweeps go by themselves, until ``busy`` is low."""
    config, _ = CASES[name]
    both = Both(config, build, streamed(config, 7))
    both.train(5)
    both.circuit.pause()
    both.follow(both.circuit.run(both.circuit.ended - 5))
    words = config.timing.sweep
    assert words is not None
    model = both.circuit.model
    assert not model.get("busy")
    before = model.clocks
    both.circuit.look(4 * words.answered)
    assert model.clocks > before
    assert both.circuit.ended == both.twin.step  # nothing else ends: all were done
    both.circuit.close()


@pytest.mark.only_all
@pytest.mark.parametrize("name", CASES)
def test_no_word_that_counts_is_read_while_it_is_written(name, build):
    """As the attribute of the memories says, however close sweeps are."""
    config, _ = CASES[name]
    result = compare(
        config,
        trainer_design(spoiled(trainer_files(config))),
        300,
        samples=streamed(config, 7),
        build_dir=build,
    )
    assert result.difference is None, str(result)


# ---- which update meets which step ------------------------------------------------------------------


def seen(config: TrainerConfig, steps: int) -> tuple[Ints, Ints, Ints]:
    """T before step 0 and after each step, and what each step sees of it."""
    twin = Trainer(config, [3], samples=streamed(config, 7))
    start = twin.theta
    record = twin.run(steps, record=True)
    assert record is not None
    return start[0], record.theta[:, 0], record.visible[:, 0]


def test_a_step_sees_what_the_step_before_the_last_has_changed():
    """T after step n - 2, whatever ended in between."""
    config = CASES["two layers, groups, a held sample"][0]
    start, theta, visible = seen(config, 40)
    guard = config.words.guard_bits
    for n in range(40):
        past = theta[n - 2] if n >= 2 else start
        assert (visible[n] == past >> guard).all(), n
    assert len(np.unique(theta, axis=0)) > 10
    # An array that takes the same steps in the same order differs as soon as an update is seen.
    exact = config.replaced(learning={"updates": "exact"})
    assert (seen(exact, 40)[2] != visible).any()


@pytest.mark.parametrize("tau", [(8, 4, 2), (5, 3, 3), (1, 1, 1), (6, 4, 4), (7, 10, 5), (3, 2, 1)])
def test_references_are_counted(tau):
    """Those of the plan, one by one: of a new sample, and where parameters that a step sees have changed."""
    config = CASES["xor"][0].replaced(learning=dict(zip(("tau_x", "tau_p", "tau_theta"), tau, strict=True)))
    registers = config.registers()
    measured = plan(config, registers, 0, 200).reference
    for n in range(200):
        changed = any((n - 1) % each == 0 for each in tau[1:])
        assert measured[n] == (n % tau[0] == 0 or changed)
        assert references(config, registers, n) == measured[:n].sum()


# ---- letters ----------------------------------------------------------------------------------------


def letters() -> TrainerConfig:
    return load(LETTERS).replaced(learning={"updates": "delayed"})


@pytest.mark.only_all
def test_letters_for_long(build):
    """The circuit is its twin until long after it has learned."""
    config = letters()
    design = trainer_design(trainer_files(config))
    result = compare(config, design, 100_000, seeds=[1], samples=port_samples(config), build_dir=build)
    assert result.difference is None, str(result)
    assert result.steps == 100_000
