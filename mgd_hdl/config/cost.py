"""The losses, and the curves they are made of: exp and log from tables of straight segments."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

from .number import UQ, Format

__all__ = ["CURVE_SPAN", "Curve", "CurveTable", "Loss"]

Loss = Literal["squared_error", "absolute_error", "cross_entropy", "hinge"]

Curve = Literal["exponential", "softplus", "logarithm"]

#: Falling curves end at zero here; beyond, exp(-8) = 0.00034 counts as nothing.
CURVE_SPAN = 8


@dataclass(frozen=True)
class _Function:
    of: Callable[[float], float]
    span: int
    rises: bool
    bend: float
    """The largest second derivative in [0, span)."""
    tail: float
    """What a falling curve still is where the table ends; there it is taken as zero."""


_FUNCTIONS: dict[Curve, _Function] = {
    "exponential": _Function(lambda d: math.exp(-d), CURVE_SPAN, False, 1.0, math.exp(-CURVE_SPAN)),
    "softplus": _Function(
        lambda d: math.log1p(math.exp(-d)), CURVE_SPAN, False, 0.25, math.log1p(math.exp(-CURVE_SPAN))
    ),
    "logarithm": _Function(math.log1p, 1, True, 1.0, 0.0),
}


@dataclass(frozen=True, kw_only=True)
class CurveTable:
    """A monotone curve over [0, span) as a table of ``2**segment_bits`` equal straight segments.

    ==============  ===============  ====
    curve           function         span
    ==============  ===============  ====
    ``exponential`` exp(-d)          8
    ``softplus``    log(1 + exp(-d)) 8
    ``logarithm``   log(1 + d)       1
    ==============  ===============  ====

    Within a segment the value is ``base -+ (slope * position >> position_bits)``, minus for the
    falling ones: between two knots, and without a jump from one segment to the next. Falling curves
    end at zero, so that what is far away counts for nothing.
    """

    curve: Curve
    segment_bits: int
    argument_fraction: int
    output: Format

    @property
    def rises(self) -> bool:
        return _FUNCTIONS[self.curve].rises

    @property
    def argument(self) -> Format:
        """Of d: unsigned, just below the span at most."""
        return UQ((_FUNCTIONS[self.curve].span - 1).bit_length(), self.argument_fraction)

    @property
    def position_bits(self) -> int:
        """Bits of d below the segment number."""
        return self.argument.width - self.segment_bits

    @cached_property
    def knots(self) -> tuple[int, ...]:
        """The function at the ends of all segments, ``2**segment_bits + 1`` integers."""
        function, segments = _FUNCTIONS[self.curve], 1 << self.segment_bits
        inner = [self.output.quantize(function.of(function.span * k / segments)) for k in range(segments)]
        return (*inner, self.output.quantize(function.of(function.span)) if function.rises else 0)

    @property
    def base(self) -> tuple[int, ...]:
        return self.knots[:-1]

    @property
    def slope(self) -> tuple[int, ...]:
        """By how much each segment rises, or falls."""
        return tuple(abs(right - left) for left, right in pairwise(self.knots))

    @property
    def slope_bits(self) -> int:
        return max(1, max(self.slope).bit_length())

    @property
    def words(self) -> tuple[tuple[int, ...], int]:
        """What the table's memory holds, and its width: base in the low bits, then the slope."""
        width = self.output.width
        rows = zip(self.base, self.slope, strict=True)
        return tuple(slope << width | base for base, slope in rows), width + self.slope_bits

    @property
    def error(self) -> float:
        """How far a value is from the function at most, for any d from 0 to infinity.

        A segment of length h misses by no more than ``h**2 / 8`` times the largest second derivative; the
        last one of a falling curve, and all beyond, by what the function still is there. Knots are
        rounded to half a last bit and interpolation drops less than one.
        """
        function = _FUNCTIONS[self.curve]
        length = function.span / (1 << self.segment_bits)
        return max(function.bend * length**2 / 8, function.tail) + 1.5 * self.output.step
