"""The global cost accumulator: while one perturbation is held, its cost changes add up here.

All cells would add the same cost change with the same sign, so the sum needs one register, not
one per parameter.
"""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..fixed import saturate, shape
from ..hierarchy import Block

__all__ = ["CostAccumulator"]


class CostAccumulator(Block):
    """Sums C~ until ``flush``, then gives the sum and starts again from zero.

    In all other steps it gives zero, so that every step takes the same time. The sum saturates to
    ``config.words.hold``.

    Latency one clock; one cost change a clock.

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
        total, outside = saturate(m, held + change, self.config.words.hold, "total")
        with m.If(self.i.valid):
            m.d.sync += held.eq(Mux(flush, 0, total))
        m.d.sync += [
            self.o.payload.eq(Mux(flush, total, 0)),
            self.o.valid.eq(self.i.valid),
            self.saturated.eq(self.i.valid & outside),
        ]
        return m
