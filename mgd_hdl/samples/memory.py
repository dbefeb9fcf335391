"""Samples from on-chip memory, in an order that a seed decides."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import memory
from amaranth.lib.wiring import In, Out

from ..config.codes import LFSR
from ..config.trainer import TrainerConfig
from ..hierarchy import Block, place
from ..lfsr import ShiftRegister
from . import sample_stream

__all__ = ["SampleMemory"]


class SampleMemory(Block):
    """Every sample of the task in a memory, read in one of three orders.

    ``random`` takes each index from fresh random bits. ``epoch`` goes through all indices once,
    then anew: a counter plus one key, its bits reversed, exclusive-or another key; the keys are
    random bits drawn at the start of each epoch. ``plain`` counts. Where the number of samples is
    no power of two, the first two orders skip the indices that do not exist.

    A sample is taken in any clock; the next follows one clock later, or as many more as are
    skipped.

    Members
    -------
    load, [seed] : In(1), In(31)
        Start over; the plain order has no seed.
    o : Out(stream of {x, target})
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        seed = {} if config.task.order == "plain" else {"seed": In(LFSR.degree)}
        super().__init__({"load": In(1), **seed, "o": Out(sample_stream(config))})

    @property
    def module(self) -> str:
        return "sample_memory"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        task, order = config.shape.task_data, config.task.order
        bits = task.index_bits
        last = (1 << bits) - 1

        # The memory's output register holds the sample that is offered.
        words, width = config.shape.sample_words
        m.submodules.rom = rom = memory.Memory(shape=unsigned(width), depth=len(words), init=words)
        port = rom.read_port()
        m.d.comb += self.o.payload.as_value().eq(port.data)

        # Read whenever the register is free; an index that does not exist leaves it empty.
        turn = Signal()
        index = Signal(bits)
        exists = Signal()
        m.d.comb += [
            turn.eq((~self.o.valid | self.o.ready) & ~self.load),
            exists.eq(index < len(words)),
            port.addr.eq(index),
            port.en.eq(turn & exists),
        ]
        with m.If(self.load):
            m.d.sync += self.o.valid.eq(0)
        with m.Elif(turn):
            m.d.sync += self.o.valid.eq(exists)

        if order == "plain":
            with m.If(self.load | (turn & (index == len(words) - 1))):
                m.d.sync += index.eq(0)
            with m.Elif(turn):
                m.d.sync += index.eq(index + 1)
            return m

        register = place(m, platform, "register", ShiftRegister())
        m.d.comb += [register.load.eq(self.load), register.seed.eq(self.seed)]
        if order == "random":
            m.d.comb += [register.advance.eq(turn), index.eq(register.state[:bits])]
            return m

        # epoch: the keys are read from the register while its counter goes round.
        count = Signal(bits)
        add, flip = register.state[:bits], register.state[bits : 2 * bits]
        forward = Signal(bits)
        m.d.comb += [
            forward.eq(count + add),
            index.eq(Cat(reversed(list(forward))) ^ flip),
            register.advance.eq(turn & (count == last)),
        ]
        with m.If(self.load):
            m.d.sync += count.eq(0)
        with m.Elif(turn):
            m.d.sync += count.eq(count + 1)
        return m
