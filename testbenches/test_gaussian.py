"""Are the numbers nearly normal, and those of the circuit the twin's?"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from mgd_hdl.config import LFSR
from mgd_hdl.config.gaussian import BITS, DEVIATION, INVERTED, LARGEST, TWICE
from mgd_hdl.gaussian import Gaussian
from mgd_sim import gaussian as twin
from mgd_sim.lfsr import states
from testbenches.support import run_natively


def by_hand(state: int) -> int:
    """Each bit for itself: half its weight up or down."""
    total = Fraction(0)
    for bit in BITS:
        up = (state >> bit & 1) != (bit in INVERTED)
        total += Fraction(2 if bit in TWICE else 1, 2) * (1 if up else -1)
    assert total.denominator == 1
    return int(total)


def distribution() -> dict[int, Fraction]:
    """Of fair bits, exactly: one convolution for each bit."""
    found = {0: Fraction(1)}
    for bit in BITS:
        weight = 2 if bit in TWICE else 1
        grown: dict[int, Fraction] = {}
        for value, share in found.items():
            for up in (0, weight):
                grown[value + up] = grown.get(value + up, Fraction(0)) + share / 2
        found = grown
    return {value - LARGEST: share for value, share in found.items()}


def test_exact_moments():
    """Mean 0, deviation 4, no skewness, excess kurtosis -0.1016, and 20 the most there is."""
    shares = distribution()
    moment = [sum(share * value**power for value, share in shares.items()) for power in range(5)]
    assert moment[:4] == [1, 0, DEVIATION**2, 0]
    assert Fraction(moment[4], 4**4) - 3 == Fraction(-13, 128)
    assert max(shares) == LARGEST == 20 == -min(shares)


def test_exact_distribution():
    """The distribution function at half-integers is within 0.0018 of the normal one, and the share beyond
    two, three and four standard deviations is 0.95, 0.66 and 0.18 of the normal one's.
    """
    shares = distribution()
    below = Fraction(0)
    for value in range(-LARGEST, LARGEST + 1):
        below += shares[value]
        normal = 0.5 * math.erfc(-(value + 0.5) / 4 / math.sqrt(2))
        assert abs(float(below) - normal) < 0.0018
    for deviations, ratio in ((2, 0.950), (3, 0.665), (4, 0.181)):
        beyond = float(sum(share for value, share in shares.items() if abs(value) > 4 * deviations))
        normal = math.erfc((4 * deviations + 0.5) / 4 / math.sqrt(2))
        assert beyond / normal == pytest.approx(ratio, abs=0.001)


def test_of_the_register():
    """200,000 successive words have the exact distribution's moments within five standard errors, no
    correlation up to a lag of 16, and no common third moment 1, 2, 4 and 8 words apart.
    """
    count = 200_000
    first = np.array([LFSR.valid(20_261)], dtype=np.uint32)
    number = twin.gaussian(states(first, count))[:, 0]
    assert [by_hand(state) for state in states(first, 500)[:, 0].tolist()] == number[:500].tolist()
    z = number / 4
    for power, mean, spread in ((1, 0, 1), (2, 1, math.sqrt(1.9)), (3, 0, math.sqrt(14)), (4, 2.9, 9)):
        assert abs((z**power).mean() - mean) < 5 * spread / math.sqrt(count)
    for lag in range(1, 17):
        assert abs((z[lag:] * z[:-lag]).mean()) < 5 / math.sqrt(count)
    for lag in (1, 2, 4, 8):
        assert abs((z[lag:] * z[:-lag] ** 2).mean()) < 5 * math.sqrt(3 / count)
        assert abs((z[lag:] ** 2 * z[:-lag]).mean()) < 5 * math.sqrt(3 / count)


def test_circuit():
    """Three clocks after a seed the first number is there, and the next in the clock after ``advance``."""
    block = Gaussian()
    rng = np.random.default_rng(1)

    async def bench(context):
        for seed in (0, LFSR.mask, *rng.integers(1 << 31, size=4).tolist()):
            context.set(block.seed, seed)
            context.set(block.load, 1)
            await context.tick()
            context.set(block.load, 0)
            await context.tick().repeat(2)
            state = LFSR.valid(seed)
            for advance in rng.integers(0, 2, 100).tolist():
                assert context.get(block.number) == by_hand(state)
                context.set(block.advance, advance)
                await context.tick()
                state = LFSR.step(state) if advance else state
            context.set(block.advance, 0)

    run_natively(block, bench)
