"""Frames on a serial line: what host and circuit say to each other, byte by byte.

A frame is a request or a reply, then its check, CRC-16, high byte first; all of it in COBS, which has no
zero, and a zero behind it. So whatever a line has said before, the byte after a zero begins a frame.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "CRC_END",
    "CRC_RESIDUE",
    "CRC_START",
    "DELIMITER",
    "FIXED",
    "MOST_BYTES",
    "MOST_WORDS",
    "WRITE",
    "FrameError",
    "Reply",
    "Request",
    "Status",
    "cobs",
    "crc",
    "framed",
    "uncobs",
    "unframed",
]

#: Behind each frame, and nowhere else on the line.
DELIMITER = 0
#: Words of 32 bits in one frame.
MOST_WORDS = 60
#: Bytes of the largest frame before COBS: a write, with its check. COBS adds one to so few.
MOST_BYTES = 5 + 4 * MOST_WORDS + 2
#: Bits of a command.
WRITE, FIXED = 1, 2
#: CRC-16/GENIBUS: polynomial 0x1021, high bits first, this start, and the end exclusive-ored. It is 0xD64E of
#: "123456789". After a frame and its check the register holds the residue. That is not 0, so a zero too much
#: at the end is noticed: without the end, a register that is 0 would stay so.
CRC_START, CRC_END, CRC_RESIDUE = 0xFFFF, 0xFFFF, 0x1D0F


class FrameError(ValueError):
    """Bytes that are no frame, or one that was damaged."""


class Status(IntEnum):
    """How a request went."""

    OK = 0
    REFUSED = 1
    """A register refused the access; ``flags`` says why."""
    UNMAPPED = 2
    """There is no register at an address."""
    UNKNOWN = 3
    """No such command, or no such number of words; nothing was read or written."""


@dataclass(frozen=True)
class Request:
    """``count`` words, read from or written to an address; to the addresses behind it, unless ``fixed``.

    One with the sequence number of the last one is a repetition: it is not carried out again, and gets the
    reply that the last one got. Number 0 is never a repetition.
    """

    sequence: int
    address: int
    words: Sequence[int] = ()
    """To write; none of a read."""
    count: int = 1
    """To read."""
    fixed: bool = False

    @property
    def writes(self) -> bool:
        return bool(self.words)

    @property
    def content(self) -> bytes:
        """The bytes without check and COBS."""
        command = WRITE * self.writes | FIXED * self.fixed
        count = len(self.words) or self.count
        head = struct.pack("<BBHB", self.sequence, command, self.address, count)
        return head + struct.pack(f"<{len(self.words)}I", *self.words)


@dataclass(frozen=True)
class Reply:
    """How it went, how many words were read or written before it did not, and those that were read."""

    sequence: int
    status: Status
    count: int
    words: Sequence[int] = ()

    @property
    def content(self) -> bytes:
        """The bytes without check and COBS."""
        return struct.pack(f"<BBB{len(self.words)}I", self.sequence, self.status, self.count, *self.words)

    @classmethod
    def parsed(cls, content: bytes) -> Reply:
        """Raises FrameError."""
        if len(content) < 3 or (len(content) - 3) % 4 or content[1] not in set(Status):
            raise FrameError(f"no reply: {content.hex(' ')}")
        words = struct.unpack(f"<{(len(content) - 3) // 4}I", content[3:])
        if words and len(words) != content[2]:
            raise FrameError(f"{len(words)} words in place of {content[2]}")
        return cls(content[0], Status(content[1]), content[2], words)


def crc(content: bytes) -> int:
    """CRC-16/GENIBUS, also called EPC and I-CODE; ISO/IEC 18000-63 has it."""
    return binascii.crc_hqx(content, CRC_START) ^ CRC_END


def cobs(content: bytes) -> bytes:
    """Consistent overhead byte stuffing: the same bytes without a zero. (Cheshire and Baker, 1999)"""
    out = bytearray()
    for block in content.split(b"\0"):
        while len(block) >= 254:
            out += b"\xff" + block[:254]
            block = block[254:]
        out += bytes([len(block) + 1]) + block
    return bytes(out)


def uncobs(line: bytes) -> bytes:
    """What :func:`cobs` was given. Raises FrameError."""
    out, place = bytearray(), 0
    while place < len(line):
        code = line[place]
        block = line[place + 1 : place + code]
        if code == 0 or 0 in block or len(block) != code - 1:
            raise FrameError(f"no COBS: {line.hex(' ')}")
        out += block
        place += code
        if code < 255 and place < len(line):
            out.append(0)
    return bytes(out)


def framed(content: bytes) -> bytes:
    """As it goes over the line, with check and delimiter."""
    return cobs(content + crc(content).to_bytes(2, "big")) + bytes([DELIMITER])


def unframed(line: bytes) -> bytes:
    """The content of what stands before a delimiter. Raises FrameError."""
    content = uncobs(line)
    if len(content) < 2 or crc(content) ^ CRC_END != CRC_RESIDUE:
        raise FrameError(f"a damaged frame: {line.hex(' ')}")
    return content[:-2]
