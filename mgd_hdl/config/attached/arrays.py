"""Arrays of NumPy's files, read from bytes that nobody vouches for.

No object is ever unpickled, nothing is allocated before what a header promises is compared with what is
there, and an archive is unpacked up to a limit. Everything else is :class:`Unreadable`.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from tokenize import TokenError
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import one_line
from .files import Unreadable, size

__all__ = ["MAX_BYTES", "Array", "npy", "npz"]

Array = npt.NDArray[Any]

#: Unpacked. Five times the training images of Fashion-MNIST.
MAX_BYTES = 1 << 28
#: Arrays in an archive, and axes of an array.
_MAX_ARRAYS, _MAX_AXES = 256, 8
#: Kinds of NumPy that are numbers or text: signs, integers, reals, characters.
_KINDS = "biufU"


def npy(data: bytes) -> Array:
    """The array of an ``.npy`` file: numbers, or text; read-only."""
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in readers:
            raise Unreadable(f"is an .npy file of version {version[0]}.{version[1]}; must be 1.0 or 2.0")
        shape, fortran, kind = readers[version](file)
    except (ValueError, SyntaxError, TokenError, TypeError, KeyError, RecursionError, MemoryError):
        raise Unreadable("is not an .npy file, or its header is damaged") from None
    if kind.kind not in _KINDS or kind.hasobject or kind.itemsize == 0:
        raise Unreadable(f"holds {_named(kind)}; must hold numbers")
    if len(shape) > _MAX_AXES:
        raise Unreadable(f"has {len(shape)} axes; at most {_MAX_AXES}")
    promised, there = math.prod(shape) * kind.itemsize, len(data) - file.tell()
    if promised != there:
        raise Unreadable(f"promises {promised:,} bytes of numbers and has {there:,}")
    found = np.frombuffer(data, kind, offset=file.tell()) if promised else np.empty(0, kind)
    whole = found.reshape(shape, order="F" if fortran else "C")
    native = whole.astype(kind.newbyteorder("="), copy=False)
    native.flags.writeable = False
    return native


def npz(data: bytes) -> dict[str, Array]:
    """The arrays of an ``.npz`` file by name, each as of :func:`npy`; :data:`MAX_BYTES` in all."""
    found: dict[str, Array] = {}
    left = MAX_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > _MAX_ARRAYS:
                raise Unreadable(f"holds {len(entries)} files; at most {_MAX_ARRAYS}")
            for entry in entries:
                name = entry.filename.removesuffix(".npy")
                if name == entry.filename:
                    raise Unreadable(f"holds {one_line(name, 60)!r}, which is no array: these are NAME.npy")
                if name in found:
                    raise Unreadable(f"holds the array {one_line(name, 60)!r} twice")
                if entry.flag_bits & 1:
                    raise Unreadable("is encrypted")
                left -= entry.file_size
                if left < 0:
                    raise Unreadable(f"unpacks to more than {size(MAX_BYTES)}")
                # Reads no more than was promised, whatever was packed.
                with archive.open(entry) as file:
                    unpacked = file.read(entry.file_size)
                try:
                    found[name] = npy(unpacked)
                except Unreadable as reason:
                    raise Unreadable(f"array {name!r} {reason}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError, RuntimeError):
        raise Unreadable("is not an .npz file, or is damaged") from None
    return found


def _named(kind: np.dtype[Any]) -> str:
    """A type in words."""
    return "Python objects" if kind.hasobject else f"entries of type {str(kind)[:40]}"
