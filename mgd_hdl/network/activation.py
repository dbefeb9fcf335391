"""Activations: sigmoid and tanh from a table of straight segments, relu and linear from a limit."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, memory
from amaranth.lib.wiring import In, Out

from ..config.network import LayerConfig
from ..config.number import Format
from ..delay import later
from ..fixed import OUTSIDE, requantize, shape
from ..hierarchy import Block
from ..parts import product

__all__ = ["Activation"]


class Activation(Block):
    """``y = f(z)`` as :class:`mgd_hdl.config.ActivationTable` defines it.

    Clock one limits z to [-8, 8) and drops the bits below the table's; clock two reads the segment's
    base and slope; clock three interpolates. The interpolated value stays between two knots, so it
    cannot overflow. relu and linear limit z to the output's format in one clock; that of relu has no sign.

    With many stages (``engine.stages``) the first clock tells whether z is outside of the limits, and the
    second limits it; the product has a register of its own, or its parts have (``engine.products``), and so
    has what is read of a large table.

    With few stages the last register is behind the interpolation; ``apart`` it is behind the product, and y
    is a sum: for who has less to do with y than a product takes.

    All neurons of a layer have the same curve, unless they have defects: then each has its own.

    Latency ``layer.activation_latency + layer.padding`` clocks; one value per clock.

    Members
    -------
    z : In(layer.sum)
        Or of the format that is given.
    y : Out(layer.output)
    """

    def __init__(self, layer: LayerConfig, neuron: int = 0, z: Format | None = None, *, apart: bool = False):
        self.layer = layer
        self.apart = apart and not layer.staged and not layer.padding
        self.neuron = neuron
        self.sum = z or layer.sum
        super().__init__({"z": In(shape(self.sum)), "y": Out(shape(layer.output))})

    @property
    def module(self) -> str:
        return self.layer.curve_name(self.neuron)

    def elaborate(self, platform):
        m = Module()
        layer = self.layer
        table = layer.tables[self.neuron] if layer.tables else None
        kept = {} if table is None or layer.padding else OUTSIDE
        wired = table is not None and self.apart
        y = Signal(shape(layer.output), name="value", reset_less=not wired, attrs={} if wired else kept)
        if table is None:
            m.d.sync += y.eq(self._limited(m, layer.output))
        else:
            # Clock one. Inverting the sign makes the argument count up from -8.
            limited = self._limited(m, table.argument)
            argument = Signal(table.argument.width, reset_less=True)
            m.d.sync += argument.eq(limited ^ (1 << (table.argument.width - 1)))

            # Clock two.
            row = data.StructLayout({"base": shape(layer.output), "slope": shape(table.slope_format)})
            words, width = table.words
            m.submodules.knots = rom = memory.Memory(shape=unsigned(width), depth=len(words), init=words)
            port = rom.read_port()
            position = Signal(table.position_bits, reset_less=True)
            m.d.comb += port.addr.eq(argument[table.position_bits :])
            m.d.sync += position.eq(argument[: table.position_bits])

            # Clock three.
            found = later(m, port.data, "knot", layer.table_stages)
            position = later(m, position, "position", layer.table_stages)
            knot = data.View(row, found)
            registers = int(layer.staged or self.apart)
            rise = product(m, knot.slope, position, "rise", parts=layer.in_parts, stages=registers)
            base = later(m, knot.base, "base", registers)
            m.d["comb" if self.apart else "sync"] += y.eq(base + rise.shift_right(table.position_bits))
        for stage in range(layer.padding):
            padded = Signal(shape(layer.output), name=f"later_{stage}", reset_less=True)
            m.d.sync += padded.eq(y)
            y = padded
        m.d.comb += self.y.eq(y)
        return m

    def _limited(self, m: Module, format: Format) -> Signal:
        """z in another format; with many stages that of the clock before."""
        fraction_bits, stages = self.sum.fraction_bits, int(self.layer.staged)
        return requantize(m, self.z, fraction_bits, format, "limited", stages=stages)
