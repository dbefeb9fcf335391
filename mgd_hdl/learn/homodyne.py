"""Homodyne detection: multiply the cost change by every parameter's own sign, with no multiplier."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
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
    ``config.timing.word_clocks`` later: one, or with serial cells as many as they need for a word. One
    update every ``config.timing.update_clocks`` clocks.

    Where code words have several bits (:mod:`mgd_hdl.learn.loaded`) s is an odd number: +D is followed
    by +2 D, +4 D, up to +2**(words - 1) D, each for the cells with one bit of the magnitude, and then
    -D likewise. So it is node by node (:mod:`mgd_hdl.learn.node`), with the bits of each weight's input.

    Members
    -------
    i : In(stream of D, always ready)
    word : Out(config.words.word)
    plus, minus : Out(1)
        The word is +D; it is -D or one of its multiples.
    rotate, last : Out(1), where ``config.words.sent`` is above 1
        The word is a multiple, 2 D or more; it is the last of this update.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        multiples = {"rotate": Out(1), "last": Out(1)} if config.words.sent > 1 else {}
        super().__init__(
            {
                "i": In(stream.Signature(shape(config.words.update), always_ready=True)),
                "word": Out(shape(config.words.word)),
                "plus": Out(1),
                "minus": Out(1),
                **multiples,
            }
        )

    @property
    def module(self) -> str:
        return "homodyne"

    @property
    def last_word(self):
        """The port that is high with the last word of an update."""
        return self.last if self.config.words.sent > 1 else self.minus

    def elaborate(self, platform):
        m = Module()
        # D is symmetric about zero, so -D has the same width.
        m.d.comb += self.plus.eq(self.i.valid)
        if self.config.words.sent > 1:
            return self._multiples(m)
        negated = Signal.like(self.word)
        if self.config.timing.word_clocks == 1:
            m.d.sync += [negated.eq(-self.i.payload), self.minus.eq(self.i.valid)]
        else:
            left = Signal(range(self.config.timing.word_clocks + 1))
            m.d.comb += self.minus.eq(left == 1)
            with m.If(self.i.valid):
                m.d.sync += [negated.eq(-self.i.payload), left.eq(self.config.timing.word_clocks)]
            with m.Elif(left.any()):
                m.d.sync += left.eq(left - 1)
        with m.If(self.plus):
            m.d.comb += self.word.eq(self.i.payload)
        with m.Elif(self.minus):
            m.d.comb += self.word.eq(negated)
        return m

    def _multiples(self, m: Module) -> Module:
        """+D and its multiples, one a clock, then -D and its multiples; none wraps, see
        ``config.words.update``.
        """
        bits = self.config.words.sent
        negated = Signal.like(self.i.payload)
        following = Signal.like(self.word)
        turn = Signal(range(2 * bits))
        m.d.comb += [
            self.minus.eq(turn >= bits),
            self.rotate.eq((turn != 0) & (turn != bits)),
            self.last.eq(turn == 2 * bits - 1),
            self.word.eq(Mux(self.plus, self.i.payload, following)),
        ]
        with m.If(self.plus):
            m.d.sync += [turn.eq(1), negated.eq(-self.i.payload), following.eq(self.i.payload << 1)]
        with m.Elif(self.last):
            m.d.sync += [turn.eq(0), following.eq(0)]
        with m.Elif(turn != 0):
            m.d.sync += [
                turn.eq(turn + 1),
                following.eq(Mux(turn == bits - 1, negated, following << 1)),
            ]
        return m
