"""Nearly normal numbers in hardware, one a clock, from a shift register of their own."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from .config.codes import LFSR
from .config.gaussian import BITS, INVERTED, LARGEST, TWICE
from .hierarchy import Block, place
from .lfsr import ShiftRegister

__all__ = ["WORD", "Gaussian"]

#: From -20 to 20.
WORD = signed(LARGEST.bit_length() + 1)


class Gaussian(Block):
    """Whole numbers of mean 0 and standard deviation 4, as :mod:`mgd_hdl.config.gaussian` defines them.

    Two counts of bits in one clock, their sum in the next: the register is two words ahead.

    Members
    -------
    seed, load : In(31), In(1)
        Restart. The first number is there three clocks later.
    advance : In(1)
        Go to the next number, which is there in the next clock.
    number : Out(WORD)
    """

    def __init__(self) -> None:
        super().__init__({"seed": In(LFSR.degree), "load": In(1), "advance": In(1), "number": Out(WORD)})

    @property
    def module(self) -> str:
        return "gaussian"

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        register = place(m, platform, "register", ShiftRegister())
        bit = {at: ~register.state[at] if at in INVERTED else register.state[at] for at in BITS}
        twice, once = (
            _count([bit[at] for at in BITS if (at in TWICE) == wanted]) for wanted in (True, False)
        )
        counted_twice = Signal(twice.shape(), reset_less=True)
        counted_once = Signal(once.shape(), reset_less=True)
        number = Signal(WORD, reset_less=True)
        filling = Signal(2)
        fresh = Signal()
        m.d.comb += [
            fresh.eq(filling.any() | self.advance),
            register.seed.eq(self.seed),
            register.load.eq(self.load),
            register.advance.eq(fresh),
            self.number.eq(number),
        ]
        m.d.sync += filling.eq(Cat(self.load, filling[0]))
        with m.If(fresh):
            m.d.sync += [
                counted_twice.eq(twice),
                counted_once.eq(once),
                number.eq((counted_twice << 1) + counted_once - LARGEST),
            ]
        return m


def _count(bits: list[Value]) -> Value:
    """How many are one: a tree of adders."""
    if len(bits) == 1:
        return bits[0]
    half = len(bits) // 2
    return _count(bits[:half]) + _count(bits[half:])
