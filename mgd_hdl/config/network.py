"""The network under training: layers, activations, and the words that travel between them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal

from .delivery import PARALLEL, Delivery
from .number import SQ, UQ, Format

__all__ = [
    "Activation",
    "ActivationTable",
    "Defect",
    "LayerConfig",
    "adder_levels",
    "parity_levels",
    "table_stages",
]

Activation = Literal["sigmoid", "tanh", "relu", "linear"]

#: These limit the sum to the format of the output; the others are tables.
_LIMITS = ("relu", "linear")


#: Tables of more segments are in block memories, whose outputs come late.
_QUICK_SEGMENT_BITS = 5


def table_stages(segment_bits: int) -> int:
    """With many stages: registers behind a table of ``2**segment_bits`` segments."""
    return int(segment_bits > _QUICK_SEGMENT_BITS)


def parity_levels(bits: int) -> int:
    """Levels of a tree of exclusive ors of four over so many bits, one register each."""
    levels = 0
    while bits > 1:
        bits, levels = -(-bits // 4), levels + 1
    return levels


def adder_levels(terms: int) -> int:
    """Levels of a binary adder tree over ``terms`` terms, one register each."""
    return (terms - 1).bit_length()


@dataclass(frozen=True, kw_only=True)
class Defect:
    """What a neuron makes of its function f: ``offset + height * f(gain * (z - shift))``.

    The four are y0, L, k and x0 of McCaughan et al. (2023); without defect it is f itself.
    """

    shift: float = 0.0
    offset: float = 0.0
    gain: float = 1.0
    height: float = 1.0


@dataclass(frozen=True, kw_only=True)
class ActivationTable:
    """A smooth activation as a table of straight segments.

    The argument ``z`` runs over [-8, 8) in ``2**segment_bits`` equal segments; within a segment the
    value is ``base + (slope * position >> position_bits)``, which is exact linear interpolation
    rounded down. ``base`` is the function at the left end, rounded to nearest and kept inside
    ``output``; ``slope`` is the rise to the next base, so the curve has no jumps. A neuron with a defect
    has a table of its own, whose slopes may be negative.
    """

    function: Activation
    segment_bits: int
    argument: Format  # of z: SQ(4, f)
    output: Format
    defect: Defect = Defect()

    @property
    def position_bits(self) -> int:
        """Bits of z below the segment number."""
        return self.argument.width - self.segment_bits

    @cached_property
    def knots(self) -> tuple[int, ...]:
        """The function at the ends of all segments, ``2**segment_bits + 1`` integers."""
        segments = 1 << self.segment_bits
        return tuple(self.output.quantize(self._exact(-8 + 16 * k / segments)) for k in range(segments + 1))

    def _exact(self, z: float) -> float:
        defect = self.defect
        return defect.offset + defect.height * _FUNCTIONS[self.function](defect.gain * (z - defect.shift))

    @property
    def base(self) -> tuple[int, ...]:
        return self.knots[:-1]

    @property
    def slope(self) -> tuple[int, ...]:
        return tuple(right - left for left, right in pairwise(self.knots))

    @cached_property
    def slope_format(self) -> Format:
        """Unsigned where the curve falls nowhere, as without defect."""
        least, most = min(self.slope), max(self.slope)
        if least >= 0:
            return UQ(max(1, most.bit_length()), 0)
        return SQ(1 + max(most.bit_length(), (-least - 1).bit_length()), 0)

    @property
    def words(self) -> tuple[tuple[int, ...], int]:
        """What the table's memory holds, and its width: base in the low bits, then the slope."""
        low, high = self.output.width, self.slope_format.width
        words = tuple(
            (slope & (1 << high) - 1) << low | base & (1 << low) - 1
            for base, slope in zip(self.base, self.slope, strict=True)
        )
        return words, low + high


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


_FUNCTIONS = {"sigmoid": _sigmoid, "tanh": math.tanh}


