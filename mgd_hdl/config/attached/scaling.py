"""Numbers of a file as integers in a format: which range of numbers becomes the format's whole range?"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from ..number import Format
from .arrays import Array
from .files import Unreadable

__all__ = ["NARROW", "Range", "Scale", "one_hot", "ranges", "scaled"]

#: As in the TOML: see ``TaskSection.scale``.
Scale = Literal["auto", "columns", "none"] | tuple[float, ...]

#: Numbers that are scaled at a time.
_BLOCK = 1 << 22
#: Ranges as narrow or as wide as this leave room for what is computed with them in double precision.
NARROW, _WIDE = 1e-270, 1e270


class Range(NamedTuple):
    """(columns,) each: what becomes the least and the greatest integer of a format."""

    low: Array
    high: Array


def ranges(train: Array, scale: Scale) -> Range | None:
    """Of each column, by the samples to learn from; None where numbers stay what they are.

    "auto" is 0 to 255 for bytes, of which images consist, and "columns" for all else: from the least to the
    greatest number of each column. Unreadable where a range is too narrow or too wide to compute with.
    """
    columns = train.shape[1]
    if scale == "auto" and train.dtype == np.uint8:
        scale = (0.0, 255.0)
    if isinstance(scale, tuple):
        return Range(np.full(columns, scale[0]), np.full(columns, scale[1]))
    if scale == "none":
        return None
    found = Range(train.min(axis=0).astype(np.float64), train.max(axis=0).astype(np.float64))
    for number, (low, high) in enumerate(zip(*map(np.ndarray.tolist, found), strict=True), 1):
        if low != high and not NARROW <= high - low <= _WIDE:
            text = f"has numbers from {low:g} to {high:g} in column {number} of what is scaled"
            allowed = f"these must be between {NARROW:g} and {_WIDE:g} apart"
            raise Unreadable(f"{text}; {allowed}", "task.file")
    return found


@np.errstate(over="ignore")  # what is beyond all doubles is beyond the format, too
def scaled(values: Array, within: Range | None, format: Format) -> tuple[Array, int]:
    """Integers of the format, and how many numbers were beyond it and became its end.

    ``round((v - low) * ((max - min) / (high - low))) + min``, ties to even. A column that is the same in all
    samples to learn from is 0. Without a range it is ``round(v * 2**f)``.
    """
    found = np.empty(values.shape, np.int32)
    clipped = 0
    rows = max(1, _BLOCK // values.shape[1])
    for first in range(0, len(values), rows):
        block: Any = values[first : first + rows].astype(np.float64)
        if within is None:
            integers = np.rint(np.ldexp(block, format.fraction_bits))
        else:
            span = within.high - within.low
            constant = span == 0
            unit = (format.max - format.min) / np.where(constant, 1.0, span)
            integers = np.rint((block - within.low) * unit) + format.min
            beyond = np.where(block < within.low, -np.inf, np.inf)
            integers = np.where(constant, np.where(block == within.low, 0.0, beyond), integers)
        clipped += int(np.count_nonzero((integers < format.min) | (integers > format.max)))
        found[first : first + rows] = np.clip(integers, format.min, format.max)
    return found, clipped


def one_hot(classes: Array, outputs: int, one: int) -> Array:
    """(count, outputs): ``one`` where the class is, 0 elsewhere; a single output is ``one`` for class 1."""
    if outputs == 1:
        found: Array = (classes[:, None] == 1) * np.int32(one)
    else:
        found = (classes[:, None] == np.arange(outputs)) * np.int32(one)
    return found
