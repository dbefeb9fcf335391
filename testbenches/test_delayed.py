"""Delayed updates: is a step's parameters' age a number of steps, whatever a step has to wait for?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, load, preset
from mgd_hdl.emit import trainer_files
from mgd_sim.compare import first_difference, states
from mgd_sim.retry import trainer
from mgd_sim.rtl import RtlTrainer, trainer_design
from mgd_sim.rtl.trainer import sample_words
from mgd_sim.tasks import Dataset

XOR = preset("xor")
DELAYED: dict[str, Any] = {"learning": {"updates": "delayed"}}
SEED = 3


def own(folder: Path, count: int, order: str, bits: int = 8, **more: dict[str, Any]) -> TrainerConfig:
    """So many samples of two numbers of so many bits, and an answer of one."""
    rng = np.random.default_rng(count)
    rows = rng.integers(-100, 100, (count, 2)).tolist()
    names = ["one" if number % 2 else "two" for number in range(count)]
    lines = ["a,b,class", *(f"{a},{b},{name}" for (a, b), name in zip(rows, names, strict=True))]
    (folder / "own.csv").write_text("\n".join(lines) + "\n")
    (folder / "own.toml").write_text(
        f"""
name = "own"
[network]
layers = [2, 3, 1]
initial = 2.0
[formats]
input = "SQ(1, {bits - 1})"
[perturbation]
family = "random_code"
[learning]
updates = "delayed"
rate = 0.5
[task]
name = "file"
file = "own.csv"
order = "{order}"
test_share = 0.0
"""
    )
    return load(folder / "own.toml").replaced(**more)


def streamed(config: TrainerConfig, count: int) -> Dataset:
    """Any samples."""
    rng = np.random.default_rng(count)
    x, target = config.formats.input, config.formats.target
    return Dataset(
        rng.integers(x.min, x.max + 1, (count, config.inputs)),
        rng.integers(target.min, target.max + 1, (count, config.outputs)),
    )


class Both:
    """Circuit and twin side by side, and the clocks that steps take."""

    def __init__(self, config: TrainerConfig, build: Path, samples: Dataset | None = None):
        self.config, design = config, trainer_design(trainer_files(config))
        self.circuit = RtlTrainer(config, design, config.registers(SEED), samples=samples, build_dir=build)
        self.samples = samples
        self.twin = trainer(config, [SEED], samples=samples)

    def paced(self, rhythm: list[int]) -> None:
        """Samples come to the port in these clocks only, over and over."""
        for stream, words in sample_words(self.config, self.samples).items():
            self.circuit.model.feed(stream, words, repeat=True, rhythm=rhythm)

    def train(self, steps: int) -> float:
        """All states of so many steps are equal; clocks for each."""
        began = self.circuit.model.clocks
        self.follow(self.circuit.run(steps))
        return (self.circuit.model.clocks - began) / steps

    def follow(self, found: Any) -> None:
        """The twin makes the same steps."""
        steps, first = len(found["cost"]), self.twin.step
        record = self.twin.run(steps, record=True)
        difference = first_difference(states(record), found, first)
        assert difference is None, str(difference)

    def pause(self, steps: int = 60) -> None:
        """``run`` is low for some clocks: of those that had begun, whichever they were, all are done before
        the next one begins. As none sees anything between two of these steps, we try how many they were.
        """
        model, rng = self.circuit.model, np.random.default_rng(self.twin.step)
        model.set(run=0)
        self.circuit.look(int(rng.integers(2, 5)))
        model.set(run=1)
        found = self.circuit.run(steps)
        for begun in range(steps):
            twin = self.twin.clone()
            first = [states(twin.run(begun, record=True))]
            twin.pause()
            first.append(states(twin.run(steps - begun, record=True)))
            expected = {name: np.concatenate([part[name] for part in first]) for name in first[0]}
            if first_difference(expected, found) is None:
                self.twin = twin
                return
        raise AssertionError(f"no pause after {self.twin.step} steps explains what follows")


@pytest.fixture
def build(tmp_path_factory) -> Path:
    return tmp_path_factory.getbasetemp().parent / "verilated"


def rhythm(seed: int) -> list[int]:
    """Clocks in which a sample may come: now and then, none for long, as fast as can be, seldom."""
    rng = np.random.default_rng(seed)
    seldom = rng.random(100) < 0.1
    return [*rng.integers(0, 2, 50), *[0] * 70, *[1] * 60, *seldom.astype(int), *[1] * 41]


def of(**sections: dict[str, Any]) -> dict[str, Any]:
    """XOR from a port, delayed, and what else differs."""
    sections["learning"] = {"updates": "delayed", **sections.get("learning", {})}
    return {"task": {"source": "stream"}, **sections}


WAITING = {
    "two layers, leaves": of(engine={"leaves": "yes"}),
    "one layer": of(network={"layers": [3, 1]}, task={"name": "parity3", "source": "stream"}),
    "four layers": of(network={"layers": [2, 3, 2, 1]}),
    "inputs of eight bits": of(formats={"input": "UQ(1, 7)"}),
    "many stages, small leaves": of(engine={"leaves": "yes", "leaf_cells": 8, "stages": "many"}),
    "two-sided windows": of(learning={"measure": "two_sided", "tau_p": 2, "tau_theta": 3, "tau_x": 2}),
    "layer by layer": of(perturbation={"granularity": "layer"}, learning={"tau_p": 2}),
    "sparse": of(perturbation={"share": 0.25}),
    "walsh, signs flipped": of(perturbation={"family": "walsh", "sign_flip": True}),
    "sequential, two-sided": of(perturbation={"family": "sequential"}, learning={"measure": "two_sided"}),
    "gate, noise, annealing": of(
        cost={"gate": 0.001, "limit": 0.25},
        imperfections={"cost_noise": 0.01},
        learning={"anneal_every": 50},
    ),
}
FEW = ("two layers, leaves",)


def rows(names: Any, few: tuple[str, ...]) -> list[Any]:
    """A plain run tries a few."""
    return [pytest.param(name, marks=[] if name in few else pytest.mark.only_all) for name in names]


@pytest.mark.parametrize("name", rows(WAITING, FEW))
def test_late_samples_change_nothing(name, build):
    """Whenever samples come, states are those of the twin, which knows of no clocks; and while they are there
    in time a step takes two.
    """
    config = XOR.replaced(**WAITING[name])
    both = Both(config, build, streamed(config, 5))
    assert both.train(300) < 2 + 3 * config.timing.step_latency / 300
    both.circuit.start(config.registers(SEED))
    both.twin = trainer(config, [SEED], samples=both.samples)
    both.paced(rhythm(len(name)))
    assert both.train(300) > 3
    # Between two steps, and while one waits for its sample.
    for _ in range(12):
        both.pause()
    both.circuit.close()


ORDERS = {
    "5 in epochs": ("epoch", 5, {}, 2),
    "5 at random": ("random", 5, {}, 2.1),
    "3 in epochs, many stages": ("epoch", 3, {"engine": {"stages": "many"}}, 2),
    "6 in epochs": ("epoch", 6, {}, 2),
    "7 at random, many stages": ("random", 7, {"engine": {"stages": "many"}}, 2.1),
    "9 at random": ("random", 9, {}, 2.05),
    "8 at random": ("random", 8, {}, 2),
    "3 as they are stored": ("plain", 3, {}, 2),
}


@pytest.mark.parametrize("name", rows(ORDERS, ("5 at random",)))
def test_any_number_of_samples_in_any_order(name, tmp_path, build):
    """Samples of eight-bit inputs: equal states, and a step every two clocks, or nearly."""
    order, count, more, most = ORDERS[name]
    config = own(tmp_path, count, order, **more)
    both = Both(config, build)
    both.train(60)
    assert 2 <= both.train(600) <= most
    for _ in range(8 * config.shape.paced):  # other pipelines go on where a pause is short
        both.pause()
    both.circuit.close()


@pytest.mark.only_all
@pytest.mark.parametrize(("task", "most"), [("nist7x7_centered", 2.05), ("nist7x7", 2.05)])
def test_letters(task, most, build):
    """Drawn on chip, of which many candidates are turned away."""
    config = preset("letters_fast").replaced(task={"name": task})
    both = Both(config, build)
    both.train(60)
    assert 2 <= both.train(500) <= most
    both.pause()
    both.circuit.close()


def patterns(count: int, bits: int) -> set[tuple[bool, ...]]:
    """Of every epoch there can be, which of its indices exist, in their order."""
    size = 1 << bits
    return {
        tuple((int(f"{(c + add) % size:0{bits}b}"[::-1], 2) ^ flip) < count for c in range(size))
        for add in range(size)
        for flip in range(size)
    }


@pytest.mark.parametrize(
    ("late", "places", "waits"),
    [(False, 2, False), (True, 2, False), (False, 0, True), (True, 1, True)],
    ids=["two places", "two places, many stages", "no place", "one place, many stages"],
)
def test_no_epoch_keeps_a_step_waiting(late, places, waits):
    """Every state in which an epoch can begin, and every order of the next: a step takes a sample every two
    clocks, one clock after it was seen with many stages; places as in :class:`mgd_hdl.samples.memory`.
    """
    found = False
    for bits in (2, 3, 4):
        for count in range((1 << bits - 1) + 1, 1 << bits):
            left, seen = [(places, True, 0)], set()
            while left:
                state = left.pop()
                if state in seen:
                    continue
                seen.add(state)
                for pattern in patterns(count, bits):
                    after = epoch(pattern, state, places, late)
                    found |= after is None
                    if after is not None:
                        left.append(after)
    assert found == waits


def epoch(
    pattern: tuple[bool, ...], state: tuple[int, bool, int], places: int, late: bool
) -> tuple[int, bool, int] | None:
    """How many indices wait, whether a sample is offered, and the clock of a step, behind an epoch; None
    where a step found no sample.
    """
    waiting, offered, phase = state
    tried = 0
    while tried < len(pattern):
        if phase == 0 and not offered:
            return None
        taken, phase = (phase == 0) != late, 1 - phase
        reads, room = not offered or taken, waiting < places
        if places == 0:
            if reads:
                offered, tried = pattern[tried], tried + 1
            continue
        if reads:
            offered = waiting > 0
            waiting -= offered
        if room:
            waiting += pattern[tried]
            tried += 1
    return waiting, offered, phase
