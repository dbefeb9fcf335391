"""Wishbone B4: classic or pipelined transfers, each with a termination."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, ResetSignal, Signal
from amaranth.lib.wiring import In, Out

from ..config.bus_ports import WISHBONE
from ..hierarchy import Block
from . import DONE, members, request_stream, response_stream

__all__ = ["Wishbone"]


class Wishbone(Block):
    """Every strobe is answered by ``ack`` or ``err`` in the next clock.

    Classic, a transfer takes two clocks, in the second of which the next one does not begin yet. Pipelined,
    one begins in every clock, and ``stall`` is high in reset only. No output depends on an input of the same
    clock. What was offered in reset is marked as late.

    From Wishbone B4, WISHBONE System-on-Chip Interconnection Architecture, OpenCores 2010: rules 3.20 to
    3.60.

    Members
    -------
    cyc, stb, we, adr, dat_w, sel, dat_r, ack, err, [stall] : the slave's signals, without clock and reset
    o : Out(stream of requests); i : In(stream of responses)
    """

    def __init__(self, *, pipelined: bool):
        self.pipelined = pipelined
        wires = members(WISHBONE[pipelined])
        super().__init__({**wires, "o": Out(request_stream()), "i": In(response_stream())})

    @property
    def module(self) -> str:
        return "wishbone"

    def elaborate(self, platform):
        m = Module()
        request, offered = self.o.payload, Signal()
        late = Signal(reset_less=True)
        free = ~self.i.valid
        if self.pipelined:
            stalls = Signal(init=1)
            m.d.sync += stalls.eq(0)
            m.d.comb += self.stall.eq(stalls)
            free = ~stalls
        m.d.comb += [
            offered.eq(self.cyc & self.stb),
            self.o.valid.eq(offered & free),
            request.address.eq(Cat(Const(0, 2), self.adr)),
            request.data.eq(self.dat_w),
            request.strobes.eq(self.sel),
            request.write.eq(self.we),
            request.late.eq(late),
            # Nobody can refuse an answer.
            self.i.ready.eq(1),
            self.ack.eq(self.i.valid & (self.i.payload.error == DONE)),
            self.err.eq(self.i.valid & (self.i.payload.error != DONE)),
            self.dat_r.eq(self.i.payload.data),
        ]
        with m.If(ResetSignal()):
            m.d.sync += late.eq(offered)
        with m.Elif(~offered | (self.o.valid & self.o.ready)):
            m.d.sync += late.eq(0)
        return m
