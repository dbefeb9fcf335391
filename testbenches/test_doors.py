"""What works beside training: inputs are answered while it is paused, and between its steps, as by a twin."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.config.engines import ENGINES
from mgd_hdl.emit import trainer_files
from mgd_sim.compare import first_difference, states
from mgd_sim.fixed import Ints
from mgd_sim.retry import trainer
from mgd_sim.rtl import RtlTrainer, trainer_design
from mgd_sim.tasks import Dataset
from mgd_sim.watch import port_samples
from mgd_synth import doors
from testbenches.catalogue import configuration, named

SEED = 5
#: Those that a plain run tries.
FEW = (
    "two-sided, early enables",
    "serial, two-sided, leaves, words as inputs",
    "sinusoidal, analog, followed",
    "a bank, two-sided",
    "a bank, nodes",
    "a bank, samples in a memory",
    "a bank, samples in a memory, both sides at once, delayed",
)


class Both:
    """Circuit and twin side by side."""

    def __init__(self, config: TrainerConfig, build: Path, samples: Dataset | None = None):
        self.config, self.samples = config, samples or port_samples(config)
        self.circuit = RtlTrainer(
            config,
            trainer_design(trainer_files(config)),
            config.registers(SEED),
            samples=self.samples,
            build_dir=build,
        )
        self.begin()

    def begin(self) -> None:
        """Both at step 0."""
        self.circuit.start(self.config.registers(SEED))
        self.twin = trainer(self.config, [SEED], samples=self.samples)

    def train(self, steps: int) -> None:
        """All states of so many steps are equal."""
        expected, found = self.twin.run(steps, record=True), self.circuit.run(steps)
        difference = first_difference(states(expected), found, self.twin.step - steps)
        assert difference is None, str(difference)

    def pause(self) -> None:
        """Steps that have begun are done in both."""
        self.circuit.pause()
        self._follow()

    def _follow(self) -> None:
        """The twin makes the steps that the circuit made; delayed updates notice the pause."""
        expected = self.twin.run(self.circuit.ended - self.twin.step, record=True)
        found = self.circuit.run(len(expected.cost))
        difference = first_difference(states(expected), found)
        assert difference is None, str(difference)
        if self.config.delayed:
            self.twin.pause()

    def between_steps(self, x: Ints, rng: np.random.Generator) -> None:
        """While training goes on, every answer is that of the parameters behind the step before it."""
        circuit, expected = self.circuit, []
        circuit.ask(x, offers=rng.integers(0, 2, 97), takes=rng.integers(0, 2, 89))
        while circuit.answered < len(x):
            circuit.look(1)
            if self.asked > len(expected):
                self._follow()
                expected.append(self.twin.infer(x[len(expected)][None])[0, 0])
        np.testing.assert_array_equal(circuit.answers(), expected)

    @property
    def asked(self) -> int:
        """Inputs whose answers are those of the parameters as they now are, or were: the network has begun
        with them. Of numbers that wait in a page nothing tells when it does, but no step ends until the
        answer is there.
        """
        if not self.config.paged:
            return self.circuit.model.fed("i_infer")
        return self.circuit.answered + self.circuit.model.get("o_infer__valid")

    def still(self, x: Ints, rng: np.random.Generator) -> None:
        """Paused, with late inputs and a slow reader."""
        self.circuit.ask(x, offers=rng.integers(0, 2, 97), takes=rng.integers(0, 2, 89))
        while self.circuit.answered < len(x):
            self.circuit.look(1)
        np.testing.assert_array_equal(self.circuit.answers(), self.twin.infer(x)[0])

    def fast(self, x: Ints) -> None:
        """Paused, with nobody in the way: an input whenever the cells are free, each answer two clocks after
        it came from the network; where it comes one number a clock, it is on its way for as many.
        """
        timing, circuit = self.config.timing, self.circuit
        if timing.sweep:
            circuit.look(timing.sweep.answered)  # the sweep that ended the last step is over
        circuit.ask(x)
        latency = timing.sweep.answered if timing.sweep else timing.answer_latency
        latency += self.config.inputs if self.config.paged else 0
        circuit.look((len(x) - 1) * timing.answer_beat + latency + 2)
        assert circuit.answered == len(x) - 1
        circuit.look(1)
        np.testing.assert_array_equal(circuit.answers(), self.twin.infer(x)[0])


def inputs(config: TrainerConfig, rng: np.random.Generator, count: int) -> Ints:
    """Any inputs."""
    given = config.formats.input
    return rng.integers(given.min, given.max + 1, (count, config.inputs))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name.removeprefix("inference: ") in FEW else pytest.mark.only_all)
        for name in named("inference")
    ],
)
def test_inference(name, tmp_path_factory):
    """Answers equal the twin's, and training equals what it is without them, in every state."""
    config, rng = configuration(name), np.random.default_rng(len(name))
    goes_by_turns(Both(config, tmp_path_factory.getbasetemp().parent / "verilated"), rng)


