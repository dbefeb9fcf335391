"""What may go wrong between host and circuit; an error is one line that names transport and register."""

from __future__ import annotations

from collections.abc import Sequence

from .faults import DeviceAtRest

__all__ = [
    "AccessRefused",
    "CircuitAtRest",
    "HostError",
    "LineTaken",
    "NoAnswer",
    "TooLong",
    "Unplugged",
    "WrongCircuit",
]


class HostError(RuntimeError):
    """Something went wrong between host and circuit.

    Attributes
    ----------
    what, transport : str
        What, and on which transport.
    address : int or None
        Of the access, in bytes.
    register : str
        The name of what is there; the driver fills it in, which alone knows it.
    """

    def __init__(self, what: str, transport: str, address: int | None = None):
        super().__init__(what)
        self.what, self.transport, self.address, self.register = what, transport, address, ""

    def __str__(self) -> str:
        place = self.transport
        if self.address is not None and self.register:
            place += f", register {self.register} (0x{self.address:03X})"
        elif self.address is not None:
            place += f", address 0x{self.address:03X}"
        return f"{place}: {self.what}"


class NoAnswer(HostError):
    """Nothing came back in time, or nothing that is an answer."""


class Unplugged(NoAnswer):
    """The line is gone."""


class LineTaken(HostError):
    """Another driver has it."""


class WrongCircuit(HostError):
    """There is an answer, but not of the circuit that the configuration makes."""


class TooLong(HostError):
    """The circuit answers, but what was waited for does not happen."""


class CircuitAtRest(HostError, DeviceAtRest):
    """The device outside failed so often that the circuit begins no more steps; parameters are whole."""


class AccessRefused(HostError):
    """A register, or there is none, has refused an access.

    Attributes
    ----------
    words : sequence of int
        What was read before.
    done : int
        How many words were read or written before.
    """

    def __init__(self, what: str, transport: str, address: int, done: int = 0, words: Sequence[int] = ()):
        super().__init__(what, transport, address)
        self.done, self.words = done, tuple(words)
