"""Is the arithmetic of the circuit right, for every value of narrow words, against exact fractions?"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import pytest
from amaranth.hdl import Module, Mux, Shape, Signal, signed, unsigned

from mgd_hdl import fixed
from mgd_hdl.config import SQ, UQ, Format, Rounding
from testbenches.support import run_natively

SHAPES = [kind(width) for width in range(1, 8) for kind in (signed, unsigned)]
FORMATS = [
    *(SQ(width - fraction, fraction) for width in range(1, 9) for fraction in (0, 2)),
    *(UQ(width - fraction, fraction) for width in range(1, 9) for fraction in (0, 2)),
]

#: A circuit: from its input, and its dither, to values by a name of any kind.
Build = Callable[[Module, Signal, Signal], dict[Any, Any]]
#: What the values must be.
Exact = Callable[[Any, int, int], int]


def values(shape: Shape) -> range:
    """Every value of a shape."""
    half = 1 << (shape.width - 1)
    return range(-half, half) if shape.signed else range(2 * half)


def agree(shape: Shape, build: Build, exact: Exact, dither_bits: int = 0) -> None:
    """Assert that every output of the circuit is exact, for every input and every dither."""
    m = Module()
    value, dither = Signal(shape), Signal(dither_bits)
    outputs = {}
    for key, result in build(m, value, dither).items():
        outputs[key] = Signal(result.shape())
        m.d.comb += outputs[key].eq(result)

    async def testbench(context):
        for number, word in itertools.product(values(shape), range(1 << dither_bits)):
            context.set(value, number)
            context.set(dither, word)
            for key, output in outputs.items():
                assert context.get(output) == exact(key, number, word), (key, number, word)

    run_natively(m, testbench)


# ---- shift and round ---------------------------------------------------------------------------------

RULES = {Rounding.FLOOR: math.floor, Rounding.CARRY: math.floor, Rounding.NEAREST_EVEN: round}


def check_shift_round(shift_round: Callable[..., Any], shapes: Iterable[Shape] = SHAPES) -> None:
    """Every shift up to two bits more than there are."""
    for shape in shapes:

        def build(_m: Module, value: Signal, _dither: Signal, shape: Shape = shape) -> dict[Any, Any]:
            found = {}
            for bits, rounding in itertools.product(range(shape.width + 3), RULES):
                found["rounded", bits, rounding], found["remainder", bits, rounding] = shift_round(
                    value, bits, rounding
                )
            return found

        def exact(key: Any, number: int, _word: int) -> int:
            what, bits, rounding = key
            rounded = RULES[rounding](Fraction(number, 2**bits))
            if what == "rounded":
                return rounded
            return number - rounded * 2**bits if rounding is Rounding.CARRY else 0

        agree(shape, build, exact)


def check_stochastic(shift_round: Callable[..., Any]) -> None:
    """Dither of more bits than are dropped, of which the upper ones play no part."""
    for shape in (signed(5), unsigned(4)):

        def build(_m: Module, value: Signal, dither: Signal) -> dict[Any, Any]:
            return {
                bits: shift_round(value, bits, Rounding.STOCHASTIC, dither)[0] for bits in range(len(dither))
            }

        def exact(bits: int, number: int, word: int) -> int:
            return math.floor(Fraction(number + word % 2**bits, 2**bits))

        agree(shape, build, exact, dither_bits=6)


def test_shift_round():
    check_shift_round(fixed.shift_round)


def test_stochastic():
    check_stochastic(fixed.shift_round)


def half_up(value, bits, rounding, dither=None):
    """Ties upward, not to even."""
    if rounding is Rounding.NEAREST_EVEN and bits:
        return (value + (1 << (bits - 1))) >> bits, 0 * value[0]
    return fixed.shift_round(value, bits, rounding)


def toward_zero(value, bits, rounding, dither=None):
    """What integer division does in most languages."""
    if rounding is Rounding.FLOOR and value.shape().signed:
        return (value + Mux(value < 0, (1 << bits) - 1, 0)) >> bits, 0 * value[0]
    return fixed.shift_round(value, bits, rounding)


def sliced(value, bits, rounding, dither=None):
    """A slice of a signed value is unsigned."""
    if rounding is Rounding.FLOOR and bits < len(value):
        return value[bits:], 0 * value[0]
    return fixed.shift_round(value, bits, rounding)


@pytest.mark.parametrize("wrong", [half_up, toward_zero, sliced])
def test_other_roundings_are_noticed(wrong):
    with pytest.raises(AssertionError, match="'rounded'"):
        check_shift_round(wrong, [signed(3)])


def test_a_dither_one_bit_short_is_noticed():
    with pytest.raises(AssertionError):
        check_stochastic(
            lambda value, bits, rounding, dither: fixed.shift_round(value, bits, rounding, dither >> 1)
        )


# ---- overflow ----------------------------------------------------------------------------------------


def clamped(number: int, format: Format) -> int:
    return max(format.min, min(format.max, number))


def wrapped(number: int, format: Format) -> int:
    return (number - format.min) % 2**format.width + format.min


def check_saturate(
    saturate: Callable[..., Any], shapes: Iterable[Shape] = SHAPES, *, symmetric: bool = False
) -> None:
    """Into every format, wider and narrower, and whether the value was changed."""

    def build(m: Module, value: Signal, _dither: Signal) -> dict[Any, Any]:
        found = {}
        for number, format in enumerate(FORMATS):
            found["limited", format], found["outside", format] = saturate(m, value, format, f"value_{number}")
        return found

    def exact(key: Any, number: int, _word: int) -> int:
        what, format = key
        limited = clamped(number, format)
        if symmetric and format.signed and format.width > 1:
            limited = max(limited, -format.max)
        return limited if what == "limited" else limited != number

    for shape in shapes:
        agree(shape, build, exact)


def check_wrap(wrap: Callable[..., Any]) -> None:
    """Into every format, wider and narrower."""
    for shape in SHAPES:
        agree(
            shape,
            lambda _m, value, _dither: {format: wrap(value, format) for format in FORMATS},
            lambda format, number, _word: wrapped(number, format),
        )


def check_requantize(requantize: Callable[..., Any], shapes: Iterable[Shape] = SHAPES) -> None:
    """From 0 to 4 fraction bits into every format."""

    def build(m: Module, value: Signal, _dither: Signal) -> dict[Any, Any]:
        return {
            (fraction, format): requantize(m, value, fraction, format, f"value_{fraction}_{number}")
            for fraction, (number, format) in itertools.product(range(5), enumerate(FORMATS))
        }

    def exact(key: Any, number: int, _word: int) -> int:
        fraction, format = key
        return clamped(math.floor(Fraction(number, 2**fraction) * 2**format.fraction_bits), format)

    for shape in shapes:
        agree(shape, build, exact)


def test_saturate():
    check_saturate(fixed.saturate)


def symmetric(m, value, format, name):
    """Limits of one size on both sides."""
    return fixed.saturate(m, value, format, name, symmetric=format.width > 1)


def test_saturate_alike_on_both_sides():
    check_saturate(symmetric, symmetric=True)
    with pytest.raises(AssertionError):
        check_saturate(fixed.saturate, [signed(4)], symmetric=True)


def test_wrap():
    check_wrap(fixed.wrap)


def test_requantize():
    check_requantize(fixed.requantize)


def silent(m, value, format, name):
    """Limits, but does not say so."""
    limited, outside = fixed.saturate(m, value, format, name)
    return limited, outside & 0


def overflowing(m, value, format, name):
    """Drops the upper bits."""
    return fixed.wrap(value, format), fixed.saturate(m, value, format, name)[1]


@pytest.mark.parametrize("wrong", [symmetric, silent, overflowing])
def test_other_limits_are_noticed(wrong):
    with pytest.raises(AssertionError):
        check_saturate(wrong, [signed(4)])


def test_a_wrap_without_sign_is_noticed():
    with pytest.raises(AssertionError):
        check_wrap(lambda value, format: value[: format.width])


def test_a_requantization_to_the_nearest_is_noticed():
    def nearest(m, value, fraction_bits, format, name):
        return fixed.requantize(m, 2 * value + (1 << fraction_bits >> 1), fraction_bits + 1, format, name)

    with pytest.raises(AssertionError):
        check_requantize(nearest, [signed(4)])
