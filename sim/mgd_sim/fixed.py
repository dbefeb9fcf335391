"""Integer arithmetic as the circuit does it: how are bits dropped, and what if a value does not fit?

Everything is exact: ``int64``, as a configuration with a sum of more than 63 bits is refused, or narrower
where a format says that it fits. Functions come from the array's own namespace (``__array_namespace__``, of
the Python array API standard), so that what is written for NumPy runs under other libraries of arrays too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import Format, Rounding

__all__ = [
    "Bits",
    "Flags",
    "Ints",
    "cast",
    "fits",
    "namespace",
    "parity",
    "requantize",
    "reshaped",
    "saturate",
    "shift_round",
    "wrap",
]

Ints = npt.NDArray[np.signedinteger[Any]]
Bits = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


def namespace(value: npt.NDArray[Any]) -> Any:
    """The functions for an array, from its own library."""
    # The same for NumPy's own arrays, and sooner found: steps of few numbers consist of calls.
    return np if type(value) is np.ndarray else value.__array_namespace__()


def cast(value: npt.NDArray[Any], kind: Any) -> Any:
    """The same numbers in another type: one of NumPy's, or that of another array; no copy if it is theirs.

    A library that has no integers of 64 bits, or was told to have none, takes 32: who tells it so knows that
    the numbers fit.
    """
    if type(value) is np.ndarray:
        return value.astype(kind, copy=False)
    xp = value.__array_namespace__()
    name = getattr(kind, "__name__", None)
    if name is not None:
        there = xp.__array_namespace_info__().dtypes()
        kind = there[name] if name in there else there["int32"]
    return xp.astype(value, kind, copy=False)


def reshaped(value: npt.NDArray[Any], shape: tuple[int, ...]) -> Any:
    """The same numbers in another shape."""
    if type(value) is np.ndarray:
        return value.reshape(shape)
    return value.__array_namespace__().reshape(value, shape)


def shift_round(value: Ints, shift: int, rounding: Rounding, dither: Ints | int = 0) -> tuple[Ints, Ints]:
    """Drop the ``shift`` low bits of ``value``.

    Parameters
    ----------
    value : Ints
        Any shape, magnitude below 2**61.
    shift : int
        Bits to drop, 0 to 62.
    rounding : Rounding
        See :class:`~mgd_hdl.config.Rounding`.
    dither : Ints or int
        Stochastic only: a random word, broadcast against ``value``; its low ``shift`` bits are used.

    Returns
    -------
    rounded : Ints
        ``value / 2**shift``, rounded.
    remainder : Ints
        With carry, what the caller keeps: ``value - (rounded << shift)``. Otherwise zero: what was
        dropped is lost.
    """
    xp = namespace(value)
    if shift == 0:
        return value, xp.zeros_like(value)
    if rounding is Rounding.NEAREST_EVEN:
        # Half of the divisor, less one unless the floor is odd: ties then fall to the even side.
        odd = (value >> shift) & 1
        value = value + ((1 << (shift - 1)) - 1) + odd
    elif rounding is Rounding.STOCHASTIC:
        value = value + (dither & ((1 << shift) - 1))
    rounded = value >> shift
    if rounding is Rounding.CARRY:
        return rounded, value - (rounded << shift)
    return rounded, xp.zeros_like(value)


def saturate(value: Ints, low: int, high: int) -> tuple[Ints, Flags]:
    """Stop at the limits.

    Parameters
    ----------
    value : Ints
        Any shape.
    low, high : int
        The limits, both allowed: usually ``format.min`` and ``format.max``.

    Returns
    -------
    value : Ints
        Within the limits.
    saturated : Flags
        Where the limits changed it.
    """
    if type(value) is np.ndarray and value.size == 1 and low <= value.item() <= high:
        # One number within the limits, as most are in steps of one replica: sooner found than in an array.
        return value, np.zeros(value.shape, np.bool_)
    xp = namespace(value)
    limited = xp.maximum(xp.minimum(value, high), low)
    return limited, limited != value


def wrap(value: Ints, format: Format) -> tuple[Ints, Flags]:
    """Keep the low bits only, as a register does.

    Parameters
    ----------
    value : Ints
        Any shape.
    format : Format
        Of the result.

    Returns
    -------
    value : Ints
        Congruent to ``value`` modulo ``2**format.width``, within the format.
    wrapped : Flags
        Where that changed it.
    """
    span_bits = format.width
    low = value & ((1 << span_bits) - 1)
    if format.signed:
        sign = 1 << (span_bits - 1)
        low = (low ^ sign) - sign
    return low, low != value


def requantize(value: Ints, fraction_bits: int, wanted: int) -> Ints:
    """From one number of fraction bits to another: exact to the left, floor to the right.

    Parameters
    ----------
    value : Ints
        Any shape, ``fraction_bits`` fraction bits.
    fraction_bits, wanted : int
        Fraction bits of ``value`` and of the result.
    """
    shift = fraction_bits - wanted
    return value >> shift if shift >= 0 else value << -shift


def parity(word: npt.NDArray[Any]) -> Bits:
    """1 where the number of ones in a word of up to 32 bits, not below 0, is odd: same shape."""
    odd: Bits
    if (count := getattr(namespace(word), "bitwise_count", None)) is not None:
        odd = count(word) & np.uint8(1)
        return odd
    # The standard has no count of ones. Each line folds the upper half of the bits that count onto the lower.
    for half in (16, 8, 4, 2, 1):
        word = word ^ (word >> half)
    odd = cast(word & 1, np.uint8)
    return odd


def fits(value: npt.NDArray[Any], format: Format) -> bool:
    """Whether every integer of ``value`` lies within ``format``."""
    return bool(np.all((value >= format.min) & (value <= format.max)))
