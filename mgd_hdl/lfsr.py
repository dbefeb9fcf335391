"""A linear-feedback shift register that makes all its new bits in one clock."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal, Value
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
        With ``most`` above 1: so many steps, ``most`` of them or fewer.
    state : Out(degree)
        The new state is there one clock after ``load`` or ``advance``.
    state_1, state_2, ... : Out(degree), with ``most`` above 1
        What it will be after one step, after two, and so on, but after ``most``.
    """

    def __init__(self, lfsr: Lfsr = LFSR, most: int = 1):
        self.lfsr = lfsr
        self.most = most
        super().__init__(
            {
                "seed": In(lfsr.degree),
                "load": In(1),
                "advance": In(most.bit_length()),
                "state": Out(lfsr.degree, init=1),
                **{f"state_{step}": Out(lfsr.degree) for step in range(1, most)},
            }
        )

    @property
    def module(self) -> str:
        return f"lfsr{self.lfsr.degree}" + f"_by_{self.most}" * (self.most > 1)

    @property
    def states(self) -> list[Value]:
        """That of now, and those after one step and more."""
        return [self.state, *(getattr(self, f"state_{step}") for step in range(1, self.most))]

    def elaborate(self, platform):
        m = Module()
        lfsr = self.lfsr
        if self.most > 1:
            return self._several(m)
        fresh = Signal(lfsr.leap)
        m.d.comb += fresh.eq(self.state[: lfsr.leap] ^ self.state[lfsr.tap :])
        with m.If(self.load):
            m.d.sync += self.state.eq(Cat(1, self.seed[1:]))
        with m.Elif(self.advance):
            m.d.sync += self.state.eq(Cat(self.state[lfsr.leap :], fresh))
        return m

    def _several(self, m: Module) -> Module:
        """Any number of steps up to ``most``: each state is the one before, a step further."""
        lfsr, states = self.lfsr, self.states
        following = []
        for state in states:
            fresh = state[: lfsr.leap] ^ state[lfsr.tap :]
            following.append(Cat(state[lfsr.leap :], fresh))
        m.d.comb += [later.eq(value) for later, value in zip(states[1:], following[:-1], strict=True)]
        with m.If(self.load):
            m.d.sync += self.state.eq(Cat(1, self.seed[1:]))
        for step, value in enumerate(following, 1):
            with m.Elif(self.advance == step):
                m.d.sync += self.state.eq(value)
        return m
