"""Reading IDX files, the format of MNIST and Fashion-MNIST: a header with the shape, then plain bytes.

Nothing in a file is trusted: the header must be complete, the size it promises must stay below a limit
before anything is allocated, and the data must have exactly that size.
"""

from __future__ import annotations

import gzip
import math
import zlib
from io import BufferedIOBase
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mgd_hdl.config.errors import Refused

__all__ = ["MAX_BYTES", "read_idx"]

#: Five times the training images of Fashion-MNIST.
MAX_BYTES = 1 << 28
_MAX_DIMENSIONS = 4
_UNSIGNED_BYTE = 8


def read_idx(path: Path | str, *, max_bytes: int = MAX_BYTES) -> npt.NDArray[np.uint8]:
    """The array in an IDX file of unsigned bytes, gzipped if its name ends in ``.gz``.

    Parameters
    ----------
    path : Path or str
    max_bytes : int
        Limit for the unpacked data.

    Returns
    -------
    ndarray of uint8
        In the shape the file gives: images are (count, rows, columns), labels (count,).

    Raises
    ------
    Refused
        The file is no such file; the message says in what.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            return _read(gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file, path, max_bytes)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Refused([f"{path}: damaged gzip data: {error}"]) from None


def _read(file: BufferedIOBase, path: Path, max_bytes: int) -> npt.NDArray[np.uint8]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise Refused([f"{path}: not an IDX file: it starts with {magic.hex(' ') or 'nothing'}"])
    kind, dimensions = magic[2], magic[3]
    if kind != _UNSIGNED_BYTE:
        raise Refused([f"{path}: elements of type {kind:#04x}; only unsigned bytes, 0x08, are read"])
    if not 1 <= dimensions <= _MAX_DIMENSIONS:
        raise Refused([f"{path}: {dimensions} dimensions; must be 1 to {_MAX_DIMENSIONS}"])
    header = file.read(4 * dimensions)
    if len(header) < 4 * dimensions:
        raise Refused([f"{path}: ends within its header"])
    shape = [int.from_bytes(header[4 * k : 4 * k + 4]) for k in range(dimensions)]
    size = math.prod(shape)
    if size > max_bytes:
        raise Refused([f"{path}: {size} bytes of data promised; at most {max_bytes} are read"])
    data = file.read(size + 1)
    if len(data) != size:
        found = "more" if len(data) > size else f"only {len(data)}"
        raise Refused([f"{path}: {size} bytes of data promised, {found} found"])
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)
