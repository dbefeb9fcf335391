"""Is the register's sequence of maximal length, and do blocks of states equal single steps?"""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import LFSR
from mgd_sim.lfsr import states
from testbenches.twin.textbook import lfsr_states

PERIOD = 2**31 - 1


def test_period_is_prime():
    """Lucas and Lehmer: 2**31 - 1 is prime if and only if it divides this."""
    number = 4
    for _ in range(29):
        number = (number * number - 2) % PERIOD
    assert number == 0


def times(a: int, b: int, modulus: int) -> int:
    """Product of two polynomials over GF(2), one bit per coefficient."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        b >>= 1
        a <<= 1
        if a >> 31 & 1:
            a ^= modulus
    return product


@pytest.mark.parametrize(("tap", "maximal"), [(3, True), (4, False)])
def test_polynomial_is_primitive(tap, maximal):
    """x**(2**31 - 1) = 1 and x != 1: the order of x divides a prime, so it is that prime.

    There are as many residues other than zero, so powers of x are all of them: x**31 + x**3 + 1
    is primitive. Another tap shows that the test can fail.
    """
    modulus = 1 << 31 | 1 << tap | 1
    power, square = 1, 2
    for bit in range(31):
        if PERIOD >> bit & 1:
            power = times(power, square, modulus)
        square = times(square, square, modulus)
    assert (power == 1) is maximal
    assert LFSR.degree == 31
    assert LFSR.tap == 3


def test_all_states_are_on_one_cycle():
    """The step of 28 bits: its order too divides the prime period, and it moves some state.

    So that state returns after 2**31 - 1 steps and not before, by when it has been everywhere but
    at zero. The order follows from 31 squarings of the step as a linear map.
    """

    def apply(image: list[int], state: int) -> int:
        moved = 0
        for bit in range(31):
            if state >> bit & 1:
                moved ^= image[bit]
        return moved

    identity = [1 << bit for bit in range(31)]
    power, square = identity, [LFSR.step(1 << bit) for bit in range(31)]
    assert LFSR.step(1) != 1
    for _ in range(31):  # every bit of the period is one
        power = [apply(square, each) for each in power]
        square = [apply(square, each) for each in square]
    assert power == identity


@pytest.mark.parametrize("count", [1, 2, 3, 31, 64, 1000])
def test_block_equals_steps(count):
    first = np.array([1, 2**31 - 1, 0x2AAAAAAA, 123456789], dtype=np.uint32)
    block = states(first, count)
    assert block.shape == (count, 4)
    expected = first.tolist()
    for row in block.tolist():
        assert row == expected
        expected = [LFSR.step(state) for state in expected]


def test_block_equals_recurrence():
    """b[m + 31] = b[m + 3] ^ b[m], bit by bit."""
    sequence = lfsr_states(77)
    assert states(np.array([77], dtype=np.uint32), 500)[:, 0].tolist() == [next(sequence) for _ in range(500)]
