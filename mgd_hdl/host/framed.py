"""Registers over a serial line: each access is a frame, its reply another; what gets lost is said again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..config.frames import (
    DELIMITER,
    MOST_BYTES,
    MOST_WORDS,
    FrameError,
    Reply,
    Request,
    Status,
    framed,
    unframed,
)
from .errors import AccessRefused, HostError, NoAnswer

__all__ = ["FramedLine", "Line"]

_LAST_SEQUENCE = 255


class Line(Protocol):
    """Bytes to and from a circuit.

    Attributes
    ----------
    name : str
    byte_seconds : float
        For how long one byte is on the line.
    """

    name: str
    byte_seconds: float

    def send(self, data: bytes) -> None:
        """All of it."""
        ...

    def receive(self, seconds: float) -> bytes:
        """What has come; where nothing has, what comes first within some seconds."""
        ...

    def time(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...

    def close(self) -> None: ...


class FramedLine:
    """A transport over a line of bytes; the format is :mod:`mgd_hdl.config.frames`.

    A request that is not answered in time is sent again under the same number, so it is carried out once.

    Parameters
    ----------
    line : Line
    tries : int
        How often a request is sent before it counts as unanswered.
    time_out : float
        Seconds in which a reply must begin, beside the time of the bytes themselves.
    """

    tells_refusals = True

    def __init__(self, line: Line, *, tries: int = 4, time_out: float = 0.5):
        self.line, self.name = line, line.name
        self.tries, self.time_out = tries, time_out
        self._sequence = 0
        self._unsure = True  # what the circuit has heard last
        self._begun = False
        self._heard = bytearray()

    # ---- the transport -------------------------------------------------------------------------------

    def read(self, address: int) -> int:
        return self.read_block(address, 1)[0]

    def write(self, address: int, word: int) -> None:
        self.write_block(address, [word])

    def read_block(self, address: int, count: int, *, fixed: bool = False) -> list[int]:
        words: list[int] = []
        while len(words) < count:
            at = address if fixed else address + 4 * len(words)
            part = min(count - len(words), MOST_WORDS)
            words += self._done(at, words, count=part, fixed=fixed)
        return words

    def write_block(self, address: int, words: Sequence[int], *, fixed: bool = False) -> None:
        for first in range(0, len(words), MOST_WORDS):
            at = address if fixed else address + 4 * first
            self._done(at, words[:first], words=words[first : first + MOST_WORDS], fixed=fixed)

    def time(self) -> float:
        return self.line.time()

    def sleep(self, seconds: float) -> None:
        self.line.sleep(seconds)

    def close(self) -> None:
        self.line.close()

    # ---- requests --------------------------------------------------------------------------------------

    def _done(
        self, address: int, before: Sequence[int], *, words: Sequence[int] = (), count: int = 1, fixed: bool
    ) -> Sequence[int]:
        """What a request reads, once it is carried out; ``before`` are words of the same block."""
        if not self._begun:
            # Number 0 is no repetition, whatever an earlier host has said; so nothing that matters has it.
            self._exchange(Request(0, 0))
            self._begun = True
        self._sequence = self._sequence % _LAST_SEQUENCE + 1
        reply = self._exchange(Request(self._sequence, address, words, count, fixed))
        if reply.status == Status.UNKNOWN:
            raise HostError("the circuit knows no such request: another release made it", self.name, address)
        if reply.status == Status.OK:
            return reply.words
        what = "refused the access" if reply.status == Status.REFUSED else "there is no register"
        at = address if fixed else address + 4 * reply.count
        read = [] if words else [*before, *reply.words]
        raise AccessRefused(what, self.name, at, len(before) + reply.count, read)

    def _exchange(self, request: Request) -> Reply:
        data, odd = framed(request.content), 0
        for _ in range(self.tries):
            try:
                # A zero ends whatever the circuit may take for the beginning of this frame.
                self.line.send(bytes([DELIMITER]) * self._unsure + data)
                self._unsure = True
                reply, noise = self._reply(request, len(data))
            except HostError as error:
                error.address = request.address
                raise
            if reply is not None:
                self._unsure = False
                return reply
            odd += noise
        odd += len(self._heard)
        if odd:
            what = f"no answer, only {odd} bytes that are none: another device, or another baud rate?"
        else:
            what = "no answer: is this the port, does the circuit run, is it this baud rate?"
        raise NoAnswer(f"{what} ({self.tries} tries)", self.name, request.address)

    def _reply(self, request: Request, sent: int) -> tuple[Reply | None, int]:
        """The reply to a request, or none, and how many bytes were something else."""
        most = MOST_BYTES + 2
        end = self.line.time() + self.time_out + (sent + most) * self.line.byte_seconds
        odd = 0
        while (left := end - self.line.time()) > 0:
            self._heard += self.line.receive(left)
            while DELIMITER in self._heard:
                piece, _, rest = self._heard.partition(bytes([DELIMITER]))
                self._heard = bytearray(rest)
                reply = _parsed(bytes(piece), request)
                if reply is not None:
                    return reply, odd
                odd += len(piece)
            if len(self._heard) > most:
                odd += len(self._heard)
                self._heard.clear()
        return None, odd


def _parsed(line: bytes, request: Request) -> Reply | None:
    """The reply to this request, if these bytes are one."""
    try:
        reply = Reply.parsed(unframed(line))
    except FrameError:
        return None
    wanted = 0 if request.writes or reply.status == Status.UNKNOWN else reply.count
    total = len(request.words) or request.count
    whole = reply.count == total if reply.status == Status.OK else reply.count < total
    return reply if reply.sequence == request.sequence and len(reply.words) == wanted and whole else None
