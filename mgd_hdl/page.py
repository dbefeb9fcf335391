"""Inputs that come one a clock, the first one marked, and wait in a memory: for training, or for answers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.memory import Memory

from .config.trainer import TrainerConfig
from .fixed import shape

__all__ = ["into_memory", "numbers"]


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
    ``load``, which forgets what is held. A word that is read in the clock in which it is written may be
    anything (``no_rw_check``), and nobody looks at it then.

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
