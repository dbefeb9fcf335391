"""Rounding and overflow in hardware: every bit dropped is dropped in a named way.

Amaranth's shifts, ``+`` and ``-`` on signed values are exact and floor, but a slice of a signed
value is unsigned, which is where fixed-point code goes wrong. So slices of signed values are taken
here only, and tested for every value of small widths.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value

from .config.number import Format, Rounding
from .delay import later

__all__ = ["OUTSIDE", "requantize", "saturate", "shape", "shift_round", "wrap"]

#: Attributes of a register that holds a sum and goes to multipliers: it is to stay outside of them. Yosys
#: for Xilinx moves such a register with its adder into the first multiplier that reads it, and whatever
#: else reads the register, be it the other factor of a square, then reads a wire without a driver.
#: The Verilog calls it ``keep``.
OUTSIDE = {"outside_multipliers": 1}


def shape(format: Format) -> Shape:
    """The Amaranth shape of a number format."""
    return Shape(format.width, signed=format.signed)


def shift_round(
    value: Value, bits: int, rounding: Rounding, dither: Value | None = None
) -> tuple[Value, Value]:
    """``value / 2**bits`` as an integer, and the remainder that ``CARRY`` leaves with the caller.

    ``dither`` holds ``bits`` uniform random bits, for ``STOCHASTIC`` only. The remainder is
    ``value - (result << bits)``, 0 to ``2**bits - 1``, for ``CARRY``; zero for all others.
    """
    if bits == 0:
        return value, Const(0, 1)
    if rounding is Rounding.NEAREST_EVEN:
        # Add just under one half, and exactly one half where the last kept bit is one.
        last = _floor(value, bits)[0]
        return _floor(value + ((1 << (bits - 1)) - 1) + last, bits), Const(0, 1)
    if rounding is Rounding.STOCHASTIC:
        assert dither is not None
        return _floor(value + dither[:bits], bits), Const(0, 1)
    if rounding is Rounding.CARRY:
        return _floor(value, bits), _low(value, bits)
    return _floor(value, bits), Const(0, 1)


def _floor(value: Value, bits: int) -> Value:
    """``value / 2**bits``, floored; of an unsigned value all bits may go."""
    return value.shift_right(bits) if value.shape().signed or bits < len(value) else Const(0, 1)


def _low(value: Value, bits: int) -> Value:
    """The low bits in two's complement, of which there may be more than ``value`` has."""
    sign = value[-1] if value.shape().signed else Const(0, 1)
    return Cat(value, sign.replicate(max(0, bits - len(value))))[:bits]


def wrap(value: Value, format: Format) -> Value:
    """The low bits of ``value``."""
    low = _low(value, format.width)
    return low.as_signed() if format.signed else low.as_unsigned()


def saturate(
    m: Module, value: Value, format: Format, name: str, *, stages: int = 0, symmetric: bool = False
) -> tuple[Signal, Signal]:
    """``value`` limited to ``format`` (its fraction bits are the caller's), and whether it was; of a signed
    format of two bits or more that is ``symmetric`` to -max .. max.

    With ``stages`` registers between the test and the choice of the limit, both so many clocks later.

    A signed value fits a narrower signed format when all bits from the new sign upward are
    equal, and an unsigned one when all bits above it are zero and so is its sign.
    """
    limited = Signal(shape(format), name=name)
    outside = Signal(name=f"{name}_saturated")
    width = format.width
    value_shape = value.shape()
    if not value_shape.signed:
        value = Cat(value, Const(0, 1)).as_signed()
    bits = len(value)
    keep = width if format.signed else width + 1  # as a signed value
    if bits <= keep - symmetric and (format.signed or not value_shape.signed):
        m.d.comb += limited.eq(later(m, value, f"{name}_low", stages))
        return limited, outside
    negative: Value = value[-1]
    if format.signed:
        top = value[width - 1 :]
        beyond = top.any() & ~top.all()
        if symmetric:
            beyond = beyond | (value[:width].as_signed() == format.min)
    else:
        beyond = value[width:].any() | negative
    m.d.comb += outside.eq(later(m, beyond, f"{name}_beyond", stages))
    low = later(m, value[:width], f"{name}_low", stages)
    negative = later(m, negative, f"{name}_negative", stages)
    if format.signed:
        limit = Cat((~negative).replicate(width - 1), negative)
        limit = limit | 1 if symmetric else limit
    else:
        limit = (~negative).replicate(width)
    m.d.comb += limited.eq(Mux(outside, limit, low))
    return limited, outside


def requantize(
    m: Module, value: Value, fraction_bits: int, format: Format, name: str, *, stages: int = 0
) -> Signal:
    """A value of ``fraction_bits`` fraction bits in another format: floor, then :func:`saturate`."""
    shift = fraction_bits - format.fraction_bits
    moved = _floor(value, shift) if shift >= 0 else value.shift_left(-shift)
    return saturate(m, moved, format, name, stages=stages)[0]
