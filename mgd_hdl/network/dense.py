"""One neuron of a dense layer: products, and their sum."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from ..config.network import LayerConfig
from ..fixed import shape
from ..hierarchy import Block

__all__ = ["Neuron"]


class Neuron(Block):
    """``z = sum_i w_i x_i + b``, exact.

    All products, then a binary adder tree; a register behind each level. The bias enters the tree
    beside the products, shifted to their fraction bits. A one-bit input only lets its weight pass
    or not, so a layer that reads bits has no multiplier. A level of the tree is one bit wider
    than the last, so nothing overflows.

    Latency ``1 + layer.levels`` clocks; one sum per clock.

    Members
    -------
    x : In(inputs)
    weights : In(inputs + 1 weights)
        The bias is the last.
    z : Out(layer.sum)
    """

    def __init__(self, layer: LayerConfig):
        self.layer = layer
        super().__init__(
            {
                "x": In(data.ArrayLayout(shape(layer.input), layer.inputs)),
                "weights": In(data.ArrayLayout(shape(layer.weight), layer.inputs + 1)),
                "z": Out(shape(layer.sum)),
            }
        )

    @property
    def module(self) -> str:
        return f"neuron_{self.layer.index}"

    def elaborate(self, platform):
        m = Module()
        layer = self.layer
        terms = []
        for i in range(layer.inputs):
            product = Signal(shape(layer.product), name=f"product_{i}", reset_less=True)
            weight, x = self.weights[i], self.x[i]
            m.d.sync += product.eq(Mux(x, weight, 0) if layer.binary_inputs else weight * x)
            terms.append(product)
        bias = Signal(signed(layer.weight.width + layer.input.fraction_bits), reset_less=True)
        m.d.sync += bias.eq(self.weights[layer.inputs] << layer.input.fraction_bits)
        terms.append(bias)
        for level in range(1, layer.levels + 1):
            sums = []
            for i in range(0, len(terms), 2):
                pair = terms[i : i + 2]
                value = sum(pair[1:], pair[0])
                total = Signal(value.shape(), name=f"sum_{level}_{i // 2}", reset_less=True)
                m.d.sync += total.eq(value)
                sums.append(total)
            terms = sums
        m.d.comb += self.z.eq(terms[0])
        return m
