"""Samples from outside, one input a clock, in a memory of two pages."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import data
from amaranth.lib.stream import Signature
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block
from ..page import into_memory, numbers
from . import input_stream, target_layout

__all__ = ["SamplePages"]


class SamplePages(Block):
    """Keeps two samples in a memory: the network reads one, while the next one comes, input by input.

    A word whose ``first`` is 1 is input 0, and those that follow are the further ones. A sample is whole with
    its last input, which brings its targets; it is offered in the next clock. A ``first`` before that begins
    a sample anew, and words behind the last input are dropped until there is one; so after ``load``, which
    may come in the middle of a sample, all words are dropped until the next sample begins. No sample is
    offered that is not whole.

    From ``load`` on a word is taken in any clock but those in which a sample waits, and those from the clock
    in which it is taken until the network sees it: until then the page of the sample before may be read. So
    no word is read in the clock in which it is written, as ``no_rw_check`` tells synthesis.

    Members
    -------
    i : In(stream of {x, target, first})
    load : In(1)
        Forget what is held, and begin.
    o : Out(stream of {target})
        A sample is there.
    go : In(1)
        A sweep begins: from the next clock on ``x`` is of the sample that was taken last.
    at : In(range(inputs)); x : Out
        Which input; a clock later, this one.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                "load": In(1),
                "i": In(input_stream(config)),
                "o": Out(Signature(data.StructLayout({"target": target_layout(config)}))),
                "go": In(1),
                "at": In(numbers(config)),
                "x": Out(shape(config.formats.input)),
            }
        )

    @property
    def module(self) -> str:
        return "sample_pages"

    def elaborate(self, platform):
        m = Module()
        page = Signal()  # where the next sample is
        shown = Signal(init=1)  # where the network reads
        room = [~self.o.valid, page != shown]
        whole, x = into_memory(m, self.config, self.i, self.load, self.at, room, page=page, shown=shown)
        m.d.comb += self.x.eq(x)
        with m.If(self.load):
            m.d.sync += self.o.valid.eq(0)
        with m.Elif(whole):
            m.d.sync += [self.o.payload.target.eq(self.i.payload.target), self.o.valid.eq(1)]
        with m.Elif(self.o.valid & self.o.ready):
            m.d.sync += [self.o.valid.eq(0), page.eq(~page)]
        with m.If(self.load | self.go):
            m.d.sync += shown.eq(~page)
        return m
