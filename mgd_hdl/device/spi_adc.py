"""Readings of an SPI converter: a request begins its frames, and their codes are the answer."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from ..config.ports import NUMBER_BITS, width
from ..config.trainer import TrainerConfig
from ..hierarchy import Block, place
from .spi import Spi, filled, wires

__all__ = ["SpiAdc"]


class SpiAdc(Block):
    """Answers each request with the codes of an SPI converter's channels, output k from channel k.

    A request goes on to the device, which is told its inputs; once it has taken them, and ``adc.wait`` is
    over, frame after frame asks for a channel. A frame brings the code of the one ``pipeline`` frames before
    it; the first ones, which bring what nobody asked for, are forgotten, so no reading is older than its
    request. Where the converter tells with a code what it is of, by a channel's number or bits that are
    always 0, a reading with anything else is told to be bad.

    The answer is offered ``config.spi.adc.clocks`` clocks after the device took the request, whatever comes
    back. No other request is passed on before that answer is taken.

    Members
    -------
    tid, tvalid, tready : In(4), In(1), Out(1)
        A request.
    asks, taken : Out(1), In(1)
        It is offered to the device, and is taken.
    readings_tdata, readings_tid, readings_tuser, readings_tvalid, readings_tready : an AXI-Stream
        See ``s_axis_readings`` in :data:`mgd_hdl.config.PORTS`.
    sclk, mosi, miso, cs_n : the bus
    """

    def __init__(self, config: TrainerConfig):
        assert config.spi.adc is not None
        self.config, self.adc = config, config.spi.adc
        super().__init__(
            {
                "tid": In(NUMBER_BITS),
                "tvalid": In(1),
                "tready": Out(1),
                "asks": Out(1),
                "taken": In(1),
                "readings_tdata": Out(width(config, "s_axis_readings_tdata")),
                "readings_tid": Out(NUMBER_BITS),
                "readings_tuser": Out(1),
                "readings_tvalid": Out(1),
                "readings_tready": In(1),
                **wires(self.adc.frames, reads=True),
            }
        )

    @property
    def module(self) -> str:
        return "spi_adc"

    def elaborate(self, platform):
        m = Module()
        adc, frames = self.adc, self.adc.frames
        bits = self.config.converters.reading_bits
        places = [k for k in range(frames.bits) if self._looked_at(bits) >> k & 1]
        spi = place(m, platform, "wires", Spi("adc", frames, reads=sum(1 << k for k in places)))
        #: Of those that came back, by their place in the frame.
        got = dict(zip(places, spi.got, strict=True))
        m.d.comb += [getattr(self, name).eq(getattr(spi, name)) for name in ("sclk", "mosi", "cs_n")]
        m.d.comb += spi.miso.eq(self.miso)

        count = adc.reads + adc.pipeline
        number = Signal(range(count + 1))  # frames that have begun
        row = Signal(adc.reads * bits, reset_less=True)
        tid = Signal(NUMBER_BITS, reset_less=True)
        m.d.comb += [self.readings_tdata.eq(row), self.readings_tid.eq(tid)]
        m.d.comb += spi.word.eq(self._asked(number))
        code = Cat(got[adc.data_low + k] for k in range(bits))
        wrong = self._wrong(got, number)
        bad = Signal(reset_less=True)
        if wrong is not None:
            m.d.comb += self.readings_tuser.eq(bad)

        wait = Signal(range(max(2, adc.wait)), name="waits")
        with m.FSM(name="request"):
            with m.State("IDLE"):
                m.d.comb += [self.asks.eq(self.tvalid), self.tready.eq(self.taken)]
                m.d.sync += [number.eq(0), bad.eq(0)]
                if adc.wait:
                    m.d.sync += wait.eq(adc.wait - 1)
                with m.If(self.tvalid & self.taken):
                    m.d.sync += tid.eq(self.tid)
                    m.next = "WAIT" if adc.wait else "FRAMES"
            if adc.wait:
                with m.State("WAIT"):
                    m.d.sync += wait.eq(wait - 1)
                    with m.If(wait == 0):
                        m.next = "FRAMES"
            with m.State("FRAMES"), m.If(spi.ready):
                # What was in the row before is shifted out by those that were asked for.
                m.d.sync += [row.eq(Cat(row[bits:], code)), number.eq(number + 1)]
                if wrong is not None:
                    m.d.sync += bad.eq(bad | wrong)
                with m.If(number == count):
                    m.d.sync += self.readings_tvalid.eq(1)
                    m.next = "ANSWER"
                with m.Else():
                    m.d.comb += spi.go.eq(1)
            with m.State("ANSWER"), m.If(self.readings_tready):
                m.d.sync += self.readings_tvalid.eq(0)
                m.next = "IDLE"
        return m

    def _asked(self, number: Value) -> Value:
        """The frame that asks for the channel of this number."""
        adc = self.adc
        places = (adc.channels - 1).bit_length()
        channel = Cat(number, Const(0, places))[:places]
        return filled(adc.frames, adc.command, *([(adc.channel_low, channel)] if places else []))

    def _looked_at(self, bits: int) -> int:
        """A one for each bit of a frame that is not anything."""
        adc = self.adc
        echo = (adc.channels - 1) << adc.echo_low if adc.echo_low >= 0 else 0
        return (((1 << bits) - 1) << adc.data_low) | adc.zeros | echo

    def _wrong(self, got: dict[int, Value], number: Value) -> Value | None:
        """Whether a frame, the last of so many, brought what the converter can't say; None: it says
        anything.
        """
        adc = self.adc
        places = (adc.channels - 1).bit_length()
        found: list[Value] = []
        if adc.zeros:
            found += [got[place] for place in got if adc.zeros >> place & 1]
        if adc.echo_low >= 0 and places:
            told = Cat(got[adc.echo_low + place] for place in range(places))
            asked = number - (adc.pipeline + 1)
            found.append(told != asked[:places])
        if not found:
            return None
        return Cat(*found).any() & (number > adc.pipeline)
