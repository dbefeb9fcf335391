"""Wishbone B4: when a transfer is asked of the bank, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass

from . import DONE, Access, Answer

__all__ = ["Master", "Wishbone"]


@dataclass
class Master:
    """What the master drives in one clock."""

    cyc: bool = False
    stb: bool = False
    we: bool = False
    adr: int = 0
    dat_w: int = 0
    sel: int = 0b1111


class Wishbone:
    """Clock by clock, with the bank's answer as what has come back."""

    def __init__(self, *, pipelined: bool):
        self.pipelined = pipelined
        self.late = False
        self.stalls = True

    def reset(self, master: Master) -> None:
        """A clock in which reset is high."""
        self.late, self.stalls = master.cyc and master.stb, True

    def request(self, master: Master, answer: Answer | None) -> Access | None:
        """What is asked of the bank in this clock."""
        free = not self.stalls if self.pipelined else answer is None
        if not (master.cyc and master.stb and free):
            return None
        return Access(4 * master.adr, master.we, master.dat_w, master.sel, self.late)

    def answers(self, answer: Answer | None) -> dict[str, int]:
        """What the master sees in this clock, where the bank has this answer."""
        seen = {"stall": int(self.stalls)} if self.pipelined else {}
        if answer is None:
            return {"ack": 0, "err": 0, **seen}
        done = answer.error == DONE
        return {"ack": int(done), "err": int(not done), "dat_r": answer.data, **seen}

    def clock(self, master: Master, taken: Access | None) -> None:
        """To the next clock."""
        if taken is not None or not (master.cyc and master.stb):
            self.late = False
        self.stalls = False
