"""Frames of the serial line: examples by hand and from the paper, and what damage does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mgd_hdl.config.frames import (
    FIXED,
    MOST_BYTES,
    MOST_WORDS,
    WRITE,
    FrameError,
    Reply,
    Request,
    Status,
    cobs,
    crc,
    framed,
    uncobs,
    unframed,
)


def long_division(content: bytes) -> int:
    """The check as a remainder of polynomials: bit by bit, as on paper; then all bits turned over."""
    register = 0xFFFF
    for bit in (byte >> place & 1 for byte in content for place in range(7, -1, -1)):
        carry = register >> 15 ^ bit
        register = register << 1 & 0xFFFF ^ carry * 0x1021
    return register ^ 0xFFFF


def test_check_of_the_catalogue():
    """The value by which tables of CRCs tell this one, CRC-16/GENIBUS, from the others."""
    assert crc(b"123456789") == 0xD64E


@given(st.binary(max_size=40))
def test_check_is_a_remainder(content):
    assert crc(content) == long_division(content)
    # The residue of the same tables, before the end is exclusive-ored.
    assert crc(content + crc(content).to_bytes(2, "big")) ^ 0xFFFF == 0x1D0F


@given(st.binary(min_size=1, max_size=40), st.integers(1, 5))
def test_zeros_too_much_are_noticed(content, zeros):
    """A zero behind a frame, as where the delimiter has lost its place and another one follows."""
    line = framed(content)[:-1]
    assert unframed(line) == content
    for before, behind in ((0, zeros), (zeros, 0), (1, zeros)):
        with pytest.raises(FrameError, match="a damaged frame"):
            unframed(b"\1" * before + line + b"\1" * behind)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "01"),
        ("00", "01 01"),
        ("00 00", "01 01 01"),
        ("11 22 00 33", "03 11 22 02 33"),
        ("11 22 33 44", "05 11 22 33 44"),
        ("11 00 00 00", "02 11 01 01 01"),
        # The figure of the paper: a datagram of IP over PPP.
        (
            "45 00 00 2c 4c 79 00 00 40 06 4f 37",
            "02 45 01 04 2c 4c 79 01 05 40 06 4f 37",
        ),
    ],
)
def test_cobs_by_hand(content, line):
    assert cobs(bytes.fromhex(content)) == bytes.fromhex(line)
    assert uncobs(bytes.fromhex(line)) == bytes.fromhex(content)


@given(st.lists(st.sampled_from([0, 1, 2, 254, 255]), max_size=700).map(bytes))
def test_cobs_takes_all_zeros_away(content):
    line = cobs(content)
    assert 0 not in line
    assert uncobs(line) == content


def test_cobs_of_the_largest_frame_has_one_byte_more():
    assert len(cobs(b"\1" * MOST_BYTES)) == MOST_BYTES + 1


@pytest.mark.parametrize("line", ["05 11", "02 00", "00"])
def test_what_is_no_cobs(line):
    with pytest.raises(FrameError, match="no COBS"):
        uncobs(bytes.fromhex(line))


def test_a_read_byte_by_byte():
    assert Request(7, 0x44).content.hex(" ") == "07 00 44 00 01"
    assert Request(7, 0x204, count=3, fixed=True).content.hex(" ") == "07 02 04 02 03"


def test_a_write_byte_by_byte():
    request = Request(255, 0x100, (0x12345678, 2))
    assert request.content.hex(" ") == "ff 01 00 01 02 78 56 34 12 02 00 00 00"
    assert len(Request(0, 0, (0,) * MOST_WORDS).content) + 2 == MOST_BYTES
    assert Request(0, 0, (1,), fixed=True).content[1] == WRITE | FIXED == 3


def test_a_reply_byte_by_byte():
    reply = Reply(7, Status.OK, 1, (0xCAFE,))
    assert reply.content.hex(" ") == "07 00 01 fe ca 00 00"
    assert Reply.parsed(reply.content) == reply
    assert Reply.parsed(bytes([9, 2, 0])) == Reply(9, Status.UNMAPPED, 0)


@pytest.mark.parametrize("content", ["", "01 00", "01 09 00", "01 00 01 00", "01 00 02 00 00 00 00"])
def test_what_is_no_reply(content):
    with pytest.raises(FrameError):
        Reply.parsed(bytes.fromhex(content))


def test_every_single_damage_is_noticed():
    line = framed(Request(3, 0x100, (0xDEADBEEF,)).content)
    assert line[-1] == 0
    for place in range(len(line) - 1):
        for bit in range(8):
            damaged = bytearray(line[:-1])
            damaged[place] ^= 1 << bit
            with pytest.raises(FrameError):
                unframed(bytes(damaged))
    assert unframed(line[:-1]) == Request(3, 0x100, (0xDEADBEEF,)).content


def test_the_frame_on_the_page():
    """Its bytes by hand: content, check and COBS, as ``docs/host.md`` shows them."""
    text = (Path(__file__).parents[2] / "docs" / "host.md").read_text(encoding="utf-8")
    assert f"\n    {framed(Request(1, 0x44).content).hex(' ')}\n" in text
    assert f"`{Request(1, 0x44).content.hex(' ')}`" in text
