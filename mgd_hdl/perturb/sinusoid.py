"""Sinusoidal codes: every parameter is shaken at a frequency of its own, from one phase accumulator."""

from __future__ import annotations

from itertools import pairwise

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ..config.codes import LFSR
from ..config.trainer import TrainerConfig
from ..hierarchy import Block, place
from ..lfsr import ShiftRegister
from . import code_stream

__all__ = ["Sinusoid"]


class Sinusoid(Block):
    """Sweeps over all parameters in each perturbation: the codes of :class:`mgd_hdl.config.Sinusoids`.

    At perturbation n the phase grows by ``n * stride`` from one parameter to the next and begins at
    ``n * first``, and both are accumulators that take ``stride`` and ``first`` after every sweep. Each
    parameter's own phase is the low bits of a random register that starts anew with every sweep, so
    nothing is stored. The upper bits of the phase are a place in a quarter of a sine; square waves
    (``code_bits`` = 1) need the highest bit only and no table.

    Two clocks from ``load`` or a word taken to the word that follows from it; one word a clock.

    Members
    -------
    load, seed : In(1), In(31)
        Go to perturbation 0.
    o : Out(stream of u)
        For each perturbation one word a parameter, from the last parameter to the first.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__({"load": In(1), "seed": In(LFSR.degree), "o": Out(code_stream(config))})

    @property
    def module(self) -> str:
        return "sinusoid"

    def elaborate(self, platform):
        m = Module()
        wave, parameters = self.config.codes.sinusoids, self.config.parameters
        register = place(m, platform, "register", ShiftRegister())

        # Phases in units of 1 / period: of this word, of the sweep's first, and from word to word.
        phase = Signal(wave.period_bits)
        foremost = Signal(wave.period_bits)
        stride = Signal(wave.period_bits)
        left = Signal(range(parameters), init=parameters - 1)
        moves = Signal()
        last = Signal()
        next_foremost = Signal(wave.period_bits)
        held_seed = Signal(LFSR.degree)
        m.d.comb += [
            moves.eq(~self.o.valid | self.o.ready),
            last.eq(left == 0),
            next_foremost.eq(foremost + wave.first),
            register.seed.eq(Mux(self.load, self.seed, held_seed)),
            register.load.eq(self.load | (moves & last)),
            register.advance.eq(moves),
        ]
        with m.If(self.load):
            m.d.sync += [
                held_seed.eq(self.seed),
                phase.eq(0),
                foremost.eq(0),
                stride.eq(0),
                left.eq(parameters - 1),
            ]
        with m.Elif(moves & last):
            m.d.sync += [
                phase.eq(next_foremost),
                foremost.eq(next_foremost),
                stride.eq(stride + wave.stride),
                left.eq(parameters - 1),
            ]
        with m.Elif(moves):
            m.d.sync += [phase.eq(phase + stride), left.eq(left - 1)]

        # One clock later: the phase of the parameter; another: its word.
        there = Signal()
        own = register.state[: wave.phase_bits]
        own = (Cat(Const(0, wave.phase_bits - wave.period_bits), phase) + own)[: wave.phase_bits]
        upper = Signal(1 if self.config.code_bits == 1 else wave.table_bits)
        with m.If(self.load):
            m.d.sync += [there.eq(0), self.o.valid.eq(0)]
        with m.Elif(moves):
            m.d.sync += [
                upper.eq(own[wave.phase_bits - len(upper) :]),
                self.o.payload.eq(self._word(upper)),
                there.eq(1),
                self.o.valid.eq(there),
            ]
        return m

    def _word(self, phase):
        """u of a phase: positive in the first half; each quarter mirrors the one before."""
        negative = phase[-1]
        if self.config.code_bits == 1:
            return ~negative
        bits = self.config.code_bits - 1
        quarter = phase[:-2] ^ phase[-2].replicate(len(phase) - 2)
        magnitude = Const(0, bits)
        for start, (before, after) in enumerate(pairwise(self.config.codes.sinusoids.table), 1):
            if after > before:  # the table only rises, so where it does is enough
                magnitude = Mux(quarter >= start, Const(after, bits), magnitude)
        return Cat(magnitude ^ negative.replicate(bits), ~negative)
