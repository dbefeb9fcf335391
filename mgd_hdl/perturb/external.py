"""Codes from outside: the world decides how each parameter is perturbed."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..hierarchy import Block
from . import code_stream

__all__ = ["External"]


class External(Block):
    """Holds one code word between the outside and the cells.

    For each perturbation one word a parameter, from the last parameter to the first: u of
    ``config.code_bits`` bits for ``s = 2 u + 1 - 2**code_bits``.

    From ``load`` on it takes a word whenever it holds none or gives the one that it holds; before, it takes
    none. A word is offered one clock after it was taken; one word a clock.

    Members
    -------
    load : In(1)
        Forget the word that is held, and begin.
    i, o : In, Out(stream of u)
    """

    def __init__(self, config: TrainerConfig):
        super().__init__({"load": In(1), "i": In(code_stream(config)), "o": Out(code_stream(config))})

    @property
    def module(self) -> str:
        return "external"

    def elaborate(self, platform):
        m = Module()
        begun = Signal()
        m.d.comb += self.i.ready.eq(begun & ~self.load & (~self.o.valid | self.o.ready))
        with m.If(self.load):
            m.d.sync += [begun.eq(1), self.o.valid.eq(0)]
        with m.Elif(self.i.ready):
            m.d.sync += [self.o.payload.eq(self.i.payload), self.o.valid.eq(self.i.valid)]
        return m
