"""The high-pass: of a cost measured again and again, what has changed lately?"""

from __future__ import annotations

from itertools import pairwise

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from ..config import HIGH_PASS
from ..config.trainer import TrainerConfig
from ..fixed import saturate, shape
from ..hierarchy import Block

__all__ = ["HighPass"]


class HighPass(Block):
    """``C~[n] = a (C~[n-1] + C[n] - C[n-1])``: C~ without a measurement of C0.

    This is the first-order high-pass of the analog algorithm of McCaughan et al. (2023), with
    a = tau_hp / (tau_hp + 1) in units of 1/256. A sample's first cost is ``blank``: C[n-1] is set to
    C[n], so that the jump from one sample to the next does not count as a change.

    No remainder is lost. ``C~[n-1] + C[n] - C[n-1]`` is exact, then saturated to
    ``config.words.cost_change``; its product with the coefficient has eight fraction bits more, and they are
    added to the next product. So the error of every step is taken back by the next: whatever comes,
    the sum of all C~ stays within 256 / (256 - coefficient) last bits of the sum without rounding.
    A rounded product would leave C~ hanging a few bits off zero, and the integrators would add that up.

    Latency three clocks: difference, sum and limit, product. One cost every second clock, since a sum
    waits for the product before it.

    Members
    -------
    i : In(stream of {cost, blank}, always ready)
    coefficient : In(8)
        256 a.
    o : Out(stream of C~, always ready)
    saturated : Out(1)
        The sum was limited; one clock, with ``o.valid``.
    [ignore] : In(1)
        With a device outside: nothing was measured, so C~ is 0 and all is kept.
    """

    #: What the sequencer says of some measurements, and ``i`` hears: they are the first of a new sample.
    MARK = "blank"

    def __init__(self, config: TrainerConfig):
        self.config = config
        measured = data.StructLayout({"cost": shape(config.words.cost), self.MARK: 1})
        super().__init__(
            {
                "i": In(stream.Signature(measured, always_ready=True)),
                "coefficient": In(HIGH_PASS.width),
                "o": Out(stream.Signature(shape(config.words.cost_change), always_ready=True)),
                "saturated": Out(1),
                **({"ignore": In(1)} if config.outside else {}),
            }
        )

    @property
    def module(self) -> str:
        return "highpass"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        cost = self.i.payload.cost

        level = Signal(shape(config.words.cost), reset_less=True)
        difference = Signal(signed(config.words.cost.width + 1), reset_less=True)
        differs = Signal()
        ignored: list[Value] = []  # in the clocks of the cost, the sum, the product
        if config.outside:
            ignored = [self.ignore, *(Signal(name=f"ignored_{clock}") for clock in range(3))]
            m.d.sync += [after.eq(before) for before, after in pairwise(ignored)]
        m.d.sync += differs.eq(self.i.valid)
        if config.outside:
            believed = Signal(shape(config.words.cost))
            m.d.comb += believed.eq(Mux(self.ignore, level, cost))
            cost = believed
        with m.If(self.i.valid):
            m.d.sync += [
                level.eq(cost),
                difference.eq(Mux(self.i.payload.blank, 0, cost - level)),
            ]

        # C~ is the upper part of the state; a coefficient below one keeps it within its format.
        state = Signal(shape(config.words.high_passed))
        change = state.shift_right(HIGH_PASS.width)
        limited, outside = saturate(m, change + difference, config.words.cost_change, "limited")
        total = Signal(shape(config.words.cost_change), reset_less=True)
        totalled = Signal()
        was_outside = Signal(reset_less=True)
        m.d.sync += [total.eq(limited), was_outside.eq(outside), totalled.eq(differs)]

        with m.If(totalled & ~ignored[2] if ignored else totalled):
            m.d.sync += state.eq(total * self.coefficient + state[: HIGH_PASS.width])
        limits: Value = was_outside
        if ignored:
            limits, change = was_outside & ~ignored[2], Mux(ignored[3], 0, change)
        m.d.comb += self.o.payload.eq(change)
        m.d.sync += [self.o.valid.eq(totalled), self.saturated.eq(totalled & limits)]
        return m
