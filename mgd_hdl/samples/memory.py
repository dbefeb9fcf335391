"""Samples from on-chip memory, in an order that a seed decides."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import memory
from amaranth.lib.wiring import In, Out

from ..config.codes import LFSR
from ..config.trainer import TrainerConfig
from ..hierarchy import Block, place
from ..lfsr import ShiftRegister
from . import first_of, in_a_row, sample_stream

__all__ = ["SampleMemory"]


class SampleMemory(Block):
    """Every sample of the task in a memory, read in one of three orders.

    ``random`` takes each index from fresh random bits. ``epoch`` goes through all indices once,
    then anew: a counter plus one key, its bits reversed, exclusive-or another key; the keys are
    random bits drawn at the start of each epoch. ``plain`` counts. Where the number of samples is
    no power of two, the first two orders skip the indices that do not exist.

    A sample is taken in any clock; the next follows one clock later, or as many more as are
    skipped. Where no step is to wait for that (``config.shape.draws_ahead``), indices that exist wait for
    their turn, two of an epoch or three random ones: a sample every two clocks of an epoch there always is,
    of random ones nearly always.

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
        reads, found, there = turn, index, exists
        if config.shape.draws_ahead:
            reads, found, there = Signal(name="reads"), Signal(bits, name="found"), Signal(name="there")
        m.d.comb += [
            reads.eq((~self.o.valid | self.o.ready) & ~self.load),
            exists.eq(index < len(words)),
            port.addr.eq(found),
            port.en.eq(reads & there),
        ]
        with m.If(self.load):
            m.d.sync += self.o.valid.eq(0)
        with m.Elif(reads):
            m.d.sync += self.o.valid.eq(there)
        if config.shape.draws_ahead:
            waiting = in_a_row(
                m,
                index,
                put=turn & exists,
                taken=reads & there,
                load=self.load,
                places=2 if order == "epoch" else 3,
            )
            m.d.comb += [found.eq(waiting[0]), there.eq(waiting[1]), turn.eq(waiting[2] & ~self.load)]

        if order == "plain":
            with m.If(self.load | (turn & (index == len(words) - 1))):
                m.d.sync += index.eq(0)
            with m.Elif(turn):
                m.d.sync += index.eq(index + 1)
            return m

        # Where hardly more than one half of all indices exist, two are tried at a time.
        several = order == "random" and config.shape.draws_ahead and 8 * len(words) < 5 << bits
        register = place(m, platform, "register", ShiftRegister(most=2 if several else 1))
        m.d.comb += [register.load.eq(self.load), register.seed.eq(self.seed)]
        if order == "random":
            tries = [state[:bits] for state in register.states]
            chosen, _, tried = first_of(tries, [each < len(words) for each in tries])
            m.d.comb += [register.advance.eq(Mux(turn, tried, 0) if several else turn), index.eq(chosen)]
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
