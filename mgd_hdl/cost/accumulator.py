"""The global cost accumulator: while one perturbation is held, its cost changes add up here.

All cells would add the same cost change with the same sign, so the sum needs one register, not
one per parameter.
"""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..delay import later
from ..fixed import saturate, shape
from ..hierarchy import Block

__all__ = ["CostAccumulator"]


class CostAccumulator(Block):
    """Sums C~ until ``flush``, then gives the sum and starts again from zero.

    In all other steps it gives zero, so that every step takes the same time. The sum saturates to
    ``config.words.hold``.

    Latency one clock; one cost change a clock. With many stages (``engine.stages``) two clocks, of which the
    first adds and the second limits, and a cost change every two clocks at most: no step takes less.

    Members
    -------
    i : In(stream of {change, flush}, always ready)
    o : Out(stream of hold, always ready)
    saturated : Out(1)
        The sum was limited; one clock, with ``o.valid``.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        step = data.StructLayout({"change": shape(config.words.cost_change), "flush": 1})
        super().__init__(
            {
                "i": In(stream.Signature(step, always_ready=True)),
                "o": Out(stream.Signature(shape(config.words.hold), always_ready=True)),
                "saturated": Out(1),
            }
        )

    @property
    def module(self) -> str:
        return "accumulator"

    def elaborate(self, platform):
        m = Module()
        change, flush = self.i.payload.change, self.i.payload.flush
        held = Signal(shape(self.config.words.hold))
        stages = int(self.config.staged)
        added = later(m, held + change, "added", stages)
        valid = later(m, self.i.valid, "valid", stages, resets=True)
        flush = later(m, flush, "flush", stages)
        total, outside = saturate(m, added, self.config.words.hold, "total")
        with m.If(valid):
            m.d.sync += held.eq(Mux(flush, 0, total))
        given = Mux(flush, total, 0)
        if stages:
            # Nobody reads it without valid: its register is spared a reset that waits for flush.
            m.d.comb += self.o.payload.eq(later(m, given, "given", 1))
        m.d.sync += [
            *([] if stages else [self.o.payload.eq(given)]),
            self.o.valid.eq(valid),
            self.saturated.eq(valid & outside),
        ]
        return m
