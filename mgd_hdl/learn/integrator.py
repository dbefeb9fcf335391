"""The integrator: gradient estimate and parameter in one register."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block

__all__ = ["Integrator", "beyond_rail"]


def beyond_rail(config: TrainerConfig, theta: Value) -> Value:
    """T has passed its rail, on either side: its top bits are not all the same."""
    above = theta[config.levels.rail : -1]
    return theta[-1] ^ theta[-2] if len(above) == 1 else above != theta[-1].replicate(len(above))


class Integrator(Block):
    """Adds words to T, whose upper bits are the parameter and whose lower bits are what an update
    has not yet moved: the remainder that the rounding ``carry`` keeps.

    T stops at a rail instead of wrapping. It refuses a word when its two top bits differ, that is
    when ``|T|`` has passed half its range, and the word points outward. A word is at most a
    quarter of T's range, so T never reaches the end of its range, and since the test reads only
    registers and one sign it costs one look-up table and no time behind the carry chain.

    With a clamp (``config.levels.rail``) T refuses words that lead further out already where ``|T|`` has
    passed that power of two, which is where its top bits are not all the same.

    With weight decay (``config.decays``) a word that comes with ``compare`` is not to be taken: whether it
    would carry T over zero decides whether the word of the next clock may be.

    One word a clock; T holds it one clock later.

    With early enables (``config.early``) the test is made one clock before the word, into a register:
    then nothing but that register stands before the clock enables of T. Of two words that follow
    each other at once only one may be taken, since the second is tested against T without the first: so
    it is with +D and -D.

    Members
    -------
    word : In(config.words.word)
    enable : In(1)
        Take the word of this clock; early: of the next.
    sign : In(1)
        Early only: the sign of the word of the next clock; of a word of zero, either.
    clear : In(1)
        Take zero instead. The rail holds here too: a word of each sign clears any T. With a reset
        (``config.resets``) T is cleared whatever it, ``word`` and ``enable`` are.
    compare : In(1)
        Weight decay only: with a word that is not enabled.
    theta : Out(T)
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                "word": In(shape(config.words.word)),
                "enable": In(1),
                **({"sign": In(1)} if config.early else {}),
                "clear": In(1),
                **({"compare": In(1)} if config.decays else {}),
                "theta": Out(shape(config.words.parameter)),
            }
        )

    @property
    def module(self) -> str:
        return "integrator"

    def elaborate(self, platform):
        m = Module()
        theta = Signal(shape(self.config.words.parameter), reset_less=True)
        m.d.comb += self.theta.eq(theta)
        railed = Signal()
        outward = Signal()
        m.d.comb += [
            railed.eq(beyond_rail(self.config, theta)),
            outward.eq(theta[-1] == (self.sign if self.config.early else self.word[-1])),
        ]
        takes = self.enable & ~(railed & outward)
        if self.config.decays:
            total = Signal(signed(len(theta) + 1))
            crosses = Signal(reset_less=True)
            m.d.comb += total.eq(theta + self.word)
            m.d.sync += crosses.eq((total[-1] ^ self.word[-1]) | ~self.compare)
            takes &= crosses
        if self.config.early:
            tested = Signal(reset_less=True)
            m.d.sync += tested.eq(takes)
            takes = tested
        if self.config.resets:
            # The rail is made of T: where T is unknown it would hold back what is to clear it.
            with m.If(self.clear):
                m.d.sync += theta.eq(0)
            with m.Elif(takes):
                m.d.sync += theta.eq(theta + self.word)
        else:
            with m.If(takes):
                with m.If(self.clear):
                    m.d.sync += theta.eq(0)
                with m.Else():
                    m.d.sync += theta.eq(theta + self.word)
        return m
