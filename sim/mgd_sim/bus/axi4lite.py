"""AXI4-Lite: which access goes when, and how it is answered on the five channels."""

from __future__ import annotations

from dataclasses import dataclass

from . import DONE, UNMAPPED, Access, Answer

__all__ = ["Axi4Lite", "Manager"]

_OKAY, _SLVERR, _DECERR = 0b00, 0b10, 0b11


@dataclass
class Manager:
    """What the manager drives in one clock; None where it is not valid."""

    write_address: int | None = None
    write_data: tuple[int, int] | None = None
    """Data and strobes."""
    read_address: int | None = None
    bready: bool = False
    rready: bool = False


class Axi4Lite:
    """Clock by clock, with the bank's answer as what has come back to it."""

    def __init__(self) -> None:
        self.write_address: int | None = None
        self.write_data: tuple[int, int] | None = None
        self.read_address: int | None = None
        self.late_write = self.late_read = False
        self.last_wrote = self.awake = False

    def reset(self, manager: Manager) -> None:
        """A clock in which reset is high."""
        self.__init__()  # type: ignore[misc]
        self.late_write = manager.write_address is not None or manager.write_data is not None
        self.late_read = manager.read_address is not None

    def readies(self) -> dict[str, bool]:
        """Of this clock."""
        return {
            "awready": self.awake and self.write_address is None,
            "wready": self.awake and self.write_data is None,
            "arready": self.awake and self.read_address is None,
        }

    def request(self) -> Access | None:
        """What is asked of the bank in this clock: reads and writes in turn where both wait."""
        writes = self.write_address is not None and self.write_data is not None
        reads = self.read_address is not None
        if writes and not (reads and self.last_wrote):
            assert self.write_address is not None
            assert self.write_data is not None
            return Access(self.write_address, True, *self.write_data, self.late_write)
        if reads:
            assert self.read_address is not None
            return Access(self.read_address, late=self.late_read)
        return None

    def answers(self, answer: Answer | None) -> dict[str, int]:
        """The channels B and R of this clock, where the bank has this answer."""
        if answer is None:
            return {"bvalid": 0, "rvalid": 0}
        response = {DONE: _OKAY, UNMAPPED: _DECERR}.get(answer.error, _SLVERR)
        if self.last_wrote:
            return {"bvalid": 1, "rvalid": 0, "bresp": response}
        return {"bvalid": 0, "rvalid": 1, "rresp": response, "rdata": answer.data}

    def accepts(self, manager: Manager) -> bool:
        """Whether the answer of this clock is taken."""
        return manager.bready if self.last_wrote else manager.rready

    def clock(self, manager: Manager, taken: Access | None) -> None:
        """To the next clock; ``taken``: the request that the bank has taken."""
        free = self.readies()
        if taken is not None:
            self.last_wrote = taken.write
            if taken.write:
                self.write_address = self.write_data = None
                self.late_write = False
            else:
                self.read_address = None
                self.late_read = False
        if free["awready"] and manager.write_address is not None:
            self.write_address = manager.write_address
        if free["wready"] and manager.write_data is not None:
            self.write_data = manager.write_data
        if free["arready"] and manager.read_address is not None:
            self.read_address = manager.read_address
        self.awake = True
