"""Lines to circuits that live in this program: in simulation, or in software."""

from __future__ import annotations

from typing import Protocol

__all__ = ["DirectLine", "Wire"]

#: Bytes' times that pass between two looks for an answer.
_BYTES = 4


class Wire(Protocol):
    """A circuit at the other end of a serial line. Its time passes only when it is asked to let it pass.

    Attributes
    ----------
    name : str
    byte_seconds : float
        For how long one byte is on the line.
    """

    name: str
    byte_seconds: float

    def exchange(self, data: bytes, seconds: float = 0.0) -> bytes:
        """Sends these bytes to the circuit, lets some time pass, and gives all that has come from it."""
        ...

    def seconds(self) -> float:
        """How long it has lived."""
        ...

    def let_pass(self, seconds: float) -> None:
        """Time in which it is not spoken to, so it says nothing."""
        ...

    def close(self) -> None: ...


class DirectLine:
    """A line without a cable, for :class:`mgd_hdl.host.framed.FramedLine`."""

    def __init__(self, wire: Wire):
        self._wire = wire
        self.name, self.byte_seconds = wire.name, wire.byte_seconds
        self._came = b""

    def send(self, data: bytes) -> None:
        self._came += self._wire.exchange(data)

    def receive(self, seconds: float) -> bytes:
        end = self._wire.seconds() + seconds
        while not self._came and self._wire.seconds() < end:
            self._came = self._wire.exchange(b"", _BYTES * self.byte_seconds)
        came, self._came = self._came, b""
        return came

    def time(self) -> float:
        return self._wire.seconds()

    def sleep(self, seconds: float) -> None:
        self._wire.let_pass(seconds)

    def close(self) -> None:
        self._wire.close()
