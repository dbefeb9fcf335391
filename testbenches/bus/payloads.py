"""Words of the streams between a bus and the bank: requests and responses."""

from __future__ import annotations

from mgd_hdl.config.memory_map import ADDRESS_BITS
from mgd_sim.bus import Access, Answer

__all__ = ["packed", "said", "unpacked"]

_WORD = (1 << 32) - 1
_DATA, _STROBES, _WRITE, _LATE = (ADDRESS_BITS + bits for bits in (0, 32, 36, 37))


def packed(access: Access) -> int:
    """As the stream of requests has it."""
    word = access.address | access.data << _DATA | access.strobes << _STROBES
    return word | access.write << _WRITE | access.late << _LATE


def unpacked(word: int) -> Access:
    """What a word of that stream asks for; data of a read are anything, and 0 here."""
    write = bool(word >> _WRITE & 1)
    return Access(
        word & (1 << ADDRESS_BITS) - 1,
        write,
        word >> _DATA & _WORD if write else 0,
        word >> _STROBES & 0b1111,
        bool(word >> _LATE & 1),
    )


def said(answer: Answer | None) -> int:
    """As the stream of responses has it; anything where there is none."""
    return 0 if answer is None else answer.data | answer.error << 32
