"""IDX files, the format of MNIST and Fashion-MNIST: a header with the shape, then plain numbers."""

from __future__ import annotations

import math

import numpy as np

from .arrays import Array
from .files import Unreadable

__all__ = ["idx", "looks_like"]

_MAX_AXES = 4
#: Kinds of numbers, by the third byte of a file.
_KINDS = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def looks_like(data: bytes) -> bool:
    """Whether a file begins as IDX files do."""
    return data[:2] == b"\0\0"


def idx(data: bytes) -> Array:
    """The array of an IDX file in its shape: of images (count, rows, columns), of labels (count,)."""
    if len(data) < 4 or not looks_like(data):
        raise Unreadable(f"is not an IDX file: it starts with {data[:4].hex(' ') or 'nothing'}")
    kind, axes = data[2], data[3]
    if kind not in _KINDS:
        raise Unreadable(f"is an IDX file of elements of type {kind:#04x}, which is none")
    if not 1 <= axes <= _MAX_AXES:
        raise Unreadable(f"is an IDX file of {axes} axes; must be 1 to {_MAX_AXES}")
    start = 4 + 4 * axes
    if len(data) < start:
        raise Unreadable("is an IDX file that ends within its header")
    shape = [int.from_bytes(data[4 * axis : 4 * axis + 4]) for axis in range(1, axes + 1)]
    element = np.dtype(_KINDS[kind])
    promised, there = math.prod(shape) * element.itemsize, len(data) - start
    if promised != there:
        raise Unreadable(f"promises {promised:,} bytes of numbers and has {there:,}")
    found = np.frombuffer(data, element, offset=start) if promised else np.empty(0, element)
    native = found.reshape(shape).astype(element.newbyteorder("="), copy=False)
    native.flags.writeable = False
    return native
