"""A linear-feedback shift register that makes all its new bits in one clock."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib.wiring import In, Out

from .config.codes import LFSR, Lfsr
from .hierarchy import Block

__all__ = ["ShiftRegister"]


class ShiftRegister(Block):
    """Holds the state of :class:`mgd_hdl.config.Lfsr`.

    With recurrence ``b[m + degree] = b[m + tap] ^ b[m]`` the first ``degree - tap`` new bits
    depend on bits already there, so one step costs one exclusive or for each.

    Members
    -------
    seed, load : In(degree), In(1)
        ``load`` takes the seed, with bit 0 set so that it is never zero.
    advance : In(1)
        One step; ``load`` goes first.
    state : Out(degree)
        The new state is there one clock after ``load`` or ``advance``.
    """

    def __init__(self, lfsr: Lfsr = LFSR):
        self.lfsr = lfsr
        super().__init__(
            {"seed": In(lfsr.degree), "load": In(1), "advance": In(1), "state": Out(lfsr.degree, init=1)}
        )

    @property
    def module(self) -> str:
        return f"lfsr{self.lfsr.degree}"

    def elaborate(self, platform):
        m = Module()
        lfsr = self.lfsr
        fresh = Signal(lfsr.leap)
        m.d.comb += fresh.eq(self.state[: lfsr.leap] ^ self.state[lfsr.tap :])
        with m.If(self.load):
            m.d.sync += self.state.eq(Cat(1, self.seed[1:]))
        with m.Elif(self.advance):
            m.d.sync += self.state.eq(Cat(self.state[lfsr.leap :], fresh))
        return m
