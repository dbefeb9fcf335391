"""A way to the registers of a circuit: words of 32 bits by address, and how time passes meanwhile."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

__all__ = ["Transport", "WordByWord"]


class Transport(Protocol):
    """What the driver needs of a way to a circuit; all that it does goes through these.

    Every method raises a :class:`mgd_hdl.host.errors.HostError` where it fails, and may be called again.

    Attributes
    ----------
    name : str
        As errors call it.
    tells_refusals : bool
        Whether a refused access raises :class:`mgd_hdl.host.errors.AccessRefused`, with how far a block came.
        Over a memory map it is the driver who finds it in ``flags``.
    """

    name: str
    tells_refusals: bool

    def read(self, address: int) -> int:
        """A word."""
        ...

    def write(self, address: int, word: int) -> None:
        """Writes one."""
        ...

    def read_block(self, address: int, count: int, *, fixed: bool = False) -> list[int]:
        """Words of rising addresses, or with ``fixed`` all of the same one."""
        ...

    def write_block(self, address: int, words: Sequence[int], *, fixed: bool = False) -> None:
        """Writes words to rising addresses, or with ``fixed`` all to the same one."""
        ...

    def time(self) -> float:
        """Seconds since some moment, as the circuit lives them."""
        ...

    def sleep(self, seconds: float) -> None:
        """Lets them pass."""
        ...

    def close(self) -> None:
        """Gives back what it holds; what was done is done."""
        ...


class WordByWord:
    """A transport of single words, in the time of this computer."""

    name = ""
    tells_refusals = False

    def read(self, address: int) -> int:
        raise NotImplementedError

    def write(self, address: int, word: int) -> None:
        raise NotImplementedError

    def read_block(self, address: int, count: int, *, fixed: bool = False) -> list[int]:
        return [self.read(address if fixed else address + 4 * number) for number in range(count)]

    def write_block(self, address: int, words: Sequence[int], *, fixed: bool = False) -> None:
        for number, word in enumerate(words):
            self.write(address if fixed else address + 4 * number, word)

    def time(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def close(self) -> None:
        pass
