"""Absolute error: how far are the outputs from their targets, without squares?"""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, unsigned

from ..delay import later
from ..fixed import shape
from . import Loss, adder_tree

__all__ = ["AbsoluteError"]


class AbsoluteError(Loss):
    """``C = sum_j |y_j - t_j|``, floored to the cost's fraction bits. It needs no multiplier.

    Errors and their sum are exact; the only bits dropped are the last ones of the sum.

    Latency ``config.timing.cost_pipeline + config.timing.cost_padding`` clocks: error, size, adder tree; one
    cost per clock.
    """

    @property
    def module(self) -> str:
        return "absolute_error"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        align = config.words.error.fraction_bits - config.formats.target.fraction_bits
        terms = []
        for j in range(config.outputs):
            error = Signal(shape(config.words.error), name=f"error_{j}", reset_less=True)
            m.d.sync += error.eq(self.y[j] - self.target[j].shift_left(align))
            error = later(m, error, f"error_{j}", config.timing.cost_padding)
            # The least error's size needs the bit that is a sign otherwise.
            size = Signal(unsigned(config.words.error.width), name=f"size_{j}", reset_less=True)
            m.d.sync += size.eq(Mux(error < 0, -error, error))
            terms.append(size)
        drop = config.words.error.fraction_bits - config.words.cost.fraction_bits
        m.d.comb += self.cost.eq(adder_tree(m, terms).shift_right(drop))
        return m
