"""Samples from a serial flash memory, read bit by bit while the one before is learned."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.stream import Signature
from amaranth.lib.wiring import In, Out

from ..config.flash import COMMAND_BITS, GAP, READ, WAKE, WAKE_CLOCKS, FlashSamples
from ..config.trainer import TrainerConfig
from ..hierarchy import Block, place
from . import input_stream, sample_stream

__all__ = ["WIRES", "FlashBits", "InputFlash", "SampleFlash"]

#: Those of the memory.
WIRES = {"miso": In(1), "sclk": Out(1), "mosi": Out(1), "cs_n": Out(1, init=1)}


class _Reader(Block):
    """Words of a flash memory in a row, again and again, as a stream."""

    def __init__(self, words: Signature, flash: FlashSamples, wake: int):
        if wake <= GAP or wake & (wake - 1):
            self._MustUse__used = True  # it will not be
            raise ValueError(f"wake must be a power of two above {GAP}, not {wake}")
        self.flash, self.wake = flash, wake
        super().__init__({"load": In(1), **WIRES, "o": Out(words)})

    def elaborate(self, platform):
        m = Module()
        flash, gap = self.flash, self.wake - GAP
        row = Signal(flash.bits, reset_less=True)
        place = Signal(range(flash.bits))  # bits of this sample that are in the row
        number = Signal(range(flash.count))
        takes = Signal()
        begun = Signal()
        awake = Signal()
        rested = Signal(range(self.wake + 1), init=gap)
        m.d.comb += Value.cast(self.o.payload).eq(row)

        # Which bit of a command goes out next, the highest first; it goes on with each rising edge, so mosi
        # follows with the falling one.
        left = Signal(range(COMMAND_BITS))
        commands = Const(WAKE | (READ << 24 | flash.first) << COMMAND_BITS, 2 * COMMAND_BITS)
        m.d.sync += self.mosi.eq(commands.bit_select(Cat(left, awake), 1))

        with m.FSM(name="wires"):
            with m.State("REST"):
                m.d.sync += [self.cs_n.eq(1), left.eq(Cat(Const(7, 3), awake.replicate(2)))]
                with m.If(~rested[-1]):
                    m.d.sync += rested.eq(rested + 1)
                with m.Elif(begun | ~awake):
                    m.d.sync += self.cs_n.eq(0)
                    m.next = "COMMAND"
            with m.State("COMMAND"):
                m.d.sync += self.sclk.eq(~self.sclk)
                with m.If(~self.sclk):
                    m.d.sync += left.eq(left - 1)
                with m.Elif(left.all()):  # it has passed 0
                    m.d.sync += [awake.eq(1), rested.eq(0)]
                    m.next = "REST"
                    with m.If(awake):
                        m.next = "READ"
            with m.State("READ"):
                with m.If(self.sclk | self.load):
                    m.d.sync += [self.sclk.eq(0), rested.eq(gap)]
                    # Behind the last sample, both have begun anew.
                    with m.If(((place == 0) & (number == 0)) | self.load):
                        m.next = "REST"
                with m.Elif(~self.o.valid | self.o.ready):
                    m.d.comb += takes.eq(1)
                    m.d.sync += self.sclk.eq(1)

        whole = takes & (place == flash.bits - 1)
        with m.If(takes):
            m.d.sync += [row.eq(Cat(self.miso, row[:-1])), place.eq(place + 1)]
        with m.If(whole):
            m.d.sync += [place.eq(0), number.eq(number + 1)]
            with m.If(number == flash.count - 1):
                m.d.sync += number.eq(0)
        with m.If(whole | self.o.ready):
            m.d.sync += self.o.valid.eq(whole)
        with m.If(self.load):
            m.d.sync += [begun.eq(1), place.eq(0), number.eq(0), self.o.valid.eq(0)]
        return m


class SampleFlash(_Reader):
    """Gives the samples of a flash memory one after the other, and after the last the first again.

    ``sclk`` has half the clock's rate, in mode 0: ``mosi`` changes as it falls, and ``miso`` is taken by the
    very clock that makes it rise. First of all the memory is told to leave power-down, in which it has been
    left by an FPGA that was configured from it; ``wake`` clocks later it may be read. A load begins at the
    first sample: one command, and then all samples come in a row; another command follows the last one.

    A sample of n bits is offered 2 n clocks after the one before, or 2 n + 69 where it is the first after the
    last, if that one was taken at once. While a sample waits ``sclk`` stands still, low, so the next one is
    not begun before. With the register of :class:`mgd_hdl.samples.stream.SampleStream` behind it one is read
    while another waits and a third is learned. The first one is offered 2 n + 65 clocks after a load, or 4
    more where it cuts off another one; or as many after the memory is awake, where the load comes earlier.

    Members
    -------
    load : In(1)
        Forget the sample that is held, and begin at the first one. Before, none is read.
    miso : In(1), sclk, mosi, cs_n : Out(1)
        The memory's wires.
    o : Out(stream of {x, target})
    """

    def __init__(self, config: TrainerConfig, flash: FlashSamples, *, wake: int = WAKE_CLOCKS):
        super().__init__(sample_stream(config), flash, wake)

    @property
    def module(self) -> str:
        return "sample_flash"


class FlashBits(_Reader):
    """Gives all bits of a flash memory's samples one after the other, and after the last the first again.

    As :class:`SampleFlash`, but that each bit is a word of its own: one is offered 2 clocks after the one
    before, if that one was taken at once.
    """

    def __init__(self, flash: FlashSamples, *, wake: int = WAKE_CLOCKS):
        bits = FlashSamples(first=flash.first, count=flash.count * flash.bits, bits=1)
        super().__init__(Signature(1), bits, wake)

    @property
    def module(self) -> str:
        return "flash_bits"


class InputFlash(Block):
    """Gives the samples of a flash memory input by input, in the order of :class:`SampleFlash`.

    Its register is as wide as an input and the targets, which come right before the last input. A word of b
    bits is offered 2 b clocks after the one before, if that one was taken at once, and 69 more where it
    follows the last sample. While a word waits, one more bit is read. The first one is offered 2 b + 66
    clocks after a load, or 4 more where it cuts off another one.

    Members
    -------
    load : In(1)
        Forget the word that is held, and begin at the first sample. Before, none is read.
    miso : In(1), sclk, mosi, cs_n : Out(1)
        The memory's wires.
    o : Out(stream of {x, target, first})
    """

    def __init__(self, config: TrainerConfig, flash: FlashSamples, *, wake: int = WAKE_CLOCKS):
        self.config, self.bits = config, FlashBits(flash, wake=wake)
        super().__init__({"load": In(1), **WIRES, "o": Out(input_stream(config))})

    @property
    def module(self) -> str:
        return "input_flash"

    def elaborate(self, platform):
        m = Module()
        config, width = self.config, self.config.formats.input.width
        bits = place(m, platform, "bits", self.bits)
        row = Signal(width + config.target_bits, reset_less=True)
        held = Signal(range(len(row)))  # bits of this word that are in the row
        number = Signal(range(max(2, config.inputs)))  # of this input
        first = Signal()
        last = Signal()
        takes = Signal()
        whole = Signal()
        m.d.comb += [
            Value.cast(self.o.payload).eq(Cat(row, first)),
            bits.load.eq(self.load),
            bits.miso.eq(self.miso),
            *(getattr(self, wire).eq(getattr(bits, wire)) for wire in ("sclk", "mosi", "cs_n")),
            bits.o.ready.eq(~self.o.valid | self.o.ready),
            takes.eq(bits.o.valid & bits.o.ready),
            last.eq(number == config.inputs - 1),
            # The last one brings the targets.
            whole.eq(takes & (held == Mux(last, len(row) - 1, width - 1))),
        ]
        with m.If(takes):
            m.d.sync += [row.eq(Cat(bits.o.payload, row[:-1])), held.eq(held + 1)]
        with m.If(whole):
            m.d.sync += [held.eq(0), first.eq(number == 0), number.eq(Mux(last, 0, number + 1))]
        with m.If(bits.o.ready):
            m.d.sync += self.o.valid.eq(whole)
        with m.If(self.load):
            m.d.sync += [held.eq(0), number.eq(0), self.o.valid.eq(0)]
        return m
