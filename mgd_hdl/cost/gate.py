"""The gate: which cost changes are too small to be believed, and which too large to be followed?"""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..delay import later
from ..fixed import shape
from ..hierarchy import Block

__all__ = ["Gate"]


class Gate(Block):
    """``0`` where ``|C~| <= change_gate``, else C~ limited to ``-change_limit .. change_limit``.

    Both are registers, in last bits of C~. A limit of ``config.words.cost_change.max`` and a gate of zero
    change nothing but the least C~, which has no positive counterpart. A gate that reaches the limit
    lets nothing through.

    Latency one clock; with many stages (``engine.stages``) three: size, comparisons, choice. One cost change
    a clock.

    Members
    -------
    i : In(stream of C~, always ready)
    change_limit, change_gate : In
        Unsigned, one bit narrower than C~.
    o : Out(stream of C~, always ready)
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        change = stream.Signature(shape(config.words.cost_change), always_ready=True)
        size = config.words.cost_change.width - 1
        super().__init__(
            {"i": In(change), "change_limit": In(size), "change_gate": In(size), "o": Out(change)}
        )

    @property
    def module(self) -> str:
        return "gate"

    def elaborate(self, platform):
        m = Module()
        change, stages = self.i.payload, int(self.config.staged)
        magnitude = Signal(len(change), name="size")
        kept = Signal(len(self.change_limit))
        m.d.comb += magnitude.eq(Mux(change < 0, -change, change))
        size = later(m, magnitude, "size", stages)
        large = later(m, size > self.change_limit, "large", stages)
        limit = later(m, self.change_limit, "limit", stages)
        m.d.comb += kept.eq(Mux(large, limit, later(m, size, "compared", stages)))
        with m.If(later(m, size <= self.change_gate, "small", stages)):
            m.d.comb += kept.eq(0)
        given = Mux(later(m, change < 0, "negative", 2 * stages), -kept, kept)
        if stages:
            # Nobody reads it without valid: its register is spared a reset.
            m.d.comb += self.o.payload.eq(later(m, given[: len(change)], "given", 1))
        m.d.sync += [
            *([] if stages else [self.o.payload.eq(given)]),
            self.o.valid.eq(later(m, self.i.valid, "valid", 2 * stages, resets=True)),
        ]
        return m
