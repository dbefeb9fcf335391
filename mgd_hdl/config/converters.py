"""Converters between parameters and a device outside: a gain, an offset and a code, all in integers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from .asked import Asked
from .number import Format
from .sections import GAIN_FRACTION
from .words import Words

__all__ = ["Converter", "Converters"]


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
