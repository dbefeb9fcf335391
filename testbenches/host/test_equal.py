"""A device in the loop that is the twin's own network: every state of every step is the twin's."""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import ConfigError, TrainerConfig, preset
from mgd_hdl.host import ChipInTheLoop
from mgd_sim.perturb.external import port_codes
from mgd_sim.trainer import Trainer
from mgd_sim.watch import port_samples
from testbenches.catalogue import configuration, named
from testbenches.host.devices import Broken, Network, Networks

SEEDS = (3, 77)


def outside(config: TrainerConfig, network: dict | None = None, **device) -> TrainerConfig:
    return config.replaced(device={"kind": "outside", **device}, network=network or {})


def possible(name: str) -> bool:
    """Whether the trainer can have a device in its network's place."""
    try:
        config = configuration(name)
        return not config.outside and not outside(config).retries
    except ConfigError:
        return False


NAMES = [name for name in named("trainer", "example", "preset") if possible(name)]


def same(found, wanted) -> None:
    for name, array in wanted.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array, name)


def both(name: str):
    """A configuration, the twin of it, and what is given to the two."""
    config = configuration(name)
    given = {"samples": port_samples(config), "perturbations": port_codes(config)}
    return config, Trainer(config, SEEDS, **given), given


def test_many_can_have_one():
    assert len(NAMES) >= 70


@pytest.mark.parametrize("name", NAMES)
def test_the_same_states(name):
    """All replicas in one call."""
    config, twin, given = both(name)
    loop = ChipInTheLoop(Networks(config, len(SEEDS)), outside(config), SEEDS, **given)
    steps = 40 if config.parameters > 100 else 120
    same(loop.run(steps, record=True), twin.run(steps, record=True))
    assert not any(count.any() for count in loop.outside.faults.values())


class Shaking(Networks):
    """Shakes its parameters itself, by the amplitude of the configuration."""

    def __init__(self, config, replicas):
        super().__init__(config, replicas)
        self.amplitude, self.seen = 2.0**-config.amplitude_shift, []

    def write(self, parameters, code):
        self.seen.append((parameters.copy(), code.copy()))
        super().write(parameters + self.amplitude * code)


@pytest.mark.parametrize("name", NAMES[::5])
def test_a_device_that_shakes_itself(name):
    """Parameters at rest and their codes apart: the twin's states."""
    config, twin, given = both(name)
    device = Shaking(config, len(SEEDS))
    loop = ChipInTheLoop(device, outside(config, sends="apart"), SEEDS, **given)
    steps = 24
    record = twin.run(steps, record=True)
    same(loop.run(steps, record=True), record)
    for parameters, code in device.seen:
        assert (parameters == parameters[:, :1]).all(), "at rest they are the same in all measurements"
        dead = parameters + device.amplitude * code == 0  # no other parameter is exactly zero
        assert dead.any() == (config.imperfections.stuck_kind == "dead" and config.some_stuck)
        assert (code[dead] == -2).all()
        assert np.abs(code[~dead]).max() < 2, "words of k bits say up to 2 - 2**(1 - k) amplitudes, bits one"


def test_the_kinds_of_codes_that_go_apart():
    """Steps of a random code and of a sinusoid, alone and as one of two sides."""
    seen = {}
    for name, family, measure in (("one", "random_code", "one_sided"), ("two", "random_code", "two_sided")):
        config = preset("xor").replaced(perturbation={"family": family}, learning={"measure": measure})
        device = Shaking(config, 1)
        ChipInTheLoop(device, outside(config, sends="apart")).run(8)
        seen[name] = np.array([code[0] for _, code in device.seen])
    assert (seen["one"][:, 0] == 0).all(), "C0 is measured at rest"
    assert (np.abs(seen["one"][:, 1]) == 1).all()
    assert (seen["two"][:, 0] == -seen["two"][:, 1]).all()


@pytest.mark.parametrize("name", NAMES[::8])
def test_one_call_for_each(name):
    """One device after the other, one measurement after the other, of which each is repeated twice."""
    config, twin, given = both(name)
    devices = [
        Broken(Network(config), lambda call, good: good * np.nan, lambda call: call % 3 < 2) for _ in SEEDS
    ]
    loop = ChipInTheLoop(devices, outside(config), SEEDS, **given)
    same(loop.run(24, record=True), twin.run(24, record=True))
    assert (loop.outside.faults["not a number"] == 2 * loop.outside.measurements).all()
    assert not loop.outside.dropped.any()


@pytest.mark.parametrize("name", ["textbook: xor", "textbook: letters"])
def test_evaluation(name):
    config = configuration(name)
    twin = Trainer(config, SEEDS)
    loop = ChipInTheLoop(Networks(config, len(SEEDS)), outside(config), SEEDS)
    some = type(twin.samples)(twin.samples.x[::997], twin.samples.target[::997])
    for found, wanted in zip(loop.cost_and_accuracy(some), twin.cost_and_accuracy(some), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize(
    "perturbation", [{}, {"granularity": "layer", "tau_layer": 2}], ids=["all", "in turn"]
)
def test_parameters_without_a_network(perturbation):
    """Six and three parameters that nobody told a network of learn as those of 2-2-1 do."""
    config = preset("xor").replaced(perturbation=perturbation)
    blind = outside(config, {"layers": [2, 1], "initial": [1.0, 0.5]}, parameters=[6, 3])
    twin = Trainer(config.replaced(network={"initial": [1.0, 0.5]}), SEEDS)
    loop = ChipInTheLoop(Networks(config, 2), blind, SEEDS)
    same(loop.run(200, record=True), twin.run(200, record=True))


class Warming:
    """A cost that parameters do not change, and that grows by so much in each call."""

    def __init__(self, by: float, replicas: int | None = None):
        self.by, self.at = by, 0.0
        self.vectorised, self.replicas = replicas is not None, replicas or 1

    def write(self, parameters):
        self.shape = parameters.shape[:-1]

    def cost(self):
        self.at += self.by
        return np.full(self.shape, self.at) if self.vectorised else self.at


@pytest.mark.parametrize("measure", ["one_sided", "two_sided"])
def test_what_drifts_between_two_measurements(measure):
    """One by one, as a circuit measures, C comes a call after C0 and C~ has the drift of it; in one call both
    are of one moment, and C~ is 0.
    """
    config = outside(preset("xor").replaced(learning={"measure": measure}), gives="cost")
    by = 8 * config.words.given_cost.step
    one, together = (
        ChipInTheLoop(device, config, [3]).run(20, record=True) for device in (Warming(by), Warming(by, 1))
    )
    drift = by / config.words.cost_change.step
    assert (one.arrays["cost_change"] == drift).all()
    assert not together.arrays["cost_change"].any()
