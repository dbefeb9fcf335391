"""Absolute error: how far are the outputs from their targets, without squares?"""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block
from . import adder_tree, later

__all__ = ["AbsoluteError"]


class AbsoluteError(Block):
    """``C = sum_j |y_j - t_j|``, floored to the cost's fraction bits. It needs no multiplier.

    Errors and their sum are exact; the only bits dropped are the last ones of the sum.

    Latency ``config.timing.cost_pipeline + config.timing.cost_padding`` clocks: error, size, adder tree; one
    cost per clock.

    Members
    -------
    y : In(outputs)
    target : In(outputs)
    cost : Out(config.words.cost)
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                "y": In(data.ArrayLayout(shape(config.shape.layers[-1].output), config.outputs)),
                "target": In(data.ArrayLayout(shape(config.formats.target), config.outputs)),
                "cost": Out(shape(config.words.cost)),
            }
        )

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
