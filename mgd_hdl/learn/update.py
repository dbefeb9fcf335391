"""The update: from a sum of cost changes to the word every cell adds or subtracts."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ..config.codes import LFSR
from ..config.number import Rounding
from ..config.trainer import TrainerConfig
from ..delay import later
from ..fixed import saturate, shape, shift_round
from ..hierarchy import Block, place
from ..lfsr import ShiftRegister

__all__ = ["Update"]


class Update(Block):
    """``D = -hold * 2**(gain - k)`` in last bits of T, k the learning-rate shift.

    From theta -= eta * sum(C~) s / amplitude, with eta = 2**-k and a power of two for amplitude;
    the constant ``config.levels.gain`` takes in the formats of both words. The minus sign is here, once,
    so that cells only add. What is rounded, and how, says ``config.rounding``; with ``carry`` k
    never exceeds the gain and nothing is dropped: the remainder is in T's guard bits. D is
    saturated to a quarter of T's range, symmetrically.

    With ``learning.size = "sign"`` only the sign of the hold counts: ``D = -sgn(hold) * 2**(gain - k)``, a
    step of eta whatever the cost changed by; of zero there is none.

    Where the amplitude may halve, the same change of the cost tells of twice the slope each time that it has:
    ``D = -hold * 2**(gain - k + halved)``, further to the left than the gain where ``halved > k``. Signs
    stay steps of eta.

    Latency two clocks: shift, then round and limit. With many stages (``engine.stages``) five: negation, the
    upper bits of the shift, the lower ones, rounding and the test of its limits, the limit. One word a clock.

    Members
    -------
    i : In(stream of hold, always ready)
    learning_shift : In
        k; values above ``config.levels.max_learning_shift`` act as that.
    halved : In(2), only where the amplitude may halve
        How often it has, at most ``config.amplitude_halvings``.
    seed, load : In, stochastic rounding only
        Restart the dither.
    o : Out(stream of D, always ready)
    saturated : Out(1)
        D was limited; one clock, with ``o.valid``.
    soon, sign : Out(1), Out(1), early enables only
        D and its sign are here in the next clock; of D = 0 the sign may be either.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        members = {
            "i": In(stream.Signature(shape(config.words.hold), always_ready=True)),
            "learning_shift": In(config.levels.shift_bits),
            "o": Out(stream.Signature(shape(config.words.update), always_ready=True)),
            "saturated": Out(1),
        }
        if config.halved_updates:
            members["halved"] = In(2)
        if config.early:
            members |= {"soon": Out(1), "sign": Out(1)}
        if config.rounding is Rounding.STOCHASTIC:
            members |= {"seed": In(LFSR.degree), "load": In(1)}
        super().__init__(members)

    @property
    def module(self) -> str:
        return "update"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        limit = config.levels.max_learning_shift

        # Shift right by k, having shifted left far enough that no bit is lost here.
        left = config.levels.gain + config.levels.dropped_bits + config.halved_updates
        k = Signal(range(limit + 1))
        beyond = self.learning_shift > limit if limit & (limit + 1) else Const(0, 1)
        m.d.comb += k.eq(Mux(beyond, limit, self.learning_shift))
        right = k
        if config.halved_updates:
            right = Signal(range(limit + config.halved_updates + 1))
            m.d.comb += right.eq(k + config.halved_updates - self.halved)
        if config.sign_only:
            negative = Signal(signed(2))
            m.d.comb += negative.eq(Cat(self.i.payload.any(), self.i.payload > 0).as_signed())
        else:
            negative = Signal(signed(config.words.hold.width + 1))
            m.d.comb += negative.eq(-self.i.payload)
        shifted = Signal(signed(len(negative) + left), reset_less=True)
        shifted_valid = Signal()
        stages = int(config.staged)
        moved = later(m, negative, "negative", stages) << left
        if stages:
            # First by multiples of 2**fine, then by what is left of the shift.
            right, fine = later(m, right, "right", 1), len(right) // 2
            moved = later(m, moved >> Cat(Const(0, fine), right[fine:]), "moved", 1)
            right = later(m, right[:fine], "fine", 1)
        m.d.sync += [
            shifted.eq(moved >> right),
            shifted_valid.eq(later(m, self.i.valid, "valid", 2 * stages, resets=True)),
        ]
        tested_valid = later(m, shifted_valid, "tested_valid", stages, resets=True)

        if config.early:
            # No rounding and no limit turns one sign into the other.
            m.d.comb += [self.soon.eq(tested_valid), self.sign.eq(later(m, shifted[-1], "sign", stages))]

        # Round what is below T's last bit.
        dither = None
        if config.rounding is Rounding.STOCHASTIC:
            register = place(m, platform, "dither", ShiftRegister())
            m.d.comb += [
                register.seed.eq(self.seed),
                register.load.eq(self.load),
                register.advance.eq(shifted_valid),
            ]
            dither = register.state
        rounded, _ = shift_round(shifted, config.levels.dropped_bits, config.rounding, dither)

        # Limit to [-max, max]: the format's least value is one below, and its last bit makes it -max.
        # With few stages a bank, whose words wait for D, is spared a test behind the choice.
        at_once = config.bank and not stages
        limited, outside = saturate(
            m, rounded, config.words.update, "limited", stages=stages, symmetric=at_once
        )
        least = Signal()
        if not at_once:
            m.d.comb += least.eq(limited == config.words.update.min)
        m.d.sync += [
            self.o.payload.eq(limited | least),
            self.o.valid.eq(tested_valid),
            self.saturated.eq(tested_valid & (outside | least)),
        ]
        return m
