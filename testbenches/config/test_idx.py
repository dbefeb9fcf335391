"""Does the IDX reader take what is right, and nothing else?"""

from __future__ import annotations

import struct

import numpy as np
import pytest

from mgd_hdl.config.attached import Unreadable
from mgd_hdl.config.attached.idx import idx


def written(*shape: int, data: bytes | None = None, kind: int = 8) -> bytes:
    size = int(np.prod(shape))
    content = bytes(k % 256 for k in range(size)) if data is None else data
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + content


@pytest.mark.parametrize("shape", [(3, 2, 4), (5,), (0, 28, 28), (1, 1, 1, 2)], ids=str)
def test_reads(shape):
    array = idx(written(*shape))
    assert array.dtype == np.uint8
    assert array.shape == shape
    assert array.ravel().tolist() == [k % 256 for k in range(array.size)]
    assert not array.flags.writeable


@pytest.mark.parametrize(
    ("kind", "code"), [(0x08, "B"), (0x09, "b"), (0x0B, "h"), (0x0C, "i"), (0x0D, "f"), (0x0E, "d")]
)
def test_all_kinds_of_numbers(kind, code):
    values = [0, 1, 100, 3]
    array = idx(written(4, data=struct.pack(f">4{code}", *values), kind=kind))
    assert array.tolist() == values
    assert array.dtype == np.dtype(code)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not an IDX file: it starts with nothing"),
        (b"\0\0\x08", "is not an IDX file: it starts with 00 00 08"),
        (b"PNG\0", "is not an IDX file: it starts with 50 4e 47 00"),
        (written(2, kind=10), "elements of type 0x0a, which is none"),
        (b"\0\0\x08\0", "0 axes; must be 1 to 4"),
        (b"\0\0\x08\x05" + bytes(20), "5 axes; must be 1 to 4"),
        (written(3, 2)[:11], "ends within its header"),
        (written(3, 2)[:-1], "promises 6 bytes of numbers and has 5"),
        (written(3, 2) + b"!", "promises 6 bytes of numbers and has 7"),
        (written(3, 2, kind=13), "promises 24 bytes of numbers and has 6"),
        (written(2**32 - 1, 2**32 - 1, data=b""), "and has 0"),
    ],
)
def test_refuses(content, message):
    with pytest.raises(Unreadable) as caught:
        idx(content)
    assert message in str(caught.value)