@dataclass(frozen=True, kw_only=True)
class LayerConfig:
    """One dense layer: ``y_j = f(sum_i w_ji x_i + b_j)``.

    Parameters are numbered neuron by neuron, the weights of inputs 0..n-1 first, the bias last;
    ``first`` is the number of the layer's first parameter in the whole network.
    """

    index: int
    inputs: int
    neurons: int
    first: int
    activation: Activation
    input: Format
    weight: Format  # the perturbed parameter as the forward pass sees it
    output: Format
    segment_bits: int
    delivery: Delivery = PARALLEL  # how weights come
    padding: int = 0  # extra registers after the activation, see TrainerConfig.delay
    defects: tuple[Defect, ...] = ()  # one for each neuron, or none
    staged: bool = False  # more registers, see engine.stages
    in_parts: bool = False  # products of parts of a factor, see engine.products
    shared: int | None = None  # the layer whose curve it has too, where one serves several
    outside: int = 0  # of a device outside: so many parameters, and no neurons that we know of

    @property
    def parameters(self) -> int:
        return self.outside or self.neurons * (self.inputs + 1)

    @property
    def binary_inputs(self) -> bool:
        """Inputs of one bit gate a weight; they need no multiplier."""
        return self.input == UQ(1, 0)

    @cached_property
    def product(self) -> Format:
        """Exact product of a weight and an input.

        One bit less than the two widths together: it would only be needed for the least weight
        times the least input, and a perturbed weight is at least one amplitude above the least.
        """
        if self.binary_inputs:
            return self.weight
        signed_input_bits = self.input.integer_bits + (not self.input.signed)
        return SQ(
            self.weight.integer_bits + signed_input_bits - 1,
            self.weight.fraction_bits + self.input.fraction_bits,
        )

    @cached_property
    def sum(self) -> Format:
        """The pre-activation, exact: every level of the adder tree adds one integer bit.

        The bias enters the tree as one more term, so ``2**levels`` bounds the number of terms and
        the sum stays inside ``2**levels`` times the range of one.
        """
        return SQ(self.sum_integer_bits, self.product.fraction_bits)

    @property
    def sum_integer_bits(self) -> int:
        """A bias needs no more integer bits than a product, unless the inputs stay below one half."""
        return max(self.product.integer_bits, self.weight.integer_bits) + self.levels

    @property
    def levels(self) -> int:
        return adder_levels(self.inputs + 1)

    @cached_property
    def table(self) -> ActivationTable | None:
        """The table of a smooth activation without defect; None for relu and linear."""
        if self.activation in _LIMITS:
            return None
        return ActivationTable(
            function=self.activation,
            segment_bits=self.segment_bits,
            argument=SQ(4, max(self.output.fraction_bits, self.segment_bits - 3)),
            output=self.output,
        )

    @cached_property
    def tables(self) -> tuple[ActivationTable, ...]:
        """The table of every neuron; none for relu and linear."""
        if self.table is None:
            return ()
        return (
            tuple(replace(self.table, defect=each) for each in self.defects) or (self.table,) * self.neurons
        )

    @property
    def weight_ports(self) -> list[str]:
        """What the circuit calls the ports through which each neuron gets its perturbed parameters; of a
        device outside there is one for all.
        """
        return [f"weights_{self.index}_{neuron}" for neuron in range(1 if self.outside else self.neurons)]

    @property
    def port_weights(self) -> int:
        """So many parameters come through each of these ports."""
        return self.outside or self.inputs + 1

    def curve_name(self, neuron: int) -> str:
        """What the circuit calls the activation of a neuron; all without defect are the same."""
        own = self.index if self.shared is None else self.shared
        return f"{self.activation}_{own}" + f"_{neuron}" * bool(self.table and self.defects)

    @property
    def product_stages(self) -> int:
        """Registers before each multiplier, and behind the parts of a product; inputs of one bit, and weights
        bit by bit, have none.
        """
        multiplies = not self.binary_inputs and not self.delivery.marked
        return int(multiplies) * (self.staged + self.in_parts)

    @property
    def table_stages(self) -> int:
        """Registers behind the table."""
        return table_stages(self.segment_bits) if self.staged else 0

    @property
    def activation_latency(self) -> int:
        """Table: limit, look up, interpolate. relu and linear: limit. With many stages the limit takes two
        clocks, and so does the interpolation: product and sum; a large table has a register behind it.
        """
        limit = 1 + self.staged
        return limit if self.activation in _LIMITS else limit + 1 + self.table_stages + 1 + self.staged

    @property
    def latency(self) -> int:
        """Clocks from reading the weights, or their first bits, to the outputs: products, adder tree,
        activation.
        """
        products = self.product_stages + self.delivery.clocks(self.weight.width)
        return products + self.levels + self.activation_latency + self.padding
