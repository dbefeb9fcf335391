"""Is the integer arithmetic right, at every value of small formats, against exact fractions?"""

from __future__ import annotations

import math
from fractions import Fraction

import array_api_strict
import numpy as np
import pytest

from mgd_hdl.config import SQ, UQ, Rounding
from mgd_sim.fixed import fits, parity, requantize, saturate, shift_round, wrap

VALUES = np.arange(-150, 151)
FORMATS = [UQ(1, 0), UQ(2, 3), UQ(-1, 4), SQ(1, 0), SQ(2, 2), SQ(5, -1), SQ(1, 6)]


@pytest.mark.parametrize("shift", range(9))
def test_floor_and_nearest_even(shift):
    exact = [Fraction(int(value), 2**shift) for value in VALUES]
    for rounding, rule in ((Rounding.FLOOR, math.floor), (Rounding.NEAREST_EVEN, round)):
        rounded, remainder = shift_round(VALUES, shift, rounding)
        assert rounded.tolist() == [rule(value) for value in exact]
        assert not remainder.any()


@pytest.mark.parametrize("shift", range(9))
def test_carry_keeps_everything(shift):
    rounded, remainder = shift_round(VALUES, shift, Rounding.CARRY)
    assert rounded.tolist() == [math.floor(Fraction(int(value), 2**shift)) for value in VALUES]
    assert (rounded * 2**shift + remainder == VALUES).all()
    assert ((remainder >= 0) & (remainder < 2**shift)).all()


@pytest.mark.parametrize("shift", range(7))
def test_stochastic_is_exact_on_average(shift):
    """Over all dithers; bits of the dither above the shift play no part."""
    total = np.zeros_like(VALUES)
    for dither in range(2**shift):
        rounded, remainder = shift_round(VALUES, shift, Rounding.STOCHASTIC, dither + 5 * 2**shift)
        assert rounded.tolist() == [math.floor(Fraction(int(value) + dither, 2**shift)) for value in VALUES]
        assert not remainder.any()
        total += rounded
    assert (total == VALUES).all()


@pytest.mark.parametrize("rounding", list(Rounding))
def test_wide_words(rounding):
    """The widest words and shifts there are."""
    value = np.array([-(2**61), 2**61 - 1, -1, 0, 1])
    for shift in (31, 60, 61, 62):
        rounded, _ = shift_round(value, shift, rounding, 2**31 - 1)
        rule = round if rounding is Rounding.NEAREST_EVEN else math.floor
        added = (2**31 - 1) % 2**shift if rounding is Rounding.STOCHASTIC else 0
        assert rounded.tolist() == [rule(Fraction(int(each) + added, 2**shift)) for each in value]


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_saturate_and_wrap(format):
    limited, saturated = saturate(VALUES, format.min, format.max)
    wrapped, changed = wrap(VALUES, format)
    for index, value in enumerate(VALUES.tolist()):
        assert limited[index] == min(max(value, format.min), format.max)
        inside = [each for each in range(format.min, format.max + 1) if (each - value) % 2**format.width == 0]
        assert wrapped[index] == inside[0]
        assert saturated[index] == changed[index] == (not format.min <= value <= format.max)
    assert fits(limited, format)
    assert fits(wrapped, format)
    assert not fits(np.array([0, format.max + 1]), format)
    assert not fits(np.array([0, format.min - 1]), format)


@pytest.mark.parametrize("fraction_bits", range(4))
@pytest.mark.parametrize("wanted", range(4))
def test_requantize(fraction_bits, wanted):
    got = requantize(VALUES, fraction_bits, wanted)
    assert got.tolist() == [math.floor(Fraction(int(v)) * 2**wanted / 2**fraction_bits) for v in VALUES]


def test_parity():
    words = np.arange(1 << 10, dtype=np.uint32) << np.uint32(21)
    words |= words >> np.uint32(17) & np.uint32(0x2A5)
    expected = [bin(word).count("1") % 2 for word in words.tolist()]
    assert parity(words).tolist() == expected
    assert np.asarray(parity(array_api_strict.asarray(words))).tolist() == expected
