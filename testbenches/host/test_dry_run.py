"""The dry run: what it finds of devices that are known, and what it proposes is fit to learn with."""

from __future__ import annotations

import time

import numpy as np
import pytest

from mgd_hdl.config import preset
from mgd_hdl.host import ChipInTheLoop, dry_run
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


class Slow(Bowl):
    """Parameters take effect with a time constant, as heaters do."""

    def __init__(self, target, seconds):
        super().__init__(target)
        self.seconds, self.old, self.parameters, self.since = seconds, target, target, 0.0

    def write(self, parameters):
        self.old = self._now()
        self.parameters, self.since = parameters, time.perf_counter()

    def _now(self):
        left = np.exp(-(time.perf_counter() - self.since) / self.seconds)
        return self.parameters + (self.old - self.parameters) * left

    def cost(self):
        time.sleep(2e-4)
        return float(np.square(self._now() - self.target).mean())


def test_settling():
    """To 1 in 1,000 a first order takes seven time constants; whoever is slower here is the machine."""
    config = BOWL.replaced(device={"settle": 0.004}, formats={"cost_change": "SQ(2, 12)"})
    loop = ChipInTheLoop(Slow(np.full(P, 1.0), 0.002), config)
    look = dry_run(loop, readings=120, codes=1, samples=[0])
    assert 0.002 < look.settle < 0.06


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
