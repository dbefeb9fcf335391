"""Frames on the wires of an SPI bus: bits go out and come in, between two edges of a chip's select."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from ..config.spi import Frames
from ..hierarchy import Block

__all__ = ["Spi", "filled", "wires"]


def wires(frames: Frames, *, reads: bool) -> dict:
    """Members of whoever drives such a bus."""
    return {
        "sclk": Out(1, init=frames.mode >> 1),
        "mosi": Out(1),
        **({"miso": In(1)} if reads else {}),
        "cs_n": Out(frames.chips, init=(1 << frames.chips) - 1),
    }


def filled(frames: Frames, command: int, *fields: tuple[int, Value]) -> Value:
    """A frame of a command's bits and fields, each from its lowest bit on."""
    parts: list[Value] = []
    for low, field in sorted(fields, key=lambda each: each[0]):
        parts += [*_bits(command, len(Cat(*parts)), low), field]
    return Cat(*parts, *_bits(command, len(Cat(*parts)), frames.bits))


def _bits(word: int, low: int, high: int) -> list[Value]:
    return [Const(word >> low, high - low)] if high > low else []


class Spi(Block):
    """Sends one frame at a time to one of some chips, and gives what comes back.

    A frame of n bits takes ``2 n + 1`` halves of a period of ``sclk``, of ``half`` clocks each, in which the
    chip is selected, and ``gap`` clocks in which none is; the next one may follow at once. Modes are those of
    SPI: in modes 0 and 2 bits are taken at the first edge of each period, and the first one is there as soon
    as the chip is selected; in modes 1 and 3 bits change at the first edge and are taken at the second one.

    What comes in is taken by the very clock that makes the edge, so a chip has half a period to drive it,
    less what the wires take.

    Members
    -------
    word : In(bits)
        What goes out; the bit that is first on the wires highest, or lowest with ``lsb_first``.
    select : In, with several chips
    go : In(1)
        Send it; only while ``ready``.
    ready : Out(1)
        No frame is under way, and no chip has been selected for long enough.
    got : Out, where it reads
        What came in from the frame's end to the next ``go``: of the bits at the places of those that went out
        the ones that ``reads`` has a one for, the lowest one lowest.
    sclk, mosi, [miso], cs_n : the wires
    """

    def __init__(self, name: str, frames: Frames, *, reads: int):
        self.name, self.frames, self.reads = name, frames, reads
        super().__init__(
            {
                "word": In(frames.bits),
                **({"select": In(range(frames.chips))} if frames.chips > 1 else {}),
                "go": In(1),
                "ready": Out(1),
                **({"got": Out(reads.bit_count())} if reads else {}),
                **wires(frames, reads=bool(reads)),
            }
        )

    @property
    def module(self) -> str:
        return f"{self.name}_spi"

    def elaborate(self, platform):
        m = Module()
        frames = self.frames
        late = bool(frames.mode & 1)  # bits are taken at the second edge of a period
        row = Signal(frames.bits, reset_less=True)  # the next bit to go out on top
        left = Signal(range(2 * frames.bits + 1))  # edges; an even number of them before a period
        ticks = Signal(range(max(frames.half, frames.gap - 1)), init=frames.gap - 2)  # none has no bits
        over: Value = ticks == 0 if len(ticks) else Const(1, 1)
        bit: Value = Const(0, 1)
        if self.reads:
            bit = Signal(name="sampled", reset_less=True)
        shifts, takes = (~left[0], left[0]) if late else (left[0], ~left[0])
        selected: Value = Const(1, 1) if frames.chips == 1 else Const(1) << self.select

        m.d.sync += ticks.eq(ticks - 1)
        with m.FSM(init="HIGH", name="wires"):
            with m.State("REST"):
                m.d.comb += self.ready.eq(1)
                m.d.sync += [ticks.eq(frames.half - 1), left.eq(2 * frames.bits)]
                with m.If(self.go):
                    m.d.sync += [row.eq(self._ordered(self.word)), self.cs_n.eq(~selected)]
                    m.next = "LOW"
            with m.State("LOW"), m.If(over):
                m.d.sync += [ticks.eq(frames.half - 1), left.eq(left - 1)]
                with m.If(left == 0):
                    m.d.sync += [self.cs_n.eq((1 << frames.chips) - 1), ticks.eq(frames.gap - 2)]
                    m.next = "HIGH"
                with m.Else():
                    m.d.sync += self.sclk.eq(~self.sclk)
                    with m.If(shifts):
                        m.d.sync += row.eq(Cat(bit, row[:-1]))
                        if late:
                            m.d.sync += self.mosi.eq(row[-1])
                    if self.reads:
                        with m.If(takes):
                            m.d.sync += bit.eq(self.miso)
            with m.State("HIGH"), m.If(over):
                m.next = "REST"
        if not late:
            m.d.comb += self.mosi.eq(row[-1])
        if self.reads:
            # With the second edge the last bit has not been shifted in.
            came = self._ordered(Cat(bit, row[:-1]) if late else row)
            m.d.comb += self.got.eq(Cat(came[k] for k in range(frames.bits) if self.reads >> k & 1))
        return m

    def _ordered(self, word: Value) -> Value:
        """A word with what is first on the wires on top, and back."""
        return Cat(*reversed(list(word))) if self.frames.lsb_first else word
