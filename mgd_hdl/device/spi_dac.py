"""Parameters to SPI converters: each code in a frame of its own, and then all outputs change at once."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ..config.ports import fields, width
from ..config.trainer import TrainerConfig
from ..hierarchy import Block, place
from .spi import Spi, filled, wires

__all__ = ["SpiDac"]


class SpiDac(Block):
    """Writes the parameters of a stream into the channels of SPI converters, parameter i into channel
    ``i % channels`` of chip ``i // channels``.

    A parameter is taken when its frame is over; the last one of a measurement when all outputs have been let
    change, by a pulse of ``ldac_n`` for all chips. So whoever counts from the last one that was taken counts
    from what the outputs are.

    Frames are always whole. A start may withdraw a parameter while its frame is on the wires: then that frame
    is finished and nothing is taken for it. After a reset, before all else, every chip is sent the frames of
    ``dac.setup``.

    A parameter takes ``config.spi.dac.frames.clocks + 1`` clocks, the last one ``ldac`` more.

    Members
    -------
    tdata, [tlast], tvalid, tready : an AXI-Stream
        See ``m_axis_parameters`` in :data:`mgd_hdl.config.PORTS`.
    sclk, mosi, cs_n : Out
        The bus.
    [ldac_n] : Out(1)
        Low, all channels take what was written.
    """

    def __init__(self, config: TrainerConfig):
        assert config.spi.dac is not None
        self.config, self.dac = config, config.spi.dac
        super().__init__(
            {
                "tdata": In(width(config, "m_axis_parameters_tdata")),
                **({"tlast": In(1)} if self.dac.ldac else {}),
                "tvalid": In(1),
                "tready": Out(1),
                **wires(self.dac.frames, reads=False),
                **({"ldac_n": Out(1, init=1)} if self.dac.ldac else {}),
            }
        )

    @property
    def module(self) -> str:
        return "spi_dac"

    def elaborate(self, platform):
        m = Module()
        dac, frames = self.dac, self.dac.frames
        spi = place(m, platform, "wires", Spi("dac", frames, reads=0))
        m.d.comb += [getattr(self, name).eq(getattr(spi, name)) for name in wires(frames, reads=False)]
        word, chip = self._frame()

        kept, wanted = Signal(name="kept"), Signal()  # what is on the wires has been offered all the time
        m.d.comb += wanted.eq(kept & self.tvalid)
        m.d.sync += kept.eq(wanted)
        first = "SETUP" if dac.setup else "IDLE"
        with m.FSM(init=first, name="frame"):
            if dac.setup:
                word, chip = self._setup(m, spi, word, chip)
            with m.State("IDLE"), m.If(self.tvalid & spi.ready):
                m.d.comb += spi.go.eq(1)
                m.d.sync += kept.eq(1)
                m.next = "FRAME"
            with m.State("FRAME"), m.If(spi.ready):
                m.next = "IDLE"
                if dac.ldac:
                    with m.If(wanted & self.tlast):
                        m.d.sync += self.ldac_n.eq(0)
                        m.next = "LDAC"
                    with m.Else():
                        m.d.comb += self.tready.eq(wanted)
                else:
                    m.d.comb += self.tready.eq(wanted)
            if dac.ldac:
                left = Signal(range(dac.ldac), init=dac.ldac - 1)  # one clock has no bits
                with m.State("LDAC"):
                    m.d.sync += left.eq(left - 1)
                    with m.If(left == 0 if len(left) else 1):
                        m.d.comb += self.tready.eq(wanted)
                        m.d.sync += [self.ldac_n.eq(1), left.eq(dac.ldac - 1)]
                        m.next = "IDLE"
        m.d.comb += spi.word.eq(word)
        if frames.chips > 1:
            m.d.comb += spi.select.eq(chip)
        return m

    def _frame(self) -> tuple[Value, Value]:
        """Of the parameter that is offered: its frame, and the chip that it goes to."""
        dac = self.dac
        value, number = (
            self.tdata[part.low : part.low + part.width]
            for part in fields(self.config, "m_axis_parameters_tdata")
        )
        places = (dac.channels - 1).bit_length()
        channel = Cat(number, Const(0, max(0, places - len(number))))[:places]
        parts = [(dac.data_low, value), *([(dac.channel_low, channel)] if places else [])]
        return filled(dac.frames, dac.command, *parts), number[places:]

    def _setup(self, m: Module, spi: Spi, word: Value, chip: Value) -> tuple[Value, Value]:
        """Frames for every chip, from the last chip to the first; then whatever else is on the wires."""
        dac, chips = self.dac, self.dac.frames.chips
        which = Signal(range(len(dac.setup)), init=len(dac.setup) - 1, name="setup_which")
        where = Signal(range(chips), init=chips - 1, name="setup_chip")
        sets_up = Signal(name="sets_up")
        with m.State("SETUP"):
            m.d.comb += sets_up.eq(1)
            with m.If(spi.ready):
                m.d.comb += spi.go.eq(1)
                m.d.sync += which.eq(which - 1)
                with m.If(which == 0):
                    m.d.sync += [which.eq(len(dac.setup) - 1), where.eq(where - 1)]
                    with m.If(where == 0):
                        m.next = "IDLE"
        told = Array(Const(each, dac.frames.bits) for each in reversed(dac.setup))[which]
        return Mux(sets_up, told, word), Mux(sets_up, where, chip)
