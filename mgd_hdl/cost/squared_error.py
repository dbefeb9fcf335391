"""Squared error: how far are the outputs from their targets?"""

from __future__ import annotations

from amaranth.hdl import Module, Signal, unsigned

from ..delay import later
from ..fixed import OUTSIDE, shape
from . import Loss, adder_tree

__all__ = ["SquaredError"]


class SquaredError(Loss):
    """``C = sum_j (y_j - t_j)^2``, floored to the cost's fraction bits.

    Errors, squares and their sum are exact and as wide as their extreme values; the only bits
    dropped are the last ones of the sum.

    Latency ``config.timing.cost_pipeline + config.timing.cost_padding`` clocks; one cost per clock.
    """

    @property
    def module(self) -> str:
        return "squared_error"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        align = config.words.error.fraction_bits - config.formats.target.fraction_bits
        kept = {} if config.timing.cost_padding else OUTSIDE
        terms = []
        for j in range(config.outputs):
            error = Signal(shape(config.words.error), name=f"error_{j}", reset_less=True, attrs=kept)
            m.d.sync += error.eq(self.y[j] - self.target[j].shift_left(align))
            # Padding stands here, not behind the square: two registers behind a multiplier make
            # some synthesizers move the wrong one into it.
            error = later(m, error, f"error_{j}", config.timing.cost_padding)
            square = Signal(unsigned(2 * config.words.error.width - 1), name=f"square_{j}", reset_less=True)
            m.d.sync += square.eq(error * error)
            terms.append(square)
        total = adder_tree(m, terms)
        drop = 2 * config.words.error.fraction_bits - config.words.cost.fraction_bits
        m.d.comb += self.cost.eq(total.shift_right(drop))
        return m
