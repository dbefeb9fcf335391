"""Bits of a serial line: bytes in, bytes out, eight bits with a start and a stop bit."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..hierarchy import Block

__all__ = ["Uart"]

_BITS = 8


class Uart(Block):
    """Receives and sends at the same time, ``config.bit_clocks`` clocks a bit, low bit first, no parity.

    A start bit is believed where the line is still low in its middle, and every bit is taken in its middle. A
    byte is there in the middle of its stop bit; one whose stop bit is low is ``bad``, and the next start bit
    is looked for when the line is high again. The line goes through two registers first.

    A byte to send begins in the clock after it was taken; the next is taken with the end of its stop bit.

    Members
    -------
    rx : In(1), need not keep to the clock; tx : Out(1), high at rest
    i : In(stream of bytes to send)
    o : Out(stream of received bytes, always ready)
    bad : Out(1)
        A byte had no stop bit; one clock.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                "rx": In(1),
                "tx": Out(1, init=1),
                "i": In(stream.Signature(_BITS)),
                "o": Out(stream.Signature(_BITS, always_ready=True)),
                "bad": Out(1),
            }
        )

    @property
    def module(self) -> str:
        return "uart"

    def elaborate(self, platform):
        m = Module()
        self._receive(m)
        self._send(m)
        return m

    def _receive(self, m: Module) -> None:
        clocks = self.config.bit_clocks
        asynchronous = Signal(init=1)
        line = Signal(init=1)
        m.d.sync += [asynchronous.eq(self.rx), line.eq(asynchronous)]
        ahead = Signal(range(clocks))  # clocks until the line is looked at
        left = Signal(range(_BITS + 2))  # bits to take, the stop bit among them
        middle = Signal()
        m.d.comb += middle.eq(ahead == 0)
        m.d.sync += [self.o.valid.eq(0), self.bad.eq(0)]
        with m.FSM(name="receiving"):
            with m.State("REST"):
                m.d.sync += [ahead.eq(clocks // 2 - 1), left.eq(_BITS + 1)]
                with m.If(~line):
                    m.next = "START"
            with m.State("START"):
                m.d.sync += ahead.eq(ahead - 1)
                with m.If(middle):
                    m.d.sync += ahead.eq(clocks - 1)
                    with m.If(line):
                        m.next = "REST"
                    with m.Else():
                        m.next = "BITS"
            with m.State("BITS"):
                m.d.sync += ahead.eq(ahead - 1)
                with m.If(middle):
                    m.d.sync += [ahead.eq(clocks - 1), left.eq(left - 1)]
                    with m.If(left != 1):
                        m.d.sync += self.o.payload.eq(Cat(self.o.payload, line)[1:])
                    with m.Elif(line):
                        m.d.sync += self.o.valid.eq(1)
                        m.next = "REST"
                    with m.Else():
                        m.d.sync += self.bad.eq(1)
                        m.next = "BROKEN"
            with m.State("BROKEN"), m.If(line):
                m.next = "REST"

    def _send(self, m: Module) -> None:
        clocks = self.config.bit_clocks
        wait = Signal(range(clocks), name="send_wait")
        left = Signal(range(_BITS + 3), name="send_left")
        byte = Signal(_BITS, name="send_byte", init=(1 << _BITS) - 1)  # and ones behind it
        last = Signal(name="send_last")
        m.d.comb += [last.eq(wait == 0), self.i.ready.eq((left == 0) | ((left == 1) & last))]
        with m.If(last):
            m.d.sync += [wait.eq(clocks - 1), self.tx.eq(byte[0]), byte.eq(Cat(byte[1:], 1))]
            with m.If(left != 0):
                m.d.sync += left.eq(left - 1)
        with m.Else():
            m.d.sync += wait.eq(wait - 1)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                self.tx.eq(0),
                byte.eq(self.i.payload),
                wait.eq(clocks - 1),
                left.eq(_BITS + 2),
            ]
