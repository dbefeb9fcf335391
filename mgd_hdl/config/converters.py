"""Converters between parameters and a device outside: a gain, an offset and a code, all in integers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from .asked import Asked
from .number import Format
from .sections import GAIN_FRACTION
from .words import Words

__all__ = ["Converter", "Converters", "in_bytes"]


@dataclass(frozen=True)
class Converter:
    """Codes of some channels on the way out or in.

    Out: ``code = (value * gain + half >> shift) + offset``, rounded to nearest and limited. In:
    ``value = (code - offset) * gain >> shift``, rounded down and limited. A shift below zero is one to the
    left.

    Attributes
    ----------
    bits : int
        Of a code.
    offset_binary : bool
        Whether the lowest code is all zeros; else codes are two's complement.
    gains : tuple of int
        In units of ``2**-GAIN_FRACTION``, one for each channel or one for all.
    offsets : tuple of int
        In codes, one for each channel or one for all.
    shift : int
        For a single reading; a sum of 2**k readings is shifted by k more.
    """

    bits: int
    offset_binary: bool
    gains: tuple[int, ...]
    offsets: tuple[int, ...]
    shift: int

    @property
    def low(self) -> int:
        """The lowest code, as a signed number."""
        return -(1 << self.bits - 1)

    @property
    def high(self) -> int:
        """The highest one."""
        return (1 << self.bits - 1) - 1


@dataclass(frozen=True, eq=False)
class Converters:
    """Those of ``[device]``; None where there is no converter."""

    asked: Asked
    words: Words

    @cached_property
    def out(self) -> Converter | None:
        """Of parameters."""
        device = self.asked.device
        if not device.dac_bits:
            return None
        shift = self.words.weight.fraction_bits + GAIN_FRACTION - (device.dac_bits - 1)
        return _converter(device.dac_bits, device.dac_coding, device.dac_gain, device.dac_offset, shift)

    @cached_property
    def back(self) -> Converter | None:
        """Of readings."""
        device = self.asked.device
        if not device.adc_bits:
            return None
        shift = device.adc_bits - 1 + GAIN_FRACTION - self.reading.fraction_bits
        return _converter(device.adc_bits, device.adc_coding, device.adc_gain, device.adc_offset, shift)

    @property
    def reading(self) -> Format:
        """What a reading becomes: an output, or the device's own cost."""
        return self.words.given_cost if self.asked.given_cost else self.words.output

    @property
    def channels(self) -> int:
        """Numbers in a reading."""
        return 1 if self.asked.given_cost else self.asked.outputs

    @property
    def average_shift(self) -> int:
        """The k of 2**k readings of a measurement."""
        return self.asked.device.average.bit_length() - 1

    @property
    def second_weight(self) -> int:
        """What the second cost counts, in units of ``2**-GAIN_FRACTION``."""
        return round(self.asked.device.second_weight * (1 << GAIN_FRACTION))

    # ---- of circuits ---------------------------------------------------------------------------------

    def clocks(self, seconds: float) -> int:
        """So many clocks take this long, or longer; of the number as it is written, 1e-05 and not below."""
        return math.ceil(Fraction(str(seconds)) * self.asked.host.clock_hz)

    @property
    def settle(self) -> int:
        """Clocks from the last parameter to the first reading."""
        return self.clocks(self.asked.device.settle)

    @property
    def pause(self) -> int:
        """Clocks for which a device that takes nothing is waited for; 0: for ever."""
        return self.clocks(self.asked.device.pause)

    @property
    def time_out(self) -> int:
        """Clocks until a reading is there; 0: any time."""
        return self.clocks(self.asked.device.time_out)

    @property
    def legal(self) -> tuple[int, int]:
        """The lowest and the highest reading that is believed, in last bits of :attr:`reading`."""
        low, high = self.reading.min, self.reading.max
        if self.asked.device.legal:
            least, most = (bound / self.reading.step for bound in self.asked.device.legal)
            low, high = max(low, math.ceil(least)), min(high, math.floor(most))
        return low, high

    @property
    def spread(self) -> int:
        """How far readings of one measurement may be apart, likewise."""
        return min(math.floor(self.asked.device.spread / self.reading.step), (1 << self.reading.width) - 1)

    @property
    def value_bits(self) -> int:
        """Of a parameter on its way out: a word, or a code; apart from its code the parameter at rest."""
        if self.out is not None:
            return self.out.bits
        return self.words.visible.width if self.asked.device.sends == "apart" else self.words.weight.width

    @property
    def shake_bits(self) -> int:
        """Of what is told of a perturbation apart from its parameter: the bits below the visible ones."""
        return self.words.weight.width - self.words.visible.width

    @property
    def parameters_row(self) -> int:
        """Bits of the stream of parameters, in whole bytes: a value and its number, or all values."""
        if self.asked.device.sends == "parallel":
            return in_bytes(self.asked.parameters * self.value_bits)
        return in_bytes(self.value_bits) + in_bytes(max(1, (self.asked.parameters - 1).bit_length()))

    @property
    def codes_row(self) -> int:
        """Bits of what is told of all perturbations, in whole bytes."""
        return in_bytes(self.asked.parameters * self.shake_bits)

    @property
    def inputs_row(self) -> int:
        """Bits of all inputs, in whole bytes."""
        return in_bytes(self.asked.inputs * self.asked.formats.input.width)

    @property
    def readings_row(self) -> int:
        """Bits of a reading of all channels, in whole bytes."""
        return in_bytes(self.channels * self.reading_bits)

    @property
    def second_row(self) -> int:
        """Bits of a second cost, in whole bytes."""
        return in_bytes(self.words.given_cost.width)

    @property
    def reading_bits(self) -> int:
        """Of one channel on its way in."""
        return self.reading.width if self.back is None else self.back.bits


def in_bytes(bits: int) -> int:
    """So many bits are in so many whole bytes, counted in bits."""
    return -(-bits // 8) * 8


def _converter(
    bits: int,
    coding: str,
    gain: float | tuple[float, ...],
    offset: float | tuple[float, ...],
    shift: int,
) -> Converter:
    gains = gain if isinstance(gain, tuple) else (gain,)
    offsets = offset if isinstance(offset, tuple) else (offset,)
    return Converter(
        bits,
        coding == "offset_binary",
        tuple(round(each * (1 << GAIN_FRACTION)) for each in gains),
        tuple(round(each * (1 << bits - 1)) for each in offsets),
        shift,
    )
