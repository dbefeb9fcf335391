"""The dry run: what it finds of devices that are known, and what it proposes is fit to learn with."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from mgd_hdl.config import preset
from mgd_hdl.host import ChipInTheLoop, DeviceAtRest, Pause, dry_run
from testbenches.host.devices import Bowl, Network
from testbenches.host.test_equal import outside

XOR = preset("xor")
P = 16
BOWL = XOR.replaced(
    network={"layers": [1, 1]},
    task={"name": "external", "source": "stream"},
    formats={"parameter": "SQ(4, 16)", "cost_change": "SQ(2, 20)"},
    perturbation={"amplitude": 2.0**-6},
    device={"kind": "outside", "gives": "cost", "parameters": [P]},
)


class Noisy(Bowl):
    """With noise of a known deviation on every reading."""

    def __init__(self, target, deviation):
        super().__init__(target)
        self.deviation, self.rng = deviation, np.random.default_rng(1)

    def cost(self):
        return max(0.0, super().cost() + self.deviation * self.rng.normal())


@pytest.mark.parametrize("average", [1, 4])
def test_noise(average):
    """Of a mean of K readings, 1/sqrt(K) of a reading's; 400 know it to 4 %, of which four are allowed."""
    loop = ChipInTheLoop(Noisy(np.full(P, 1.5), 2.0**-6), BOWL.replaced(device={"average": average}))
    look = dry_run(loop, readings=400, codes=2)
    assert look.noise == pytest.approx(2.0**-6 / average**0.5, rel=0.15)
    assert loop.step == 0


def test_a_bowl():
    """C = |p - t|^2 / P: trace(H) = 2, and slopes are the same at all amplitudes; the rate is 1 / trace."""
    loop = ChipInTheLoop(Bowl(np.linspace(-2, 2, P)), BOWL)
    loop.load(np.zeros(P))
    look = dry_run(loop)
    assert look.trace == pytest.approx(2.0, rel=1e-3)
    assert (look.bends < 0.01).all()
    # As large as initial parameters in (-2, 2) allow, which are to move in steps of half of that or less.
    assert look.amplitude == 2 / 16
    # The slope along s is 2 (p - t) s / P, of variance (2 / P)^2 |p - t|^2.
    error = loop.parameters[0] - np.linspace(-2, 2, P)
    assert look.slopes[0] == pytest.approx(2 / P * np.sqrt(np.square(error).sum()), rel=0.5)
    assert look.rate == 0.5
    assert look.noise == 0
    assert look.average == 1
    assert not look.warnings


class Shaking(Bowl):
    """Shakes itself, by 2**-6, and knows of no other codes than bits and rest."""

    def write(self, parameters, code):
        assert np.isin(code, (-1, 0, 1)).all()
        super().write(parameters + 2.0**-6 * code)


def test_a_bowl_that_shakes_itself():
    """The same slopes and the same rate, though no code says two amplitudes."""
    target = np.linspace(-2, 2, P)
    loop = ChipInTheLoop(Shaking(target), BOWL.replaced(device={"sends": "apart"}))
    other = ChipInTheLoop(Bowl(target), BOWL)
    found, wanted = (dry_run(each, readings=8) for each in (loop, other))
    assert found.amplitudes.tolist() == [each for each in wanted.amplitudes if each != 2.0**-5]
    assert found.slopes[0] == wanted.slopes[0]
    assert found.rate == wanted.rate
    assert found.trace == pytest.approx(wanted.trace, rel=1e-3)


class Bent(Bowl):
    """A cost that is straight up to about a quarter along each parameter: 1 + mean(tanh(4 p)) / 2."""

    def cost(self):
        return 1 + float(np.tanh(4 * self.parameters).mean()) / 2


def test_the_linear_range():
    """The slope of tanh(4 a) / a falls from a half of the amplitude to it by 2 % at 1/16, 25 % at 1/4."""
    loop = ChipInTheLoop(Bent(np.zeros(P)), BOWL)
    loop.load(np.zeros(P))
    look = dry_run(loop)
    assert 1 / 16 <= look.amplitude <= 1 / 8
    steep = np.tanh(4 * look.amplitudes) / look.amplitudes
    wanted = np.abs(np.diff(steep)) / steep[1:]
    np.testing.assert_allclose(look.bends[1:4], wanted[:3], rtol=0.3, atol=0.02)


