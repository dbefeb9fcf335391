"""Frames of a serial line: what is answered to which bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable

from mgd_hdl.config.frames import (
    DELIMITER,
    FIXED,
    MOST_BYTES,
    MOST_WORDS,
    WRITE,
    FrameError,
    Reply,
    Status,
    framed,
    unframed,
)
from mgd_hdl.config.memory_map import ADDRESS_BITS

from . import DONE, UNMAPPED, Access, Answer

__all__ = ["Frames"]


class Frames:
    """Byte by byte, for a host that waits for each reply; accesses go to ``bank``.

    Attributes
    ----------
    dropped : int
        Frames that were none.
    """

    def __init__(self, bank: Callable[[Access], Answer]):
        self.bank = bank
        self.dropped = 0
        self._line = bytearray()
        self._broken = False
        self._last: tuple[int, bytes] = (0, b"")

    def broken(self) -> None:
        """A byte came that was none."""
        self._broken = True

    def byte(self, byte: int) -> bytes:
        """What goes out over the line for this byte: a framed reply, or nothing."""
        if byte != DELIMITER:
            self._line.append(byte)
            return b""
        line, broken = bytes(self._line), self._broken
        self._line.clear()
        self._broken = False
        if not line and not broken:
            return b""
        try:
            content = unframed(line)
            # No frame is so long that a run of it has no zero behind it.
            if broken or len(content) < 5 or len(content) + 2 > MOST_BYTES or 0xFF in _runs(line):
                raise FrameError("no request")
        except FrameError:
            self.dropped += 1
            return b""
        sequence, command, address, count = struct.unpack("<BBHB", content[:5])
        if sequence == 0 or sequence != self._last[0]:
            words = content[5:]
            self._last = (sequence, framed(self._reply(sequence, command, address, count, words).content))
        return self._last[1]

    def _reply(self, sequence: int, command: int, address: int, count: int, given: bytes) -> Reply:
        writes, fixed = bool(command & WRITE), bool(command & FIXED)
        fits = len(given) == (4 * count if writes else 0)
        if command & ~(WRITE | FIXED) or not 1 <= count <= MOST_WORDS or not fits:
            return Reply(sequence, Status.UNKNOWN, 0)
        words = struct.unpack(f"<{count}I", given) if writes else (0,) * count
        read: list[int] = []
        for number, word in enumerate(words):
            at = (address + (0 if fixed else 4 * number)) % (1 << 16)
            if at >> ADDRESS_BITS:
                at = (1 << ADDRESS_BITS) - 4 | at % 4
            answer = self.bank(Access(at, writes, word if writes else 0))
            if answer.error != DONE:
                status = Status.UNMAPPED if answer.error == UNMAPPED else Status.REFUSED
                return Reply(sequence, status, number, read)
            if not writes:
                read.append(answer.data)
        return Reply(sequence, Status.OK, count, read)


def _runs(line: bytes) -> list[int]:
    """The bytes of a line in COBS that are lengths."""
    found, place = [], 0
    while place < len(line):
        found.append(line[place])
        place += line[place]
    return found
