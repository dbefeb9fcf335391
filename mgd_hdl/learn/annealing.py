"""Annealing: the learning rate, or the amplitude, halves again and again while training goes on."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ..config.sections import MAX_TAU_BITS
from ..config.trainer import TrainerConfig
from ..hierarchy import Block

__all__ = ["Annealing"]


class Annealing(Block):
    """The learning shift of each update: one more after every N updates, until the last one.

    Counts updates, that is ends of windows. The rate is a shift, so halving it costs a counter and no
    multiplier. Another one counts how often the amplitude has halved.

    ``shift`` changes one clock after the update that is the N-th.

    Parameters
    ----------
    config : TrainerConfig
    bits : int, optional
        Width of the shifts; by default that of learning shifts.

    Members
    -------
    restart : In(1)
        Begin at ``learning_shift``.
    update : In(1)
        An update is made with ``shift`` in this clock.
    learning_shift, last_shift : In
        Where the shift begins, and where it stays. What was added stays when the first one changes; a sum
        that does not fit is the largest shift that does.
    anneal_every : In(24)
        N; 0 acts as 2**24.
    shift : Out
    """

    def __init__(self, config: TrainerConfig, bits: int | None = None):
        self.config = config
        self.bits = bits = config.levels.shift_bits if bits is None else bits
        self._module = "annealing" if bits == config.levels.shift_bits else f"annealing_{bits}"
        super().__init__(
            {
                "restart": In(1),
                "update": In(1),
                "learning_shift": In(bits),
                "last_shift": In(bits),
                "anneal_every": In(MAX_TAU_BITS),
                "shift": Out(bits),
            }
        )

    @property
    def module(self) -> str:
        return self._module

    def elaborate(self, platform):
        m = Module()
        bits = self.bits
        count = Signal(MAX_TAU_BITS)
        added = Signal(bits)
        ends = Signal()
        total = Signal(bits + 1)
        m.d.comb += [
            ends.eq(self.update & (count == 1)),
            total.eq(self.learning_shift + added),
            # The host may have raised ``learning_shift`` meanwhile.
            self.shift.eq(Mux(total[-1], (1 << bits) - 1, total)),
        ]
        with m.If(self.restart | ends):
            m.d.sync += count.eq(self.anneal_every)
        with m.Elif(self.update):
            m.d.sync += count.eq(count - 1)
        with m.If(self.restart):
            m.d.sync += added.eq(0)
        with m.Elif(ends & (total < self.last_shift)):
            m.d.sync += added.eq(added + 1)
        return m
