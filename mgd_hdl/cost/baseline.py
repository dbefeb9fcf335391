"""The baseline: what part of the cost is a change, and what was there before?"""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..delay import later
from ..fixed import saturate, shape
from ..hierarchy import Block

__all__ = ["Baseline"]


class Baseline(Block):
    """``C~ = C - C0``, saturated. C0 is the last reference measured.

    One-sided, the reference is the cost at rest; two-sided, it is the cost on the minus side, so
    C~ = C(+) - C(-). The reference is measured like any other cost, noise included.

    A cost change is valid one clock after its cost; with many stages (``engine.stages``) two: in the first it
    is subtracted, in the second limited. One measurement a clock.

    Members
    -------
    i : In(stream of {cost, reference}, always ready)
    o : Out(stream of C~, always ready)
    saturated : Out(1)
        C~ was limited; one clock, with ``o.valid``.
    [ignore] : In(1)
        With a device outside: one of the two was not measured, so C~ is 0.
    """

    #: What the sequencer says of some measurements, and ``i`` hears: they measure C0.
    MARK = "reference"

    def __init__(self, config: TrainerConfig):
        self.config = config
        measured = data.StructLayout({"cost": shape(config.words.measured), self.MARK: 1})
        super().__init__(
            {
                "i": In(stream.Signature(measured, always_ready=True)),
                "o": Out(stream.Signature(shape(config.words.cost_change), always_ready=True)),
                "saturated": Out(1),
                **({"ignore": In(1)} if config.outside else {}),
            }
        )

    @property
    def module(self) -> str:
        return "baseline"

    def elaborate(self, platform):
        m = Module()
        cost, reference = self.i.payload.cost, self.i.payload.reference
        level = Signal(shape(self.config.words.measured), reset_less=True)
        with m.If(self.i.valid & reference):
            m.d.sync += level.eq(cost)
        if self.config.outside:
            believed = Signal(shape(self.config.words.measured))
            m.d.comb += believed.eq(Mux(self.ignore, level, cost))
            cost = believed
        stages = int(self.config.staged)
        difference = later(m, cost - level, "difference", stages)
        change, outside = saturate(m, difference, self.config.words.cost_change, "change")
        perturbed = Signal()
        m.d.comb += perturbed.eq(self.i.valid & ~reference)
        differs = later(m, perturbed, "differs", stages, resets=True)
        m.d.sync += [
            self.o.payload.eq(change),
            self.o.valid.eq(differs),
            self.saturated.eq(differs & outside),
        ]
        return m
