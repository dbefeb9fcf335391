"""Parameters read and written beside training: circuit and twin hold the same, before, meanwhile, after."""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig
from mgd_sim.control.access import reachable
from mgd_sim.fixed import Ints
from testbenches.catalogue import configuration, named
from testbenches.test_doors import Both

#: Those that a plain run tries.
FEW = ("windows", "serial, two-sided, leaves", "sinusoidal, windows", "a bank, single ports", "a bank, nodes")


class Accessed(Both):
    """A trainer with access, and its twin."""

    def reads(self, rng: np.random.Generator) -> None:
        """While training goes on, every answer is T behind the step before it."""
        circuit, parameters = self.circuit, self.config.parameters
        indices = rng.integers(0, parameters, 2 * parameters)
        indices[:parameters].sort()
        circuit.command(
            [(int(index), None) for index in indices],
            offers=[1] * 60 + [0] * 7000,
            takes=rng.integers(0, 2, 89),
        )
        steps = self._told([(index, None) for index in indices.tolist()])
        assert len(steps) > 1  # it let go in between

    def _told(self, commands: list[tuple[int, int | None]]) -> set[int]:
        """The answers one by one; behind which steps they came."""
        circuit, seen, steps = self.circuit, 0, set()
        while seen < len(commands):
            circuit.look(1)
            if circuit.replied == seen:
                continue
            self._follow()
            steps.add(circuit.ended)
            index, theta, refused = circuit.replies()[seen]
            assert (index, refused) == (commands[seen][0], False)
            assert commands[seen][1] is not None or theta == self.twin.theta[0, index]
            seen += 1
        return steps

    def writes(self, theta: Ints) -> None:
        """While training goes on, all in one stay: the step after it begins from what was written."""
        self.circuit.command(list(enumerate(theta.tolist())))
        (_,) = self._told(list(enumerate(theta.tolist())))
        self.twin.write(theta[None])
        assert [value for _, value, _ in self.circuit.replies()] == self.twin.theta[0].tolist()


def values(config: TrainerConfig, rng: np.random.Generator) -> Ints:
    """Any T, now and then one at the end of what words reach, or of its format."""
    number = config.words.parameter
    drawn = rng.integers(number.min, number.max + 1, config.parameters)
    ends = rng.choice([*reachable(config), number.min, number.max, 0, -1], config.parameters)
    return np.where(rng.random(config.parameters) < 0.3, ends, drawn // rng.choice([1, 2, 64]))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name.removeprefix("access: ") in FEW else pytest.mark.only_all)
        for name in named("access")
    ],
)
def test_access(name, tmp_path_factory):
    """In every state, training equals that of a twin which reads and writes between the same steps."""
    config, rng = configuration(name), np.random.default_rng(len(name))
    both = Accessed(config, tmp_path_factory.getbasetemp().parent / "verilated")
    circuit = both.circuit
    both.train(7)
    both.reads(rng)
    both.train(30)
    both.writes(values(config, rng))
    both.train(30)
    for _ in range(3):
        both.pause()
        np.testing.assert_array_equal(circuit.read(), both.twin.theta[0])
        theta = values(config, rng)
        told = circuit.write(theta)
        both.twin.write(theta[None])
        np.testing.assert_array_equal(told, both.twin.theta[0])
        np.testing.assert_array_equal(circuit.read(), told)
        both.train(13)
    if config.inference:  # two doors, asked at once: one after the other
        both.pause()
        x = rng.integers(config.formats.input.min, config.formats.input.max + 1, (20, config.inputs))
        circuit.ask(x)
        np.testing.assert_array_equal(circuit.read(), both.twin.theta[0])
        while circuit.answered < len(x):
            circuit.look(1)
        np.testing.assert_array_equal(circuit.answers(), both.twin.infer(x)[0])
    # A start forgets what is under way, wherever that is.
    for clocks in (1, 30, 170):
        circuit.command([(index, -1) for index in range(config.parameters)])
        circuit.look(clocks)
        both.begin()
        circuit.command([(0, None)])  # in place of those that are left
        both.train(4)
        both.pause()
        assert circuit.replied == 1
        np.testing.assert_array_equal(circuit.read(), both.twin.theta[0])
        both.train(3)
    circuit.close()


@pytest.mark.parametrize(
    "name", ["access: windows", "access: serial, two-sided, leaves", "access: a bank, clamped"]
)
def test_ten_thousand_commands(name, tmp_path_factory):
    """Against integers: each answers the last value that was written, or the nearest that can be."""
    config, rng = configuration(name), np.random.default_rng(1)
    number, (least, most) = config.words.parameter, reachable(config)
    both = Accessed(config, tmp_path_factory.getbasetemp().parent / "verilated")
    both.circuit.pause()
    theta = both.circuit.read().tolist()
    count = 10_000 if not config.serial else 2_000
    indices = rng.integers(0, 1 << config.shape.index_bits, count)
    written = rng.integers(number.min, number.max + 1, count)
    written = np.where(
        rng.random(count) < 0.1, number.min, np.where(rng.random(count) < 0.1, number.max, written)
    )
    commands, expected = [], []
    for index, value, writes in zip(indices.tolist(), written.tolist(), rng.random(count) < 0.5, strict=True):
        commands.append((index, value if writes else None))
        if index >= config.parameters:
            expected.append((index, 0, True))
            continue
        if writes:
            theta[index] = min(max(value, least), most)
        expected.append((index, theta[index], False))
    both.circuit.command(commands, takes=rng.integers(0, 2, 9))
    while both.circuit.replied < count:
        both.circuit.look(1000)
    assert both.circuit.replies() == expected
    assert both.circuit.read().tolist() == theta
    both.circuit.close()
