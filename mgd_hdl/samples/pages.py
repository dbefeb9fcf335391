"""Samples from outside, one input a clock, in a memory of two pages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.stream import Signature
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block
from . import input_stream, target_layout

__all__ = ["SamplePages", "into_memory", "numbers"]


def numbers(config: TrainerConfig) -> range:
    """Of the inputs in a page."""
    return range(max(2, config.inputs))


def into_memory(
    m: Module,
    config: TrainerConfig,
    i: Any,
    load: Value,
    at: Value,
    room: Sequence[Value],
    *,
    page: Value | None = None,
    shown: Value | None = None,
) -> tuple[Value, Value]:
    """Inputs come one a clock into a page of a memory, and are read from one.

    A word whose ``first`` is 1 is input 0, and those that follow are the further ones. A ``first`` before the
    last input begins anew, and words behind the last one are dropped until there is one. So it is behind
    ``load``, which forgets what is held.

    Parameters
    ----------
    i : stream of {x, first}
    load, at : Value
        Begin, before which nothing is taken; which input is read.
    room : sequence of Value
        A word may be taken where all of them are high.
    page, shown : Value, optional
        Where there are two pages: which is written, and which is read.

    Returns
    -------
    tuple of Value
        From the next clock on all inputs are there; input ``at`` of the clock before.
    """
    pages = () if page is None else (page,)
    begun = Signal()
    place = Signal(numbers(config))  # of the next input; 0 where none has begun
    m.submodules.store = store = Memory(
        shape=shape(config.formats.input),
        depth=1 << len(place) + len(pages),
        init=[],
        attrs={"no_rw_check": 1},
    )
    reads, writes = store.read_port(), store.write_port()

    number = Signal.like(place)
    lands = Signal()
    whole = Signal()
    m.d.comb += [
        i.ready.eq(reduce(and_, room, begun & ~load)),
        number.eq(Mux(i.payload.first, 0, place)),
        lands.eq(i.valid & i.ready & (i.payload.first | place.any())),
        whole.eq(lands & (number == config.inputs - 1)),
        writes.addr.eq(Cat(number, *pages)),
        writes.data.eq(i.payload.x),
        writes.en.eq(lands),
        reads.addr.eq(Cat(at, *(() if shown is None else (shown,)))),
    ]
    with m.If(load | whole):
        m.d.sync += place.eq(0)
    with m.Elif(lands):
        m.d.sync += place.eq(number + 1)
    with m.If(load):
        m.d.sync += begun.eq(1)
    return whole, reads.data


class SamplePages(Block):
    """Keeps two samples in a memory: the network reads one, while the next one comes, input by input.

    A word whose ``first`` is 1 is input 0, and those that follow are the further ones. A sample is whole with
    its last input, which brings its targets; it is offered in the next clock. A ``first`` before that begins
    a sample anew, and words behind the last input are dropped until there is one; so after ``load``, which
    may come in the middle of a sample, all words are dropped until the next sample begins. No sample is
    offered that is not whole.

    From ``load`` on a word is taken in any clock but those in which a sample waits, and those from the clock
    in which it is taken until the network sees it: until then the page of the sample before may be read. So
    no word is read in the clock in which it is written.

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
