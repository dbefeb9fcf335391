"""Hinge: by how much does the right answer miss its margin?"""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, signed

from ..config.network import adder_levels
from ..delay import later
from ..fixed import shape
from . import Loss, chosen, largest, leading

__all__ = ["Hinge"]


class Hinge(Loss):
    """``C = max(0, margin + max_(j != c) y_j - y_c)``, c the class of the largest target (Crammer and
    Singer, 2001).

    A single output is compared with zero: ``C = max(0, margin - y)`` for a target of one half or more,
    else ``max(0, margin + y)``. Exact but for the bits that the cost does not keep.

    Latency ``config.timing.cost_pipeline + config.timing.cost_padding`` clocks: right class and rivals,
    comparator tree, what is missing, with many stages (``engine.stages``) in two; one cost per clock.
    """

    @property
    def module(self) -> str:
        return "hinge"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        output = config.shape.layers[-1].output
        y = [self.y[j] for j in range(config.outputs)]
        if config.outputs == 1:
            behind = Signal(signed(output.width + 1), reset_less=True)
            m.d.sync += behind.eq(Mux(self.target[0] >= config.levels.target_threshold, -y[0], y[0]))
            behind = later(m, behind, "behind", config.timing.cost_padding)
        else:
            hot = leading([self.target[j] for j in range(config.outputs)])
            right = Signal(shape(output), reset_less=True)
            m.d.sync += right.eq(chosen(hot, y))
            rivals = []
            for j in range(config.outputs):
                # The right class itself is no rival: the least value never exceeds another.
                rival = Signal(shape(output), name=f"rival_{j}", reset_less=True)
                m.d.sync += rival.eq(Mux(hot[j], Const(output.min, shape(output)), y[j]))
                rivals.append(later(m, rival, f"rival_{j}", config.timing.cost_padding))
            waiting = config.timing.cost_padding + adder_levels(config.outputs)
            behind = largest(m, rivals) - later(m, right, "right", waiting)
        missing = later(m, behind + config.words.margin, "missing", int(config.staged))
        short = Signal(config.words.cost.integer_bits + output.fraction_bits, reset_less=True)
        m.d.sync += short.eq(Mux(missing < 0, 0, missing))
        m.d.comb += self.cost.eq(short.shift_right(output.fraction_bits - config.words.cost.fraction_bits))
        return m