def test_inference_of_one_input_in_a_memory(tmp_path_factory):
    """Each word is an input, and a ``first``; biases alone are shaken; memories have one port."""
    config = TrainerConfig.build(
        {
            "network": {"layers": [1, 3, 2], "inference": "yes"},
            "engine": {"kind": "bank", "lanes": 2, "memory": "single_port", "sample": "memory"},
            "task": {"name": "external", "source": "stream"},
            "perturbation": {"granularity": "node"},
            "formats": {"parameter": "SQ(5, 14)", "input": "SQ(1, 3)"},
        }
    )
    rng = np.random.default_rng(1)
    samples = Dataset(inputs(config, rng, 9), rng.integers(0, 2, (9, 2)))
    goes_by_turns(Both(config, tmp_path_factory.getbasetemp().parent / "verilated", samples), rng)


def goes_by_turns(both: Both, rng: np.random.Generator) -> None:
    """Trains, asks and begins anew, in all orders."""
    config = both.config
    both.train(7)
    if not config.retries:  # the twin ends a try at once, the circuit when it has answered
        both.between_steps(inputs(config, rng, 20), rng)
    both.train(40)
    both.pause()
    both.fast(inputs(config, rng, 50))
    both.still(inputs(config, rng, 50), rng)
    both.train(11)
    # A start forgets what is under way, wherever that is.
    for clocks in (1, 9, 40):
        both.circuit.ask(inputs(config, rng, 20))
        both.circuit.look(clocks)
        both.begin()
        again = inputs(config, rng, 3)  # in place of those that are left
        if config.delayed and not config.retries:
            both.between_steps(again, rng)
        else:
            both.circuit.ask(again)
        both.train(4)
        both.pause()
        assert both.circuit.answered == 3
        both.fast(inputs(config, rng, 4))
    both.circuit.close()


#: Rows of the page's table of clocks.
TIMES = {
    "exact": {},
    "exact, leaves": {"engine": {"leaves": "yes"}},
    "exact, a shadow, windows of 4": {"engine": {"shadow": "yes"}, "learning": {"tau_theta": 4}},
    "delayed": {"learning": {"updates": "delayed"}},
    "serial cells": {"engine": {"cell": "serial"}},
}


@pytest.mark.parametrize("row", [pytest.param(row, marks=pytest.mark.only_all) for row in TIMES])
def test_clocks_of_the_page(row, tmp_path_factory):
    """What an answer takes, and what it costs the training that goes on."""
    page = (Path(__file__).parents[1] / "docs/trainer.md").read_text("utf-8")
    (line,) = re.findall(rf"(?m)^\| {row} \| ([\d.]+) \| (\d+) \| ([\d.]+) \| (\d+) \|$", page)
    config = preset("xor").replaced(network={"inference": "yes"}, **TIMES[row])
    build = tmp_path_factory.getbasetemp().parent / "verilated"
    x = np.zeros((400, 2), int)
    with RtlTrainer(
        config, trainer_design(trainer_files(config)), config.registers(), build_dir=build
    ) as circuit:

        def clocks_of_a_step() -> float:
            circuit.run(8)
            before = circuit.model.clocks
            circuit.run(200)
            return (circuit.model.clocks - before) / 200

        alone = clocks_of_a_step()
        circuit.ask(x)
        beside = clocks_of_a_step()
        assert circuit.answered < len(x)
        circuit.pause()
        while circuit.answered < len(x):
            circuit.look(1)
        circuit.ask(x[:1])
        taken = circuit.model.clocks
        while not circuit.answered:
            circuit.look(1)
        answer = circuit.model.clocks - 1 - taken
        circuit.ask(x)
        before = circuit.model.clocks
        while circuit.answered < len(x):
            circuit.look(1)
        each = (circuit.model.clocks - before - answer - 1) / (len(x) - 1)
    assert line == (f"{answer}", f"{each:g}", f"{alone:g}", f"{beside:.0f}")


def test_inputs_go_first():
    """As the page says: commands wait for a gap between inputs, and training for the commands."""
    config = preset("xor").replaced(network={"inference": "yes"}, engine={"access": "yes"})
    with RtlTrainer(config, trainer_design(trainer_files(config)), config.registers()) as circuit:
        for clocks, come in ((14, False), (15, True)):
            circuit.start(config.registers())
            circuit.run(5)
            circuit.ask(np.zeros((1000, 2), int), offers=[1] + [0] * (clocks - 1))
            circuit.look(100)
            before = circuit.ended
            circuit.command([(0, None), (1, None)])
            circuit.look(2000)
            assert circuit.replied == 2 * come
            assert (circuit.ended - before > 1) == come  # one had begun


def test_what_a_door_costs_is_measured_for_every_engine():
    """Of trainers that differ in nothing else."""
    found = set()
    for door, engine in product(doors.DOORS, doors.ENGINES):
        plain, more = doors.pair(door, engine)
        assert (plain.doors, more.doors) == (False, True)
        assert plain.registers() == more.registers()
        found.add(plain.facts.name)
    assert found == set(ENGINES) - {"bank", "outside bank"}  # whose doors are not in the table
