"""Does a format hold exactly the integers it claims to, and does snapping pick the nearest power?"""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mgd_hdl.config import SQ, UQ, Format
from mgd_hdl.config.number import power_of_two

SMALL = [
    Format(signed, integer_bits, width - integer_bits)
    for signed in (False, True)
    for width in range(1, 9)
    for integer_bits in range(-3, 11)
]


@pytest.mark.parametrize("number_format", SMALL, ids=str)
def test_range(number_format):
    """As many integers as the width allows, around zero where signed; all come back from their values."""
    integers = range(number_format.min, number_format.max + 1)
    assert len(integers) == 2**number_format.width
    assert number_format.min == (-len(integers) // 2 if number_format.signed else 0)
    for integer in integers:
        value = number_format.value(integer)
        assert Fraction(value) == integer * Fraction(2) ** -number_format.fraction_bits
        assert number_format.quantize(value) == integer


@pytest.mark.parametrize("number_format", SMALL, ids=str)
def test_quantize_is_nearest_ties_to_even(number_format):
    """Quarters of the last bit over twice the range, against exact fractions."""
    step = Fraction(2) ** -number_format.fraction_bits
    for quarters in range(8 * number_format.min - 9, 8 * number_format.max + 9):
        nearest = round(Fraction(quarters, 4))  # Python rounds ties to even
        limited = min(max(nearest, number_format.min), number_format.max)
        assert number_format.quantize(float(quarters * step / 4)) == limited


@pytest.mark.parametrize("number_format", SMALL, ids=str)
def test_text_and_back(number_format):
    assert Format.parse(str(number_format)) == number_format
    assert number_format.step == number_format.value(1)


def test_spaces_in_text():
    assert Format.parse(" SQ( 5 ,11 ) ") == SQ(5, 11)


@pytest.mark.parametrize(
    "text",
    ["", "SQ", "SQ(5)", "Q(5, 11)", "SQ(5, 11", "sq(5, 11)", "SQ(5.0, 11)", "SQ(1٣, 4)", "SQ(5, 11)\n"],
)
def test_other_text_is_refused(text):
    with pytest.raises(ValueError, match="is not a number format"):
        Format.parse(text)


@pytest.mark.parametrize("bits", [(0, 0), (-1, 1), (-5, 3), (3, -3)])
def test_no_bits_are_refused(bits):
    with pytest.raises(ValueError, match="must add up to 1 or more"):
        UQ(*bits)


def test_64_bits_are_the_most():
    assert SQ(60, 4).max == 2**63 - 1
    with pytest.raises(ValueError, match=r"SQ\(60, 5\) has 65 bits; must have at most 64"):
        SQ(60, 5)


@pytest.mark.parametrize("exponent", range(-60, 61))
def test_powers_of_two_stay(exponent):
    assert power_of_two(2.0**exponent) == exponent


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_nearest_power_in_ratio(value):
    """No other power of two is nearer in ratio: the one taken is within a factor of the root of 2."""
    ratio = value / 2.0 ** power_of_two(value)
    assert math.sqrt(0.5) * (1 - 1e-12) <= ratio <= math.sqrt(2) * (1 + 1e-12)
