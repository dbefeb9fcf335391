"""Does the IDX reader take what is right, and nothing else?"""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from mgd_sim.tasks.idx import read_idx


def idx(*shape: int, data: bytes | None = None, kind: int = 8) -> bytes:
    size = int(np.prod(shape))
    content = bytes(k % 256 for k in range(size)) if data is None else data
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + content


@pytest.mark.parametrize("shape", [(3, 2, 4), (5,), (0, 28, 28), (1, 1, 1, 2)], ids=str)
@pytest.mark.parametrize("packed", [False, True])
def test_reads(tmp_path, shape, packed):
    path = tmp_path / ("images.gz" if packed else "images")
    path.write_bytes(gzip.compress(idx(*shape)) if packed else idx(*shape))
    array = read_idx(path)
    assert array.dtype == np.uint8
    assert array.shape == shape
    assert array.ravel().tolist() == [k % 256 for k in range(array.size)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file: it starts with nothing"),
        (b"\0\0\x08", "not an IDX file: it starts with 00 00 08"),
        (b"PNG\0", "not an IDX file: it starts with 50 4e 47 00"),
        (idx(2, kind=13), "elements of type 0x0d; only unsigned bytes, 0x08, are read"),
        (b"\0\0\x08\0", "0 dimensions; must be 1 to 4"),
        (b"\0\0\x08\x05" + bytes(20), "5 dimensions; must be 1 to 4"),
        (idx(3, 2)[:11], "ends within its header"),
        (idx(3, 2)[:-1], "6 bytes of data promised, only 5 found"),
        (idx(3, 2) + b"!", "6 bytes of data promised, more found"),
        (idx(101, data=b""), "101 bytes of data promised; at most 100 are read"),
        (idx(2**32 - 1, 2**32 - 1, data=b""), "at most 100 are read"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_refuses(tmp_path, content, message, packed):
    path = tmp_path / ("file.gz" if packed else "file")
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(ValueError, match="file.*" + message):
        read_idx(path, max_bytes=100)


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda raw: b"no gzip" + raw,
        lambda raw: raw[:-8] + b"\xff" * 4 + raw[-4:],
    ],
    ids=["short", "no_gzip", "checksum"],
)
def test_damaged_gzip(tmp_path, damage):
    path = tmp_path / "file.gz"
    path.write_bytes(damage(gzip.compress(idx(10, 10))))
    with pytest.raises(ValueError, match="damaged gzip data"):
        read_idx(path)
