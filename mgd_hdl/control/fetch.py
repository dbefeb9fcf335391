"""Fetch: the host reads and writes single parameters of a bank, which are words of a memory."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block
from ..scan import scan_lanes
from .access import answer_stream, command_stream

__all__ = ["Fetch"]


class Fetch(Block):
    """Answers commands {index, theta, write} with {index, theta, refused}, in their order, one for each.

    What :class:`mgd_hdl.control.access.Access` is to cells: the same door, the same answers. Lane and address
    of a parameter are found by walking there, a clock for each parameter from the one before, none for one
    behind the other; where numbers fall the walk begins anew, with a clock for that. A word is
    there :attr:`WAY` clocks after its place. A theta beyond the rail by more than a word is written as the
    nearest that is not, as cells can be brought there by words only.

    Members
    -------
    restart : In(1)
        A start: from the next clock on commands are taken.
    open : In(1); asks, inside, owes : Out(1)
        The door.
    i, o : In, Out(stream)
        Commands, answers.
    lane, place : Out(lanes), Out
        One-hot the lane, and the address, of what is wanted; they stand still until it is there.
    held : In(config.words.parameter)
        T at the place.
    load, theta : Out(1), Out(config.words.parameter)
        This is written there.
    renew : Out(1)
        Parameters have been written.
    """

    #: From a place to what is there: it is read, kept, chosen among all lanes.
    WAY = 3

    def __init__(self, config: TrainerConfig):
        self.config = config
        theta = shape(config.words.parameter)
        super().__init__(
            {
                "restart": In(1),
                "open": In(1),
                "asks": Out(1),
                "inside": Out(1),
                "owes": Out(1),
                "i": In(command_stream(config)),
                "o": Out(answer_stream(config)),
                "lane": Out(config.engine.lanes),
                "place": Out(range(config.timing.lane.depth)),
                "held": In(theta),
                "load": Out(1),
                "theta": Out(theta),
                "renew": Out(1),
            }
        )

    @property
    def module(self) -> str:
        return "fetch"

    def elaborate(self, platform):
        m = Module()
        config = self.config

        # One command at a time.
        awake = Signal()
        there = Signal()
        command = Signal(self.i.payload.shape(), name="command", reset_less=True)
        comes = Signal()
        answered = Signal()
        m.d.comb += [
            self.i.ready.eq(awake & ~there),
            comes.eq(self.i.valid & self.i.ready),
            answered.eq(self.o.valid & self.o.ready),
        ]
        with m.If(self.restart):
            m.d.sync += awake.eq(1)
        with m.If(comes):
            m.d.sync += [there.eq(1), command.eq(self.i.payload)]
        with m.Elif(answered):
            m.d.sync += there.eq(0)

        # The walk.
        index = command.index
        number = Signal.like(index, name="number")
        back = Signal()
        onwards = Signal()
        scan = scan_lanes(m, config, back, onwards)
        with m.If(back):
            m.d.sync += number.eq(0)
        with m.Elif(onwards):
            m.d.sync += number.eq(number + 1)
        m.d.comb += [self.lane.eq(scan.lane), self.place.eq(scan.place)]

        # What is written: as far out as one word leads from the rail.
        half, rail = 1 << config.words.parameter.width - 2, 1 << config.levels.rail
        least, most = -rail - half, rail - 1 + half - 1
        theta: Value = command.theta
        if least > -2 * half:
            theta = Mux(theta < least, least, theta)
        m.d.comb += self.theta.eq(Mux(theta > most, most, theta))

        beyond: Value = Const(0, 1)
        if config.parameters < 1 << len(index):
            beyond = index >= config.parameters
        written = Signal()
        clocks = Signal(range(self.WAY + 1))
        value = self.o.payload.theta
        found = Signal.like(value, name="found", reset_less=True)
        refused = Signal(reset_less=True)
        m.d.comb += [
            self.owes.eq(there | self.inside),
            self.asks.eq(self.owes),
            self.o.payload.index.eq(index),
            value.eq(found),
            self.o.payload.refused.eq(refused),
        ]
        with m.FSM(name="phase") as phase:
            with m.State("IDLE"), m.If(self.open & there):
                m.next = "WALK"
            with m.State("WALK"):
                m.d.sync += [clocks.eq(0), refused.eq(beyond), found.eq(Mux(beyond, 0, self.theta))]
                with m.If(beyond):
                    m.next = "ANSWER"
                with m.Elif(index == number):
                    m.d.comb += self.load.eq(command.write)
                    m.d.sync += written.eq(written | command.write)
                    with m.If(command.write):
                        m.next = "ANSWER"
                    with m.Else():
                        m.next = "READ"
                with m.Elif(index < number):
                    m.d.comb += back.eq(1)
                with m.Else():
                    m.d.comb += onwards.eq(1)
            with m.State("READ"):
                m.d.sync += [clocks.eq(clocks + 1), found.eq(self.held)]
                with m.If(clocks == self.WAY - 1):
                    m.next = "ANSWER"
            with m.State("ANSWER"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "NEXT"
            with m.State("NEXT"):  # another one may come at once
                with m.If(self.i.valid):
                    m.next = "WALK"
                with m.Else():
                    m.d.comb += self.renew.eq(written)
                    m.d.sync += written.eq(0)
                    m.next = "IDLE"
        m.d.comb += self.inside.eq(~phase.ongoing("IDLE"))
        return m
