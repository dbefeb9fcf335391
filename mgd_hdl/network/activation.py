"""Activations: sigmoid and tanh from a table of straight segments, relu and linear from a limit."""

from __future__ import annotations

from amaranth.hdl import Module, Shape, Signal, unsigned
from amaranth.lib import data, memory
from amaranth.lib.wiring import In, Out

from ..config.network import LayerConfig
from ..fixed import OUTSIDE, requantize, shape
from ..hierarchy import Block

__all__ = ["Activation"]


class Activation(Block):
    """``y = f(z)`` as :class:`mgd_hdl.config.ActivationTable` defines it.

    Clock one limits z to [-8, 8) and drops the bits below the table's; clock two reads the segment's
    base and slope; clock three interpolates. The interpolated value stays between two knots, so it
    cannot overflow. relu and linear limit z to the output's format in one clock; that of relu has no sign.

    All neurons of a layer have the same curve, unless they have defects: then each has its own.

    Latency ``layer.activation_latency + layer.padding`` clocks; one value per clock.

    Members
    -------
    z : In(layer.sum)
    y : Out(layer.output)
    """

    def __init__(self, layer: LayerConfig, neuron: int = 0):
        self.layer = layer
        self.neuron = neuron
        super().__init__({"z": In(shape(layer.sum)), "y": Out(shape(layer.output))})

    @property
    def module(self) -> str:
        return self.layer.curve_name(self.neuron)

    def elaborate(self, platform):
        m = Module()
        layer = self.layer
        table = layer.tables[self.neuron] if layer.tables else None
        kept = {} if table is None or layer.padding else OUTSIDE
        y = Signal(shape(layer.output), name="value", reset_less=True, attrs=kept)
        if table is None:
            m.d.sync += y.eq(requantize(m, self.z, layer.sum.fraction_bits, layer.output, "limited"))
        else:
            # Clock one. Inverting the sign makes the argument count up from -8.
            limited = requantize(m, self.z, layer.sum.fraction_bits, table.argument, "limited")
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
            slope = table.slope_format
            rise = Signal(Shape(slope.width + table.position_bits, signed=slope.signed))
            knot = data.View(row, port.data)
            m.d.comb += rise.eq(knot.slope * position)
            m.d.sync += y.eq(knot.base + rise.shift_right(table.position_bits))
        for stage in range(layer.padding):
            later = Signal(shape(layer.output), name=f"later_{stage}", reset_less=True)
            m.d.sync += later.eq(y)
            y = later
        m.d.comb += self.y.eq(y)
        return m
