"""Measurement noise: what a real cost meter adds to every cost it gives."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from ..config.codes import LFSR
from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..gaussian import Gaussian
from ..hierarchy import Block, place

__all__ = ["CostNoise"]


class CostNoise(Block):
    """Adds a nearly normal number to every measured cost: ``C + N * 2**(k - 1)``, N of deviation 4.

    N is a fresh number for every cost, from a register of its own (:mod:`mgd_hdl.config.gaussian`). Its
    standard deviation in last bits of the cost is ``2**(k + 1)``; with k = 0 nothing is added. Noise
    may take a cost below zero, so the format of the sum, ``config.words.measured``, is signed and wide
    enough for every case. ``imperfections.noisy_reference = false`` leaves C0 as it is.

    Latency one clock; one cost a clock. The first one may come three clocks after ``load``.

    Members
    -------
    i : In(stream of {cost, reference}, always ready)
    cost_noise : In
        k; values above ``config.levels.max_cost_noise`` act as that.
    seed, load : In(31), In(1)
        Restart the noise.
    [missed] : In(1)
        With a device outside: a cost that was not measured, and whose number is nobody's.
    o : Out(stream of {cost, reference}, always ready)
        The cost in ``config.words.measured``.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        given, noisy = (
            data.StructLayout({"cost": shape(cost), "reference": 1})
            for cost in (config.words.cost, config.words.measured)
        )
        super().__init__(
            {
                "i": In(stream.Signature(given, always_ready=True)),
                "cost_noise": In(config.levels.max_cost_noise.bit_length()),
                "seed": In(LFSR.degree),
                "load": In(1),
                **({"missed": In(1)} if config.outside else {}),
                "o": Out(stream.Signature(noisy, always_ready=True)),
            }
        )

    @property
    def module(self) -> str:
        return "noise"

    def elaborate(self, platform):
        m = Module()
        config, limit = self.config, self.config.levels.max_cost_noise
        numbers = place(m, platform, "numbers", Gaussian())
        used: Value = self.i.valid
        if "missed" in self.signature.members:
            used = used | self.missed
        m.d.comb += [
            numbers.seed.eq(self.seed),
            numbers.load.eq(self.load),
            numbers.advance.eq(used),
        ]

        k = Signal(range(limit + 1))
        beyond = self.cost_noise > limit if limit & (limit + 1) else Const(0, 1)
        m.d.comb += k.eq(Mux(beyond, limit, self.cost_noise))
        added = Signal(shape(config.words.measured))
        none = ~k.any()
        if not config.imperfections.noisy_reference:
            none = none | self.i.payload.reference
        m.d.comb += added.eq(Mux(none, 0, (numbers.number << k) >> 1))
        cost = Signal(shape(config.words.measured), reset_less=True)
        m.d.comb += self.o.payload.cost.eq(cost)
        m.d.sync += [
            cost.eq(self.i.payload.cost + added),
            self.o.payload.reference.eq(self.i.payload.reference),
            self.o.valid.eq(self.i.valid),
        ]
        return m