class Clock:
    """Time that passes where somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now

    monotonic = perf_counter

    def sleep(self, seconds):
        self.now += seconds


class Slow(Bowl):
    """Parameters take effect with a time constant, as heaters do; a reading takes 200 us."""

    def __init__(self, target, seconds, clock):
        super().__init__(target)
        self.seconds, self.clock = seconds, clock
        self.old, self.parameters, self.since = target, target, 0.0

    def write(self, parameters):
        self.old = self._now()
        self.parameters, self.since = parameters, self.clock.now

    def _now(self):
        left = np.exp(-(self.clock.now - self.since) / self.seconds)
        return self.parameters + (self.old - self.parameters) * left

    def cost(self):
        self.clock.sleep(2e-4)
        return float(np.square(self._now() - self.target).mean())


@pytest.mark.parametrize("seconds", [0.002, 0.0005])
def test_settling(seconds, monkeypatch):
    """The first reading from which C of a first order, by its formula, stays at its end to one last bit."""
    clock = Clock()
    monkeypatch.setattr("mgd_hdl.host.outside.time", clock)
    config = BOWL.replaced(device={"settle": 10 * seconds}, formats={"cost_change": "SQ(2, 12)"})
    device = Slow(np.full(P, 1.0), seconds, clock)
    loop = ChipInTheLoop(device, config)
    look = dry_run(loop, readings=120, codes=1, samples=[0])
    np.testing.assert_allclose(look.times, 2e-4 * np.arange(1, 121), rtol=1e-9)
    # What was written last is where it ends, and the set before where it began.
    error, change = device.parameters - 1, device.parameters - loop.parameters[0]
    left = np.exp(-look.times / seconds)[:, None]
    cost = np.square(error - 2 * change * left).mean(axis=1)
    step = config.words.cost.step
    away = np.abs(np.rint(cost / step) - np.rint(cost[-30:] / step).mean())
    assert look.settle == look.times[np.flatnonzero(away > 1)[-1] + 1]
    assert look.settle > 3 * seconds


FAULTS = {
    "not a number": lambda: float("nan"),
    "nothing": lambda: None,
    "an exception": lambda: 1 // 0,
    "a hang": lambda: threading.Event().wait(5),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_device_that_never_answers(name):
    """One line, and no waiting beyond the time-outs of device.give_up measurements, each tried twice."""
    config = BOWL.replaced(device={"time_out": 0.05, "repeats": 1, "give_up": 2})
    device = Bowl(np.zeros(P))
    device.cost = FAULTS[name]
    begun = time.monotonic()
    with pytest.raises(DeviceAtRest, match="no measurement was good") as stopped:
        dry_run(ChipInTheLoop(device, config))
    assert "\n" not in str(stopped.value)
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("name", FAULTS)
def test_a_device_that_dies_when_it_is_let_settle(name):
    """Everything up to the change of parameters went well, and is told; the rest is not known."""
    config = BOWL.replaced(device={"time_out": 0.05})
    device = Bowl(np.zeros(P))
    loop = ChipInTheLoop(device, config)
    whole = dry_run(loop, readings=8, codes=2)
    transient = loop.outside.transient

    def dies(*given):
        device.cost = FAULTS[name]
        return transient(*given)

    loop.outside.transient = dies
    begun = time.monotonic()
    look = dry_run(loop, readings=8, codes=2)
    assert np.isnan(look.settle)
    assert np.isnan(look.settling).all()
    assert (look.amplitude, look.rate, look.average) == (whole.amplitude, whole.rate, whole.average)
    assert any("no reading after a change" in each for each in look.warnings)
    assert time.monotonic() - begun < 2


def test_pauses_are_waited_for():
    """A device that asks for a pause at each third call, in ``write`` too."""

    class Pausing(Bowl):
        calls = 0

        def _asks(self):
            self.calls += 1
            if self.calls % 3 == 0:
                raise Pause(1e-4)

        def write(self, parameters):
            self._asks()
            super().write(parameters)

        def cost(self):
            self._asks()
            return super().cost()

    target = np.linspace(-2, 2, P)
    looks = [dry_run(ChipInTheLoop(device, BOWL), readings=8) for device in (Pausing(target), Bowl(target))]
    assert looks[0].amplitude == looks[1].amplitude
    assert looks[0].rate == looks[1].rate
    assert np.isfinite(looks[0].settling).all()
    assert not looks[0].warnings


def test_what_cannot_be_measured_is_not_proposed():
    """Beyond 1/32 around rest the device is out of its legal range: no amplitude above is proposed."""

    class Narrow(Bowl):
        def cost(self):
            return super().cost() if np.abs(self.parameters).max() < 1 / 16 else 99.0

    config = BOWL.replaced(device={"legal": [0.0, 10.0], "repeats": 0, "give_up": 1000})
    loop = ChipInTheLoop(Narrow(np.full(P, 1.0)), config)
    loop.load(np.zeros(P))
    look = dry_run(loop, readings=8)
    assert look.amplitude <= 1 / 32
    assert any("were bad" in each for each in look.warnings)


def test_warnings():
    dead = ChipInTheLoop(Bent(np.zeros(P)), BOWL)
    dead.outside.devices[0].cost = lambda: 0.25
    look = dry_run(dead, readings=8, codes=2)
    assert any("is the device connected" in each for each in look.warnings)
    noisy = dry_run(ChipInTheLoop(Noisy(np.full(P, 0.5), 1.0), BOWL), readings=50, codes=2)
    assert any("noise" in each for each in noisy.warnings)
    assert noisy.average > 1
    assert len(noisy.lines()) >= 4


def test_what_it_proposes_learns():
    """A bowl behind noise: proposals take away nine tenths of the cost, the first settings do not."""
    target = np.linspace(-2, 2, P)
    given = BOWL.replaced(
        learning={"rate": 2.0**-10, "measure": "two_sided"},
        formats={"parameter": "SQ(4, 22)", "cost_change": "SQ(2, 12)"},
    )
    look = dry_run(ChipInTheLoop(Noisy(target, 0.01), given))
    better = given.replaced(
        perturbation={"amplitude": look.amplitude},
        learning={"rate": look.rate / 2},
        device={"average": look.average},
    )
    left = []
    for config in (given, better):
        loop = ChipInTheLoop(Noisy(target, 0.01), config)
        loop.load(np.zeros(P))
        loop.run(400)
        left.append(np.square(loop.parameters - target).mean() / np.square(target).mean())
    assert left[1] < 0.1 < left[0]


def test_figure():
    pytest.importorskip("matplotlib")
    look = dry_run(ChipInTheLoop(Network(XOR), outside(XOR)), readings=8, codes=2)
    assert look.figure().startswith(b"\x89PNG")
