"""One neuron of a dense layer: products, and their sum."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from ..config.network import LayerConfig
from ..delay import later
from ..fixed import shape
from ..hierarchy import Block
from ..parts import in_parts

__all__ = ["NEURONS", "Neuron", "SerialNeuron"]


class _Summing(Block):
    """From inputs, and ``weights`` in one form or another, to a sum."""

    def __init__(self, layer: LayerConfig, weights: dict):
        self.layer = layer
        x = In(data.ArrayLayout(shape(layer.input), layer.inputs))
        super().__init__({"x": x, **weights, "z": Out(shape(layer.sum))})

    @property
    def module(self) -> str:
        return f"neuron_{self.layer.index}"


class Neuron(_Summing):
    """``z = sum_i w_i x_i + b``, exact.

    All products, then a binary adder tree; a register behind each level. The bias enters the tree
    beside the products, shifted to their fraction bits. A one-bit input only lets its weight pass
    or not, so a layer that reads bits has no multiplier. A level of the tree is one bit wider
    than the last, so nothing overflows.

    Latency ``layer.product_stages + 1 + layer.levels`` clocks; one sum per clock. With many stages
    (``engine.stages``) there is a register before a multiplier too, and one behind the parts of a product
    where it has some (``engine.products``).

    Members
    -------
    x : In(inputs)
    weights : In(inputs + 1 weights)
        The bias is the last.
    z : Out(layer.sum)
    """

    def __init__(self, layer: LayerConfig):
        super().__init__(layer, {"weights": In(data.ArrayLayout(shape(layer.weight), layer.inputs + 1))})

    def elaborate(self, platform):
        m = Module()
        layer = self.layer
        products = []
        for i in range(layer.inputs):
            product = Signal(shape(layer.product), name=f"product_{i}", reset_less=True)
            weight = later(m, self.weights[i], f"weight_{i}", min(1, layer.product_stages))
            x = later(m, self.x[i], f"x_{i}", min(1, layer.product_stages))
            if layer.binary_inputs:
                m.d.sync += product.eq(Mux(x, weight, 0))
            elif layer.in_parts:
                m.d.sync += product.eq(in_parts(m, weight, x, f"product_{i}"))
            else:
                m.d.sync += product.eq(weight * x)
            products.append(product)
        bias = Signal(shape(layer.weight), reset_less=True)
        m.d.sync += bias.eq(later(m, self.weights[layer.inputs], "bias", layer.product_stages))
        m.d.comb += self.z.eq(_added(m, products, bias, layer))
        return m


def _added(m: Module, products: list, bias, layer: LayerConfig):
    """The sum of all products and the bias, ``layer.levels`` clocks later: a binary tree with a register
    behind each level.

    The bias is shifted to the products' fraction bits where it is added, so that no register holds the
    zeros below it.
    """
    terms = [(product, 0) for product in products] + [(bias, layer.input.fraction_bits)]
    for level in range(1, layer.levels + 1):
        sums = []
        for i in range(0, len(terms), 2):
            if i + 1 == len(terms):
                value, shift = terms[i]
            else:
                (one, left), (other, right) = terms[i : i + 2]
                value, shift = one.shift_left(left) + other.shift_left(right), 0
            total = Signal(value.shape(), name=f"sum_{level}_{i // 2}", reset_less=True)
            m.d.sync += total.eq(value)
            sums.append((total, shift))
        terms = sums
    ((total, _),) = terms
    return total


class SerialNeuron(_Summing):
    """``z = sum_i w_i x_i + b`` of :class:`Neuron`, from weights that come one bit a clock.

    A bit of every weight lets its input pass or not, and a tree adds what passed: of one-bit inputs it
    counts them. The count of bit k is worth 2**k, that of the sign bit as much below zero; they
    are gathered from the lowest up, in a register that moves one place to the right each clock. So there
    is no multiplier.

    Inputs are held while the bits come by. Latency ``weight.width + layer.levels`` clocks
    from the first bit; z stays until that of the next measurement is there.

    Members
    -------
    x : In(inputs)
    weights : In(inputs + 1)
        A bit of each weight; the bias is the last.
    first, last : In(1)
        This is the lowest bit, or the sign.
    z : Out(layer.sum)
    """

    def __init__(self, layer: LayerConfig):
        super().__init__(layer, {"weights": In(layer.inputs + 1), "first": In(1), "last": In(1)})

    def elaborate(self, platform):
        m = Module()
        layer = self.layer
        passed = [Mux(self.weights[i], self.x[i], 0) for i in range(layer.inputs)]
        count = _added(m, passed, self.weights[layer.inputs], layer)
        marks = Cat(self.first, self.last)
        for level in range(1, layer.levels + 1):
            following = Signal(2, name=f"marks_{level}")
            m.d.sync += following.eq(marks)
            marks = following
        first, last = marks

        # What is gathered never exceeds the largest count: half of it stays, one more comes.
        gathered = Signal(signed(len(count) + 1), reset_less=True)
        settled = Signal(layer.weight.width - 1, reset_less=True)
        total = Signal(signed(len(count) + 2))
        z = Signal(shape(layer.sum), name="held", reset_less=True)
        m.d.comb += [
            total.eq(Mux(first, 0, gathered) + Mux(last, -count, count)),
            self.z.eq(z),
        ]
        m.d.sync += [gathered.eq(total >> 1), settled.eq(Cat(settled[1:], total[0]))]
        with m.If(last):
            m.d.sync += z.eq(Cat(settled, total).as_signed())
        return m


#: By the kind of :class:`mgd_hdl.config.delivery.Delivery`, in which weights come.
NEURONS = {"parallel": Neuron, "bits": SerialNeuron}
