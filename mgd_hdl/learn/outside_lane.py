"""The bank of a device outside: one lane, whose words pass to learn, and pass again for each measurement."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ..config.codes import LFSR
from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block, place
from ..lfsr import ShiftRegister
from ..scan import scan_series
from . import layer_ports
from .lanes import Lane, state_bits

__all__ = ["OutsideLane"]


class OutsideLane(Block):
    """A :class:`mgd_hdl.learn.lanes.Lane` and what leads its words past, a word a clock.

    All words pass in the order of their parameters' numbers. When D comes they learn: each takes +D or -D,
    and is written. When a measurement begins they leave, each shaken as its code says, and wait where the
    sender does not take them. In a clock in which D, a measurement, a start or the host comes, nothing
    waits: the sender is idle, or holds a word that it has already taken.

    The first word is at ``weight`` ``config.timing.series.reach`` clocks after the one behind ``go``.

    Members
    -------
    restart, [seed] : In(1), In(31)
        The code begins anew, a random one from this seed.
    i : In(stream of D, always ready)
        All words learn.
    learned : Out(1)
        They have.
    turns : In(1)
        With ``learned``: the next code follows.
    go : In(1)
        All words leave, from the first on, whatever was under way.
    there, weight : Out(1), Out(config.words.weight)
        A word that leaves.
    takes : In(1)
        It is taken, if there is one, and those behind it move on.
    layer_k : In
        Of layer 0: ``rest``, nothing is shaken; ``minus``, two-sided, all are shaken the other way. They
        stand while words leave.
    load, place, theta : In
        T is written there, before the first step or by the host.
    [fetch, at, held] : In(1), In(1), Out(config.words.parameter), ``engine.access`` only
        While ``fetch`` is high ``place`` is read; what is there is ``held`` two clocks later.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        series = config.timing.series
        assert series is not None
        self.series = series
        parameter = shape(config.words.parameter)
        sides = {"rest": In(1), **({"minus": In(1)} if config.two_sided else {})}
        layers = layer_ports(config, lambda layer: sides if layer.index == 0 else {})
        super().__init__(
            {
                "restart": In(1),
                **({"seed": In(LFSR.degree)} if series.rows else {}),
                "i": In(stream.Signature(shape(config.words.update), always_ready=True)),
                "learned": Out(1),
                "turns": In(1),
                "go": In(1),
                "there": Out(1),
                "weight": Out(shape(config.words.weight)),
                "takes": In(1),
                **{name: member for name, member in layers.items() if name.startswith("layer_")},
                "load": In(1),
                "place": In(range(series.depth)),
                "theta": In(parameter),
                **({"fetch": In(1), "at": In(1), "held": Out(parameter)} if config.access else {}),
            }
        )

    @property
    def module(self) -> str:
        return "outside_lane"

    def elaborate(self, platform):
        m = Module()
        config, lead = self.config, self.series.lead
        lane: Any = place(m, platform, "lane_0", Lane(config), enable=self.takes)

        # Words on their way, by clocks since their address.
        begins = Signal()
        learning = Signal()
        leads = Signal()  # words are being addressed
        passing = Signal(lead + self.series.back)
        scan = scan_series(m, self.series, begins, leads & self.takes)
        m.d.comb += begins.eq(self.i.valid | self.go)
        with m.If(begins):
            m.d.sync += [learning.eq(self.i.valid), leads.eq(1), passing.eq(0)]
        with m.Elif(self.takes):
            m.d.sync += [leads.eq(leads & ~scan.last), passing.eq(Cat(leads, passing))]

        # Each is written where it was read, so many clocks later; while words learn nothing waits.
        writes = Signal()
        back = scan_series(m, self.series, begins, writes)
        ended = Signal()
        m.d.comb += [writes.eq(learning & passing[-1]), self.learned.eq(ended)]
        m.d.sync += ended.eq(writes & back.last)

        # A random code needs the place of its word two clocks ahead, for its table and its parities.
        behind = Signal.like(scan.place, name="behind", reset_less=True)
        with m.If(self.takes):
            m.d.sync += behind.eq(scan.place)
        read, index = (behind, scan.place) if lead else (scan.place, behind)
        code = self._code(m, platform)
        plus = Signal(shape(config.words.word), reset_less=True)
        minus = Signal.like(plus, name="minus", reset_less=True)
        with m.If(self.i.valid):
            m.d.sync += [plus.eq(self.i.payload), minus.eq(-self.i.payload)]
        m.d.comb += [
            lane.read.eq(Mux(self.fetch, self.place, read) if config.access else read),
            lane.write.eq(Mux(self.load, self.place, back.place)),
            lane.index.eq(index),
            lane.past.eq(code),
            lane.now.eq(code),
            lane.plus.eq(plus),
            *([] if config.sequential else [lane.minus.eq(minus)]),
            lane.adds.eq(learning & passing[lead + 1]),
            lane.writes.eq(writes),
            lane.load.eq(self.load),
            lane.theta.eq(self.theta),
            *([self.held.eq(lane.held)] if config.access else []),
            self.there.eq(passing[self.series.reach - 1] & ~learning),
            self.weight.eq(Cat(self._lower(m, lane.code), lane.visible)),
        ]
        return m

    def _lower(self, m: Module, code: Value) -> Value:
        """The bits below the visible ones: 10 at rest, else 11 or 01."""
        sides: Any = self.layer_0
        minus = sides.minus if self.config.two_sided else Const(0, 1)
        lower = Signal(2, reset_less=True)
        rests: Value = sides.rest
        if self.config.sequential:  # all others rest
            rests, code = rests | ~code, Const(1, 1)
        with m.If(self.takes):
            m.d.sync += lower.eq(Mux(rests, 0b10, Cat(1, code ^ minus)))
        return lower

    def _code(self, m: Module, platform: Any) -> Value:
        """The step or state of the present code."""
        turns = Signal()
        m.d.comb += turns.eq(self.learned & self.turns)
        if self.series.rows:
            register: Any = place(m, platform, "register", ShiftRegister())
            m.d.comb += [
                register.load.eq(self.restart),
                register.seed.eq(self.seed),
                register.advance.eq(turns),
            ]
            return register.state
        if self.config.sequential:
            return scan_series(m, self.series, self.restart, turns).place
        step = Signal(state_bits(self.config))
        with m.If(self.restart):
            m.d.sync += step.eq(0)
        with m.Else():
            m.d.sync += step.eq(step + turns)
        return step
