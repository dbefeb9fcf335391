"""Samples from outside, one register deep."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..hierarchy import Block
from . import sample_stream

__all__ = ["SampleStream"]


class SampleStream(Block):
    """Holds one sample between the outside and the trainer.

    From ``load`` on it takes a sample whenever it holds none, so at most one every two clocks; a
    sample is offered one clock after it was taken. Before, it takes none: that sample would be lost. With
    delayed updates and many stages, where a step knows one clock late that it has taken a sample, the next
    one comes in the clock in which it goes.

    Members
    -------
    i : In(stream of {x, target})
    load : In(1)
        Forget the sample that is held, and begin.
    o : Out(stream of {x, target})
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__({"load": In(1), "i": In(sample_stream(config)), "o": Out(sample_stream(config))})

    @property
    def module(self) -> str:
        return "sample_stream"

    def elaborate(self, platform):
        m = Module()
        begun = Signal()
        free = ~self.o.valid
        if self.config.never_waits and self.config.staged:
            free = free | self.o.ready
        m.d.comb += self.i.ready.eq(begun & ~self.load & free)
        with m.If(self.load):
            m.d.sync += [begun.eq(1), self.o.valid.eq(0)]
        with m.Elif(self.i.valid & self.i.ready):
            m.d.sync += [self.o.payload.eq(self.i.payload), self.o.valid.eq(1)]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        return m
