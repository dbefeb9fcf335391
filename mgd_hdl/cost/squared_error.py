"""Squared error: how far are the outputs from their targets?"""

from __future__ import annotations

from amaranth.hdl import Array, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..delay import later
from ..fixed import OUTSIDE, shape
from ..hierarchy import Block
from ..parts import in_parts
from . import Loss, adder_tree

__all__ = ["SerialSquaredError", "SquaredError"]


def _shortened(config: TrainerConfig, total: Value) -> Value:
    """The sum of squares with the cost's fraction bits."""
    drop = 2 * config.words.error.fraction_bits - config.words.cost.fraction_bits
    return total.shift_right(drop)


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
            if config.in_parts:
                m.d.comb += square.eq(in_parts(m, error, error, f"square_{j}"))
            else:
                m.d.sync += square.eq(error * error)
            terms.append(square)
        m.d.comb += self.cost.eq(_shortened(config, adder_tree(m, terms)))
        return m


class SerialSquaredError(Block):
    """The C of :class:`SquaredError` from outputs that come one by one, with one multiplier.

    The outputs of a measurement come in their order, those of both sides group by group in turn. In the third
    clock behind the last one C is there, until another output of this side is.

    Members
    -------
    y : In(output)
    neuron : In; plus : In(1)
        Its number; it is of the perturbed side.
    valid : In(1)
    target : In(outputs)
    cost : Out(config.words.cost)
        That of the side whose output came last.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                "y": In(shape(config.shape.layers[-1].output)),
                "neuron": In(range(max(2, config.outputs))),
                "plus": In(1),
                "valid": In(1),
                "target": In(data.ArrayLayout(shape(config.formats.target), config.outputs)),
                "cost": Out(shape(config.words.cost)),
            }
        )

    @property
    def module(self) -> str:
        return "squared_error"

    def elaborate(self, platform):
        m = Module()
        config, word = self.config, self.config.words.error
        align = word.fraction_bits - config.formats.target.fraction_bits
        targets = Array(self.target[j].shift_left(align) for j in range(config.outputs))
        error = Signal(shape(word), reset_less=True, attrs=OUTSIDE)
        square = Signal(unsigned(2 * word.width - 1), reset_less=True)
        m.d.sync += [error.eq(self.y - targets[self.neuron]), square.eq(error * error)]
        valid = later(m, self.valid, "valid", 2, resets=True)
        first = later(m, self.neuron == 0, "first", 2)
        plus = later(m, self.plus, "plus", 2)
        last_plus = Signal(reset_less=True)
        totals = []
        for side in (0, 1):
            total = Signal(
                len(square) + (config.outputs - 1).bit_length(), name=f"total_{side}", reset_less=True
            )
            with m.If(valid & (plus == side)):
                m.d.sync += [total.eq(Mux(first, 0, total) + square), last_plus.eq(side)]
            totals.append(_shortened(config, total))
        m.d.comb += self.cost.eq(Mux(last_plus, totals[1], totals[0]))
        return m
