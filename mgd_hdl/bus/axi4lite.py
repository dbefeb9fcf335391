"""AXI4-Lite: a subordinate's five channels, as one access after the other."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, ResetSignal, Signal
from amaranth.lib.wiring import In, Out

from ..config.bus_ports import AXI4LITE
from ..config.memory_map import ADDRESS_BITS
from ..hierarchy import Block
from . import DONE, UNMAPPED, members, request_stream, response_stream

__all__ = ["Axi4Lite"]

_OKAY, _SLVERR, _DECERR = 0b00, 0b10, 0b11


class Axi4Lite(Block):
    """Takes address, data and read address into registers, in any order, and answers each access in turn.

    Reads and writes that wait together go alternately. No output depends on an input of the same clock. An
    access takes two clocks from the handshake of its address, and of its data if that is later, to ``bvalid``
    or ``rvalid``; one may begin every second clock, and while the manager does not take an answer none does.
    Errors are SLVERR, and DECERR where there is no register. What was offered in reset is marked as late.

    From the AMBA AXI protocol specification (ARM IHI 0022), chapter on AXI4-Lite.

    Members
    -------
    awaddr to rready : the subordinate's signals, without clock and reset; awprot and arprot are not looked at
    o : Out(stream of requests); i : In(stream of responses)
    """

    def __init__(self):
        super().__init__({**members(AXI4LITE), "o": Out(request_stream()), "i": In(response_stream())})

    @property
    def module(self) -> str:
        return "axi4lite"

    def elaborate(self, platform):
        m = Module()
        request = self.o.payload
        address = Signal(ADDRESS_BITS)
        data = Signal(32)
        strobes = Signal(4)
        read_address = Signal(ADDRESS_BITS)
        addressed = Signal()
        filled = Signal()
        asked = Signal()
        writing = Signal()  # what goes now
        written = Signal()  # what the last one was
        taken = Signal()
        awake = Signal()  # nothing is taken in reset
        m.d.sync += awake.eq(1)

        m.d.comb += [
            self.awready.eq(awake & ~addressed),
            self.wready.eq(awake & ~filled),
            self.arready.eq(awake & ~asked),
            taken.eq(self.o.valid & self.o.ready),
            writing.eq(addressed & filled & (~asked | ~written)),
            self.o.valid.eq((addressed & filled) | asked),
            request.write.eq(writing),
            request.address.eq(Mux(writing, address, read_address)),
            request.data.eq(data),
            request.strobes.eq(Mux(writing, strobes, 0b1111)),
        ]
        # Every register is taken anew as soon as it is free.
        channels = (
            (addressed, self.awvalid, [address.eq(self.awaddr)], writing),
            (filled, self.wvalid, [data.eq(self.wdata), strobes.eq(self.wstrb)], writing),
            (asked, self.arvalid, [read_address.eq(self.araddr)], ~writing),
        )
        for full, valid, takes, ours in channels:
            with m.If(taken & ours):
                m.d.sync += full.eq(0)
            with m.If(valid & awake & ~full):
                m.d.sync += [full.eq(1), *takes]

        # Whoever offers something in reset gets an error for it.
        late = Signal(2, reset_less=True)
        for bit, (offered, ours) in enumerate(
            ((self.awvalid | self.wvalid, writing), (self.arvalid, ~writing))
        ):
            with m.If(ResetSignal()):
                m.d.sync += late[bit].eq(offered)
            with m.Elif(taken & ours):
                m.d.sync += late[bit].eq(0)
        m.d.comb += request.late.eq(Mux(writing, late[0], late[1]))

        with m.If(taken):
            m.d.sync += written.eq(writing)
        error = Mux(
            self.i.payload.error == DONE, _OKAY, Mux(self.i.payload.error == UNMAPPED, _DECERR, _SLVERR)
        )
        m.d.comb += [
            self.bvalid.eq(self.i.valid & written),
            self.rvalid.eq(self.i.valid & ~written),
            self.bresp.eq(error),
            self.rresp.eq(error),
            self.rdata.eq(self.i.payload.data),
            self.i.ready.eq(Mux(written, self.bready, self.rready)),
        ]
        return m
