"""Softmax cross-entropy: how surprised are the outputs by the right answer?"""

from __future__ import annotations

from amaranth.hdl import Array, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, memory
from amaranth.lib.wiring import In, Out

from ..config.cost import CurveTable
from ..config.network import adder_levels
from ..config.trainer import TrainerConfig
from ..delay import later
from ..fixed import saturate, shape
from ..hierarchy import Block, place
from ..parts import product
from . import Loss, adder_tree, chosen, largest, leading

__all__ = ["CrossEntropy", "Curve"]


class CrossEntropy(Loss):
    """``C = log(sum_j exp(y_j)) - y_c``, c the class of the largest target; the outputs are logits.

    The largest output is taken off first, so that every power lies in (0, 1] and the largest is 1:
    with ``d_j = max_k y_k - y_j``, ``C = log(sum_j exp(-d_j)) + d_c``. exp is a table of segments;
    log takes the leading one's place as a multiple of log(2) and reads the rest from a second table.

    A single output is the logit of a target of one half or more: ``C = log(1 + exp(-y))``, else
    ``log(1 + exp(y))``; either is ``log(1 + exp(-|y|))``, a table, plus |y| where the sign is wrong.

    All is exact but for the tables and the last bits: C is at most ``config.curves.loss_error`` from the
    real number.

    Latency ``config.timing.cost_pipeline + config.timing.cost_padding`` clocks; one cost per clock. With many
    stages (``engine.stages``) distances are limited one clock after they are known, and so is a size, and the
    last but one sum has a register.
    """

    @property
    def module(self) -> str:
        return "cross_entropy"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        # log of the sum, and what is added to it, exact.
        logarithm, behind = (self._single if config.outputs == 1 else self._several)(m, platform)
        output, inner = config.shape.layers[-1].output.fraction_bits, config.curves.curve_fraction
        fraction = max(output, inner)
        value = logarithm.shift_left(fraction - inner) + behind.shift_left(fraction - output)
        kept = value.shift_right(fraction - config.words.cost.fraction_bits)
        # A bit of the cost that no sum reaches is no register.
        total = Signal(min(len(kept), config.words.cost.width), reset_less=True)
        m.d.sync += total.eq(kept)
        m.d.comb += self.cost.eq(total)
        return m

    def _distance(self, m, value, name) -> Signal:
        """In the next clock, with many stages one later: a distance as the argument of its table, which ends
        just below the span.
        """
        config = self.config
        argument = config.curves.distance_table.argument
        align = argument.fraction_bits - config.shape.layers[-1].output.fraction_bits
        aligned = value.shift_left(align)
        limited, _ = saturate(m, aligned, argument, f"{name}_limited", stages=int(config.staged))
        # Small outputs never come near the table's end.
        distance = Signal(min(len(aligned), argument.width), name=name, reset_less=True)
        m.d.sync += distance.eq(limited)
        return later(m, distance, name, config.timing.cost_padding)

    def _single(self, m, platform) -> tuple[Value, Value]:
        config, y = self.config, self.y[0]
        size = Signal(len(y))
        m.d.comb += size.eq(Mux(y < 0, -y, y))
        right = (y < 0) ^ (self.target[0] >= config.levels.target_threshold)
        wrong = Signal(len(y), reset_less=True)
        m.d.sync += wrong.eq(Mux(right, 0, size))
        curve = place(m, platform, "softplus", Curve(config, config.curves.distance_table))
        m.d.comb += curve.d.eq(self._distance(m, size, "distance"))
        waiting = config.staged + config.timing.cost_padding + config.curves.latency
        return curve.value, later(m, wrong, "wrong", waiting)

    def _several(self, m, platform) -> tuple[Value, Value]:
        config = self.config
        levels = adder_levels(config.outputs)
        y = [self.y[j] for j in range(config.outputs)]
        right = Signal(shape(config.shape.layers[-1].output), reset_less=True)
        m.d.sync += right.eq(chosen(leading([self.target[j] for j in range(config.outputs)]), y))
        best = largest(m, y)

        # Distances from the largest.
        behind = Signal(len(y[0]), reset_less=True)
        m.d.sync += behind.eq(best - later(m, right, "right", levels - 1))
        powers = []
        for j, each in enumerate(y):
            curve = place(m, platform, f"exponential_{j}", Curve(config, config.curves.distance_table))
            apart = Signal(len(each), name=f"apart_{j}")
            m.d.comb += [
                apart.eq(best - later(m, each, f"y_{j}", levels)),
                curve.d.eq(self._distance(m, apart, f"distance_{j}")),
            ]
            powers.append(curve.value)
        total = adder_tree(m, powers)

        # The leading one of the sum, which is 1 to the number of outputs, moves to the top; what follows
        # it is d.
        inner, octaves = config.curves.curve_fraction, config.curves.octaves
        octave = Signal(range(len(octaves)), reset_less=True)
        fraction = Signal(inner + len(octaves) - 1, reset_less=True)
        for k in range(len(octaves)):
            with m.If(total[inner + k]):
                m.d.sync += [octave.eq(k), fraction.eq(total[: inner + k].shift_left(len(octaves) - 1 - k))]
        curve = place(m, platform, "logarithm", Curve(config, config.curves.logarithm_table))
        m.d.comb += curve.d.eq(fraction)
        whole = Signal(max(octaves).bit_length(), reset_less=True)
        m.d.sync += whole.eq(Array(map(Const, octaves))[octave])
        summed = Signal(len(whole) + 1)
        latency, stages = config.curves.latency, int(config.staged)
        m.d.comb += summed.eq(curve.value + later(m, whole, "whole", latency - 1))
        waiting = stages + config.timing.cost_padding + latency + levels + 1 + latency + stages
        return later(m, summed, "summed", stages), later(m, behind, "behind", waiting)


class Curve(Block):
    """A monotone curve as :class:`mgd_hdl.config.CurveTable` defines it.

    Latency ``config.curves.latency`` clocks, look up and interpolate; one value per clock. With many stages
    (``engine.stages``) the product has a register of its own, or its parts have (``engine.products``), and so
    has the row of a large table.

    Members
    -------
    d : In(table.argument)
    value : Out(table.output)
    """

    def __init__(self, config: TrainerConfig, table: CurveTable | None):
        assert table is not None
        self.config, self.table = config, table
        super().__init__({"d": In(shape(table.argument)), "value": Out(shape(table.output))})

    @property
    def module(self) -> str:
        return self.table.curve

    def elaborate(self, platform):
        m = Module()
        table = self.table
        row = data.StructLayout({"base": shape(table.output), "slope": table.slope_bits})
        words, width = table.words
        m.submodules.knots = rom = memory.Memory(shape=unsigned(width), depth=len(words), init=words)
        port = rom.read_port()
        position = Signal(table.position_bits, reset_less=True)
        m.d.comb += port.addr.eq(self.d[table.position_bits :])
        m.d.sync += position.eq(self.d[: table.position_bits])

        stages, behind = int(self.config.staged), self.config.curves.table_stages
        knot = data.View(row, later(m, port.data, "knot", behind))
        position = later(m, position, "position", behind)
        rise = product(m, knot.slope, position, "rise", parts=self.config.in_parts, stages=stages)
        moved = rise.shift_right(table.position_bits)
        base = later(m, knot.base, "base", stages)
        value = Signal(shape(table.output), name="curve", reset_less=True)
        m.d.sync += value.eq(base + moved if table.rises else base - moved)
        m.d.comb += self.value.eq(value)
        return m
