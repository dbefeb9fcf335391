"""Update noise: what a real memory adds to every parameter whenever it is written."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ..config.codes import LFSR
from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..gaussian import Gaussian
from ..hierarchy import Block, place

__all__ = ["UpdateNoise"]


class UpdateNoise(Block):
    """After each update one more broadcast: ``T_i <- T_i + N * 2**(k - 1) * r_i``, N of deviation 4.

    N is a nearly normal number (:mod:`mgd_hdl.config.gaussian`), new for every update and the same
    for all parameters. Common noise has r_i = 1 for all. Independent noise goes out twice, as +N and then
    as -N, while another code than the perturbation's is on the wires: r_i = +-1 is that code,
    so the noise of any two parameters is uncorrelated, and no cell has a part more for it.

    The word follows one clock after ``go``; -N one clock later. With k = 0 it is zero.

    Members
    -------
    go : In(1)
        The last word of an update leaves in this clock.
    update_noise : In
        k; values above ``config.levels.max_update_noise`` act as that.
    seed, load : In(31), In(1)
        Restart.
    word : Out(D)
        Zero unless ``plus`` or ``minus``.
    plus, minus : Out(1)
        ``minus`` is independent noise only.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        members = {
            "go": In(1),
            "update_noise": In(config.levels.max_update_noise.bit_length()),
            "seed": In(LFSR.degree),
            "load": In(1),
            "word": Out(shape(config.words.update)),
            "plus": Out(1),
        }
        if config.independent_noise:
            members["minus"] = Out(1)
        super().__init__(members)

    @property
    def module(self) -> str:
        return "update_noise"

    def elaborate(self, platform):
        m = Module()
        limit = self.config.levels.max_update_noise
        numbers = place(m, platform, "numbers", Gaussian())
        m.d.comb += [
            numbers.seed.eq(self.seed),
            numbers.load.eq(self.load),
            numbers.advance.eq(self.go),
        ]
        k = Signal(range(limit + 1))
        beyond = self.update_noise > limit if limit & (limit + 1) else Const(0, 1)
        m.d.comb += k.eq(Mux(beyond, limit, self.update_noise))
        scaled = Signal(shape(self.config.words.update))
        m.d.comb += scaled.eq(Mux(k.any(), (numbers.number << k) >> 1, 0))
        held = Signal(shape(self.config.words.update), reset_less=True)
        m.d.sync += self.plus.eq(self.go)
        busy = self.plus
        with m.If(self.go):
            m.d.sync += held.eq(scaled)
        if self.config.independent_noise:
            m.d.sync += self.minus.eq(self.plus)
            busy = self.plus | self.minus
            with m.If(self.plus):
                m.d.sync += held.eq(-held)
        m.d.comb += self.word.eq(Mux(busy, held, 0))
        return m
