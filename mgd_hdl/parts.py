"""Products, whole or without a multiplier: of parts of a factor, which are added a clock later."""

from __future__ import annotations

from functools import reduce
from operator import add

from amaranth.hdl import Module, Signal, Value

from .delay import later

__all__ = ["in_parts", "product"]

#: Into so many a factor is cut. A product of few bits is a low tree of sums, and three numbers take one level
#: of tables and a carry chain.
PARTS = 3


def in_parts(m: Module, one: Value, other: Value, name: str) -> Value:
    """``one * other`` of the clock before, exact: the sum of products with the parts of the narrower factor,
    which registers keep. The sum has none.
    """
    if len(one) < len(other):
        one, other = other, one
    size = -(-len(other) // PARTS)
    found = []
    for low in range(0, len(other), size):
        part: Value = other[low : low + size]
        if other.shape().signed and low + size >= len(other):
            part = part.as_signed()
        product = one * part
        kept = Signal(product.shape(), name=f"{name}_part_{low}", reset_less=True)
        m.d.sync += kept.eq(product)
        found.append(kept.shift_left(low))
    return reduce(add, found)


def product(m: Module, one: Value, other: Value, name: str, *, parts: bool, stages: int) -> Value:
    """``one * other``, exact: with parts that of the clock before, else that of so many clocks ago."""
    if parts:
        return in_parts(m, one, other, name)
    whole = Signal((one * other).shape(), name=name)
    m.d.comb += whole.eq(one * other)
    return later(m, whole, name, stages)
