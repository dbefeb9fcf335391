"""The follower: the network's copy of a parameter goes after it, a part of the way at a time."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block, place

__all__ = ["Follower", "copy_ports", "seen"]


class Follower(Block):
    """``copy <- copy + 2**-m (T - copy)``: a low-pass, m = ``config.follow``.

    With T <- T - eta e this is the analog algorithm of McCaughan et al. (2023) and gradient descent
    with momentum mu = 1 - 2**-m at once. Their parameter is the copy, their low-pass, or velocity,

        G = 2**-m (copy - T) / eta          G <- 2**-m e + (1 - 2**-m) G,   copy <- copy - eta G.

    So no register for G is needed, and nothing is multiplied.

    The copy has m guard bits below the visible ones. What is subtracted is its visible part, so the
    word stays short, and the copy comes to rest only where its visible bits are T's: there is no dead
    zone. It stays between the least and the greatest T that it has seen, so nothing can overflow.

    One adder does it in two clocks: first ``away`` from the old, then on to T. (A subtractor beside it
    would save a clock and take eleven logic cells more of an iCE40, whose carry chains cannot invert.)

    After a reset the copy is zero; ``config.timing.settle_moves`` moves bring it to any T.

    Members
    -------
    target : In(config.words.visible)
        The visible bits of T.
    refresh : In(1)
        High in both clocks of a move; the copy changes one clock later.
    away : In(1)
        High in the first of them.
    visible : Out(config.words.visible)
        The visible bits of the copy.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                "target": In(shape(config.words.visible)),
                "refresh": In(1),
                "away": In(1),
                "visible": Out(shape(config.words.visible)),
            }
        )

    @property
    def module(self) -> str:
        return "follower"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        copy = Signal(shape(config.words.copied))
        word = Signal(shape(config.words.visible))
        m.d.comb += [
            self.visible.eq(copy.shift_right(config.follow)),
            word.eq(Mux(self.away, ~self.visible, self.target)),
        ]
        # -x is ~x + 1, and a bit below both words makes that one.
        total = Cat(Const(1, 1), copy).as_signed() + Cat(self.away, word).as_signed()
        with m.If(self.refresh):
            m.d.sync += copy.eq(total.shift_right(1))
        return m


def copy_ports(config: TrainerConfig) -> dict:
    """Members of a cell for :func:`seen`, and of what drives it."""
    members = {"refresh": In(1)} if config.shadow else {}
    return {**members, "away": In(1)} if config.follow else members


def seen(m: Module, platform: object, config: TrainerConfig, cell: Block, theta: Signal) -> Signal:
    """What the network sees of a parameter before it is perturbed, ``config.words.visible``: the visible bits
    of ``theta``, or with ``config.shadow`` a copy that changes with ``cell.refresh``; with ``config.follow``
    that of a :class:`Follower`, which takes ``cell.away`` too.
    """
    target = theta[config.words.guard_bits :]
    visible = Signal(shape(config.words.visible), reset_less=True)
    if config.follow:
        follower = place(m, platform, "follower", Follower(config))
        m.d.comb += [
            follower.target.eq(target),
            follower.refresh.eq(cell.refresh),
            follower.away.eq(cell.away),
            visible.eq(follower.visible),
        ]
    elif config.shadow:
        with m.If(cell.refresh):
            m.d.sync += visible.eq(target)
    else:
        m.d.comb += visible.eq(target)
    return visible
