"""Host interface: integer models of the register bank and of what stands before it, clock by clock."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DONE", "REFUSED", "UNMAPPED", "Access", "Answer"]

#: How an access went.
DONE, REFUSED, UNMAPPED = 0, 1, 2


class Access(NamedTuple):
    """What a bus asks of the bank."""

    address: int
    write: bool = False
    data: int = 0
    strobes: int = 0b1111
    late: bool = False
    """It was offered in reset."""


class Answer(NamedTuple):
    """What it is answered."""

    data: int
    error: int
