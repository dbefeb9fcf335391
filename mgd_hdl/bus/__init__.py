"""What a bus asks of the register bank, and what it is answered: one access at a time."""

from __future__ import annotations

from collections.abc import Iterable

from amaranth.lib import data
from amaranth.lib.stream import Signature
from amaranth.lib.wiring import In, Out

from ..config.bus_ports import Wire
from ..config.memory_map import ADDRESS_BITS

__all__ = ["DONE", "REFUSED", "UNMAPPED", "members", "request_stream", "response_stream"]

#: How an access went: it was carried out; a register refused it; there is no register.
DONE, REFUSED, UNMAPPED = 0, 1, 2


def members(wires: Iterable[Wire], prefix: str = "") -> dict:
    """Of a component."""
    directions = {"input": In, "output": Out}
    return {f"{prefix}{wire.name}": directions[wire.direction](wire.width) for wire in wires}


def request_stream() -> Signature:
    """A stream of {address, data, strobes, write, late}.

    ``address`` in bytes; ``data`` and ``strobes``, one for each byte, of a write; of a read strobes say which
    bytes are wanted. ``late``: it was offered while the bus was in reset.
    """
    return Signature(
        data.StructLayout({"address": ADDRESS_BITS, "data": 32, "strobes": 4, "write": 1, "late": 1})
    )


def response_stream() -> Signature:
    """A stream of {data, error}: what was read, and how it went: DONE, REFUSED or UNMAPPED."""
    return Signature(data.StructLayout({"data": 32, "error": 2}))
