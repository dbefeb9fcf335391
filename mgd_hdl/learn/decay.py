"""Weight decay: every parameter loses the same share of itself at each update, in the mean."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ..config.codes import LFSR
from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block, place
from ..lfsr import ShiftRegister

__all__ = ["Decay"]


class Decay(Block):
    """After each update four more broadcasts: parameters beyond a random threshold lose one step.

    With R uniform in ``0 .. H - 1``, H half of T's range, and c = ``2**(k - 1)``:

        T > R    T <- T - c           T < -R    T <- T + c

    A T between c and H is above R in T of H cases, so its mean loss is ``c T / H``: the textbook's
    ``theta <- theta (1 - c / H)`` exactly, without a multiplier, a shifter or a second adder in any cell.

    The comparison is the cell's own adder (:mod:`mgd_hdl.learn.integrator`): ``compare`` says that a
    word is only looked at, and the cells whose T it carries over zero take the next one. Those words are
    ``-1 - R``, then -c; R, then +c.

    They follow in the four clocks after ``go``. With k = 0 both steps are zero.

    Members
    -------
    go : In(1)
        The last word of an update leaves in this clock.
    weight_decay : In
        k; values above ``config.levels.max_weight_decay`` act as that.
    seed, load : In(31), In(1)
        Restart.
    word : Out(D)
        Zero unless ``busy``.
    busy, compare, pick : Out(1)
        The word is one of the four; it is to be compared, or to be taken.
    last : Out(1)
        With update noise only, which follows: it is the fourth.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                "go": In(1),
                "weight_decay": In(config.levels.max_weight_decay.bit_length()),
                "seed": In(LFSR.degree),
                "load": In(1),
                "word": Out(shape(config.words.update)),
                "busy": Out(1),
                "compare": Out(1),
                "pick": Out(1),
                **({"last": Out(1)} if config.update_noisy else {}),
            }
        )

    @property
    def module(self) -> str:
        return "decay"

    def elaborate(self, platform):
        m = Module()
        limit = self.config.levels.max_weight_decay
        size = len(self.word) - 1
        turn = Signal(4)  # one of the four words
        numbers = place(m, platform, "numbers", ShiftRegister())
        m.d.comb += [
            numbers.seed.eq(self.seed),
            numbers.load.eq(self.load),
            numbers.advance.eq(turn[3]),
        ]
        k = Signal(range(limit + 1))
        beyond = self.weight_decay > limit if limit & (limit + 1) else Const(0, 1)
        m.d.comb += k.eq(Mux(beyond, limit, self.weight_decay))
        # One less than zero is the largest there is, which shifts the one out of the step.
        less = Signal(len(k))
        step = Signal(size)
        m.d.comb += [less.eq(k - 1), step.eq(1 << less)]

        threshold = numbers.state[:size]
        m.d.sync += turn.eq(Cat(self.go, turn[:-1]))
        m.d.comb += [
            self.busy.eq(turn.any()),
            self.compare.eq(turn[0] | turn[2]),
            self.pick.eq(turn[1] | turn[3]),
        ]
        if self.config.update_noisy:
            m.d.comb += self.last.eq(turn[3])
        with m.If(self.compare):
            m.d.comb += self.word.eq(Cat(threshold ^ turn[0].replicate(size), turn[0]).as_signed())
        with m.Elif(self.pick):
            m.d.comb += self.word.eq(Mux(turn[1], -step, step))
        return m
