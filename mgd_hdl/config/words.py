"""Number formats: what every word of the circuit holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from .asked import Asked
from .engines import EngineFacts
from .network import Activation, LayerConfig
from .number import SQ, UQ, Format
from .sections import HIGH_PASS

__all__ = ["Words"]


@dataclass(frozen=True, eq=False)
class Words:
    """Formats of words, from the parameters to the update."""

    asked: Asked
    engine: EngineFacts

    @property
    def multiples(self) -> int:
        """Of one sign, in an update: D and its multiples by powers of two."""
        return self.engine.multiples

    @property
    def sent(self) -> int:
        """So many of them are sent to all parameters, one after the other."""
        return self.engine.sent

    @property
    def unit_shift(self) -> int:
        """D is the update for ``2**-unit_shift``, of an amplitude or, node by node, of an input."""
        return self.multiples - (self.input_bits if self.engine.by_input else 1)

    @cached_property
    def input_bits(self) -> int:
        """Node by node: integer bits of all inputs of neurons, the bias's 1 among them, in one format; with a
        sign if one of them has one.
        """
        formats, signed = self._inputs, self._signed_inputs
        return max(1 + signed, *(each.integer_bits + (signed and not each.signed) for each in formats))

    @property
    def _inputs(self) -> list[Format]:
        return [self.asked.formats.input, *(self.output_of(each) for each in self.asked.activations[:-1])]

    @property
    def _signed_inputs(self) -> bool:
        return any(each.signed for each in self._inputs)

    @property
    def counted(self) -> Format:
        """Node by node: an input in units of ``2**-unit_shift``, in that format."""
        made = SQ if self._signed_inputs else UQ
        return made(self.input_bits, self.unit_shift)

    @property
    def largest_input(self) -> int:
        """In these units: of all inputs, and of the bias's 1."""
        ends = [(end, each.fraction_bits) for each in self._inputs for end in (each.min, each.max)]
        moved = [end << self.unit_shift >> fraction for end, fraction in ends]
        return max(1 << self.unit_shift, *map(abs, moved))

    def input_words(self, layer: LayerConfig) -> range:
        """Node by node: which words of an update the inputs of a layer can pick; the others' bits are 0.

        Word k is ``2**k D``, for bit k of the input in units of ``2**-unit_shift``, rounded down.
        """
        given = layer.input
        top = self.multiples if given.signed else min(self.multiples, self.unit_shift + given.integer_bits)
        return range(max(0, self.unit_shift - given.fraction_bits), top)

    def input_places(self, layer: LayerConfig) -> tuple[int, ...]:
        """Node by node: for each of these words the bit of the input that picks; above its highest is its
        sign.
        """
        below = layer.input.fraction_bits - self.unit_shift
        return tuple(min(word + below, layer.input.width - 1) for word in self.input_words(layer))

    def output_of(self, activation: Activation) -> Format:
        fraction = self.asked.formats.activation_fraction
        spread = self.asked.imperfections.activation_spread
        if spread and activation not in ("relu", "linear"):
            # Four standard deviations beyond one; what lies further out saturates.
            return SQ(1 + math.ceil(math.log2(1 + 4 * spread)), fraction)
        if activation == "tanh":
            return SQ(1, fraction)
        if activation == "linear":
            return SQ(self.asked.formats.linear_integer_bits, fraction)
        return UQ(self.asked.formats.relu_integer_bits if activation == "relu" else 0, fraction)

    @property
    def output(self) -> Format:
        """Of the network, what the last layer gives."""
        return self.output_of(self.asked.last_activation)

    @property
    def parameter(self) -> Format:
        """T, the stored parameter: visible bits on top, guard bits below."""
        return self.asked.formats.parameter

    @property
    def visible(self) -> Format:
        """The bits of T that the forward pass sees; their last bit is worth four amplitudes."""
        return SQ(self.parameter.integer_bits, self.asked.amplitude_shift - 2)

    @property
    def copied(self) -> Format:
        """The copy that follows T: visible bits, and below them what a follower needs to arrive."""
        return SQ(self.visible.integer_bits, self.visible.fraction_bits + self.asked.follow)

    @property
    def weight(self) -> Format:
        """The perturbed parameter: visible bits, then ``10`` at rest, ``11`` for +, ``01`` for -.

        The last bit is worth one amplitude, so the three stand for +0, +1 and -1 amplitudes around
        the middle of the visible bit's interval, and the perturbation needs no adder. With code words u
        of k bits it is ``u 1``, at rest ``10...0``, and the last bit is worth amplitude / 2**(k - 1).
        Where the amplitude may halve the last bit is worth the smallest.
        """
        return SQ(self.parameter.integer_bits, self.asked.amplitude_shift + self.fine_bits - 1)

    @property
    def fine_bits(self) -> int:
        """Of the perturbed parameter, how many bits below the one that is alone on at rest."""
        return self.asked.code_bits + self.asked.amplitude_halvings

    @property
    def weight_wires(self) -> int:
        """From a cell to the network."""
        return self.engine.delivery.wires(self.weight.width)

    @property
    def guard_bits(self) -> int:
        return self.parameter.fraction_bits - self.visible.fraction_bits

    @property
    def cost_change(self) -> Format:
        return self.asked.formats.cost_change

    @cached_property
    def error(self) -> Format:
        """Of one output, y - t, exact: as wide as its extreme values need."""
        output, target = self.output, self.asked.formats.target
        scale = output.fraction_bits - target.fraction_bits
        low = output.min - (target.max << scale)
        high = output.max - (target.min << scale)
        width = 1 + max((-low - 1).bit_length(), high.bit_length())
        return SQ(width - output.fraction_bits, output.fraction_bits)

    @property
    def margin(self) -> int:
        """Of the hinge, in last bits of the outputs."""
        return round(Fraction(self.asked.cost_section.margin) * (1 << self.output.fraction_bits))

    @property
    def high_passed(self) -> Format:
        """The state of the high-pass: C~, and below it the remainder that the coefficient leaves."""
        change = self.cost_change
        return SQ(change.integer_bits, change.fraction_bits + HIGH_PASS.width)

    @cached_property
    def cost(self) -> Format:
        """C, wide enough for the largest that the loss can be; two costs together are limited."""
        first = self.asked.device.cost_integer_bits if self.asked.given_cost else self.cost_integer_bits
        both = max(first, self.asked.device.cost_integer_bits) + 1
        return UQ(both if self.asked.second_cost else first, self.cost_change.fraction_bits)

    @property
    def given_cost(self) -> Format:
        """A cost as a device outside gives it, the only one or the second."""
        return UQ(self.asked.device.cost_integer_bits, self.cost_change.fraction_bits)

    @property
    def cost_integer_bits(self) -> int:
        """From a whole number that C does not exceed.

        No error exceeds the least one, ``-2**(integer_bits - 1)``, and all outputs may have it. Outputs of
        i integer bits differ by less than ``2**i``, and a single signed one from zero by half of that.
        """
        output = self.output
        if self.asked.loss == "squared_error":
            largest = self.asked.outputs << 2 * (self.error.integer_bits - 1)
        elif self.asked.loss == "absolute_error":
            largest = self.asked.outputs << self.error.integer_bits - 1
        else:
            largest = 1 << max(0, output.integer_bits - (self.asked.outputs == 1))
            if self.asked.loss == "hinge":
                largest += math.ceil(output.value(self.margin))
            else:
                largest += math.ceil(math.log(max(2, self.asked.outputs)))
        return largest.bit_length()

    @property
    def measured(self) -> Format:
        """C as it is measured. With noise it may be negative; the largest noise is below 8."""
        cost = self.cost
        return SQ(max(cost.integer_bits, 3) + 2, cost.fraction_bits) if self.asked.cost_noisy else cost

    @property
    def hold(self) -> Format:
        """The sum of C~ while one perturbation is held, saturated."""
        return SQ(
            self.cost_change.integer_bits + self.asked.formats.hold_bits, self.cost_change.fraction_bits
        )

    @property
    def update(self) -> Format:
        """D, the update for a perturbation of one last bit of ``weight``, or node by node for an input of
        ``2**-unit_shift``, saturated: see ``word``.
        """
        return SQ(self.word.integer_bits - (self.multiples - 1), self.parameter.fraction_bits)

    @property
    def word(self) -> Format:
        """What is broadcast to all cells, +-D to +-2**(words - 1) D: a quarter of T's range.

        T stops at half its range, so one more word never wraps it.
        """
        return SQ(self.parameter.integer_bits - 1, self.parameter.fraction_bits)

    @property
    def product(self) -> Format:
        """Node by node: D times an input, exact, in last bits of T."""
        largest = self.update.max * self.largest_input
        return SQ(largest.bit_length() + 1 - self.parameter.fraction_bits, self.parameter.fraction_bits)
