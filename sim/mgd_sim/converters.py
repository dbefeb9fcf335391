"""Parameters as codes of a converter, and readings as numbers again: in integers, as a circuit does it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.converters import Converter

from .fixed import Flags, Ints, requantize, saturate

__all__ = ["In", "Out"]

#: Of so many numbers the least and the largest are found sooner one by one.
_FEW = 16


class Out:
    """Parameters on their way to a device outside.

    Without converter they are the numbers that the words stand for. With one they are raw codes, as on its
    wires: 0 to ``2**bits - 1``.
    """

    def __init__(self, config: TrainerConfig):
        self.step = config.words.weight.step
        self.apart = config.device.sends == "apart"
        #: Bits of a word below its visible ones, and how far an amplitude moves them.
        self.below = config.converters.shake_bits
        self.amplitude = 2.0**-config.amplitude_shift
        self.converter = config.converters.out
        if self.converter is not None:
            self.gains, self.offsets = _columns(self.converter)
            self.half = 1 << self.converter.shift - 1 if self.converter.shift > 0 else 0

    def __call__(self, weight: Ints) -> tuple[tuple[npt.NDArray[Any], ...], Flags | None]:
        """What the device is given, and where a code was limited; None where there are no codes.

        With ``device.sends = "apart"`` these are two arrays: parameters at rest, and by how many amplitudes
        each is to be shaken: -1, 0 or 1, and with words of code less than 2.

        Parameters
        ----------
        weight : Ints
            (..., P) in ``config.words.weight``.
        """
        if not self.apart:
            given, limited = self._converted(weight)
            return (given,), limited
        # The middle of the interval of the visible bits.
        rest = weight >> self.below << self.below | 1 << self.below - 1
        given, limited = self._converted(rest)
        return (given, (weight - rest) * (self.step / self.amplitude)), limited

    def _converted(self, weight: Ints) -> tuple[npt.NDArray[Any], Flags | None]:
        if self.converter is None:
            return weight * self.step, None
        scaled = weight.astype(np.int64) * self.gains + self.half
        wanted = requantize(scaled, self.converter.shift, 0) + self.offsets
        code, limited = saturate(wanted, self.converter.low, self.converter.high)
        return raw(self.converter, code), limited


class In:
    """Readings on their way back: 2**k of each measurement become one number, their mean.

    Without converter a reading is a number; it goes to the nearest one of the format, ties to even. With one
    it is a raw code, and all bits of the sum of codes count.
    """

    def __init__(self, config: TrainerConfig, average_shift: int | None = None):
        self.format = config.converters.reading
        self.average_shift = config.converters.average_shift if average_shift is None else average_shift
        self.per_step = 1 / self.format.step
        self.converter = config.converters.back
        if self.converter is not None:
            self.gains, self.offsets = _columns(self.converter)

    def __call__(self, reading: npt.NDArray[Any]) -> tuple[Ints, Flags | None]:
        """The mean in ``config.converters.reading``, and where it or a reading was at a limit; None: nowhere.

        Parameters
        ----------
        reading : ndarray
            (..., readings, channels), finite; codes within their converter.
        """
        total, at_limit = self.total(reading)
        if self.converter is None:
            return total >> self.average_shift if self.average_shift else total, at_limit
        wide = requantize(total, self.converter.shift + self.average_shift, 0)
        mean, limited = saturate(wide, self.format.min, self.format.max)
        return mean, limited if at_limit is None else limited | at_limit

    def total(self, reading: npt.NDArray[Any]) -> tuple[Ints, Flags | None]:
        """The sum of the readings of each measurement, before it is shifted; and where one was at a limit."""
        if self.converter is None:
            # A limit before the sum, as a converter has one.
            whole, at_limit = np.rint(reading * self.per_step), None
            found = whole.ravel().tolist() if whole.size <= _FEW else (whole.min(), whole.max())
            if min(found) < self.format.min or max(found) > self.format.max:
                kept = np.minimum(np.maximum(whole, self.format.min), self.format.max)
                whole, at_limit = kept, np.any(kept != whole, axis=-2)
            summed = whole.sum(axis=-2) if whole.shape[-2] > 1 else whole[..., 0, :]
            return summed.astype(np.int64), at_limit
        code = signed(self.converter, reading.astype(np.int64))
        ends: Flags = np.any((code == self.converter.low) | (code == self.converter.high), axis=-2)
        return (code.sum(axis=-2) - self.offsets * reading.shape[-2]) * self.gains, ends

    def numbers(self, reading: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """What single readings stand for, in floating point: to compare them with limits in numbers."""
        if self.converter is None:
            return np.asarray(reading, dtype=np.float64)
        code = signed(self.converter, reading.astype(np.int64))
        unit = 2.0**-self.converter.shift * self.format.step
        return np.asarray((code - self.offsets) * self.gains * unit)


def _columns(converter: Converter) -> tuple[Ints, Ints]:
    return np.array(converter.gains), np.array(converter.offsets)


def raw(converter: Converter, code: Ints) -> Ints:
    """Signed codes as the wires of a converter have them."""
    if converter.offset_binary:
        return code - converter.low
    return code & ((1 << converter.bits) - 1)


def signed(converter: Converter, code: Ints) -> Ints:
    """Raw codes as signed ones."""
    if converter.offset_binary:
        return code + converter.low
    sign = 1 << converter.bits - 1
    return (code ^ sign) - sign
