"""Homodyne detection: multiply the cost change by every parameter's own sign, with no multiplier."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block

__all__ = ["Homodyne"]


class Homodyne(Block):
    """Broadcasts each update twice: first +D, then -D.

    A cell adds the first where its code bit is one and the second where it is zero: together
    s * D with s = +-1, which is the homodyne product. Sequential codes are 1 or 0, and all cells
    rest in the second clock. Between updates the word is zero, so idle cells need no enable.

    The word of the plus phase is there in the clock of ``i.valid``, that of the minus phase
    ``config.word_clocks`` later: one, or with serial cells as many as they need for a word. One
    update every ``2 * config.word_clocks`` clocks.

    Members
    -------
    i : In(stream of D, always ready)
    word : Out(D)
    plus, minus : Out(1)
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        update = shape(config.update)
        super().__init__(
            {
                "i": In(stream.Signature(update, always_ready=True)),
                "word": Out(update),
                "plus": Out(1),
                "minus": Out(1),
            }
        )

    @property
    def module(self) -> str:
        return "homodyne"

    def elaborate(self, platform):
        m = Module()
        # D is symmetric about zero, so -D has the same width.
        negated = Signal.like(self.word)
        m.d.comb += self.plus.eq(self.i.valid)
        if self.config.word_clocks == 1:
            m.d.sync += [negated.eq(-self.i.payload), self.minus.eq(self.i.valid)]
        else:
            left = Signal(range(self.config.word_clocks + 1))
            m.d.comb += self.minus.eq(left == 1)
            with m.If(self.i.valid):
                m.d.sync += [negated.eq(-self.i.payload), left.eq(self.config.word_clocks)]
            with m.Elif(left.any()):
                m.d.sync += left.eq(left - 1)
        with m.If(self.plus):
            m.d.comb += self.word.eq(self.i.payload)
        with m.Elif(self.minus):
            m.d.comb += self.word.eq(negated)
        return m
